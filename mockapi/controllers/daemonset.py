"""DaemonSets: one pod on each fitting node. Source: pkg/controller/daemon."""

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, fitting, following, hashing, history, objects, pods
from mockapi.controllers.claiming import Claimer
from mockapi.controllers.expectations import Expectations
from mockapi.controllers.rollout import scaled
from mockapi.meta import selectors
from mockapi.meta.errors import ApiError
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


class DaemonSetController:
    name = "daemonset-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, self.name)
        self.control = pods.PodControl(self.client, self.recorder)
        self.expectations = Expectations(runtime.clock)
        self.sets = runtime.informer(RESOURCE)
        self.pods = runtime.informer("v1/pods")
        self.nodes = runtime.informer("v1/nodes")
        self.revisions = runtime.informer(history.RESOURCE)
        self.revisions.index("owner", objects.by_owner)
        self.failures: dict[str, int] = {}
        self.queue = base.queue(runtime, self.name, self.sync, self.sets)
        self.sets.on_event(self._set_changed)
        self.nodes.on_event(self._node_changed)
        following.follow_pods(self.pods, self.sets, "DaemonSet", self.queue, self._observed)

    def _set_changed(self, event: Event) -> None:
        key = objects.key(event.object)
        if event.type == "DELETED":
            self.expectations.forget(key)
        self.queue.add(key)

    def _node_changed(self, event: Event) -> None:
        node, old = event.object, event.old
        if event.type == "MODIFIED" and old is not None:
            same = objects.labels(node) == objects.labels(old)
            if same and node["spec"].get("taints") == old["spec"].get("taints"):
                return
        for owner in self.sets.list():
            spec = owner["spec"]["template"]["spec"]
            before = fitting.fits(spec, old) if old is not None else (False, False)
            now = fitting.fits(spec, node) if event.type != "DELETED" else (False, False)
            if event.type != "MODIFIED" or now != before:
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
        if objects.deleting(owner):
            return
        _Sync(self, owner, self._claim(owner)).run()

    def _claim(self, owner: Obj) -> list[Obj]:
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
        return claimer.claim((*owned, *orphans))


class _Sync:
    """One sync of one DaemonSet."""

    def __init__(self, controller: DaemonSetController, owner: Obj, claimed: list[Obj]) -> None:
        self.controller = controller
        self.owner = owner
        self.key = objects.key(owner)
        self.now = controller.clock.now()
        self.wait = int(owner["spec"].get("minReadySeconds", 0))
        self.template = owner["spec"]["template"]
        self.collisions = objects.status(owner).get("collisionCount")
        self.nodes = list(controller.nodes.list())
        self.on_node: dict[str, list[Obj]] = {}
        for pod in claimed:
            self.on_node.setdefault(_node_of(pod), []).append(pod)

    def run(self) -> None:
        expectations = self.controller.expectations
        self.fits = {objects.name(n): fitting.fits(self.template["spec"], n) for n in self.nodes}
        revisions = history.owned(self.controller.revisions, self.owner)
        self.hash = self._revision(revisions)
        failure: ApiError | None = None
        if expectations.satisfied(self.key):
            failure = self._manage()
            strategy = self.owner["spec"].get("updateStrategy") or {}
            rolling = strategy.get("type", "RollingUpdate") == "RollingUpdate"
            if rolling and failure is None and expectations.satisfied(self.key):
                failure = self._roll(strategy.get("rollingUpdate") or {})
            self._truncate(revisions)
        self._write_status()
        if failure is not None:
            raise failure

    def _revision(self, revisions: list[Obj]) -> str:
        """The hash of the present template's revision, which is made if there is none."""
        data = history.patch_of(self.owner)
        known = [item for item in revisions if item["data"] == data]
        highest = max((item.get("revision", 0) for item in revisions), default=0)
        client, inside = self.controller.client, objects.namespace(self.owner)
        if known:
            current = known[-1]
            if current.get("revision", 0) < highest:
                changed = {**current, "revision": highest + 1}
                current = client.update(history.RESOURCE, inside, changed)
            return objects.labels(current).get(history.HASH_LABEL, "")
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
                status = {
                    **objects.status(self.owner),
                    "collisionCount": (self.collisions or 0) + 1,
                }
                base.update_status(client, RESOURCE, self.owner, status)
                raise
        return hash

    # Which pods there should be.

    def _manage(self) -> ApiError | None:
        create: list[str] = []
        delete: list[Obj] = []
        for node in self.nodes:
            name = objects.name(node)
            should, may_stay = self.fits[name]
            mine = self.on_node.get(name, [])
            if not may_stay:
                delete += [pod for pod in mine if not objects.deleting(pod)]
            elif should and not mine:
                create.append(name)
            else:
                delete += self._surplus(name, mine)
        present = {objects.name(node) for node in self.nodes}
        for name, orphaned in self.on_node.items():
            if name and name not in present:
                delete += [p for p in orphaned if not objects.deleting(p) and not _placed(p)]
        return self._apply(create, delete)

    def _surplus(self, node: str, mine: list[Obj]) -> list[Obj]:
        """Finished pods (to be replaced), and all but the oldest of the running ones."""
        gone, running = [], []
        for pod in mine:
            if objects.deleting(pod):
                continue
            if not objects.pod_finished(pod):
                running.append(pod)
                continue
            where = f"{objects.namespace(pod)}/{objects.name(pod)} on node {node}"
            if objects.phase(pod) == "Failed":
                message = f"Found failed daemon pod {where}, will try to kill it"
                self.controller.recorder.event(self.owner, "Warning", "FailedDaemonPod", message)
            else:
                message = f"Found succeeded daemon pod {where}, will try to delete it"
                self.controller.recorder.event(self.owner, "Normal", "SucceededDaemonPod", message)
            gone.append(pod)
        if self._surge():
            return gone + self._surge_surplus(running)
        running.sort(key=lambda p: (not objects.node_name(p), objects.created(p), objects.name(p)))
        return gone + running[1:]

    def _surge_surplus(self, running: list[Obj]) -> list[Obj]:
        """With a surge an old and a new pod may share a node, one of each."""
        running.sort(key=lambda pod: (objects.created(pod), objects.name(pod)))
        new = [pod for pod in running if self._is_new(pod)]
        old = [pod for pod in running if not self._is_new(pod)]
        return new[1:] + old[1:]

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
        generation = objects.annotations(self.owner).get(TEMPLATE_GENERATION)
        if generation is not None:
            labels["pod-template-generation"] = generation
        pod["metadata"]["labels"] = labels
        pod["spec"] = fitting.pinned(fitting.with_tolerations(pod["spec"]), node)
        return pod

    # Updates.

    def _desired(self) -> int:
        return sum(should for should, _ in self.fits.values())

    def _surge(self) -> int:
        rolling = (self.owner["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
        return scaled(rolling.get("maxSurge", 0), self._desired(), round_up=True)

    def _is_new(self, pod: Obj) -> bool:
        labels = objects.labels(pod)
        return labels.get(history.HASH_LABEL) == self.hash

    def _available(self, pod: Obj) -> bool:
        return objects.pod_available(pod, self.wait, self.now)

    def _roll(self, rolling: Obj) -> ApiError | None:
        if self._surge():
            return self._roll_with_surge()
        most = scaled(rolling.get("maxUnavailable", 1), self._desired(), round_up=True)
        unavailable, at_once, candidates = 0, [], []
        for node in self.nodes:
            mine = [p for p in self.on_node.get(objects.name(node), []) if not objects.deleting(p)]
            new = [p for p in mine if self._is_new(p)]
            old = [p for p in mine if not self._is_new(p)]
            if len(new) > 1 or len(old) > 1 or (new and old):
                continue
            if not mine:
                unavailable += int(self.fits[objects.name(node)][0])
            elif new:
                unavailable += int(not self._available(new[0]))
            elif self._available(old[0]):
                candidates.append(old[0])
            else:
                unavailable += 1
                at_once.append(old[0])
        left = max(0, most - unavailable)
        return self._apply([], [*at_once, *candidates[:left]])

    def _roll_with_surge(self) -> ApiError | None:
        surging, at_once, candidates, delete = 0, [], [], []
        for node in self.nodes:
            name = objects.name(node)
            mine = [p for p in self.on_node.get(name, []) if not objects.deleting(p)]
            new = next((p for p in mine if self._is_new(p)), None)
            old = next((p for p in mine if not self._is_new(p)), None)
            if old is None:
                continue
            if new is not None:
                surging += 1
                if self._available(new):
                    delete.append(old)
            elif not self.fits[name][0]:
                continue
            elif self._available(old):
                candidates.append(name)
            else:
                at_once.append(name)
        left = max(0, self._surge() - surging)
        return self._apply([*at_once, *candidates[:left]], delete)

    # Status and history.

    def _write_status(self) -> None:
        counts = dict.fromkeys(COUNTS, 0)
        for node in self.nodes:
            name = objects.name(node)
            mine = self.on_node.get(name, [])
            if not self.fits[name][0]:
                counts["numberMisscheduled"] += int(bool(mine))
                continue
            counts["desiredNumberScheduled"] += 1
            if not mine:
                continue
            counts["currentNumberScheduled"] += 1
            oldest = min(mine, key=lambda p: (objects.created(p), objects.name(p)))
            if objects.pod_ready(oldest):
                counts["numberReady"] += 1
                counts["numberAvailable"] += int(self._available(oldest))
            counts["updatedNumberScheduled"] += int(self._is_new(oldest))
        counts["numberUnavailable"] = counts["desiredNumberScheduled"] - counts["numberAvailable"]
        self._store(counts)
        if self.wait and counts["numberReady"] != counts["numberAvailable"]:
            self.controller.queue.add_after(self.key, self.wait)

    def _store(self, counts: dict[str, int]) -> None:
        known = objects.status(self.owner)
        observed = objects.generation(self.owner)
        same = all(known.get(count, 0) == counts[count] for count in COUNTS)
        if same and known.get("observedGeneration", 0) >= observed:
            return
        new = {**known, **counts, "observedGeneration": observed}
        base.update_status(self.controller.client, RESOURCE, self.owner, new, retries=1)

    def _truncate(self, revisions: list[Obj]) -> None:
        live = {self.hash}
        for mine in self.on_node.values():
            live.update(objects.labels(pod).get(history.HASH_LABEL, "") for pod in mine)
        unused = [r for r in revisions if objects.labels(r).get(history.HASH_LABEL) not in live]
        limit = int(self.owner["spec"].get("revisionHistoryLimit", 10))
        for item in unused[: max(0, len(unused) - limit)]:
            base.delete_if_there(self.controller.client, history.RESOURCE, item)


def _placed(pod: Obj) -> bool:
    return bool(objects.node_name(pod))


def _node_of(pod: Obj) -> str:
    """The node a daemon pod is on or, before it is bound, is meant for."""
    if objects.node_name(pod):
        return objects.node_name(pod)
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for rule in term.get("matchFields") or ():
            if rule["key"] == "metadata.name" and len(rule.get("values") or ()) == 1:
                return str(rule["values"][0])
    return ""
