"""The API alone: start, memory, requests a second, a long list, an event to many watchers.

    MOCKAPI_ORACLE=KUBECONFIG python -m benchmarks.api [--seconds 3]

The real server is optional; it speaks TLS, which is all it offers, mockapi plain HTTP, its default.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from itertools import count

import gevent

from benchmarks import servers
from benchmarks.load import Connection, rate, request
from benchmarks.servers import Server

NAMESPACE = "mockapi-benchmark"
CONNECTIONS = 16
PODS = 1000
WATCHERS = 1000
LISTS = 20
_unique = count(int(time.time() * 1000) % 10**9 * 1000)


def config_map(name: str) -> bytes:
    return json.dumps({"metadata": {"name": name}, "data": {"key": "value" * 20}}).encode()


def pod(name: str) -> bytes:
    container = {
        "name": "web",
        "image": "nginx",
        "ports": [{"containerPort": 80}],
        "env": [{"name": "A", "value": "1"}],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
    }
    metadata = {"name": name, "labels": {"app": "web"}}
    spec = {"containers": [container], "nodeName": "nowhere"}
    return json.dumps({"metadata": metadata, "spec": spec}).encode()


class Subject:
    """One server under measurement, in a namespace of its own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.namespace = f"{NAMESPACE}-{next(_unique)}"
        self._one = Connection(server)
        self.base = f"/api/v1/namespaces/{self.namespace}"
        self.post("/api/v1/namespaces", json.dumps({"metadata": {"name": self.namespace}}).encode())
        account = json.dumps({"metadata": {"name": "default"}}).encode()
        self._one.send(request(server, "POST", f"{self.base}/serviceaccounts", account))
        self.post(f"{self.base}/configmaps", config_map("subject"))

    def post(self, path: str, body: bytes) -> None:
        status, reply = self._one.send(request(self.server, "POST", path, body))
        if status not in (200, 201):
            raise RuntimeError(f"{self.server.name} answered {status}: {reply[:300]!r}")

    def gets(self, seconds: float) -> float:
        data = request(self.server, "GET", f"{self.base}/configmaps/subject")
        return rate(self.server, lambda i, n: data, connections=CONNECTIONS, seconds=seconds)

    def creates(self, seconds: float) -> float:
        path = f"{self.base}/configmaps"

        def make(index: int, n: int) -> bytes:
            return request(self.server, "POST", path, config_map(f"c-{next(_unique)}"))

        return rate(self.server, make, connections=CONNECTIONS, seconds=seconds)

    def pod_creates(self, seconds: float) -> float:
        path = f"{self.base}/pods"

        def make(index: int, n: int) -> bytes:
            return request(self.server, "POST", path, pod(f"p-{next(_unique)}"))

        return rate(self.server, make, connections=CONNECTIONS, seconds=seconds)

    def lists(self) -> float:
        """Lists of a thousand pods a second, one after the other."""
        path = f"{self.base}/pods?limit={PODS}"
        _, body = self._one.send(request(self.server, "GET", path))
        for _ in range(PODS - len(json.loads(body)["items"])):
            self.post(f"{self.base}/pods", pod(f"p-{next(_unique)}"))
        data = request(self.server, "GET", path)
        self._one.send(data)
        begin = time.monotonic()
        for _ in range(LISTS):
            self._one.send(data)
        return LISTS / (time.monotonic() - begin)

    def fan_out(self) -> float:
        """Seconds from a write until the last of a thousand watchers has it: median of five."""
        return sorted(self._fan_out() for _ in range(5))[2]

    def _fan_out(self) -> float:
        path = f"{self.base}/secrets?watch=1&resourceVersion="
        _, body = self._one.send(request(self.server, "GET", f"{self.base}/secrets"))
        data = request(self.server, "GET", path + json.loads(body)["metadata"]["resourceVersion"])
        watchers = [Connection(self.server) for _ in range(WATCHERS)]
        for watcher in watchers:
            watcher.start(data)
        gevent.sleep(1)
        readers = [gevent.spawn(watcher.wait_for, b'"ADDED"') for watcher in watchers]
        gevent.sleep(0.2)
        begin = time.monotonic()
        event = config_map(f"event-{next(_unique)}").replace(b'"data"', b'"stringData"')
        self.post(f"{self.base}/secrets", event)
        gevent.joinall(readers, raise_error=True)
        seconds = time.monotonic() - begin
        for watcher in watchers:
            watcher.close()
        return seconds


def _row(
    what: str, ours: float | None, theirs: float | None, unit: str, *, less: bool
) -> tuple[str, str, str, str]:
    def text(value: float | None) -> str:
        return (
            "-"
            if value is None
            else f"{value:,.2f} {unit}"
            if value < 10
            else f"{value:,.0f} {unit}"
        )

    ratio = "-"
    if ours and theirs:
        ratio = f"{theirs / ours if less else ours / theirs:.2f}x better"
    return what, text(ours), text(theirs), ratio


def measure(seconds: float, real: Server | None) -> list[tuple[str, str, str, str]]:
    with servers.mockapi("--controllers=-*", "--scheduler=off", "--kubelet=off") as ours:
        time.sleep(1)
        memory = ours.resident_megabytes()
        known = real.resident_megabytes() if real is not None else None
        rows = [_row("memory when idle", memory, known, "MB", less=True)]
        subject, other = Subject(ours), Subject(real) if real is not None else None
        steps: Sequence[tuple[str, Callable[[Subject], float], str, bool]] = (
            ("GET, 16 connections", lambda s: s.gets(seconds), "/s", False),
            ("create a ConfigMap, 16 connections", lambda s: s.creates(seconds), "/s", False),
            ("create a Pod, 16 connections", lambda s: s.pod_creates(seconds), "/s", False),
            ("list of 1,000 pods", lambda s: s.lists(), "/s", False),
            ("event to 1,000 watchers", lambda s: s.fan_out(), "s", True),
        )
        for what, step, unit, less in steps:
            mine = step(subject)
            theirs = step(other) if other is not None else None
            rows.append(_row(what, mine, theirs, unit, less=less))
    starts = []
    for _ in range(5):
        with servers.mockapi() as server:
            starts.append(server.ready_seconds or 0.0)
    rows.insert(0, _row("ready after start (median of 5)", sorted(starts)[2], None, "s", less=True))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each load")
    arguments = parser.parse_args()
    print(servers.table(measure(arguments.seconds, servers.real())))


if __name__ == "__main__":
    main()
