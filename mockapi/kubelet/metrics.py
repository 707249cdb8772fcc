"""metrics.k8s.io as metrics-server answers it, from what the behaviours say that pods use.

Source: metrics-server v0.8.0, pkg/api/node.go and pod.go. Figures are those of the moment; nothing
waits for a second look at a container.
"""

from collections.abc import Callable, Sequence
from typing import Any

from mockapi.base.clock import Clock
from mockapi.kubelet import usage
from mockapi.kubelet.behaviours import Behaviours
from mockapi.meta.errors import NotFound
from mockapi.runtime.informer import Informer

Obj = dict[str, Any]
Match = Callable[[Obj], bool]

GROUP = "metrics.k8s.io"


class PodMetrics:
    """PodMetrics of the running pods of which something runs."""

    def __init__(self, pods: Informer, behaviours: Behaviours, clock: Clock) -> None:
        self._pods = pods
        self._behaviours = behaviours
        self._clock = clock

    def get(self, namespace: str, name: str) -> Obj:
        pod = self._pods.get(namespace, name)
        if pod is None or not _runs(pod):
            raise NotFound("", "pods", name)
        found = usage.pod_metrics(pod, self._behaviours, self._clock.now())
        if found is None:
            raise NotFound(GROUP, "podmetrics", f"{namespace}/{name}")
        return found

    def list(self, namespace: str, match: Match) -> Sequence[Obj]:
        now = self._clock.now()
        pods = (pod for pod in self._pods.list(namespace or None) if _runs(pod) and match(pod))
        ordered = sorted(pods, key=_place)
        found = (usage.pod_metrics(pod, self._behaviours, now) for pod in ordered)
        return [one for one in found if one is not None]


class NodeMetrics:
    """NodeMetrics of all nodes that the kubelet looks after. `pods_on` gives a node's pods."""

    def __init__(
        self,
        nodes: Informer,
        pods_on: Callable[[str], Sequence[Obj]],
        behaviours: Behaviours,
        clock: Clock,
    ) -> None:
        self._nodes = nodes
        self._pods_on = pods_on
        self._behaviours = behaviours
        self._clock = clock

    def get(self, namespace: str, name: str) -> Obj:
        node = self._nodes.get("", name)
        if node is None:
            raise NotFound("", "node", name)
        return self._of(node)

    def list(self, namespace: str, match: Match) -> Sequence[Obj]:
        nodes = sorted(filter(match, self._nodes.list()), key=_place)
        return [self._of(node) for node in nodes]

    def _of(self, node: Obj) -> Obj:
        pods = self._pods_on(node["metadata"]["name"])
        return usage.node_metrics(node, pods, self._behaviours, self._clock.now())


def _runs(pod: Obj) -> bool:
    """metrics-server looks at running pods only."""
    return bool((pod.get("status") or {}).get("phase") == "Running")


def _place(obj: Obj) -> tuple[str, str]:
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
