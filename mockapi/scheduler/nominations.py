"""Pods that wait for a node which preemption makes free for them. Source: queue/nominator.go."""

from collections.abc import Sequence

from mockapi.scheduler.pods import PodInfo


class Nominations:
    def __init__(self) -> None:
        self._nodes: dict[str, dict[str, PodInfo]] = {}
        self._node_of: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._node_of)

    def on(self, node: str) -> Sequence[PodInfo]:
        return tuple(self._nodes.get(node, {}).values())

    def node_of(self, uid: str) -> str:
        return self._node_of.get(uid, "")

    def set(self, pod: PodInfo, node: str) -> None:
        """An empty name takes the nomination back."""
        self.drop(pod.uid)
        if node:
            self._node_of[pod.uid] = node
            self._nodes.setdefault(node, {})[pod.uid] = pod

    def update(self, pod: PodInfo, *, was_nominated: str) -> None:
        """The pod has changed. A nomination that is not yet in its status is kept."""
        node = pod.nominated_node
        if not node and not was_nominated:
            node = self.node_of(pod.uid)
        self.set(pod, node)

    def drop(self, uid: str) -> None:
        node = self._node_of.pop(uid, None)
        if node is None:
            return
        pods = self._nodes[node]
        del pods[uid]
        if not pods:
            del self._nodes[node]
