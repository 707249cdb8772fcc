"""One sync of a Deployment: revisions, rolling updates, recreation, scaling, status.

Source: pkg/controller/deployment (sync.go, rolling.go, recreate.go, rollback.go, progress.go). A
sync works on its own copy of the Deployment. A status that was written within a sync leaves that
copy behind the server's; a second write of the same sync is a conflict, and the next sync, which
the first write has already brought about, does it.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mockapi.base import tree
from mockapi.base.clock import Clock, parse_timestamp, timestamp
from mockapi.client.protocol import Client, Obj
from mockapi.controllers import base, objects, revisions, rollout
from mockapi.controllers.hashing import pod_template_hash
from mockapi.meta.errors import ApiError
from mockapi.runtime.informer import Informer
from mockapi.runtime.queue import Queue
from mockapi.runtime.recorder import Recorder

RESOURCE = "apps/v1/deployments"
SETS = "apps/v1/replicasets"
MAX_NAME = 253

PROGRESSING = "Progressing"
AVAILABLE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"
PAUSED = "DeploymentPaused"


@dataclass(frozen=True, slots=True)
class Tools:
    """What a sync works with."""

    client: Client
    clock: Clock
    recorder: Recorder
    queue: Queue
    sets: Informer
    pods: Informer


class Sync:
    """One sync of one Deployment; `deployment` is its own copy."""

    def __init__(self, tools: Tools, deployment: Obj, sets: list[Obj]) -> None:
        self.tools = tools
        self.client = tools.client
        self.deployment = deployment
        self.status: dict[str, Any] = deployment["status"]
        self.known_status = tree.copy(self.status)
        self.sets = rollout.by_age(sets)
        self.now = tools.clock.now()

    # Which way to go.

    def run(self) -> None:
        if objects.deleting(self.deployment):
            new, old = self._new_and_old()
            self._write_counts([*old, *_one(new)], new)
            return
        self._mark_paused()
        if self.deployment["spec"].get("paused"):
            self._scale_only()
        elif revisions.rollback_target(self.deployment) is not None:
            self._roll_back()
        elif self._is_scaling():
            self._scale_only()
        elif rollout.is_rolling(self.deployment):
            self._roll()
        else:
            self._recreate()

    def _mark_paused(self) -> None:
        if not rollout.has_deadline(self.deployment):
            return
        current = self._condition(PROGRESSING)
        reason = current.get("reason") if current else None
        if reason == TIMED_OUT:
            return
        paused = bool(self.deployment["spec"].get("paused"))
        if paused == (reason == PAUSED):
            return
        if paused:
            self._set_condition(PROGRESSING, "Unknown", PAUSED, "Deployment is paused")
        else:
            message = "Deployment is resumed"
            self._set_condition(PROGRESSING, "Unknown", "DeploymentResumed", message)
        self._update_status()

    def _is_scaling(self) -> bool:
        desired = rollout.replicas(self.deployment)
        new, old = self._new_and_old()
        for item in rollout.active([*old, *_one(new)]):
            known = rollout.annotated(item, rollout.DESIRED)
            if known is not None and known != desired:
                return True
        return False

    def _scale_only(self) -> None:
        new, old = self._new_and_old()
        self._scale(new, old)
        if (
            self.deployment["spec"].get("paused")
            and revisions.rollback_target(self.deployment) is None
        ):
            self._clean_up(old)
        # Sizes were written: the counts come from the sets as they were known.
        self._write_counts([*old, *_one(new)], new)

    def _roll(self) -> None:
        new, old = self._new_and_old(create=True)
        assert new is not None
        everything = [*old, new]
        if self._grow(new, everything) or self._shrink(new, old, everything):
            self._write_rollout(everything, new)
            return
        if rollout.complete(self.deployment, self.status):
            self._clean_up(old)
        self._write_rollout(everything, new)

    def _recreate(self) -> None:
        new, old = self._new_and_old()
        scaled = [self._resize(item, 0) for item in rollout.active(old)]
        if any(scaled) or self._old_pods_left(new, old):
            self._write_rollout([*old, *_one(new)], new)
            return
        if new is None:
            new, old = self._new_and_old(create=True)
            assert new is not None
        self._resize(new, rollout.replicas(self.deployment))
        if rollout.complete(self.deployment, self.status):
            self._clean_up(old)
        self._write_rollout([*old, new], new)

    def _old_pods_left(self, new: Obj | None, old: Iterable[Obj]) -> bool:
        if rollout.counted(old, "replicas") > 0:
            return True
        for item in self.sets:
            if new is not None and objects.uid(item) == objects.uid(new):
                continue
            owned = self.tools.pods.by("owner", objects.uid(item))
            if any(not objects.pod_finished(pod) for pod in owned):
                return True
        return False

    # Finding, making and scaling sets.

    def _new_and_old(self, *, create: bool = False) -> tuple[Obj | None, list[Obj]]:
        """The set of the present template (if there is one or it may be made), and all others."""
        template = self.deployment["spec"]["template"]
        found = None
        for item in self.sets:
            if revisions.same_template(item["spec"].get("template") or {}, template):
                found = item
                break
        old = [item for item in self.sets if item is not found]
        revision = revisions.highest(old) + 1
        if found is not None:
            return self._keep(found, revision), old
        return (self._create(old, revision) if create else None), old

    def _keep(self, item: Obj, revision: int) -> Obj:
        """Bring an existing new set's annotations up to date, then the Deployment's."""
        deployment = self.deployment
        current = objects.annotations(item)
        wanted = revisions.annotations_for_new_set(deployment, current, revision, exists=True)
        wait = deployment["spec"].get("minReadySeconds", 0)
        if wanted != current or wait != item["spec"].get("minReadySeconds", 0):
            changed = objects.with_metadata(item, annotations=wanted)
            changed["spec"] = {**item["spec"], "minReadySeconds": wait}
            return self._update_set(item, changed)
        write = self._set_revision(wanted.get(revisions.REVISION, ""))
        if rollout.has_deadline(deployment) and self._condition(PROGRESSING) is None:
            message = f'Found new replica set "{objects.name(item)}"'
            self._set_condition(PROGRESSING, "True", "FoundNewReplicaSet", message)
            write = True
        if write:
            self._update_status()
        return item

    def _create(self, old: list[Obj], revision: int) -> Obj:
        item = self._describe_set(old, revision)
        try:
            made = self.client.create(SETS, objects.namespace(item), item)
        except ApiError as error:
            if not base.already_exists(error):
                if not base.namespace_terminating(error):
                    self._creation_failed(item, error)
                raise
            made = self._existing(item, error)
            if self._set_revision(str(revision)):
                self._update_status()
            return made
        self.sets = rollout.by_age([*self.sets, made])
        self._announce(made, revision)
        return made

    def _describe_set(self, old: list[Obj], revision: int) -> Obj:
        deployment = self.deployment
        spec = deployment["spec"]
        template = dict(spec["template"])
        hash = pod_template_hash(template, self.status.get("collisionCount"))
        metadata = dict(template.get("metadata") or {})
        labels = {**(metadata.get("labels") or {}), revisions.HASH_LABEL: hash}
        template["metadata"] = {**metadata, "labels": labels}
        selector = dict(spec["selector"])
        selector["matchLabels"] = {
            **(selector.get("matchLabels") or {}),
            revisions.HASH_LABEL: hash,
        }
        head = objects.name(deployment)[: MAX_NAME - 1 - len(hash)]
        made: Obj = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{head}-{hash}",
                "namespace": objects.namespace(deployment),
                "labels": labels,
                "annotations": revisions.annotations_for_new_set(
                    deployment, {}, revision, exists=False
                ),
                "ownerReferences": [
                    objects.controller_reference(deployment, "apps/v1", "Deployment")
                ],
            },
            "spec": {
                "replicas": rollout.new_set_size(deployment, old, 0),
                "selector": selector,
                "template": template,
            },
        }
        if spec.get("minReadySeconds"):
            made["spec"]["minReadySeconds"] = spec["minReadySeconds"]
        return made

    def _existing(self, item: Obj, error: ApiError) -> Obj:
        """The set that has the name already: ours after all, or a collision of hashes."""
        known = self.tools.sets.get(objects.namespace(item), objects.name(item))
        if known is None:
            raise error
        ours = objects.controlled_by(known, self.deployment)
        template = self.deployment["spec"]["template"]
        if ours and revisions.same_template(known["spec"].get("template") or {}, template):
            return known
        self.status["collisionCount"] = self.status.get("collisionCount", 0) + 1
        self._update_status()
        raise error

    def _creation_failed(self, item: Obj, error: ApiError) -> None:
        message = f'Failed to create new replica set "{objects.name(item)}": {error.message}'
        if rollout.has_deadline(self.deployment):
            self._set_condition(PROGRESSING, "False", "ReplicaSetCreateError", message)
            with contextlib.suppress(ApiError):
                self._update_status()
        self._event("Warning", "ReplicaSetCreateError", message)

    def _announce(self, made: Obj, revision: int) -> None:
        name, size = objects.name(made), rollout.replicas(made)
        if size > 0:
            message = f"Scaled up replica set {name} from 0 to {size}"
            self._event("Normal", "ScalingReplicaSet", message)
        write = self._set_revision(str(revision))
        if rollout.has_deadline(self.deployment):
            message = f'Created new replica set "{name}"'
            self._set_condition(PROGRESSING, "True", "NewReplicaSetCreated", message)
            write = True
        if write:
            self._update_status()

    def _grow(self, new: Obj, everything: list[Obj]) -> bool:
        desired = rollout.replicas(self.deployment)
        size = rollout.replicas(new)
        if size == desired:
            return False
        if size > desired:
            return self._resize(new, desired)
        return self._resize(new, rollout.new_set_size(self.deployment, everything, size))

    def _shrink(self, new: Obj, old: list[Obj], everything: list[Obj]) -> bool:
        """Old sets give way to available new pods; their broken replicas go first."""
        running = rollout.active(old)
        if not rollout.total(running):
            return False
        least = rollout.replicas(self.deployment) - rollout.max_unavailable(self.deployment)
        not_yet = rollout.replicas(new) - objects.status(new).get("availableReplicas", 0)
        most = rollout.total(everything) - least - not_yet
        if most <= 0:
            return False
        try:
            resized: dict[str, Obj] = {}
            for item, size in rollout.cleanups(running, most):
                if size > rollout.replicas(item):
                    return False
                resized[objects.uid(item)] = self._write_size(item, size)
            running = [resized.get(objects.uid(item), item) for item in running]
            available = rollout.counted([*running, new], "availableReplicas")
            downs = rollout.scale_downs(running, available - least)
            for item, size in downs:
                self._write_size(item, size)
        except ApiError:
            return False
        return bool(resized or downs)

    def _scale(self, new: Obj | None, old: list[Obj]) -> None:
        only = rollout.active_or_latest(new, old)
        if only is not None:
            self._resize(only, rollout.replicas(self.deployment))
        elif rollout.saturated(self.deployment, new):
            for item in rollout.active(old):
                self._resize(item, 0)
        elif rollout.is_rolling(self.deployment):
            running = rollout.active([*old, *_one(new)])
            for item, size in rollout.shares(self.deployment, running):
                self._write_size(item, size)

    def _resize(self, item: Obj, size: int) -> bool:
        """True when the size was changed."""
        if rollout.replicas(item) == size:
            return False
        self._write_size(item, size)
        return True

    def _write_size(self, item: Obj, size: int) -> Obj:
        before = rollout.replicas(item)
        sizes = revisions.size_annotations(self.deployment)
        current = objects.annotations(item)
        if before == size and all(current.get(k) == v for k, v in sizes.items()):
            return item
        changed = objects.with_metadata(item, annotations={**current, **sizes})
        changed["spec"] = {**item["spec"], "replicas": size}
        updated = self._update_set(item, changed)
        if before != size:
            way = "up" if before < size else "down"
            message = f"Scaled {way} replica set {objects.name(item)} from {before} to {size}"
            self._event("Normal", "ScalingReplicaSet", message)
        return updated

    def _update_set(self, item: Obj, changed: Obj) -> Obj:
        updated = self.client.update(SETS, objects.namespace(changed), changed)
        self.sets = [updated if known is item else known for known in self.sets]
        return updated

    def _clean_up(self, old: Iterable[Obj]) -> None:
        """Delete the oldest revisions beyond the limit, where nothing is left of them."""
        limit = self.deployment["spec"].get("revisionHistoryLimit", rollout.INT32_MAX)
        if limit == rollout.INT32_MAX:
            return
        aged = rollout.by_age(item for item in old if not objects.deleting(item))
        surplus = len(aged) - limit
        for item in sorted(aged, key=lambda item: revisions.of(item) or 0)[: max(0, surplus)]:
            status = objects.status(item)
            synced = status.get("observedGeneration", 0) >= objects.generation(item)
            if synced and not status.get("replicas") and not rollout.replicas(item):
                base.delete_if_there(self.client, SETS, item)

    # Rolling back by the deprecated annotation.

    def _roll_back(self) -> None:
        new, old = self._new_and_old(create=True)
        everything = [*old, *_one(new)]
        target = revisions.rollback_target(self.deployment)
        if target == 0:
            target = revisions.last_but_one(everything)
            if target == 0:
                self._rollback_event("RevisionNotFound", "Unable to find last revision.")
                self._clear_rollback()
                return
        for item in everything:
            if revisions.of(item) == target:
                self._roll_back_to(item, target)
                return
        message = "Unable to find the revision to rollback to."
        self._rollback_event("RevisionNotFound", message)
        self._clear_rollback()

    def _roll_back_to(self, item: Obj, revision: int | None) -> None:
        deployment = self.deployment
        template = item["spec"].get("template") or {}
        name = objects.name(deployment)
        if revisions.same_template(deployment["spec"]["template"], template):
            message = (
                f'The rollback revision contains the same template as current deployment "{name}"'
            )
            self._rollback_event("TemplateUnchanged", message)
            self._clear_rollback()
            return
        deployment["spec"]["template"] = tree.copy(revisions.without_hash(template))
        own = objects.annotations(deployment)
        kept = {k: v for k, v in own.items() if k in revisions.NOT_COPIED}
        theirs = objects.annotations(item).items()
        kept.update({k: v for k, v in theirs if k not in revisions.NOT_COPIED})
        deployment["metadata"]["annotations"] = kept
        self._clear_rollback()
        message = f'Rolled back deployment "{name}" to revision {revision}'
        self._event("Normal", "DeploymentRollback", message)

    def _rollback_event(self, reason: str, message: str) -> None:
        self._event("Warning", f"DeploymentRollback{reason}", message)

    def _clear_rollback(self) -> None:
        self.deployment["metadata"].get("annotations", {}).pop(revisions.ROLLBACK_TO, None)
        self.client.update(RESOURCE, objects.namespace(self.deployment), self.deployment)

    # The Deployment's status.

    def _counts(self, everything: list[Obj], new: Obj | None) -> Obj:
        deployment, status = self.deployment, self.status
        available = rollout.counted(everything, "availableReplicas")
        counts = {
            "observedGeneration": objects.generation(deployment),
            "replicas": rollout.counted(everything, "replicas"),
            "updatedReplicas": rollout.counted(_one(new), "replicas"),
            "readyReplicas": rollout.counted(everything, "readyReplicas"),
            "availableReplicas": available,
            "unavailableReplicas": max(0, rollout.total(everything) - available),
        }
        made: Obj = {count: number for count, number in counts.items() if number}
        terminating = rollout.terminating(everything)
        if terminating is not None:
            made["terminatingReplicas"] = terminating
        if "collisionCount" in status:
            made["collisionCount"] = status["collisionCount"]
        made["conditions"] = list(status.get("conditions") or [])
        least = rollout.replicas(deployment) - rollout.max_unavailable(deployment)
        if available >= least:
            reason, message = "MinimumReplicasAvailable", "Deployment has minimum availability."
        else:
            reason = "MinimumReplicasUnavailable"
            message = "Deployment does not have minimum availability."
        self._put(made, "Available", "True" if available >= least else "False", reason, message)
        return made

    def _write_counts(self, everything: list[Obj], new: Obj | None) -> None:
        self._write(self._counts(everything, new))

    def _write_rollout(self, everything: list[Obj], new: Obj | None) -> None:
        made = self._counts(everything, new)
        current = self._condition(PROGRESSING)
        if not rollout.has_deadline(self.deployment):
            made["conditions"] = objects.without_condition(made["conditions"], PROGRESSING)
        else:
            finished = made.get("replicas", 0) == made.get("updatedReplicas", 0)
            if not (finished and current and current.get("reason") == AVAILABLE):
                self._judge_progress(made, current, new)
        failure = _replica_failure(everything, new)
        if failure is not None:
            made["conditions"] = _with(made["conditions"], failure)
        else:
            made["conditions"] = objects.without_condition(made["conditions"], "ReplicaFailure")
        if not self._write(made):
            self._check_later(made)

    def _judge_progress(self, made: Obj, current: Obj | None, new: Obj | None) -> None:
        name = objects.name(self.deployment)
        what = f'ReplicaSet "{objects.name(new)}"' if new else f'Deployment "{name}"'
        if rollout.complete(self.deployment, made):
            self._put(made, PROGRESSING, "True", AVAILABLE, f"{what} has successfully progressed.")
        elif rollout.progressing(self.status, made):
            made["conditions"] = objects.without_condition(made["conditions"], PROGRESSING)
            message = f"{what} is progressing."
            self._put(made, PROGRESSING, "True", "ReplicaSetUpdated", message)
            if current is not None and current["status"] == "True":
                made["conditions"][-1]["lastTransitionTime"] = current["lastTransitionTime"]
        elif self._timed_out(current):
            message = f"{what} has timed out progressing."
            self._put(made, PROGRESSING, "False", TIMED_OUT, message)

    def _timed_out(self, current: Obj | None) -> bool:
        if current is None or current.get("reason") == AVAILABLE:
            return False
        if current.get("reason") == TIMED_OUT:
            return True
        return self._deadline(current) < self.now

    def _deadline(self, current: Obj) -> float:
        patience = self.deployment["spec"]["progressDeadlineSeconds"]
        return parse_timestamp(current["lastUpdateTime"]) + float(patience)

    def _check_later(self, made: Obj) -> None:
        """Nothing changed: look again a second after the deadline, which no event announces."""
        current = self._condition(PROGRESSING)
        if not rollout.has_deadline(self.deployment) or current is None:
            return
        if rollout.complete(self.deployment, made) or current.get("reason") == TIMED_OUT:
            return
        queue, key = self.tools.queue, objects.key(self.deployment)
        wait = self._deadline(current) - self.now
        if wait < 1:
            queue.add_rate_limited(key)
        else:
            queue.add_after(key, wait + 1)

    def _write(self, made: Obj) -> bool:
        """True when the status differs from the known one."""
        if not made["conditions"]:
            del made["conditions"]
        if made == self.status:
            return False
        self.deployment["status"] = self.status = made
        self._update_status()
        return True

    def _update_status(self) -> None:
        self.deployment["status"] = self.status
        self.client.update(
            RESOURCE, objects.namespace(self.deployment), self.deployment, subresource="status"
        )

    def _set_revision(self, revision: str) -> bool:
        annotations = self.deployment["metadata"].setdefault("annotations", {})
        if annotations.get(revisions.REVISION) == revision:
            return False
        annotations[revisions.REVISION] = revision
        return True

    def _condition(self, type: str) -> Obj | None:
        return objects.condition(self.deployment, type)

    def _set_condition(self, type: str, value: str, reason: str, message: str) -> None:
        self._put(self.status, type, value, reason, message)

    def _put(self, status: Obj, type: str, value: str, reason: str, message: str) -> None:
        now = timestamp(self.now)
        made = {
            "type": type,
            "status": value,
            "lastUpdateTime": now,
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        }
        status["conditions"] = _with(status.get("conditions") or [], made)

    def _event(self, type: str, reason: str, message: str) -> None:
        self.tools.recorder.event(self.deployment, type, reason, message)


def _one(item: Obj | None) -> list[Obj]:
    return [] if item is None else [item]


def _with(conditions: list[Obj], made: Obj) -> list[Obj]:
    """Replace a condition; its transition time stays while its status does."""
    for item in conditions:
        if item["type"] == made["type"] and item["status"] == made["status"]:
            made = {**made, "lastTransitionTime": item["lastTransitionTime"]}
    return objects.with_condition(conditions, made)


def _replica_failure(everything: Iterable[Obj], new: Obj | None) -> Obj | None:
    """The ReplicaFailure of the new set, else of any, in the Deployment's form."""
    for item in [*_one(new), *everything]:
        failed = objects.condition(item, "ReplicaFailure")
        if failed is not None:
            return {
                "type": failed["type"],
                "status": failed["status"],
                "lastUpdateTime": failed["lastTransitionTime"],
                "lastTransitionTime": failed["lastTransitionTime"],
                "reason": failed.get("reason", ""),
                "message": failed.get("message", ""),
            }
    return None
