"""NodeUnschedulable: a cordoned node takes only pods that tolerate it."""

from mockapi.meta.tolerations import tolerated
from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import Change, Check, Cycle, Plugin, Test
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.status import Status, unresolvable

_CORDONED = unresolvable("NodeUnschedulable", "node(s) were unschedulable")
_TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def _tolerates(pod: PodInfo) -> bool:
    return tolerated(_TAINT, pod.spec.get("tolerations") or ())


def _after_node(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    was = change.old is None or change.old["spec"].get("unschedulable", False)
    now = (change.new or {}).get("spec", {}).get("unschedulable", False)
    return bool(was and not now)


def _after_toleration(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    return _tolerates(pod)


class NodeUnschedulable(Plugin):
    name = "NodeUnschedulable"
    points = frozenset(("preFilter", "filter"))
    hints = {
        ("Node", "add"): _after_node,
        ("Node", "update-taints"): _after_node,
        ("TargetPod", "update-tolerations"): _after_toleration,
    }

    def settled(self, pod: PodInfo) -> bool:
        return True

    def filter(self, cycle: Cycle) -> Check | Status | None:
        return None if _tolerates(cycle.pod) else Test(_test)


def _test(node: NodeInfo) -> Status | None:
    return _CORDONED if node.unschedulable else None
