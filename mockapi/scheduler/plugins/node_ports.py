"""NodePorts: a host port can be taken once on each address of a node."""

from mockapi.meta.host_ports import ports_conflict
from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import Change, Check, Cycle, Plugin, Test, always
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.status import Status, unschedulable

_TAKEN = unschedulable("NodePorts", "node(s) didn't have free ports for the requested pod ports")


def _after_delete(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    if change.old is None:
        return True
    deleted = PodInfo(change.old)
    if not deleted.node_name and not deleted.nominated_node:
        return False
    return ports_conflict(pod.host_ports, deleted.host_ports)


class NodePorts(Plugin):
    name = "NodePorts"
    points = frozenset(("preFilter", "filter"))
    hints = {("AssignedPod", "delete"): _after_delete, ("Node", "add"): always}

    def settled(self, pod: PodInfo) -> bool:
        return True

    def filter(self, cycle: Cycle) -> Check | Status | None:
        wanted = cycle.pod.host_ports
        if not wanted:
            return None

        def test(node: NodeInfo) -> Status | None:
            return _TAKEN if node.ports and ports_conflict(wanted, node.ports) else None

        return Test(test)
