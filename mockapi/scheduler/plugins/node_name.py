"""NodeName: a pod that names its node fits there only."""

from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import Check, Cycle, Plugin, Test, always
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.status import Status, unresolvable

_OTHER = unresolvable("NodeName", "node(s) didn't match the requested node name")


class NodeName(Plugin):
    name = "NodeName"
    points = frozenset(("preFilter", "filter"))
    hints = {("Node", "add"): always}

    def settled(self, pod: PodInfo) -> bool:
        return not pod.node_name

    def filter(self, cycle: Cycle) -> Check | Status | None:
        wanted = cycle.pod.node_name
        if not wanted:
            return None

        def test(node: NodeInfo) -> Status | None:
            return None if node.name == wanted else _OTHER

        check = Test(test)
        check.nodes = frozenset((wanted,))
        return check
