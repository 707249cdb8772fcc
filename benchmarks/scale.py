"""A large cluster reached and held: `python -m benchmarks.scale [--nodes 5000] [--pods 50000]`.

Prints how long the nodes and the pods take, the memory, and what the cluster costs while nothing
happens in it: with its nodes alone, and with its pods running.
"""

import argparse
import time
from collections.abc import Callable

from benchmarks import servers
from benchmarks.api import Subject
from benchmarks.pods import Client, deployment
from benchmarks.servers import Server, processor_seconds

REPLICAS = 1000
"""Of each Deployment."""
REST_SECONDS = 5.0
_POLL_SECONDS = 0.5
_LIMIT_SECONDS = 1800.0


def idle(server: Server, seconds: float) -> float:
    """Percent of a core that the server takes when nobody asks for anything."""
    (pid,) = server.pids
    time.sleep(REST_SECONDS)
    begin, before = time.monotonic(), processor_seconds(pid)
    time.sleep(seconds)
    return (processor_seconds(pid) - before) / (time.monotonic() - begin) * 100


def run_pods(client: Client, namespace: str, pods: int) -> float:
    """Seconds until as many pods are Ready, in Deployments of a thousand."""
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    begin = time.monotonic()
    for index, start in enumerate(range(0, pods, REPLICAS)):
        client.call("POST", path, deployment(f"scale-{index}", min(REPLICAS, pods - start)))
    _wait(lambda: _ready(client, path) == pods)
    return time.monotonic() - begin


def _ready(client: Client, path: str) -> int:
    items = client.call("GET", path)["items"]
    return sum(item["status"].get("readyReplicas", 0) for item in items)


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _LIMIT_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the cluster did not get there")
        time.sleep(_POLL_SECONDS)


def measure(nodes: int, pods: int, hold: float) -> list[tuple[str, str]]:
    rows = []
    with servers.mockapi(f"--nodes={nodes}") as server:
        client = Client(server)
        rows.append((f"{nodes:,} nodes ready after", f"{server.ready_seconds or 0:.1f} s"))
        rows.append(("memory with them", _memory(server)))
        rows.append(("a core when idle", f"{idle(server, hold):.2f} %"))
        path = f"/apis/apps/v1/namespaces/{(namespace := Subject(server).namespace)}/deployments"
        seconds = run_pods(client, namespace, pods)
        rows.append((f"{pods:,} pods Ready after", f"{seconds:.1f} s"))
        rows.append(("a pod", f"{seconds / pods * 1000:.2f} ms"))
        rows.append(("memory with them", _memory(server)))
        rows.append(("a core when idle", f"{idle(server, hold):.2f} %"))
        rows.append((f"still Ready after {hold:.0f} s", f"{_ready(client, path):,}"))
    return rows


def _memory(server: Server) -> str:
    return f"{server.resident_megabytes() or 0:,.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=5000)
    parser.add_argument("--pods", type=int, default=50_000)
    parser.add_argument("--hold", type=float, default=60.0, help="seconds that it is held")
    arguments = parser.parse_args()
    rows = measure(arguments.nodes, arguments.pods, arguments.hold)
    width = max(len(label) for label, _ in rows)
    print("\n".join(f"{label.ljust(width)}  {value}" for label, value in rows))


if __name__ == "__main__":
    main()
