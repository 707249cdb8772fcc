"""ReplicaSets, and ReplicationControllers by the same code. Source: pkg/controller/replicaset."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects, pods, ranking
from mockapi.controllers.claiming import Claimer
from mockapi.controllers.expectations import Expectations
from mockapi.meta import selectors
from mockapi.meta.errors import ApiError
from mockapi.meta.selectors import LabelSelector
from mockapi.runtime.loop import Runtime

BURST = 500
_COUNTS = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas")


@dataclass(frozen=True, slots=True)
class Flavour:
    """What sets ReplicaSets and ReplicationControllers apart."""

    name: str
    component: str
    resource: str
    api_version: str
    kind: str
    selector: Callable[[Obj], LabelSelector]
    counts_terminating: bool


REPLICA_SET = Flavour(
    name="replicaset-controller",
    component="replicaset-controller",
    resource="apps/v1/replicasets",
    api_version="apps/v1",
    kind="ReplicaSet",
    selector=lambda obj: selectors.from_object(obj["spec"].get("selector")),
    counts_terminating=True,
)
REPLICATION_CONTROLLER = Flavour(
    name="replicationcontroller-controller",
    component="replication-controller",
    resource="v1/replicationcontrollers",
    api_version="v1",
    kind="ReplicationController",
    selector=lambda obj: selectors.from_object({"matchLabels": obj["spec"].get("selector") or {}}),
    counts_terminating=False,
)


class ReplicaSetController:
    """Keeps as many pods as asked for: creates, deletes, adopts, releases, counts."""

    def __init__(self, flavour: Flavour = REPLICA_SET) -> None:
        self.flavour = flavour
        self.name = flavour.name

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        recorder = base.recorder(runtime, self.flavour.component)
        self.control = pods.PodControl(self.client, recorder)
        self.expectations = Expectations(runtime.clock)
        self.sets = runtime.informer(self.flavour.resource)
        self.sets.index("owner", objects.by_owner)
        self.pods = runtime.informer("v1/pods")
        self.pods.index("owner", objects.by_owner, of_status=False)
        self.resolve = base.resolver(self.sets, self.flavour.kind)
        self.queue = base.queue(runtime, self.name, self.sync, self.sets)
        self.sets.on_event(self._set_changed)
        self.pods.on_event(self._pod_changed)

    def _set_changed(self, event: Event) -> None:
        key = objects.key(event.object)
        if event.type == "DELETED":
            self.expectations.forget(key)
        self.queue.add(key)

    def _pod_changed(self, event: Event) -> None:
        pod, old = event.object, event.old
        if event.type == "DELETED" or objects.deleting(pod):
            self._pod_gone(pod)
            if old is not None and objects.labels(old) != objects.labels(pod):
                self._pod_gone(old)
        elif event.type == "ADDED":
            self._pod_added(pod)
        elif old is not None:
            self._pod_updated(pod, old)

    def _pod_gone(self, pod: Obj) -> None:
        owner = self.resolve(objects.namespace(pod), objects.controller_of(pod))
        if owner is not None:
            key = objects.key(owner)
            self.expectations.deletion_observed(key, objects.key(pod))
            self.queue.add(key)

    def _pod_added(self, pod: Obj) -> None:
        reference = objects.controller_of(pod)
        if reference is None:
            self._enqueue_selecting(pod)
        elif (owner := self.resolve(objects.namespace(pod), reference)) is not None:
            key = objects.key(owner)
            self.expectations.creation_observed(key)
            self.queue.add(key)

    def _pod_updated(self, pod: Obj, old: Obj) -> None:
        reference, before = objects.controller_of(pod), objects.controller_of(old)
        moved = reference != before
        if moved and (left := self.resolve(objects.namespace(old), before)) is not None:
            self.queue.add(objects.key(left))
        if reference is not None:
            owner = self.resolve(objects.namespace(pod), reference)
            if owner is not None:
                self._owned_updated(owner, pod, old)
        elif moved or objects.labels(pod) != objects.labels(old):
            self._enqueue_selecting(pod)

    def _owned_updated(self, owner: Obj, pod: Obj, old: Obj) -> None:
        key = objects.key(owner)
        self.queue.add(key)
        wait = owner["spec"].get("minReadySeconds", 0)
        if wait > 0 and objects.pod_ready(pod) and not objects.pod_ready(old):
            self.queue.add_after(key, wait)

    def _enqueue_selecting(self, pod: Obj) -> None:
        """An orphan concerns every set that selects it."""
        labels = objects.labels(pod)
        for candidate in self.sets.list(objects.namespace(pod)) if labels else ():
            selector = self.flavour.selector(candidate)
            if not selector.empty and selector.matches(labels):
                self.queue.add(objects.key(candidate))

    def sync(self, key: str) -> None:
        owner = self.sets.get_key(key)
        if owner is None:
            self.expectations.forget(key)
            return
        needs_sync = self.expectations.satisfied(key)
        selector = self.flavour.selector(owner)
        owned = self.pods.by("owner", objects.uid(owner))
        orphans = self.pods.by("owner", f"orphan/{objects.namespace(owner)}")
        active = self._claim(owner, selector, (*owned, *orphans))
        terminating = sum(
            objects.pod_terminating(pod) and selector.matches(objects.labels(pod)) for pod in owned
        )
        failure = None
        if needs_sync and not objects.deleting(owner):
            failure = self._manage(owner, active)
        updated = self._write_status(owner, active, terminating, failure)
        if failure is not None:
            raise failure
        self._look_again(key, updated, active)

    def _claim(self, owner: Obj, selector: LabelSelector, candidates: Iterable[Obj]) -> list[Obj]:
        claimer = Claimer(
            self.client,
            owner,
            self.flavour.resource,
            self.flavour.api_version,
            self.flavour.kind,
            "v1/pods",
            lambda pod: selector.matches(objects.labels(pod)),
        )
        return claimer.claim(pod for pod in candidates if objects.pod_active(pod))

    def _manage(self, owner: Obj, active: list[Obj]) -> ApiError | None:
        surplus = len(active) - owner["spec"].get("replicas", 1)
        if surplus < 0:
            return self._create(owner, min(-surplus, BURST))
        if surplus > 0:
            return self._delete(owner, active, min(surplus, BURST))
        return None

    def _create(self, owner: Obj, count: int) -> ApiError | None:
        key = objects.key(owner)
        reference = objects.controller_reference(owner, self.flavour.api_version, self.flavour.kind)
        template = owner["spec"].get("template") or {}
        self.expectations.expect_creations(key, count)

        def make() -> None:
            try:
                self.control.create(pods.from_template(template, owner, reference), owner)
            except ApiError as error:
                if not base.namespace_terminating(error):
                    raise

        made, failure = pods.slow_start(count, make)
        self.expectations.creation_observed(key, count - made)
        return failure

    def _delete(self, owner: Obj, active: list[Obj], count: int) -> ApiError | None:
        key = objects.key(owner)
        chosen = active
        if count < len(active):
            related = self._related(owner)
            chosen = ranking.by_deletion(active, now=self.clock.now(), related=related)[:count]
        self.expectations.expect_deletions(key, {objects.key(pod) for pod in chosen})
        return pods.delete_all(
            self.control,
            chosen,
            owner,
            lambda pod: self.expectations.deletion_observed(key, objects.key(pod)),
        )

    def _related(self, owner: Obj) -> Iterable[Obj]:
        """The pods of all sets of the same controller (the revisions of one Deployment)."""
        above = objects.controller_of(owner)
        related: dict[str, Obj] = {}
        for sibling in self.sets.by("owner", above["uid"]) if above else ():
            selector = self.flavour.selector(sibling)
            for pod in self.pods.by("owner", objects.uid(sibling)):
                if selector.matches(objects.labels(pod)):
                    related[objects.uid(pod)] = pod
        return related.values()

    def _write_status(
        self, owner: Obj, active: list[Obj], terminating: int, failure: ApiError | None
    ) -> Obj:
        new = new_status(owner, active, now=self.clock.now(), failure=failure)
        if self.flavour.counts_terminating:
            new["terminatingReplicas"] = terminating
        if same_status(objects.status(owner), new) and objects.generation(owner) == objects.status(
            owner
        ).get("observedGeneration", 0):
            return owner
        new["observedGeneration"] = objects.generation(owner)
        return base.update_status(self.client, self.flavour.resource, owner, new)

    def _look_again(self, key: str, owner: Obj, active: list[Obj]) -> None:
        """Come back when the next ready pod has been ready for long enough."""
        wait = owner["spec"].get("minReadySeconds", 0)
        status = objects.status(owner)
        if wait > 0 and status.get("readyReplicas", 0) != status.get("availableReplicas", 0):
            soonest = objects.next_availability(active, wait, self.clock.now())
            self.queue.add_after(key, wait if soonest is None else soonest)


def new_status(owner: Obj, active: list[Obj], *, now: float, failure: ApiError | None) -> Obj:
    """The counts of the active pods, and ReplicaFailure when pods could not be managed."""
    spec = owner["spec"]
    wait = spec.get("minReadySeconds", 0)
    template = spec.get("template") or {}
    fully = selectors.from_labels((template.get("metadata") or {}).get("labels"))
    ready = [pod for pod in active if objects.pod_ready(pod)]
    new: dict[str, Any] = {
        **objects.status(owner),
        "replicas": len(active),
        "fullyLabeledReplicas": sum(fully.matches(objects.labels(pod)) for pod in active),
        "readyReplicas": len(ready),
        "availableReplicas": sum(objects.pod_available(pod, wait, now) for pod in ready),
    }
    failed = objects.condition(owner, "ReplicaFailure")
    conditions = new.get("conditions") or []
    if failure is not None and failed is None:
        reason = "FailedCreate" if len(active) < spec.get("replicas", 1) else "FailedDelete"
        made = objects.new_condition("ReplicaFailure", "True", now, reason, failure.message)
        new["conditions"] = objects.with_condition(conditions, made)
    elif failure is None and failed is not None:
        new["conditions"] = objects.without_condition(conditions, "ReplicaFailure")
    return new


def same_status(old: Obj, new: Obj) -> bool:
    return (
        all(old.get(count, 0) == new.get(count, 0) for count in _COUNTS)
        and old.get("terminatingReplicas") == new.get("terminatingReplicas")
        and (old.get("conditions") or []) == (new.get("conditions") or [])
    )
