"""StatefulSets: ordered pods with names and claims of their own.

Source: pkg/controller/statefulset.
"""

from collections.abc import Callable, Iterable

from mockapi.client.protocol import Obj
from mockapi.controllers import base, following, hashing, history, objects, stateful
from mockapi.controllers.claiming import Claimer
from mockapi.controllers.pods import slow_start
from mockapi.meta import selectors
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

RESOURCE = "apps/v1/statefulsets"
CLAIMS = "v1/persistentvolumeclaims"
_COUNTS = ("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")


class StatefulSetController:
    name = "statefulset-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, self.name)
        self.sets = runtime.informer(RESOURCE)
        self.pods = runtime.informer("v1/pods")
        self.claims = runtime.informer(CLAIMS)
        self.revisions = runtime.informer(history.RESOURCE)
        self.revisions.index("owner", objects.by_owner)
        self.queue = base.queue(runtime, self.name, self.sync, self.sets)
        self.sets.on_event(lambda event: self.queue.add(objects.key(event.object)))
        following.follow_pods(self.pods, self.sets, "StatefulSet", self.queue)

    def sync(self, key: str) -> None:
        owner = self.sets.get_key(key)
        if owner is None:
            return
        for item in history.owned(self.revisions, owner) if not objects.deleting(owner) else ():
            history.adopted(self.client, owner, "apps/v1", "StatefulSet", item)
        pods = self._claim(owner)
        status = _Sync(self, owner, pods).run()
        wait = owner["spec"].get("minReadySeconds", 0)
        if wait and status.get("readyReplicas", 0) != status.get("availableReplicas", 0):
            soonest = objects.next_availability(pods, wait, self.clock.now())
            self.queue.add_after(key, wait if soonest is None else soonest)

    def _claim(self, owner: Obj) -> list[Obj]:
        selector = selectors.from_object(owner["spec"].get("selector"))
        name = objects.name(owner)
        claimer = Claimer(
            self.client,
            owner,
            RESOURCE,
            "apps/v1",
            "StatefulSet",
            "v1/pods",
            lambda pod: (
                selector.matches(objects.labels(pod))
                and stateful.parent_and_ordinal(pod)[0] == name
            ),
        )
        owned = self.pods.by("owner", objects.uid(owner))
        orphans = self.pods.by("owner", f"orphan/{objects.namespace(owner)}")
        return claimer.claim((*owned, *orphans))


class _Sync:
    """One sync of one StatefulSet."""

    def __init__(self, controller: StatefulSetController, owner: Obj, pods: list[Obj]) -> None:
        self.controller = controller
        self.client = controller.client
        self.owner = owner
        self.pods = pods
        self.now = controller.clock.now()
        self.wait = int(owner["spec"].get("minReadySeconds", 0))
        self.monotonic = owner["spec"].get("podManagementPolicy") != "Parallel"
        self.collisions = int(objects.status(owner).get("collisionCount", 0))

    def run(self) -> Obj:
        revisions = history.owned(self.controller.revisions, self.owner)
        self.update = self._update_revision(revisions)
        current = objects.status(self.owner).get("currentRevision")
        found = (item for item in revisions if objects.name(item) == current)
        self.current = next(found, self.update)
        failure: ApiError | None = None
        self.replicas, self.condemned = self._places()
        self.taken = 0
        if not objects.deleting(self.owner):
            try:
                self._work()
            except ApiError as error:
                failure = error
        status = self._status([*self.replicas, *self.condemned])
        self._write_status(status)
        self._truncate(revisions)
        if failure is not None:
            raise failure
        return status

    def _update_revision(self, revisions: list[Obj]) -> Obj:
        """The revision of the present template: known, brought forward, or new."""
        data = history.patch_of(self.owner)
        equal = [item for item in revisions if item["data"] == data]
        if equal and equal[-1] is revisions[-1]:
            return equal[-1]
        number = revisions[-1].get("revision", 0) + 1 if revisions else 1
        if equal:
            changed = {**equal[-1], "revision": number}
            return self.client.update(history.RESOURCE, objects.namespace(self.owner), changed)
        labels = ((self.owner["spec"].get("template") or {}).get("metadata") or {}).get(
            "labels"
        ) or {}
        hash = hashing.revision_hash(history.encoded(data), self.collisions)
        new = history.describe(self.owner, "StatefulSet", number, hash, labels)
        made, self.collisions = history.create(self.client, self.owner, new, self.collisions)
        return made

    def _places(self) -> tuple[list[Obj], list[Obj]]:
        """A pod for each ordinal (described where it is missing), and those beyond, last first."""
        first = stateful.start(self.owner)
        known = {stateful.ordinal(p): p for p in self.pods if stateful.in_range(p, self.owner)}
        last = first + stateful.replicas(self.owner)
        places = [known.get(n) or self._describe(n) for n in range(first, last)]
        beyond = [
            pod
            for pod in self.pods
            if not stateful.in_range(pod, self.owner) and stateful.ordinal(pod) >= 0
        ]
        return places, sorted(beyond, key=stateful.ordinal, reverse=True)

    def _describe(self, number: int) -> Obj:
        """Below the partition a pod is made of the current revision, else of the new one."""
        strategy = self.owner["spec"].get("updateStrategy") or {}
        old = False
        if strategy.get("type", "RollingUpdate") == "RollingUpdate":
            current = int(objects.status(self.owner).get("currentReplicas", 0))
            kept = (
                current if stateful.rolling(self.owner) is None else stateful.partition(self.owner)
            )
            old = number < stateful.start(self.owner) + kept
        chosen = self.current if old else self.update
        name = objects.name(chosen)
        return stateful.new_pod(self.owner, history.template_of(chosen), number, name)

    # The steps.

    def _work(self) -> None:
        everything = [*self.replicas, *reversed(self.condemned)]
        first_unhealthy = next(
            (p for p in everything if stateful.unavailable(p, self.wait, self.now)), None
        )
        if self._for_all(len(self.replicas), self._replica):
            return
        for pod in self.condemned:
            self._fix_claims(pod)
        if self._for_all(
            len(self.condemned), lambda i: self._condemn(self.condemned[i], first_unhealthy)
        ):
            return
        strategy = self.owner["spec"].get("updateStrategy") or {}
        if strategy.get("type", "RollingUpdate") == "RollingUpdate":
            self._roll()

    def _for_all(self, count: int, step: Callable[[int], bool]) -> bool:
        """In order until a step says wait, or all at once; True when the sync is to end."""
        if self.monotonic:
            return any(step(index) for index in range(count))
        indexes = iter(range(count))
        _, failure = slow_start(count, lambda: step(next(indexes)))
        if failure is not None:
            raise failure
        return False

    def _replica(self, index: int) -> bool:
        pod = self.replicas[index]
        if objects.pod_finished(pod):
            if not objects.deleting(pod):
                self._delete(pod)
            return True
        if not stateful.created(pod):
            if self._claim_is_stale(pod):
                return True
            self._create(pod)
            if self.monotonic:
                return True
        if objects.phase(pod) == "Pending":
            self._create_claims(pod)
            self._fix_claims(pod)
        if self.monotonic and (
            objects.deleting(pod)
            or not objects.pod_ready(pod)
            or not objects.pod_available(pod, self.wait, self.now)
        ):
            return True
        self._keep_identity(pod)
        return False

    def _keep_identity(self, pod: Obj) -> None:
        """Identity, storage and the owners of claims are put right; the pod is written for any."""
        owner = self.owner
        identified = stateful.identity_matches(owner, pod)
        stored = stateful.storage_matches(owner, pod)
        if identified and stored and not self._claims_to_fix(pod):
            return
        try:
            if not stored:
                self._create_claims(pod)
            self._fix_claims(pod)
            changed = stateful.with_storage(stateful.with_identity(pod, owner), owner)
            self.client.update("v1/pods", objects.namespace(pod), changed)
        except ApiError as error:
            self._event("update", pod, error)
            raise
        self._event("update", pod)

    def _condemn(self, pod: Obj, first_unhealthy: Obj | None) -> bool:
        if objects.deleting(pod):
            return bool(self.monotonic)
        ready = objects.pod_available(pod, self.wait, self.now)
        if self.monotonic and not ready and pod is not first_unhealthy:
            return True
        self._delete(pod)
        return True

    def _roll(self) -> None:
        """Replace pods of other revisions from the last on, as many at once as may be missing."""
        down = [p for p in self.replicas if stateful.unavailable(p, self.wait, self.now)]
        old_and_down = [p for p in down if self._is_old(p) and not self.monotonic]
        budget = stateful.max_unavailable(self.owner) - len(down)
        if budget <= 0 and not old_and_down:
            return
        least = stateful.partition(self.owner)
        candidates = [p for p in reversed(self.replicas[least:]) if self._is_old(p)]
        if not self.monotonic:
            broken = [p for p in candidates if p in down]
            healthy = [p for p in candidates if p not in down]
            candidates = [*broken, *healthy[: max(0, budget)]]
        else:
            candidates = candidates[:budget]
        for pod in candidates:
            self._delete(pod)
            self.taken += 1

    def _is_old(self, pod: Obj) -> bool:
        old = stateful.revision(pod) != objects.name(self.update)
        return bool(old) and not objects.deleting(pod)

    # Pods and claims.

    def _create(self, pod: Obj) -> None:
        try:
            self._create_claims(pod)
            made = self.client.create("v1/pods", objects.namespace(self.owner), pod)
        except ApiError as error:
            if not base.already_exists(error):
                self._event("create", pod, error)
            raise
        self.controller.claims.catch_up()
        try:
            self._fix_claims(made)
        except ApiError as error:
            self._event("update", pod, error)
            raise
        self._event("create", pod)

    def _delete(self, pod: Obj) -> None:
        try:
            self.client.delete("v1/pods", objects.namespace(pod), objects.name(pod))
        except ApiError as error:
            if not base.not_found(error):
                self._event("delete", pod, error)
                raise
        self._event("delete", pod)

    def _create_claims(self, pod: Obj) -> None:
        for claim in stateful.claims(self.owner, stateful.ordinal(pod)).values():
            known = self.controller.claims.get_key(objects.key(claim))
            if known is None:
                self._create_claim(pod, claim)
            elif objects.deleting(known):
                raise base.Retry(f"pvc {objects.name(claim)} is being deleted")

    def _create_claim(self, pod: Obj, claim: Obj) -> None:
        what, whose = objects.name(claim), objects.name(pod)
        owner = objects.name(self.owner)
        try:
            self.client.create(CLAIMS, objects.namespace(claim), claim)
        except ApiError as error:
            if base.already_exists(error):
                return
            message = (
                f"Create Claim {what} for Pod {whose} in StatefulSet {owner} failed error: "
                f"{error.message}"
            )
            self.controller.recorder.event(self.owner, "Warning", "FailedCreate", message)
            raise base.Retry(f"failed to create PVC {what}: {error.message}") from error
        message = f"Create Claim {what} Pod {whose} in StatefulSet {owner} success"
        self.controller.recorder.event(self.owner, "Normal", "SuccessfulCreate", message)

    def _claim_is_stale(self, pod: Obj) -> bool:
        """A claim that still belongs to this pod's predecessor is on its way out."""
        policy = self.owner["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
        if policy.get("whenScaled") != "Delete":
            return False
        for claim in stateful.claims(self.owner, stateful.ordinal(pod)).values():
            known = self.controller.claims.get_key(objects.key(claim))
            for owner in (known or {"metadata": {}})["metadata"].get("ownerReferences") or ():
                if owner["kind"] == "Pod" and owner["name"] == objects.name(pod):
                    return True
        return False

    def _claims_to_fix(self, pod: Obj) -> list[tuple[Obj, list[Obj]]]:
        """The pod's claims whose owners the retention policy wants changed, and to what."""
        found = []
        for claim in stateful.claims(self.owner, stateful.ordinal(pod)).values():
            known = self.controller.claims.get_key(objects.key(claim))
            wanted = stateful.claim_owners(known, self.owner, pod) if known else None
            if known is not None and wanted is not None:
                found.append((known, wanted))
        return found

    def _fix_claims(self, pod: Obj) -> None:
        for known, wanted in self._claims_to_fix(pod):
            changed = objects.with_metadata(known, ownerReferences=wanted)
            try:
                self.client.update(CLAIMS, objects.namespace(known), changed)
            except ApiError as error:
                raise base.Retry(
                    f"could not update claim {objects.name(known)} for delete policy ownerRefs: "
                    f"{error.message}"
                ) from error

    # Status and history.

    def _status(self, pods: Iterable[Obj]) -> Obj:
        status: Obj = {
            "observedGeneration": objects.generation(self.owner),
            **dict.fromkeys(_COUNTS, 0),
            "currentRevision": objects.name(self.current),
            "updateRevision": objects.name(self.update),
            "collisionCount": self.collisions,
        }
        for pod in pods:
            if stateful.created(pod):
                status["replicas"] += 1
            if objects.phase(pod) == "Running" and objects.pod_ready(pod):
                status["readyReplicas"] += 1
                available = objects.pod_available(pod, self.wait, self.now)
                status["availableReplicas"] += int(available)
            if stateful.created(pod) and not objects.deleting(pod):
                name = stateful.revision(pod)
                status["currentReplicas"] += int(name == status["currentRevision"])
                status["updatedReplicas"] += int(name == status["updateRevision"])
        status["currentReplicas"] -= self.taken
        if objects.status(self.owner).get("conditions"):
            status["conditions"] = objects.status(self.owner)["conditions"]
        wanted = stateful.replicas(self.owner)
        if [status[c] for c in ("updatedReplicas", "readyReplicas", "replicas")] == [wanted] * 3:
            status["currentReplicas"] = status["updatedReplicas"]
            status["currentRevision"] = status["updateRevision"]
        return status

    def _write_status(self, status: Obj) -> None:
        known = objects.status(self.owner)
        same = all(known.get(count, 0) == status[count] for count in _COUNTS) and all(
            known.get(name, "") == status[name] for name in ("currentRevision", "updateRevision")
        )
        if same and known.get("observedGeneration", 0) >= status["observedGeneration"]:
            return
        base.update_status(self.client, RESOURCE, self.owner, status)

    def _truncate(self, revisions: list[Obj]) -> None:
        """Delete the oldest revisions that nothing uses, beyond the limit."""
        live = {objects.name(self.current), objects.name(self.update)}
        live.update(stateful.revision(pod) for pod in self.pods)
        unused = [item for item in revisions if objects.name(item) not in live]
        limit = int(self.owner["spec"].get("revisionHistoryLimit", 10))
        for item in unused[: max(0, len(unused) - limit)]:
            base.delete_if_there(self.client, history.RESOURCE, item)

    def _event(self, verb: str, pod: Obj, error: ApiError | None = None) -> None:
        what = f"{verb.title()} Pod {objects.name(pod)} in StatefulSet {objects.name(self.owner)}"
        recorder, title = self.controller.recorder, verb.title()
        if error is None:
            recorder.event(self.owner, "Normal", f"Successful{title}", f"{what} successful")
        else:
            message = f"{what} failed error: {error.message}"
            recorder.event(self.owner, "Warning", f"Failed{title}", message)
