"""NodeAffinity: nodeSelector, required and preferred node affinity, and what a profile adds."""

from collections.abc import Mapping, Sequence
from typing import Any

from mockapi.client.protocol import Obj
from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.node_affinity import (
    NodeMatch,
    node_names,
    preferred_matches,
    required_affinity,
    required_match,
    selector_match,
)
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import (
    Change,
    Check,
    Cycle,
    Plugin,
    Rating,
    Test,
    default_normalized,
)
from mockapi.scheduler.pods import NO_LABELS, PodInfo
from mockapi.scheduler.status import Status, unresolvable

_NO_MATCH = unresolvable("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
_ENFORCED = unresolvable("NodeAffinity", "node(s) didn't match scheduler-enforced node affinity")
_CONFLICT = unresolvable("NodeAffinity", "pod affinity terms conflict")


def _matches(match: NodeMatch | None, node: Obj) -> bool:
    metadata = node["metadata"]
    return match is None or match(metadata["name"], metadata.get("labels") or NO_LABELS)


class NodeAffinity(Plugin):
    name = "NodeAffinity"
    points = frozenset(("preFilter", "filter", "preScore", "score"))

    def __init__(self, added: Mapping[str, Any] | None = None) -> None:
        """`added` is the profile's addedAffinity, a v1.NodeAffinity."""
        added = added or {}
        required = added.get("requiredDuringSchedulingIgnoredDuringExecution")
        self._added = selector_match(required) if required else None
        self._added_terms = preferred_matches(
            added.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        )
        self.hints = {
            ("Node", "add"): self._after_node,
            ("Node", "update-labels"): self._after_node,
        }

    def _after_node(self, pod: PodInfo, change: Change, cluster: Cluster) -> bool:
        if change.new is None or not _matches(self._added, change.new):
            return False
        match = required_match(pod)
        if not _matches(match, change.new):
            return False
        return change.old is None or not _matches(match, change.old)

    def settled(self, pod: PodInfo) -> bool:
        return True

    def filter(self, cycle: Cycle) -> Check | Status | None:
        match = required_match(cycle.pod)
        if match is None and self._added is None:
            return None
        check = Test(self._test(match))
        affinity = required_affinity(cycle.pod)
        if affinity is not None and affinity.get("nodeSelectorTerms"):
            check.nodes = node_names(affinity)
            if check.nodes is not None and not check.nodes:
                return _CONFLICT
        return check

    def _test(self, match: NodeMatch | None) -> Any:
        added = self._added

        def test(node: NodeInfo) -> Status | None:
            if added is not None and not added(node.name, node.labels):
                return _ENFORCED
            if match is not None and not match(node.name, node.labels):
                return _NO_MATCH
            return None

        return test

    rates = True

    def rating(self, pod: PodInfo) -> Rating | None:
        """The sum of the weights of matching preferred terms."""
        affinity = (pod.spec.get("affinity") or {}).get("nodeAffinity") or {}
        terms = affinity.get("preferredDuringSchedulingIgnoredDuringExecution")
        if terms is None and not self._added_terms:
            return None
        preferred = [*self._added_terms, *preferred_matches(terms or ())]
        return lambda node: sum(
            weight for weight, match in preferred if match(node.name, node.labels)
        )

    def normalized(self, raw: Sequence[int]) -> Sequence[int]:
        return default_normalized(raw)
