"""DaemonSets: one pod on each fitting node. Source: pkg/controller/daemon."""

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import (
    base,
    daemonpods,
    fitting,
    following,
    hashing,
    history,
    objects,
    pods,
)
from mockapi.controllers.claiming import Claimer
from mockapi.controllers.daemonpods import Surroundings
from mockapi.controllers.expectations import Expectations
from mockapi.meta import selectors
from mockapi.meta.errors import ApiError
from mockapi.runtime.backoff import Backoff
from mockapi.runtime.loop import Runtime

RESOURCE = "apps/v1/daemonsets"
BURST = 250
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
COUNTS = (
    "desiredNumberScheduled",
    "currentNumberScheduled",
    "numberMisscheduled",
    "numberReady",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberUnavailable",
)
# How long a pod that failed again is left before it is replaced.
FIRST_BACK_OFF = 1.0
LAST_BACK_OFF = 900.0


class DaemonSetController:
    name = "daemonset-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, self.name)
        self.control = pods.PodControl(self.client, self.recorder)
        self.expectations = Expectations(runtime.clock)
        self.failures: dict[tuple[str, int, str], Backoff] = {}
        self.sets = runtime.informer(RESOURCE)
        self.pods = runtime.informer("v1/pods")
        self.pods.index(
            "node", lambda pod: filter(None, (objects.node_name(pod),)), of_status=False
        )
        self.nodes = runtime.informer("v1/nodes")
        self.revisions = runtime.informer(history.RESOURCE)
        self.revisions.index("owner", objects.by_owner)
        self.resolve = base.resolver(self.sets, "DaemonSet")
        self.queue = base.queue(runtime, self.name, self.sync, self.sets)
        self.node_queue = base.queue(runtime, self.name, self._sync_node, self.nodes, part="nodes")
        self.sets.on_event(self._set_changed)
        self.nodes.on_event(self._node_changed)
        following.follow_pods(self.pods, self.sets, "DaemonSet", self.queue, self._observed)

    def _set_changed(self, event: Event) -> None:
        key = objects.key(event.object)
        if event.type == "DELETED":
            self.expectations.forget(key)
            uid = objects.uid(event.object)
            self.failures = {k: entry for k, entry in self.failures.items() if k[0] != uid}
        self.queue.add(key)

    def _node_changed(self, event: Event) -> None:
        """A node that goes is nothing to us: its pods are the pod garbage collector's."""
        node, old = event.object, event.old
        if event.type == "DELETED":
            return
        if event.type == "MODIFIED" and old is not None:
            same = objects.labels(node) == objects.labels(old)
            if same and node["spec"].get("taints") == old["spec"].get("taints"):
                return
        self.node_queue.add(objects.key(node))

    def _sync_node(self, key: str) -> None:
        """Queue the sets that have to add or take away a pod here, or may now count one as well
        placed. Only pods that are bound count as being here."""
        node = self.nodes.get_key(key)
        if node is None:
            return
        here = {
            objects.uid(owner)
            for pod in self.pods.by("node", objects.name(node))
            if (owner := self.resolve(objects.namespace(pod), objects.controller_of(pod)))
        }
        for owner in self.sets.list():
            should, may_stay = fitting.fits(
                (owner["spec"].get("template") or {}).get("spec") or {}, node
            )
            placed = objects.uid(owner) in here
            astray = placed and objects.status(owner).get("numberMisscheduled", 0) > 0
            if (should and not placed) or (placed and not may_stay) or astray:
                self.queue.add(objects.key(owner))

    def _observed(self, event: Event, owner: Obj) -> None:
        key = objects.key(owner)
        if event.type == "DELETED" or objects.deleting(event.object):
            self.expectations.deletion_observed(key, objects.key(event.object))
        elif event.type == "ADDED":
            self.expectations.creation_observed(key)

    def sync(self, key: str) -> None:
        owner = self.sets.get_key(key)
        if owner is None:
            self.expectations.forget(key)
            return
        if not owner["spec"].get("selector"):
            message = "This daemon set is selecting all pods. A non-empty selector is required."
            self.recorder.event(owner, "Warning", "SelectingAll", message)
            return
        if not objects.deleting(owner):
            _Sync(self, owner).run()

    def by_node(self, owner: Obj, *, finished: bool = False) -> dict[str, list[Obj]]:
        """The owner's pods by the node they are on or meant for; adopts and releases on the way.

        Pods that have ended and are being deleted count only where `finished` asks for them."""
        self.pods.catch_up()
        selector = selectors.from_object(owner["spec"]["selector"])
        claimer = Claimer(
            self.client,
            owner,
            RESOURCE,
            "apps/v1",
            "DaemonSet",
            "v1/pods",
            lambda pod: selector.matches(objects.labels(pod)),
        )
        owned = self.pods.by("owner", objects.uid(owner))
        orphans = self.pods.by("owner", f"orphan/{objects.namespace(owner)}")
        found: dict[str, list[Obj]] = {}
        for pod in claimer.claim((*owned, *orphans)):
            node = daemonpods.node_of(pod)
            if node and (finished or not (objects.pod_finished(pod) and objects.deleting(pod))):
                found.setdefault(node, []).append(pod)
        return found


class _Sync:
    """One sync of one DaemonSet. The pods are looked at anew for each part of it."""

    def __init__(self, controller: DaemonSetController, owner: Obj) -> None:
        self.controller = controller
        self.owner = owner
        self.key = objects.key(owner)
        self.now = controller.clock.now()
        self.wait = int(owner["spec"].get("minReadySeconds", 0))
        self.template = owner["spec"].get("template") or {}
        self.collisions = objects.status(owner).get("collisionCount")
        self.nodes = [objects.name(node) for node in controller.nodes.list()]
        strategy = owner["spec"].get("updateStrategy") or {}
        self.rolls = strategy.get("type", "RollingUpdate") == "RollingUpdate"
        self.rolling = strategy.get("rollingUpdate") or {} if self.rolls else {}

    def run(self) -> None:
        spec = self.template.get("spec") or {}
        fits = {objects.name(n): fitting.fits(spec, n) for n in self.controller.nodes.list()}
        revisions = [
            history.adopted(self.controller.client, self.owner, "apps/v1", "DaemonSet", item)
            for item in history.owned(self.controller.revisions, self.owner)
        ]
        self.hash, old = self._revision(revisions)
        self.around = Surroundings(
            fits=fits,
            rolling=self.rolling,
            is_new=self._is_new,
            available=lambda pod: objects.pod_available(pod, self.wait, self.now),
        )
        if not self.controller.expectations.satisfied(self.key):
            self._write_status(observed=False)
            return
        failure = self._update(old)
        self._write_status(observed=True)
        if failure is not None:
            raise failure

    def _update(self, old: list[Obj]) -> ApiError | None:
        failure = self._manage()
        if failure is None and self.rolls and self.controller.expectations.satisfied(self.key):
            by_node = self.controller.by_node(self.owner)
            failure = self._apply(*daemonpods.replacements(by_node, self.around))
        if failure is None:
            self._truncate(old)
        return failure

    def _is_new(self, pod: Obj) -> bool:
        labels, generation = objects.labels(pod), self._generation()
        if generation is not None and labels.get("pod-template-generation") == generation:
            return True
        return labels.get(history.HASH_LABEL) == self.hash

    def _generation(self) -> str | None:
        return objects.annotations(self.owner).get(TEMPLATE_GENERATION)

    def _revision(self, revisions: list[Obj]) -> tuple[str, list[Obj]]:
        """The hash of the present template's revision, which is made if there is none; and the
        other revisions."""
        data = history.patch_of(self.owner)
        known = [item for item in revisions if item["data"] == data]
        old = [item for item in revisions if item["data"] != data]
        highest = max((item.get("revision", 0) for item in old), default=0)
        client, inside = self.controller.client, objects.namespace(self.owner)
        if known:
            current = known[-1]
            if current.get("revision", 0) < highest + 1:
                changed = {**current, "revision": highest + 1}
                current = client.update(history.RESOURCE, inside, changed)
            return objects.labels(current).get(history.HASH_LABEL, ""), old
        hash = hashing.pod_template_hash(self.template, self.collisions)
        labels = (self.template.get("metadata") or {}).get("labels") or {}
        new = history.describe(self.owner, "DaemonSet", highest + 1, hash, labels)
        try:
            client.create(history.RESOURCE, inside, new)
        except ApiError as error:
            if not base.already_exists(error):
                raise
            present = client.get(history.RESOURCE, inside, objects.name(new))
            if present["data"] != data:
                self._count_collision()
                raise
        return hash, old

    def _count_collision(self) -> None:
        status = {**objects.status(self.owner), "collisionCount": (self.collisions or 0) + 1}
        base.update_status(self.controller.client, RESOURCE, self.owner, status)

    # Which pods there should be.

    def _manage(self) -> ApiError | None:
        by_node = self.controller.by_node(self.owner)
        create: list[str] = []
        delete: list[Obj] = []
        for name in self.nodes:
            should, may_stay = self.around.fits[name]
            mine = by_node.get(name, [])
            if should and not mine:
                create.append(name)
            elif may_stay:
                left = self._without_finished(name, mine, delete)
                more, surplus = daemonpods.kept(left, self.around)
                delete += surplus
                create += [name] if more and should else []
            else:
                delete += [pod for pod in mine if not objects.deleting(pod)]
        for name, stranded in by_node.items():
            if name not in self.around.fits:
                delete += [pod for pod in stranded if not objects.node_name(pod)]
        return self._apply(create, delete)

    def _without_finished(self, node: str, mine: list[Obj], delete: list[Obj]) -> list[Obj]:
        """The running pods; finished ones are to be deleted, failed ones with back-off."""
        running = []
        for pod in mine:
            if objects.deleting(pod):
                continue
            where = f"{objects.namespace(pod)}/{objects.name(pod)} on node {node}"
            if objects.phase(pod) == "Failed":
                if self._backs_off(node):
                    continue
                message = f"Found failed daemon pod {where}, will try to kill it"
                self.controller.recorder.event(self.owner, "Warning", "FailedDaemonPod", message)
            elif objects.phase(pod) == "Succeeded":
                message = f"Found succeeded daemon pod {where}, will try to delete it"
                self.controller.recorder.event(self.owner, "Normal", "SucceededDaemonPod", message)
            else:
                running.append(pod)
                continue
            delete.append(pod)
        return running

    def _backs_off(self, node: str) -> bool:
        observed = objects.status(self.owner).get("observedGeneration", 0)
        key = (objects.uid(self.owner), observed, node)
        entry = self.controller.failures.get(key)
        if entry is None:
            entry = self.controller.failures[key] = Backoff(FIRST_BACK_OFF, LAST_BACK_OFF)
        if entry.holds(self.now):
            self.controller.queue.add_after(self.key, entry.seconds)
            return True
        entry.next(self.now, self.now)
        return False

    def _apply(self, create: list[str], delete: list[Obj]) -> ApiError | None:
        controller = self.controller
        create, delete = create[:BURST], delete[:BURST]
        if not create and not delete:
            return None
        controller.expectations.expect(
            self.key, creations=len(create), deletions={objects.key(p) for p in delete}
        )
        names = iter(create)
        reference = objects.controller_reference(self.owner, "apps/v1", "DaemonSet")

        def make() -> None:
            try:
                controller.control.create(self._describe(next(names), reference), self.owner)
            except ApiError as error:
                if not base.namespace_terminating(error):
                    raise

        made, failure = pods.slow_start(len(create), make)
        controller.expectations.creation_observed(self.key, len(create) - made)
        second = pods.delete_all(
            controller.control,
            delete,
            self.owner,
            lambda pod: controller.expectations.deletion_observed(self.key, objects.key(pod)),
        )
        return failure or second

    def _describe(self, node: str, reference: Obj) -> Obj:
        pod = pods.from_template(self.template, self.owner, reference)
        labels = {**objects.labels(pod), history.HASH_LABEL: self.hash}
        generation = self._generation()
        if generation is not None:
            labels["pod-template-generation"] = generation
        pod["metadata"]["labels"] = labels
        pod["spec"] = fitting.pinned(fitting.with_tolerations(pod["spec"]), node)
        return pod

    # Status and history.

    def _write_status(self, *, observed: bool) -> None:
        by_node = self.controller.by_node(self.owner)
        counts = dict.fromkeys(COUNTS, 0)
        for name in self.nodes:
            mine = by_node.get(name, [])
            if not self.around.fits[name][0]:
                counts["numberMisscheduled"] += int(bool(mine))
                continue
            counts["desiredNumberScheduled"] += 1
            if not mine:
                continue
            counts["currentNumberScheduled"] += 1
            oldest = min(mine, key=daemonpods.by_age)
            if objects.pod_ready(oldest):
                counts["numberReady"] += 1
                counts["numberAvailable"] += int(self.around.available(oldest))
            counts["updatedNumberScheduled"] += int(self._is_new(oldest))
        counts["numberUnavailable"] = counts["desiredNumberScheduled"] - counts["numberAvailable"]
        self._store(counts, observed=observed)
        if self.wait and counts["numberReady"] != counts["numberAvailable"]:
            self.controller.queue.add_after(self.key, self.wait)

    def _store(self, counts: dict[str, int], *, observed: bool) -> None:
        known = objects.status(self.owner)
        generation = objects.generation(self.owner)
        same = all(known.get(count, 0) == counts[count] for count in COUNTS)
        if same and known.get("observedGeneration", 0) >= generation:
            return
        new = {**known, **counts}
        if observed:
            new["observedGeneration"] = generation
        base.update_status(self.controller.client, RESOURCE, self.owner, new, retries=1)

    def _truncate(self, old: list[Obj]) -> None:
        """Delete the oldest revisions above the limit that no pod is of."""
        surplus = len(old) - int(self.owner["spec"].get("revisionHistoryLimit", 10))
        if surplus <= 0:
            return
        by_node = self.controller.by_node(self.owner, finished=True)
        live = {objects.labels(p).get(history.HASH_LABEL) for ps in by_node.values() for p in ps}
        unused = [r for r in old if objects.labels(r).get(history.HASH_LABEL) not in live]
        for item in unused[:surplus]:
            inside = objects.namespace(item)
            self.controller.client.delete(history.RESOURCE, inside, objects.name(item))
