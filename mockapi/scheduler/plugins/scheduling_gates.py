"""SchedulingGates: a gated pod does not enter the queue."""

from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.plugin import Plugin, always
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.status import Status, unresolvable


class SchedulingGates(Plugin):
    name = "SchedulingGates"
    points = frozenset(("preEnqueue",))
    hints = {("TargetPod", "update-gates"): always}

    def pre_enqueue(self, pod: PodInfo, cluster: Cluster) -> Status | None:
        gates = pod.spec.get("schedulingGates")
        if not gates:
            return None
        names = " ".join(gate["name"] for gate in gates)
        return unresolvable(self.name, f"waiting for scheduling gates: [{names}]")
