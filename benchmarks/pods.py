"""Pods through the whole control plane: a Deployment of a thousand replicas until all are Ready.

    MOCKAPI_ORACLE=KUBECONFIG python -m benchmarks.pods [--replicas 1000] [--nodes 20] [--runs 3]

The real side needs kube-controller-manager, kube-scheduler and kwok behind the named server. Its
nodes are made by the benchmark and removed again. The two sides take turns, each while the other
rests (the real one still collects when its pods are gone); medians are printed.
The last row says what a pod costs among many (`--many 20000`, on as many nodes as they need)
against one among a thousand on the same nodes, of mockapi alone.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import orjson

from benchmarks import servers
from benchmarks.api import Subject
from benchmarks.load import Connection, request
from benchmarks.servers import Server

WARM_UP = 20
PODS_PER_NODE = 100
_POLL_SECONDS = 0.05
_LIMIT_SECONDS = 600.0
# Seconds of a processor within a second.
_AT_REST = 0.15
_unique = count(int(time.time()) % 10**6)


class Client:
    """JSON over one connection."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._connection = Connection(server)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        status, reply = self._connection.send(request(self.server, method, path, data))
        if status >= 400:
            raise RuntimeError(f"{self.server.name}: {method} {path}: {status} {reply[:300]!r}")
        return orjson.loads(reply)


def deployment(name: str, replicas: int) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "web", "image": "nginx", "resources": {"requests": {"cpu": "1m"}}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    selector = {"matchLabels": labels}
    spec = {"replicas": replicas, "selector": selector, "template": template}
    return {"metadata": {"name": name}, "spec": spec}


def add_nodes(client: Client, nodes: int) -> list[str]:
    """Nodes for kwok to bring to life."""
    names = [f"bench-{next(_unique)}-{i}" for i in range(nodes)]
    capacity = {"cpu": "32", "memory": "256Gi", "pods": "1100"}
    for name in names:
        node = {
            "metadata": {"name": name, "annotations": {"kwok.x-k8s.io/node": "fake"}},
            "status": {"capacity": capacity, "allocatable": capacity},
        }
        client.call("POST", "/api/v1/nodes", node)
    _wait(lambda: all(_is_ready(client.call("GET", f"/api/v1/nodes/{name}")) for name in names))
    return names


def _is_ready(node: Any) -> bool:
    conditions = node["status"].get("conditions", ())
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return ready and not node["spec"].get("taints")


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _LIMIT_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the cluster did not get there")
        time.sleep(_POLL_SECONDS)


def _wait_until_gone(client: Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods?limit=1"
    _wait(lambda: not client.call("GET", path)["items"])


def one_deployment(client: Client, namespace: str, replicas: int) -> float:
    """Seconds until all replicas of one Deployment are Ready."""
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    begin = time.monotonic()
    client.call("POST", path, deployment("one", replicas))

    def done() -> bool:
        status: dict[str, int] = client.call("GET", f"{path}/one")["status"]
        return status.get("readyReplicas", 0) == replicas

    _wait(done)
    seconds = time.monotonic() - begin
    client.call("DELETE", f"{path}/one")
    _wait_until_gone(client, namespace)
    return seconds


def many_deployments(client: Client, namespace: str, number: int) -> float:
    """Seconds until as many Deployments of one replica are Ready."""
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    begin = time.monotonic()
    for index in range(number):
        client.call("POST", path, deployment(f"many-{index}", 1))

    def done() -> bool:
        items = client.call("GET", path)["items"]
        ready: int = sum(item["status"].get("readyReplicas", 0) for item in items)
        return ready == number

    _wait(done)
    seconds = time.monotonic() - begin
    client.call("DELETE", path)
    _wait_until_gone(client, namespace)
    return seconds


def measure(server: Server, replicas: int) -> list[float]:
    namespace = Subject(server).namespace
    client = Client(server)
    # Both sides warm: what is compiled or filled on first use is no matter of scale.
    one_deployment(client, namespace, WARM_UP)
    return [
        one_deployment(client, namespace, replicas),
        many_deployments(client, namespace, replicas),
    ]


def measure_real(server: Server, nodes: int, replicas: int) -> list[float]:
    names = add_nodes(Client(server), nodes)
    try:
        return measure(server, replicas)
    finally:
        for name in names:
            Client(server).call("DELETE", f"/api/v1/nodes/{name}")
        _wait_for_rest(server)


def _wait_for_rest(server: Server) -> None:
    """Until its processes take little of the processors, or a minute has passed."""
    for _ in range(60):
        before = sum(map(servers.processor_seconds, server.pids))
        time.sleep(1)
        if sum(map(servers.processor_seconds, server.pids)) - before < _AT_REST:
            return


def growth(few: int, many: int) -> list[float]:
    """Milliseconds a pod, among few and among many, on the same nodes."""
    with servers.mockapi(f"--nodes={max(1, many // PODS_PER_NODE)}") as server:
        client = Client(server)
        namespace = Subject(server).namespace
        one_deployment(client, namespace, WARM_UP)
        return [one_deployment(client, namespace, n) / n * 1000 for n in (few, many)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicas", type=int, default=1000)
    parser.add_argument("--nodes", type=int, default=20)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--many", type=int, default=20_000, help="0: do not ask")
    arguments = parser.parse_args()
    real = servers.real()
    ours: list[list[float]] = []
    theirs: list[list[float]] = []
    for _ in range(arguments.runs):
        with servers.mockapi(f"--nodes={arguments.nodes}") as server:
            ours.append(measure(server, arguments.replicas))
        if real is not None:
            theirs.append(measure_real(real, arguments.nodes, arguments.replicas))
    labels = (
        f"a Deployment of {arguments.replicas} replicas Ready",
        f"{arguments.replicas} Deployments of 1 replica Ready",
    )
    rows = []
    for index, label in enumerate(labels):
        mine = statistics.median(run[index] for run in ours)
        their = statistics.median(run[index] for run in theirs) if theirs else None
        ratio = f"{their / mine:.1f}x faster" if their else "-"
        rows.append((label, f"{mine:.2f} s", f"{their:.2f} s" if their else "-", ratio))
    if arguments.many:
        among_few, among_many = growth(arguments.replicas, arguments.many)
        what = f"a pod among {arguments.many:,}, against {arguments.replicas:,}"
        times = f"{among_many / among_few:.2f} times"
        rows.append((what, f"{among_many:.2f} ms", f"{among_few:.2f} ms", times))
    print(servers.table(rows))


if __name__ == "__main__":
    main()
