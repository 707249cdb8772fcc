"""Node health: heartbeats, taints by condition, evictions by zone.

Source: pkg/controller/nodelifecycle.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects, taints
from mockapi.controllers.tainteviction import by_node
from mockapi.controllers.zones import Zones, zone_of
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

PERIOD = 5.0
GRACE = 50.0
STARTUP_GRACE = 60.0
LEASES = "coordination.k8s.io/v1/leases"
LEASE_NAMESPACE = "kube-node-lease"
JUDGED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
EXCLUDED = "node.kubernetes.io/exclude-disruption"
LABELS = (
    ("beta.kubernetes.io/os", "kubernetes.io/os"),
    ("beta.kubernetes.io/arch", "kubernetes.io/arch"),
)


@dataclass(slots=True)
class _Health:
    """What was last seen of a node, and when that was news."""

    ready: Obj | None
    probed: float
    renewed: str = ""


class NodeLifecycleController:
    name = "node-lifecycle-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, "node-controller")
        self.nodes = runtime.informer("v1/nodes")
        self.pods = runtime.informer("v1/pods")
        self.pods.index("node", by_node, of_status=False)
        self.leases = runtime.informer(LEASES)
        self.health: dict[str, _Health] = {}
        self.known: dict[str, Obj] = {}
        self.retry: set[str] = set()
        self.well: dict[str, tuple[Obj, str | None]] = {}
        """Ready nodes as they were looked at, with their zones: nothing is to be done for them."""
        self.keep_off = base.opt_out(runtime, self.name)
        self.zones = Zones(self.clock)
        self.queue = base.queue(runtime, self.name, self._sync_node, self.nodes)
        self.tainting = runtime.queue(f"{self.name}-tainting", self._taint_next)
        self.nodes.on_event(self._node_changed)
        self.pods.on_event(self._pod_changed)
        base.every(runtime, f"{self.name}-monitor", PERIOD, self.monitor)

    def _node_changed(self, event: Event) -> None:
        name = objects.name(event.object)
        if event.type == "DELETED":
            self.health.pop(name, None)
        else:
            self.queue.add(name)

    def _pod_changed(self, event: Event) -> None:
        """A pod that is bound to a node that is known to be dead is not ready."""
        pod = event.object
        if event.type == "DELETED" or not objects.node_name(pod) or not objects.pod_ready(pod):
            return
        health = self.health.get(objects.node_name(pod))
        if health is not None and health.ready and health.ready.get("status") != "True":
            self._mark_not_ready([pod])

    def _sync_node(self, key: str) -> None:
        node = self.nodes.get("", key)
        if node is None:
            return
        add, remove = taints.difference(node)
        if add or remove:
            now = timestamp(self.clock.now())
            added = [{"key": k, "effect": "NoSchedule", "timeAdded": now} for k in add]
            self._swap(node, added, [(k, "NoSchedule") for k in remove])
        self._reconcile_labels(node)

    def _reconcile_labels(self, node: Obj) -> None:
        labels = objects.labels(node)
        changes = {
            old: labels[new]
            for old, new in LABELS
            if new in labels and labels.get(old) != labels[new]
        }
        if changes:
            patch = {"metadata": {"labels": changes}}
            self.client.patch(
                "v1/nodes", "", objects.name(node), patch, patch_type=objects.STRATEGIC
            )

    # Taints.

    def _swap(self, node: Obj, add: list[Obj], remove: list[tuple[str, str]]) -> None:
        """Two patches, as the real controller: first what is new, then what is over."""
        node = self._write_taints(node, [*_without(node, add), *add]) if add else node
        gone = [{"key": key, "effect": effect} for key, effect in remove]
        kept = _without(node, gone)
        if len(kept) != len(taints.of(node)):
            self._write_taints(node, kept)

    def _write_taints(self, node: Obj, wanted: list[Obj]) -> Obj:
        patch = {"spec": {"taints": wanted or None}}
        return self.client.patch(
            "v1/nodes", "", objects.name(node), patch, patch_type=objects.STRATEGIC
        )

    def _taint_next(self, zone: str) -> None:
        """Taint one node of a zone NoExecute, as often as the zone's rate allows."""
        name = self.zones.next_node(zone)
        if name is None:
            return
        wait = self.zones.take(zone)
        if wait is None:
            return
        if wait > 0:
            self.tainting.add_after(zone, wait)
            return
        node = self.nodes.get("", name)
        self.zones.done(zone, name)
        if node is not None:
            self._taint(node)
        self.tainting.add(zone)

    def _taint(self, node: Obj) -> None:
        status = (objects.condition(node, "Ready") or {}).get("status")
        if status not in ("False", "Unknown"):
            return
        new, old = taints.NOT_READY, taints.UNREACHABLE
        if status == "Unknown":
            new, old = old, new
        now = timestamp(self.clock.now())
        made = {"key": new, "effect": "NoExecute", "timeAdded": now}
        self._swap(node, [made], [(old, "NoExecute")])

    # Health.

    def monitor(self) -> None:
        """One round over all nodes."""
        nodes = self.nodes.list()
        self._register(nodes)
        zones: dict[str, list[bool]] = {}
        for node in nodes:
            well = self.well.get(objects.name(node))
            if well is None or well[0] is not node or not self._is_heard(node):
                self._look(node, zones)
            elif well[1] is not None:
                zones.setdefault(well[1], []).append(True)
        woken = self.zones.judge(zones)
        for zone in woken:
            self.tainting.add(zone)

    def _look(self, node: Obj, zones: dict[str, list[bool]]) -> None:
        name = objects.name(node)
        self.well.pop(name, None)
        if self.keep_off(node):
            return
        try:
            is_ready = self._check(node) == "True"
        except ApiError:
            return
        zone = zone_of(node) if EXCLUDED not in objects.labels(node) else None
        if zone is not None:
            zones.setdefault(zone, []).append(is_ready)
        if is_ready:
            self.well[name] = (node, zone)

    def _is_heard(self, node: Obj) -> bool:
        """The lease of a node that was well is still renewed in time."""
        name, now = objects.name(node), self.clock.now()
        health = self.health.get(name)
        if health is None:
            return False
        self._note_renewal(name, health, now)
        return now <= health.probed + GRACE

    def _note_renewal(self, name: str, health: _Health, now: float) -> None:
        lease = self.leases.get(LEASE_NAMESPACE, name)
        renewed = str((lease or {}).get("spec", {}).get("renewTime") or "")
        if renewed > health.renewed:
            health.renewed, health.probed = renewed, now

    def _register(self, nodes: Iterable[Obj]) -> None:
        present = {objects.name(node): node for node in nodes}
        for name, node in present.items():
            if name not in self.known:
                self.known[name] = node
                self._node_event(node, "RegisteredNode", f"Registered Node {name} in Controller")
                self._reachable(node)
        for name in [name for name in self.known if name not in present]:
            node = self.known.pop(name)
            self._node_event(node, "RemovingNode", f"Removing Node {name} from Controller")
            self.zones.forget(name)

    def _check(self, node: Obj) -> str:
        """Judge one node; returns its Ready status now, "" when it has none."""
        name = objects.name(node)
        seen = objects.condition(node, "Ready")
        now_ready = self._judge(node, seen)
        if now_ready is None:
            return ""
        status = str(now_ready["status"])
        self._evict_by_taint(node, status)
        was = seen.get("status") if seen else "Unknown"
        if status != "True" and (was == "True" or name in self.retry):
            if was == "True":
                about = _about(node)
                message = f"Node {name} status is now: NodeNotReady"
                self.recorder.event_about(about, "Normal", "NodeNotReady", message)
            if not self._mark_not_ready(self.pods.by("node", name)):
                self.retry.add(name)
                return status
        self.retry.discard(name)
        return status

    def _judge(self, node: Obj, seen: Obj | None) -> Obj | None:
        """The Ready condition after this round: Unknown when heartbeats have stopped."""
        name, now = objects.name(node), self.clock.now()
        health = self.health.get(name)
        grace = GRACE if seen is not None else STARTUP_GRACE
        if health is None:
            born = parse_timestamp(objects.created(node)) if seen is None else now
            health = self.health[name] = _Health(seen, born)
        elif (health.ready is None) != (seen is None):
            health.ready, health.probed = seen, now
        elif seen is not None and health.ready is not None:
            if seen.get("lastHeartbeatTime") != health.ready.get("lastHeartbeatTime"):
                health.probed = now
            health.ready = seen
        self._note_renewal(name, health, now)
        if now <= health.probed + grace:
            return seen
        return self._silent(node, seen, health)

    def _silent(self, node: Obj, seen: Obj | None, health: _Health) -> Obj | None:
        now = timestamp(self.clock.now())
        conditions = [dict(c) for c in objects.status(node).get("conditions") or ()]
        for type in JUDGED:
            known = next((c for c in conditions if c["type"] == type), None)
            if known is None:
                conditions.append(
                    {
                        "type": type,
                        "status": "Unknown",
                        "reason": "NodeStatusNeverUpdated",
                        "message": "Kubelet never posted node status.",
                        "lastHeartbeatTime": objects.created(node),
                        "lastTransitionTime": now,
                    }
                )
            elif known["status"] != "Unknown":
                known["status"] = "Unknown"
                known["reason"] = "NodeStatusUnknown"
                known["message"] = "Kubelet stopped posting node status."
                known["lastTransitionTime"] = now
        ready = next(c for c in conditions if c["type"] == "Ready")
        if ready != seen:
            new = {**objects.status(node), "conditions": conditions}
            base.update_status(self.client, "v1/nodes", node, new)
            health.ready = ready
        return ready

    def _evict_by_taint(self, node: Obj, status: str) -> None:
        name = objects.name(node)
        if status == "True":
            self._reachable(node)
            return
        opposite = taints.UNREACHABLE if status == "False" else taints.NOT_READY
        own = taints.NOT_READY if status == "False" else taints.UNREACHABLE
        if taints.has(node, opposite, "NoExecute"):
            now = timestamp(self.clock.now())
            made = {"key": own, "effect": "NoExecute", "timeAdded": now}
            self._swap(node, [made], [(opposite, "NoExecute")])
        elif not taints.has(node, own, "NoExecute"):
            self.zones.wait_for_taint(zone_of(node), name)
            self.tainting.add(zone_of(node))

    def _reachable(self, node: Obj) -> None:
        self.zones.forget(objects.name(node))
        both = [(taints.UNREACHABLE, "NoExecute"), (taints.NOT_READY, "NoExecute")]
        for key, effect in both:
            if taints.has(node, key, effect):
                kept = _without(node, [{"key": key, "effect": effect}])
                try:
                    node = self._write_taints(node, kept)
                except ApiError:
                    return

    def _mark_not_ready(self, pods: Iterable[Obj]) -> bool:
        """Set Ready to False on pods that cannot say so themselves; False if one failed."""
        fine = True
        now = timestamp(self.clock.now())
        for pod in pods:
            ready = objects.condition(pod, "Ready")
            if ready is None or ready["status"] == "False" or self.keep_off(pod):
                continue
            changed = {**ready, "status": "False", "lastTransitionTime": now}
            conditions = [
                changed if c["type"] == "Ready" else c
                for c in objects.status(pod).get("conditions") or ()
            ]
            try:
                new = {**objects.status(pod), "conditions": conditions}
                base.update_status(self.client, "v1/pods", pod, new, retries=0)
            except ApiError as error:
                if base.not_found(error):
                    continue
                fine = False
            self.recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready")
        return fine

    def _node_event(self, node: Obj, reason: str, text: str) -> None:
        message = f"Node {objects.name(node)} event: {text}"
        self.recorder.event_about(_about(node), "Normal", reason, message)


def _about(node: Obj) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "name": objects.name(node),
        "uid": objects.uid(node),
    }


def _without(node: Obj, gone: Iterable[Obj]) -> list[Obj]:
    rows = list(gone)
    return [taint for taint in taints.of(node) if not any(taints.same(taint, row) for row in rows)]
