"""The scheduler as a component of the control plane: it watches, decides, binds and explains.

Source: pkg/scheduler (schedule_one.go, eventhandlers.go).
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from mockapi.base.clock import Timer
from mockapi.client.protocol import Client, Event, Obj
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime
from mockapi.runtime.queue import Queue
from mockapi.scheduler import binding, claiming, preemption
from mockapi.scheduler.algorithm import Attempt, Search, choose
from mockapi.scheduler.binding import BindingFailed, Wait, Waits
from mockapi.scheduler.changes import node_changes, pod_changes
from mockapi.scheduler.claiming import Claiming
from mockapi.scheduler.cluster import Cluster, Listers, Newer
from mockapi.scheduler.evicting import Evictor
from mockapi.scheduler.explain import explain
from mockapi.scheduler.extenders import Extender, ExtenderError, Extenders
from mockapi.scheduler.nominations import Nominations
from mockapi.scheduler.plugin import Change
from mockapi.scheduler.plugins.dynamic_resources import ClaimCheck
from mockapi.scheduler.plugins.volume_binding import VolumeBinding, VolumeCheck
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.profile import Profile, default_profile
from mockapi.scheduler.queue import QueuedPod, SchedulingQueue
from mockapi.scheduler.reporting import Reports
from mockapi.scheduler.status import SchedulingError
from mockapi.scheduler.volumes import NodeVolumes

logger = logging.getLogger("mockapi.scheduler")

_NEXT: Final = "next"
_OVER: Final = ("Succeeded", "Failed")
NO_NODES: Final = "no nodes available to schedule pods"

LISTED: Final = {
    "namespaces": "v1/namespaces",
    "services": "v1/services",
    "replication_controllers": "v1/replicationcontrollers",
    "replica_sets": "apps/v1/replicasets",
    "stateful_sets": "apps/v1/statefulsets",
    "claims": "v1/persistentvolumeclaims",
    "volumes": "v1/persistentvolumes",
    "storage_classes": "storage.k8s.io/v1/storageclasses",
    "csi_nodes": "storage.k8s.io/v1/csinodes",
    "csi_drivers": "storage.k8s.io/v1/csidrivers",
    "csi_capacities": "storage.k8s.io/v1/csistoragecapacities",
    "volume_attachments": "storage.k8s.io/v1/volumeattachments",
    "resource_claims": "resource.k8s.io/v1/resourceclaims",
    "device_classes": "resource.k8s.io/v1/deviceclasses",
    "resource_slices": "resource.k8s.io/v1/resourceslices",
    "device_taint_rules": "resource.k8s.io/v1/devicetaintrules",
    "budgets": "policy/v1/poddisruptionbudgets",
}
# Resources whose events may make a pod schedulable, by the name that plugins know them by.
WATCHED: Final = {
    "storage.k8s.io/v1/storageclasses": "StorageClass",
    "v1/persistentvolumes": "PersistentVolume",
    "v1/persistentvolumeclaims": "PersistentVolumeClaim",
    "storage.k8s.io/v1/csinodes": "CSINode",
    "storage.k8s.io/v1/csidrivers": "CSIDriver",
    "storage.k8s.io/v1/csistoragecapacities": "CSIStorageCapacity",
    "storage.k8s.io/v1/volumeattachments": "VolumeAttachment",
    "resource.k8s.io/v1/resourceclaims": "ResourceClaim",
    "resource.k8s.io/v1/resourceslices": "ResourceSlice",
    "resource.k8s.io/v1/deviceclasses": "DeviceClass",
}
_WHAT: Final = {"ADDED": "add", "MODIFIED": "update", "DELETED": "delete"}


class Scheduler:
    """`profiles` as a configuration gives them; by default the one of the real scheduler."""

    name = "kube-scheduler"

    def __init__(
        self,
        profiles: Sequence[Profile] = (),
        *,
        first_back_off: float = 1.0,
        last_back_off: float = 10.0,
        extenders: Sequence[Extender] = (),
    ) -> None:
        listed = profiles or (default_profile(),)
        self.profiles = {profile.name: profile for profile in listed}
        self._back_offs = first_back_off, last_back_off
        self._extenders = Extenders(extenders)

    def start(self, runtime: Runtime) -> None:
        self._clock = runtime.clock
        self._below = runtime.ids.below
        self._client: Client = runtime.client(self.name)
        informers = {field: runtime.informer(resource) for field, resource in LISTED.items()}
        self._claims = Newer(informers.pop("resource_claims"))
        listers = Listers(**informers, resource_claims=self._claims)
        self.cluster = Cluster(listers, now=self._clock.now)
        self._claiming = Claiming(self._client, self._clock.now, runtime.ids.uid)
        self.nominations = Nominations()
        self._search = Search(self.cluster, self.nominations, self._extenders)
        first, last = self._back_offs
        self.queue = SchedulingQueue(
            self.profiles,
            self.cluster,
            self._clock.now,
            first_back_off=first,
            last_back_off=last,
        )
        self._waits = Waits(self._clock)
        self._assumed: dict[str, PodInfo] = {}
        self._reports = Reports(self._client, self._clock)
        self._evictor = Evictor(self._client, self._reports, self.nominations)
        self._timer: Timer | None = None
        self._work: Queue = runtime.queue(self.name, self._sync, urgent=True)
        self._pods = runtime.informer("v1/pods")
        runtime.informer("v1/nodes").on_event(self._on_node)
        self._pods.on_event(self._on_pod)
        for resource, kind in WATCHED.items():
            runtime.informer(resource).on_event(self._on_other(kind))

    # What happens around

    def _on_node(self, event: Event) -> None:
        node = event.object
        if event.type == "DELETED":
            self._move(Change("Node", "delete", node, None))
            self.cluster.remove_node(node["metadata"]["name"])
            return
        known = self.cluster.nodes.get(node["metadata"]["name"])
        old = known.node if known is not None else None
        self.cluster.set_node(node)
        if old is None:
            self._move(Change("Node", "add", None, node))
            return
        for what in node_changes(old, node):
            self._move(Change("Node", what, old, node))

    def _on_other(self, kind: str) -> Callable[[Event], None]:
        def handle(event: Event) -> None:
            if kind in ("PersistentVolume", "PersistentVolumeClaim", "ResourceClaim"):
                self._waits.look()
            old = event.object if event.type == "DELETED" else event.old
            new = None if event.type == "DELETED" else event.object
            self._move(Change(kind, _WHAT[event.type], old, new))

        return handle

    def _on_pod(self, event: Event) -> None:
        pod, old = event.object, event.old
        if event.type == "DELETED" or (pod.get("status") or {}).get("phase") in _OVER:
            self._gone(pod, old)
        elif pod["spec"].get("nodeName"):
            self._assigned(pod, old)
        else:
            self._unassigned(pod, old)

    def _gone(self, pod: Obj, old: Obj | None) -> None:
        uid = pod["metadata"]["uid"]
        self.queue.delete(uid)
        self.nominations.drop(uid)
        self._waits.drop(uid)
        known = self.cluster.pod(uid)
        if known is not None:
            self._assumed.pop(uid, None)
            self.cluster.remove_pod(uid)
            self._move(Change("AssignedPod", "delete", known.pod, None))
        elif (pod.get("status") or {}).get("nominatedNodeName"):
            priority = pod["spec"].get("priority") or 0
            change = Change("AssignedPod", "delete", pod, None)
            self._move(change, lambda other: other.priority <= priority)

    def _assigned(self, pod: Obj, old: Obj | None) -> None:
        uid = pod["metadata"]["uid"]
        known = self.cluster.pod(uid)
        if known is not None and uid not in self._assumed:
            self._update_assigned(known, pod)
            return
        self._assumed.pop(uid, None)
        self._waits.drop(uid)
        self.queue.delete(uid)
        self.nominations.drop(uid)
        if known is None or not known.follow(pod):
            self.cluster.set_pod(PodInfo(pod))
        self._move(Change("AssignedPod", "add", None, pod))

    def _update_assigned(self, known: PodInfo, pod: Obj) -> None:
        old = known.pod
        if known.follow(pod):
            return
        self.cluster.set_pod(PodInfo(pod))
        for what in pod_changes(old, pod):
            self._move(Change("AssignedPod", what, old, pod))

    def _unassigned(self, pod: Obj, old: Obj | None) -> None:
        info = PodInfo(pod)
        if info.scheduler_name not in self.profiles:
            return
        if info.uid in self._assumed:
            if info.terminating:
                self._gone(pod, old)
            return
        queued = self.queue.find(info.uid)
        before = queued.pod if queued is not None else None
        was_nominated = before.nominated_node if before is not None else ""
        self.nominations.update(info, was_nominated=was_nominated)
        if before is None:
            self.queue.add(info)
        else:
            changes = [
                Change("TargetPod", what, before.pod, pod) for what in pod_changes(before.pod, pod)
            ]
            self.queue.update(info, changes)
            if was_nominated and was_nominated != info.nominated_node:
                change = Change("AssignedPod", "delete", before.pod, None)
                self.queue.move(change, lambda other: other.priority <= info.priority)
        self._wake()

    def _move(self, change: Change, concerns: Callable[[PodInfo], bool] | None = None) -> None:
        self.queue.move(change, concerns)
        self._wake()

    def _wake(self) -> None:
        if self.queue.ready:
            self._work.add(_NEXT)

    def _flush_at(self, moment: float) -> None:
        """Look for pods whose time has come, at the latest then."""
        if self._timer is not None:
            if self._timer.when <= moment:
                return
            self._timer.cancel()
        self._timer = self._clock.call_at(moment, self._flush)

    def _flush(self) -> None:
        self._timer = None
        self.queue.flush()
        due = self.queue.next_due()
        if due is not None:
            self._flush_at(due)
        self._wake()

    # One pod

    def _sync(self, key: str) -> None:
        queued = self.queue.pop()
        if queued is None:
            return
        try:
            self._schedule(queued)
        finally:
            self._wake()

    def _schedule(self, queued: QueuedPod) -> None:
        pod = queued.pod
        profile = self.profiles[pod.scheduler_name]
        if pod.terminating:
            note = f"skip schedule deleting pod: {pod.key}"
            self._reports.event(pod, "Warning", "FailedScheduling", "Scheduling", note)
            return
        if not self.cluster.nodes:
            self._reject(queued, NO_NODES, set(), nominated="")
            return
        try:
            attempt = self._search.run(profile, pod)
            if attempt.feasible:
                node = choose(attempt, self._below, self._extenders)
                self._place(queued, profile, attempt, node.name)
            else:
                self._look_for_victims(queued, profile, attempt)
        except SchedulingError as error:
            self._fail(queued, str(error))

    def _look_for_victims(self, queued: QueuedPod, profile: Profile, attempt: Attempt) -> None:
        nominated: str | None = ""
        try:
            outcome = preemption.after_filters(
                profile, attempt, self.nominations, self._below, self._extenders.preempt
            )
        except ExtenderError as error:
            outcome = preemption.Outcome(f"preemption: {error}", keeps_nomination=True)
        attempt.diagnosis.after = outcome.message
        if outcome.idle_claim is not None:
            self._deallocate(outcome.idle_claim)
        if outcome.candidate is not None:
            nominated = outcome.candidate.node.name
            self._evictor.evict(queued.pod, outcome.candidate)
        elif outcome.keeps_nomination:
            nominated = None
        message = attempt.diagnosis.message(len(self.cluster.nodes))
        self._reject(queued, message, attempt.diagnosis.plugins, nominated=nominated)

    def _deallocate(self, claim: Obj) -> None:
        try:
            self._claiming.deallocate(claim)
        except ApiError as error:
            name = claim["metadata"]["name"]
            logger.debug("could not deallocate claim %s: %s", name, error)

    # Success

    def _place(self, queued: QueuedPod, profile: Profile, attempt: Attempt, node: str) -> None:
        pod = queued.pod
        placed = pod.placed(node)
        self._assumed[pod.uid] = placed
        self.cluster.set_pod(placed)
        self.nominations.drop(pod.uid)
        plan = _volume_plan(attempt, node)
        check = attempt.cycle.data.get("DynamicResources")
        claims = check if isinstance(check, ClaimCheck) else None
        if plan is None and claims is None:
            self._bind(queued, node)
            return
        if pod.nominated_node != node:
            self._reports.patch_status(pod, {"nominatedNodeName": node})
        self._with_volumes(queued, profile, node, plan, claims)

    def _with_volumes(
        self,
        queued: QueuedPod,
        profile: Profile,
        node: str,
        plan: NodeVolumes | None,
        claims: ClaimCheck | None,
    ) -> None:
        """Go on once the volumes of the plan are there."""
        if plan is None:
            self._with_devices(queued, node, claims)
            return
        try:
            binding.start_volumes(self._client, plan, node)
        except ApiError as error:
            self._unplace(queued, f'running PreBind plugin "VolumeBinding": {error.message}')
            return

        def finish(error: str) -> None:
            if error:
                self._unplace(queued, f'running PreBind plugin "VolumeBinding": {error}')
            else:
                self._with_devices(queued, node, claims)
            self._wake()

        plugin = profile.find("preBind", VolumeBinding)
        timeout = plugin.timeout if plugin is not None else 600.0
        wait = Wait(
            queued.pod,
            lambda: binding.volumes_ready(plan, node, self.cluster),
            finish,
            "binding volumes: context deadline exceeded",
        )
        self._waits.add(wait, timeout)

    def _with_devices(self, queued: QueuedPod, node: str, check: ClaimCheck | None) -> None:
        """Go on once the pod's claims are reserved and their devices can be bound."""
        if check is None:
            self._bind(queued, node)
            return
        reserved: list[Obj] = []

        def finish(error: str) -> None:
            if error:
                self._claiming.unreserve(reserved, queued.pod)
                self._unplace(queued, f'running PreBind plugin "DynamicResources": {error}')
            else:
                self._bind(queued, node)
            self._wake()

        try:
            self._reserve(check, queued.pod, node, reserved)
        except (ApiError, BindingFailed) as error:
            finish(error.message if isinstance(error, ApiError) else str(error))
            return
        if not any(claiming.has_conditions(claim) for claim in reserved):
            finish("")
            return
        note = f"waiting for binding conditions for device on node {node}"
        self._reports.event(queued.pod, "Normal", "BindingConditionsPending", "Scheduling", note)
        timed_out = "device binding timeout: context deadline exceeded"
        wait = Wait(queued.pod, lambda: self._bindable(reserved), finish, timed_out)
        self._waits.add(wait, claiming.BINDING_SECONDS)
        self._waits.look()

    def _reserve(self, check: ClaimCheck, pod: PodInfo, node: str, reserved: list[Obj]) -> None:
        for claim, allocation in check.allotted(node):
            if any(
                user["uid"] == pod.uid
                for user in (claim.get("status") or {}).get("reservedFor") or ()
            ):
                reserved.append(claim)
                continue
            written = self._claiming.reserve(claim, pod, allocation)
            self._claims.assume(written)
            reserved.append(written)

    def _bindable(self, claims: Sequence[Obj]) -> bool:
        current = [
            self._claims.get(claim["metadata"]["namespace"], claim["metadata"]["name"])
            for claim in claims
        ]
        return all(claim is not None and claiming.ready(claim) for claim in current)

    def _bind(self, queued: QueuedPod, node: str) -> None:
        pod = queued.pod
        try:
            if not self._extenders.bind(pod, node):
                binding.bind_pod(self._client, pod, node)
        except ApiError as error:
            self._unplace(queued, f'running Bind plugin "DefaultBinder": {error.message}')
            return
        except ExtenderError as error:
            self._unplace(queued, str(error))
            return
        note = f"Successfully assigned {pod.key} to {node}"
        self._reports.event(pod, "Normal", "Scheduled", "Binding", note)

    def _unplace(self, queued: QueuedPod, error: str) -> None:
        """Binding has failed: the node has its room back, and the pod another try."""
        placed = self._assumed.pop(queued.pod.uid, None)
        if placed is not None:
            self.cluster.remove_pod(placed.uid)
            self.queue.move(Change("AssignedPod", "delete", placed.pod, None))
        self._fail(queued, error)

    # Failure

    def _fail(self, queued: QueuedPod, error: str) -> None:
        self._reject(queued, error, set(), nominated="", reason="SchedulerError")

    def _reject(
        self,
        queued: QueuedPod,
        message: str,
        plugins: set[str],
        *,
        nominated: str | None,
        reason: str = "Unschedulable",
    ) -> None:
        """Back into the queue; say so in an event and in the pod's status. `nominated` is the node
        to wait for, None to leave that as it is."""
        current = self._pods.get(queued.pod.namespace, queued.pod.name)
        if current is None or current["metadata"]["uid"] != queued.pod.uid:
            return
        if current["spec"].get("nodeName"):
            return
        pod = queued.pod
        if current is not pod.pod:
            pod = queued.pod = PodInfo(current)
        self._flush_at(self.queue.reject(queued, plugins))
        self.nominations.set(pod, pod.nominated_node if nominated is None else nominated)
        self._reports.event(pod, "Warning", "FailedScheduling", "Scheduling", message)
        status: dict[str, Any] = {}
        condition = self._reports.condition(pod, "PodScheduled", "False", reason, message)
        if condition is not None:
            status["conditions"] = [condition]
        if nominated is not None and nominated != pod.nominated_node:
            status["nominatedNodeName"] = nominated or None
        if status:
            self._reports.patch_status(pod, status)

    # Questions

    def explain(self, pod: Obj) -> Obj:
        """Every plugin's verdict and score on every node, also for a pod that is only proposed."""
        info = PodInfo(pod)
        profile = self.profiles.get(info.scheduler_name)
        if profile is None:
            key = {"namespace": info.namespace, "name": info.name}
            return {"pod": key, "schedulerName": info.scheduler_name, "served": False}
        return explain(profile, self.cluster, self.nominations, info, self._extenders)


def _volume_plan(attempt: Attempt, node: str) -> NodeVolumes | None:
    """What has to be done for the pod's volumes; None when they are all there."""
    check = attempt.cycle.data.get("VolumeBinding")
    if not isinstance(check, VolumeCheck):
        return None
    plan = check.found.get(node)
    return plan if plan is not None and (plan.bindings or plan.provisions) else None
