"""What a node's kubelet answers on its own port, which clients reach as nodes/NAME/proxy.

Source: pkg/kubelet/server/server.go, server/stats/handler.go.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mockapi.base.clock import Clock
from mockapi.kubelet import usage

if TYPE_CHECKING:
    from mockapi.kubelet.kubelet import Kubelet

Obj = dict[str, Any]
Query = Mapping[str, Sequence[str]]

PORT = "10250"
JSON = "application/json"
PLAIN = "text/plain; charset=utf-8"
_HEALTHY = ("/healthz", "/healthz/ping", "/healthz/log", "/healthz/syncloop")


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    media: str
    body: bytes


class Unreachable(Exception):
    """Nobody listens there; str() is what Go's dialler says."""


class NodeEndpoints:
    """All nodes' kubelets. `configuration` is the body of /configz."""

    unreachable: type[Exception] = Unreachable

    def __init__(self, kubelet: "Kubelet", clock: Clock, configuration: Callable[[], Obj]) -> None:
        self._kubelet = kubelet
        self._clock = clock
        self._configuration = configuration

    def get(self, node: str, port: str, path: str, query: Query) -> Answer:
        """GET of a path on a port of a node (empty: the kubelet's). Raises Unreachable."""
        agent = self._kubelet.agents.get(node)
        if agent is None or not agent.alive or port not in ("", PORT):
            address = agent.ips[0] if agent is not None else node
            raise Unreachable(f"dial tcp {address}:{port or PORT}: connect: connection refused")
        if path in _HEALTHY:
            return Answer(200, PLAIN, b"ok")
        match path.rstrip("/"):
            case "/pods":
                return Answer(200, JSON, _compact(_pod_list(self._pods(node))))
            case "/runningpods":
                running = [_running(pod) for pod in self._pods(node) if _is_running(pod)]
                return Answer(200, JSON, _compact(_pod_list(running)))
            case "/configz":
                return Answer(200, JSON, _compact(self._configuration()))
            case "/stats/summary":
                return Answer(200, JSON, self._summary(agent.node, query))
            case "/metrics/resource" | "/metrics/cadvisor" as metrics:
                return Answer(200, usage.METRICS_TYPE, self._metrics(agent.node, metrics))
        return Answer(404, PLAIN, b"404 page not found\n")

    def _pods(self, node: str) -> list[Obj]:
        return [_seen(pod) for pod in self._kubelet.pods_on(node)]

    def _summary(self, node: Obj, query: Query) -> bytes:
        pods = self._kubelet.pods_on(node["metadata"]["name"])
        found = usage.summary(node, pods, self._kubelet.behaviours, self._clock.now())
        # As go-restful indents; no other figures are there to be left out.
        return json.dumps(found, indent=1, ensure_ascii=False).encode()

    def _metrics(self, node: Obj, path: str) -> bytes:
        pods = self._kubelet.pods_on(node["metadata"]["name"])
        render = usage.resource_metrics if path.endswith("resource") else usage.container_metrics
        return render(node, pods, self._kubelet.behaviours, self._clock.now()).encode()


def _compact(tree: Obj) -> bytes:
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _pod_list(pods: Sequence[Obj]) -> Obj:
    items = [{key: pod[key] for key in pod if key not in ("kind", "apiVersion")} for pod in pods]
    return {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items or None}


def _seen(pod: Obj) -> Obj:
    """A kubelet notes where and when it has first heard of a pod."""
    metadata = pod["metadata"]
    seen = {
        "kubernetes.io/config.seen": metadata.get("creationTimestamp", ""),
        "kubernetes.io/config.source": "api",
    }
    annotations = {**seen, **(metadata.get("annotations") or {})}
    return {**pod, "metadata": {**metadata, "annotations": annotations}}


def _is_running(pod: Obj) -> bool:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return any("running" in status["state"] for status in statuses)


def _running(pod: Obj) -> Obj:
    """What the runtime alone can tell of a pod."""
    metadata = {key: pod["metadata"][key] for key in ("name", "namespace", "uid")}
    containers = [
        {"name": c["name"], "image": c["image"], "resources": {}} for c in pod["spec"]["containers"]
    ]
    return {"metadata": metadata, "spec": {"containers": containers}, "status": {}}
