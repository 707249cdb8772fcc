"""Pods scheduled a second at 100, 1,000 and 5,000 nodes, and what a decision alone costs.

    MOCKAPI_ORACLE=KUBECONFIG MOCKAPI_KUBE_SCHEDULER=PROGRAM python -m benchmarks.scheduler [NODES]

Pods of one Service are created over a few connections while the scheduler runs; the clock stops
when the last has its node. The real side is a kube-apiserver on which neither a scheduler nor
controllers run (nodes are bare objects), and the program kube-scheduler, which is started here. Its
decisions are timed by its own metric; ours are repeated in this process, without the API.
"""

import argparse
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import gevent

from benchmarks import servers
from benchmarks.api import Subject
from benchmarks.load import Connection, request
from benchmarks.servers import Server
from mockapi.base.ids import Ids
from mockapi.scheduler.algorithm import Search, choose
from mockapi.scheduler.cluster import Cluster, Listers, Objects
from mockapi.scheduler.nominations import Nominations
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.profile import default_profile

Obj = dict[str, Any]
SIZES = (100, 1000, 5000)
PODS = 1000
WARM_UP = 50
CONNECTIONS = 8
LABELS = {"app": "web"}
_LIMIT_SECONDS = 120.0
_POLL_SECONDS = 0.02
_METRICS_PORT = 16801


def node(index: int) -> Obj:
    name = f"bench-{index}"
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"z{index % 3}"}
    allocatable = {"cpu": "16", "memory": "64Gi", "pods": "110"}
    status = {"allocatable": allocatable, "capacity": allocatable}
    return {"metadata": {"name": name, "labels": {**labels, "bench": "yes"}}, "status": status}


def pod(name: str) -> Obj:
    requests = {"cpu": "50m", "memory": "64Mi"}
    container = {"name": "c", "image": "nginx", "resources": {"requests": requests}}
    return {"metadata": {"name": name, "labels": LABELS}, "spec": {"containers": [container]}}


def service() -> Obj:
    spec = {"selector": LABELS, "ports": [{"port": 80}]}
    return {"metadata": {"name": "web", "namespace": "default"}, "spec": spec}


def seconds_per_decision(nodes: int, pods: int = PODS) -> float:
    """Filters, scores and choice of ours."""
    cluster = Cluster(Listers(services=Objects([service()])))
    for index in range(nodes):
        cluster.set_node(node(index))
    search, profile, ids = Search(cluster, Nominations()), default_profile(), Ids(1)
    objects = [pod(f"p{index}") for index in range(pods)]
    for index, obj in enumerate(objects):
        obj["metadata"] |= {"namespace": "default", "uid": f"u{index}"}
    start = time.monotonic()
    for obj in objects:
        info = PodInfo(obj)
        chosen = choose(search.run(profile, info), ids.below)
        cluster.set_pod(info.placed(chosen.name))
    return (time.monotonic() - start) / pods


@dataclass(frozen=True)
class Rate:
    pods_per_second: float
    seconds_per_decision: float


class Load:
    """Requests over a few connections at once."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._connections = [Connection(server) for _ in range(CONNECTIONS)]

    def all(self, requests: Sequence[bytes]) -> None:
        """Send them all; every reply must be a 2xx."""
        waiting = iter(requests)
        workers = [gevent.spawn(self._work, one, waiting) for one in self._connections]
        gevent.joinall(workers, raise_error=True)

    def _work(self, connection: Connection, waiting: Iterator[bytes]) -> None:
        for data in waiting:
            status, reply = connection.send(data)
            if status >= 300:
                raise RuntimeError(f"{self.server.name} answered {status}: {reply[:300]!r}")

    def make(self, method: str, path: str, body: Any = None, *, patch: bool = False) -> bytes:
        data = request(self.server, method, path, json.dumps(body).encode() if body else b"")
        kind = b"application/merge-patch+json" if patch else b"application/json"
        return data.replace(b"Content-Type: application/json", b"Content-Type: " + kind)

    def one(self, method: str, path: str, body: Any = None) -> bytes:
        status, reply = self._connections[0].send(self.make(method, path, body))
        if status >= 300:
            raise RuntimeError(f"{self.server.name} answered {status}: {reply[:300]!r}")
        return reply


def wait_until_bound(load: Load, path: str) -> None:
    """Until no pod is without a node."""
    unbound = f"{path}?fieldSelector=spec.nodeName%3D&limit=1"
    end = time.monotonic() + _LIMIT_SECONDS
    while json.loads(load.one("GET", unbound))["items"]:
        if time.monotonic() > end:
            raise TimeoutError("there are pods that get no node")
        gevent.sleep(_POLL_SECONDS)


def schedule(server: Server, count: int) -> float:
    """Pods a second, from the first create until the last pod has its node."""
    subject, load = Subject(server), Load(server)
    load.one("POST", f"{subject.base}/services", service() | {"metadata": {"name": "web"}})
    path = f"{subject.base}/pods"
    seconds = 0.0
    for prefix, number in (("warm", WARM_UP), ("pod", count)):
        creates = [load.make("POST", path, pod(f"{prefix}-{i}")) for i in range(number)]
        begin = time.monotonic()
        load.all(creates)
        wait_until_bound(load, path)
        seconds = time.monotonic() - begin
    load.one("DELETE", f"{path}?gracePeriodSeconds=0")
    return count / seconds


def add_nodes(server: Server, count: int) -> None:
    """Without the taint that admission puts on them until they are ready."""
    load = Load(server)
    load.all([load.make("POST", "/api/v1/nodes", node(i)) for i in range(count)])
    untaint = {"spec": {"taints": None}}
    load.all(
        [load.make("PATCH", f"/api/v1/nodes/bench-{i}", untaint, patch=True) for i in range(count)]
    )


def ours(nodes: int, pods: int) -> Rate:
    options = ("--nodes=0", "--kubelet=off", "--controllers=-*")
    with servers.mockapi(*options) as server:
        add_nodes(server, nodes)
        return Rate(schedule(server, pods), seconds_per_decision(nodes, pods))


@contextmanager
def kube_scheduler(program: str, kubeconfig: str) -> Iterator[Callable[[], tuple[float, float]]]:
    """The real scheduler, and what its metric says of its decisions: their seconds and number."""
    arguments = ["--leader-elect=false", "--bind-address=127.0.0.1", "--kube-api-qps=5000"]
    arguments += ["--kube-api-burst=5000", "--authorization-always-allow-paths=/metrics"]
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--kubeconfig", kubeconfig, *arguments]
        process = subprocess.Popen(
            [*command, f"--secure-port={_METRICS_PORT}", f"--cert-dir={folder}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield _decisions
        finally:
            process.terminate()
            process.wait()


def _decisions() -> tuple[float, float]:
    real = servers.real()
    assert real is not None
    there = Server("kube-scheduler", f"https://127.0.0.1:{_METRICS_PORT}", {}, real.context)
    status, reply = Connection(there).send(request(there, "GET", "/metrics"))
    if status != 200:
        raise RuntimeError(f"kube-scheduler answered {status}: {reply[:300]!r}")
    name = rb"scheduler_scheduling_algorithm_duration_seconds_%s (\S+)"
    found = [re.search(name % part, reply) for part in (b"sum", b"count")]
    seconds, count = (float(match[1]) if match else 0.0 for match in found)
    return seconds, count


def theirs(server: Server, program: str, kubeconfig: str, nodes: int, pods: int) -> Rate:
    add_nodes(server, nodes)
    try:
        with kube_scheduler(program, kubeconfig) as decisions:
            rate = schedule(server, pods)
            seconds, count = decisions()
    finally:
        Load(server).one("DELETE", "/api/v1/nodes?labelSelector=bench%3Dyes")
    return Rate(rate, seconds / count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nodes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--pods", type=int, default=PODS)
    arguments = parser.parse_args()
    kubeconfig = os.environ.get("MOCKAPI_ORACLE", "")
    program = os.environ.get("MOCKAPI_KUBE_SCHEDULER", "")
    server = servers.real() if program else None
    rows = []
    for nodes in arguments.nodes:
        mine = ours(nodes, arguments.pods)
        real = None
        if server is not None:
            real = theirs(server, program, kubeconfig, nodes, arguments.pods)
        rows.append(_row(f"{nodes} nodes: pods scheduled a second", mine, real))
        rows.append(_decision_row(f"{nodes} nodes: one decision", mine, real))
    print(servers.table(rows))


def _row(label: str, mine: Rate, real: Rate | None) -> tuple[str, str, str, str]:
    own = mine.pods_per_second
    if real is None:
        return label, f"{own:.0f}", "-", "-"
    return label, f"{own:.0f}", f"{real.pods_per_second:.0f}", f"{own / real.pods_per_second:.2f}x"


def _decision_row(label: str, mine: Rate, real: Rate | None) -> tuple[str, str, str, str]:
    own = mine.seconds_per_decision
    if real is None:
        return label, f"{own * 1000:.2f} ms", "-", "-"
    other = real.seconds_per_decision
    return label, f"{own * 1000:.2f} ms", f"{other * 1000:.2f} ms", f"{other / own:.2f}x"


if __name__ == "__main__":
    main()
