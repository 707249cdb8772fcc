"""Pods whose node is gone, and finished pods beyond a limit. Source: pkg/controller/podgc."""

from collections.abc import Iterable

from mockapi.client.protocol import Obj
from mockapi.controllers import base, disruptions, objects, taints
from mockapi.controllers.tainteviction import by_node
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

PERIOD = 20.0
QUARANTINE = 40.0
MAX_FINISHED = 12500


class PodGarbageCollector:
    name = "pod-garbage-collector-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.pods = runtime.informer("v1/pods")
        self.pods.index("node", by_node, of_status=False)
        self.pods.index("fate", _fate)
        self.nodes = runtime.informer("v1/nodes")
        self.missing: dict[str, float] = {}
        """Nodes that pods name and that are not there, and since when."""
        self.keep_off = base.opt_out(runtime, self.name)
        base.every(runtime, self.name, PERIOD, self.collect)

    def collect(self) -> None:
        """Terminated, terminating on a dead node, orphaned, never scheduled: in this order."""
        self._terminated()
        self._terminating()
        self._orphaned()
        for pod in self.pods.by("fate", "unscheduled"):
            self._remove(pod)

    def _terminated(self) -> None:
        finished = self.pods.by("fate", "finished")
        surplus = len(finished) - MAX_FINISHED
        if surplus > 0:
            for pod in sorted(finished, key=_age)[:surplus]:
                self._remove(pod)

    def _terminating(self) -> None:
        """Pods of a node that was declared out of service."""
        for pod in sorted(self.pods.by("fate", "terminating"), key=_age):
            node = self.nodes.get("", objects.node_name(pod))
            if node is None or objects.condition_is(node, "Ready"):
                continue
            if any(taint["key"] == taints.OUT_OF_SERVICE for taint in taints.of(node)):
                self._remove(pod)

    def _orphaned(self) -> None:
        now = self.clock.now()
        gone = [name for name in self.pods.index_values("node") if self.nodes.get("", name) is None]
        self.missing = {name: self.missing.get(name, now) for name in gone}
        for name, since in list(self.missing.items()):
            if now - since < QUARANTINE:
                continue
            if base.get_or_none(self.client, "v1/nodes", "", name) is None:
                self._remove_orphans(self.pods.by("node", name))

    def _remove_orphans(self, pods: Iterable[Obj]) -> None:
        for pod in pods:
            self._remove(pod, "DeletionByPodGC", "PodGC: node no longer exists")

    def _remove(self, pod: Obj, reason: str = "", message: str = "") -> None:
        if self.keep_off(pod):
            return
        try:
            if not objects.pod_finished(pod):
                now = self.clock.now()
                disruptions.mark(self.client, pod, now, reason, message, phase="Failed")
            self.client.delete(
                "v1/pods", objects.namespace(pod), objects.name(pod), grace_period_seconds=0
            )
        except ApiError:
            # The next round tries again.
            return


def _fate(pod: Obj) -> tuple[str, ...]:
    if objects.deleting(pod):
        return ("terminating",) if objects.node_name(pod) else ("unscheduled",)
    phase = objects.phase(pod)
    return ("finished",) if phase not in ("Pending", "Running", "Unknown") else ()


def _age(pod: Obj) -> tuple[bool, str, str]:
    evicted = objects.status(pod).get("reason") == "Evicted"
    return (not evicted, objects.created(pod), objects.name(pod))
