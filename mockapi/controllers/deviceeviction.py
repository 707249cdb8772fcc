"""Eviction of pods whose devices have NoExecute taints. Source: pkg/controller/devicetainteviction.

Taints stand in ResourceSlices or come from DeviceTaintRules, whose status tells how far it is.
"""

from collections.abc import Iterable

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, devicetaints, disruptions, objects
from mockapi.controllers.devicetaints import Eviction, Pool, Selected
from mockapi.controllers.resourceclaims import CLAIMS
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

SLICES = "resource.k8s.io/v1/resourceslices"
RULES = "resource.k8s.io/v1/devicetaintrules"
STATUS_SECONDS = 10.0
"""A rule's status is written no oftener while pods are being evicted."""
REMEMBERED = 500
"""So many evicted pods are not evicted again."""


class DeviceTaintEvictionController:
    name = "device-taint-eviction-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, self.name)
        self.pods = runtime.informer("v1/pods")
        self.claims = runtime.informer(CLAIMS)
        self.slices = runtime.informer(SLICES)
        self.rules = runtime.informer(RULES)
        self.pools: dict[tuple[str, str], Pool] = {}
        self.evicting: dict[str, Obj] = {}
        """Rules whose effect is NoExecute, by name."""
        self.evictions: dict[str, Eviction | None] = {}
        """Of each allocated claim, by key."""
        self.due: dict[str, tuple[str, Eviction]] = {}
        """Pods that have to go, by key: their uid, and when."""
        self.evicted: dict[str, None] = {}
        """Uids of the latest pods that went."""
        self.counts: dict[str, int] = {}
        """How many pods went, by the uid of the rule."""
        self.pod_queue = base.queue(runtime, self.name, self._sync_pod, self.pods)
        self.rule_queue = base.queue(runtime, self.name, self._sync_rule, self.rules, part="rules")
        self.claims.on_event(self._claim_changed)
        self.pods.on_event(self._pod_changed)
        self.rules.on_event(self._rule_changed)
        self.slices.on_event(self._slice_changed)

    # -- what has changed ------------------------------------------------------------------------

    def _claim_changed(self, event: Event) -> None:
        claim, old, key = event.object, event.old, objects.key(event.object)
        before = objects.status(old).get("reservedFor") or [] if old is not None else []
        if event.type == "DELETED" or not devicetaints.is_allocated(claim):
            if self.evictions.pop(key, None) is None and event.type != "DELETED":
                return
        elif key not in self.evictions:
            self.evictions[key] = self._eviction_of(claim)
        self._judge_users(claim, before)

    def _pod_changed(self, event: Event) -> None:
        pod, old = event.object, event.old
        if not any(True for _ in devicetaints.claims_of(pod)):
            return
        if event.type == "DELETED":
            self.due.pop(objects.key(pod), None)
        elif old is None or _uses(old) != _uses(pod):
            self._judge(pod)

    def _rule_changed(self, event: Event) -> None:
        rule, old, name = event.object, event.old, objects.name(event.object)
        if event.type == "DELETED":
            self.counts.pop(objects.uid(rule), None)
        elif old is not None and old["spec"] == rule["spec"]:
            return
        else:
            self.rule_queue.add(name)
        self.evicting.pop(name, None)
        if event.type != "DELETED" and devicetaints.evicts(rule):
            self.evicting[name] = rule
        self._compute(list(self.evictions))

    def _slice_changed(self, event: Event) -> None:
        row = event.object
        where = devicetaints.pool_of(row)
        pool = self.pools.setdefault(where, Pool())
        before = pool.tainted()
        if event.type == "DELETED":
            pool.slices.pop(objects.name(row), None)
        else:
            pool.slices[objects.name(row)] = row
        after = pool.tainted()
        if not pool.slices:
            del self.pools[where]
        changed = {(*where, name) for name in before | after if before.get(name) != after.get(name)}
        if changed:
            self._compute([key for key in self.evictions if self._has_one_of(key, changed)])

    def _has_one_of(self, key: str, devices: set[tuple[str, str, str]]) -> bool:
        claim = self.claims.get_key(key)
        rows = devicetaints.allocated(claim) if claim is not None else []
        return any((row["driver"], row["pool"], row["device"]) in devices for row in rows)

    def _compute(self, keys: Iterable[str]) -> None:
        """When the users of these claims have to go, anew."""
        for key in keys:
            claim = self.claims.get_key(key)
            if claim is not None:
                before, after = self.evictions[key], self._eviction_of(claim)
                self.evictions[key] = after
                if after != before:
                    self._judge_users(claim, ())

    def _eviction_of(self, claim: Obj) -> Eviction | None:
        return devicetaints.eviction_of_claim(claim, self.pools, self.evicting.values())

    def _judge_users(self, claim: Obj, before: Iterable[Obj]) -> None:
        rows = [*before, *(objects.status(claim).get("reservedFor") or ())]
        for uid, row in {row["uid"]: row for row in rows}.items():
            if not row.get("apiGroup") and row.get("resource") == "pods":
                pod = self.pods.get(objects.namespace(claim), row["name"])
                if pod is not None and objects.uid(pod) == uid:
                    self._judge(pod)

    def _judge(self, pod: Obj) -> None:
        """Evict at the right moment, or no longer."""
        key, eviction = objects.key(pod), self._eviction_of_pod(pod, self.evictions)
        if eviction is None:
            if self.due.pop(key, None) is not None:
                self._event(pod, "Cancelling deletion")
            return
        self.due[key] = (objects.uid(pod), eviction)
        self.pod_queue.add_after(key, eviction.when - self.clock.now())
        for name, _ in eviction.rules:
            self.rule_queue.add_after(name, STATUS_SECONDS)

    def _eviction_of_pod(self, pod: Obj, evictions: dict[str, Eviction | None]) -> Eviction | None:
        found: Eviction | None = None
        if not objects.node_name(pod):
            return None
        for name, own in devicetaints.claims_of(pod):
            key = f"{objects.namespace(pod)}/{name}"
            eviction, claim = evictions.get(key), self.claims.get_key(key)
            if eviction is None or claim is None:
                continue
            if devicetaints.uses(pod, claim, own=own):
                found = eviction.joined(found)
        return found

    # -- pods ------------------------------------------------------------------------------------

    def _sync_pod(self, key: str) -> None:
        if key not in self.due or self.due[key][0] in self.evicted:
            return
        uid, eviction = self.due[key]
        wait = eviction.when - self.clock.now()
        if wait > 0:
            self.pod_queue.add_after(key, wait)
            return
        is_ours = self._evict(key, uid)
        self.due.pop(key, None)
        self.evicted[uid] = None
        if len(self.evicted) > REMEMBERED:
            del self.evicted[next(iter(self.evicted))]
        for name, rule in eviction.rules if is_ours else ():
            self.counts[rule] = self.counts.get(rule, 0) + 1
            self.rule_queue.add_after(name, STATUS_SECONDS)

    def _evict(self, key: str, uid: str) -> bool:
        """False when the pod was gone already."""
        inside, name = objects.split_key(key)
        try:
            pod = self.client.get("v1/pods", inside, name)
            if objects.uid(pod) != uid:
                return False
            if objects.deleting(pod):
                return True
            self._event(pod, "Marking for deletion")
            disruptions.mark(
                self.client,
                pod,
                self.clock.now(),
                "DeletionByDeviceTaintManager",
                "Device Taint manager: deleting due to NoExecute taint",
                says_generation=False,
            )
            self.client.delete("v1/pods", inside, name, uid=uid)
        except ApiError as error:
            if not base.not_found(error):
                raise
            return False
        return True

    def _event(self, pod: Obj, what: str) -> None:
        about = {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": objects.namespace(pod),
            "name": objects.name(pod),
            "uid": objects.uid(pod),
        }
        self.recorder.event_about(about, "Normal", "DeviceTaintManagerEviction", what)

    # -- rules -----------------------------------------------------------------------------------

    def _sync_rule(self, name: str) -> None:
        rule = self.rules.get("", name)
        if rule is None:
            return
        now, known = self.clock.now(), objects.condition(rule, "EvictionInProgress") or {}
        if known.get("observedGeneration") == objects.generation(rule):
            wait = parse_timestamp(known["lastTransitionTime"]) + STATUS_SECONDS - now
            if wait > 0:
                self.rule_queue.add_after(name, wait)
                return
        made = self._condition(rule)
        if any(known.get(field, "") != value for field, value in made.items()):
            self._tell(rule, {**made, "lastTransitionTime": timestamp(now)})

    def _condition(self, rule: Obj) -> Obj:
        evictions, selected, effect = self.evictions, None, rule["spec"]["taint"].get("effect")
        if effect == "None":
            evictions, selected = self._as_if_executed(rule), self._selected(rule)
        pending: list[str] = []
        if effect in ("None", devicetaints.NO_EXECUTE):
            pending = self._pending(rule, evictions)
        evicted = self.counts.get(objects.uid(rule), 0)
        return devicetaints.condition(rule, len(pending), len(set(pending)), evicted, selected)

    def _as_if_executed(self, rule: Obj) -> dict[str, Eviction | None]:
        rules = (*self.evicting.values(), rule)
        return {
            key: devicetaints.eviction_of_claim(claim, self.pools, rules)
            for key in self.evictions
            if (claim := self.claims.get_key(key)) is not None
        }

    def _pending(self, rule: Obj, evictions: dict[str, Eviction | None]) -> list[str]:
        """The namespace of each pod that has to go because of a rule."""
        wanted = (objects.name(rule), objects.uid(rule))
        return [
            objects.namespace(pod)
            for pod in self.pods.list()
            if not objects.deleting(pod)
            and (eviction := self._eviction_of_pod(pod, evictions)) is not None
            and wanted in eviction.rules
        ]

    def _selected(self, rule: Obj) -> Selected:
        published = [
            device
            for where, pool in self.pools.items()
            for device in pool.devices()
            if devicetaints.selects(rule, *where, device["name"])
        ]
        allocated = [
            row
            for key in self.evictions
            if (claim := self.claims.get_key(key)) is not None
            for row in devicetaints.allocated(claim)
            if devicetaints.selects(rule, row["driver"], row["pool"], row["device"])
        ]
        return Selected(len(published), len(allocated))

    def _tell(self, rule: Obj, condition: Obj) -> None:
        applied = {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "DeviceTaintRule",
            "metadata": {"name": objects.name(rule), "uid": objects.uid(rule)},
            "status": {"conditions": [condition]},
        }
        self.client.apply(
            RULES, "", objects.name(rule), applied, manager=self.name, subresource="status"
        )


def _uses(pod: Obj) -> tuple[object, ...]:
    """What of a pod decides which claims it uses, and whether it is placed."""
    status = objects.status(pod)
    return (
        objects.uid(pod),
        objects.node_name(pod),
        status.get("resourceClaimStatuses") or [],
        status.get("extendedResourceClaimStatus"),
    )
