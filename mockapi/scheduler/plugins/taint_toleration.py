"""TaintToleration: NoSchedule and NoExecute keep pods away, PreferNoSchedule makes a node worse."""

from collections.abc import Mapping, Sequence
from typing import Any

from mockapi.client.protocol import Obj
from mockapi.meta.tolerations import tolerated, untolerated
from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import (
    Change,
    Check,
    Cycle,
    Plugin,
    Rating,
    Test,
    always,
    default_normalized,
)
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.status import Status, unresolvable

_TAINTED = unresolvable("TaintToleration", "node(s) had untolerated taint(s)")


def hard_taints(node: Obj) -> list[Mapping[str, Any]]:
    taints = (node.get("spec") or {}).get("taints") or ()
    return [taint for taint in taints if taint["effect"] in ("NoSchedule", "NoExecute")]


def _after_node(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    tolerations = pod.spec.get("tolerations") or ()
    was_kept_away = change.old is None or untolerated(hard_taints(change.old), tolerations)
    return bool(was_kept_away and not untolerated(hard_taints(change.new or {}), tolerations))


class TaintToleration(Plugin):
    name = "TaintToleration"
    points = frozenset(("preFilter", "filter", "preScore", "score"))
    hints = {
        ("Node", "add"): _after_node,
        ("Node", "update-taints"): _after_node,
        ("TargetPod", "update-tolerations"): always,
    }

    def settled(self, pod: PodInfo) -> bool:
        return True

    def filter(self, cycle: Cycle) -> Check | Status | None:
        tolerations = cycle.pod.spec.get("tolerations") or ()

        def test(node: NodeInfo) -> Status | None:
            taints = node.hard_taints
            return _TAINTED if taints and untolerated(taints, tolerations) else None

        return Test(test)

    rates = True

    def rating(self, pod: PodInfo) -> Rating | None:
        """The number of untolerated PreferNoSchedule taints, the fewer the better."""
        preferences = [
            toleration
            for toleration in pod.spec.get("tolerations") or ()
            if (toleration.get("effect") or "PreferNoSchedule") == "PreferNoSchedule"
        ]
        return lambda node: sum(not tolerated(taint, preferences) for taint in node.soft_taints)

    def normalized(self, raw: Sequence[int]) -> Sequence[int]:
        return default_normalized(raw, reverse=True)
