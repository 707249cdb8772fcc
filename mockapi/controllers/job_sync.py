"""One sync of one unfinished Job. Source: syncJob in pkg/controller/job.

Finished pods are counted in two writes: first their uids go into the status, then their finalizer
is taken off, then they are counted; so that none is lost or counted twice. Of an Indexed Job the
completion index is enough for a pod that succeeded.
"""

from typing import TYPE_CHECKING

from mockapi.base import tree
from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.client.protocol import Obj
from mockapi.controllers import base, jobpods, objects
from mockapi.controllers.job_manage import JobManager
from mockapi.meta.errors import ApiError

if TYPE_CHECKING:
    from mockapi.controllers.job import JobController

RESOURCE = "batch/v1/jobs"
MAX_UNCOUNTED = 500
REACHED = ("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods")
_FINAL = {"SuccessCriteriaMet": "Complete", "FailureTarget": "Failed"}

Verdict = tuple[str, str, str]
"""(condition, reason, message)."""


def finished(job: Obj) -> bool:
    return objects.condition_is(job, "Complete") or objects.condition_is(job, "Failed")


class JobSync:
    """`status` becomes the Job's new status."""

    def __init__(
        self, controller: "JobController", job: Obj, owned: list[Obj], *, satisfied: bool
    ) -> None:
        self.controller = controller
        self.job = job
        self.satisfied = satisfied
        self.key = objects.key(job)
        self.memory = controller.memory(self.key)
        self.spec = job["spec"]
        self.now = controller.clock.now()
        self.indexed = jobpods.indexed(job)
        self.by_index = self.spec.get("backoffLimitPerIndex") is not None
        self.completions = self.spec.get("completions")
        self.suspended = bool(self.spec.get("suspend"))
        self.pods = sorted(owned, key=jobpods.index_of) if self.indexed else owned
        self._read_status()
        running = [p for p in owned if objects.pod_active(p)]
        self.active_pods = running
        self.active = len(running)
        self.ready = sum(objects.pod_ready(pod) for pod in running)
        self.terminating = sum(objects.pod_terminating(pod) for pod in owned)
        self.verdict: Verdict | None = None

    def _read_status(self) -> None:
        self.status: Obj = tree.copy(objects.status(self.job))
        uncounted = self.status.get("uncountedTerminatedPods") or {}
        self.uncounted: dict[str, list[str]] = {
            "succeeded": list(uncounted.get("succeeded") or ()),
            "failed": list(uncounted.get("failed") or ()),
        }
        self.was_uncounted = {name: set(uids) for name, uids in self.uncounted.items()}
        self.indexes_before = jobpods.parse_indexes(
            self.status.get("completedIndexes", ""), self.completions
        )
        self.succeeded = 0
        self.indexes = set(self.indexes_before)
        self.failed_indexes = jobpods.parse_indexes(
            self.status.get("failedIndexes", ""), self.completions
        )
        self.delayed: dict[int, Obj] = {}

    def run(self) -> None:
        self._count()
        if "startTime" not in self.status and not self.suspended:
            self.status["startTime"] = timestamp(self.now)
        self._judge()
        changed = False
        failure: ApiError | None = None
        if self.verdict is not None:
            failure = self._end_active()
        else:
            failure, changed = self._go_on()
        known = {name: self.status.get(name) for name in ("active", "ready", "terminating")}
        counts = {"active": self.active, "ready": self.ready, "terminating": self.terminating}
        changed = changed or known != {**counts, "active": self.active or None}
        self.status.update(counts)
        self._track(changed)
        if failure is not None:
            raise failure

    # What has ended.

    def _held(self, pod: Obj) -> bool:
        """Has our finalizer: it is not accounted for yet."""
        return (
            jobpods.FINALIZER in objects.finalizers(pod)
            and objects.uid(pod) not in self.memory.freed
        )

    def _valid_index(self, pod: Obj) -> bool:
        return not self.indexed or 0 <= jobpods.index_of(pod) < int(self.completions or 0)

    def _count(self) -> None:
        """Newly ended pods, by whether they succeeded or failed."""
        held = [pod for pod in self.pods if self._held(pod) and self._valid_index(pod)]
        ok, bad = self.was_uncounted["succeeded"], self.was_uncounted["failed"]
        self.new_ok = [
            p for p in held if objects.uid(p) not in ok and objects.phase(p) == "Succeeded"
        ]
        self.new_bad = [
            p for p in held if objects.uid(p) not in bad and jobpods.failed(p, self.job)
        ]
        counted = sum(jobpods.policy_verdict(self.job, pod).counts for pod in self.new_bad)
        self.succeeded = self.status.get("succeeded", 0) + len(self.new_ok) + len(ok)
        self.failed = self.status.get("failed", 0) + counted + len(bad)
        self.failures, self.last_failure = self._failures_in_a_row()

    def _failures_in_a_row(self) -> tuple[int, float]:
        """How many pods failed after the last that succeeded, and when the last one did."""
        ends = sorted(jobpods.finish_time(pod) for pod in self.new_bad)
        if not self.new_ok:
            if not ends:
                return self.memory.failures, self.memory.last_failure
            return self.memory.failures + len(ends), ends[-1]
        success = max(jobpods.finish_time(pod) for pod in self.new_ok)
        later = [moment for moment in ends if moment > success]
        return len(later), max(later, default=0.0)

    # The verdict.

    def _judge(self) -> None:
        self.verdict = self._known_verdict() or self._failure()
        if not self.indexed:
            return
        held = [pod for pod in self.pods if self._valid_index(pod)]
        for pod in held:
            marked = jobpods.FINALIZER in objects.finalizers(pod)
            if marked and objects.phase(pod) == "Succeeded":
                self.indexes.add(jobpods.index_of(pod))
        self.succeeded = len(self.indexes)
        if self.by_index:
            self._judge_indexes(held)
        if self.verdict is None and (
            message := jobpods.success_policy(self.job, self.indexes, int(self.completions or 0))
        ):
            self.verdict = ("SuccessCriteriaMet", "SuccessPolicy", message)

    def _known_verdict(self) -> Verdict | None:
        """What an earlier sync has decided."""
        for type in ("SuccessCriteriaMet", "FailureTarget"):
            known = objects.condition(self.job, type)
            if known is not None and known["status"] == "True":
                word = "Failed" if type == "FailureTarget" else type
                return word, known.get("reason", ""), known.get("message", "")
        return None

    def _failure(self) -> Verdict | None:
        for pod in self.pods:
            if jobpods.failed(pod, self.job):
                policy = jobpods.policy_verdict(self.job, pod)
                if policy.action == "FailJob":
                    return "FailureTarget", "PodFailurePolicy", policy.message
        if self.failed > self.spec.get("backoffLimit", 6) or jobpods.past_restarts(
            self.job, self.pods
        ):
            message = "Job has reached the specified backoff limit"
            return "FailureTarget", "BackoffLimitExceeded", message
        limit = self.spec.get("activeDeadlineSeconds")
        if limit is None or self.suspended:
            return None
        left = parse_timestamp(self.status["startTime"]) + float(limit) - self.now
        if left <= 0:
            message = "Job was active longer than specified deadline"
            return "FailureTarget", "DeadlineExceeded", message
        self.controller.queue.add_after(self.key, left)
        return None

    def _judge_indexes(self, held: list[Obj]) -> None:
        limit = int(self.spec["backoffLimitPerIndex"])
        for pod in held:
            marked = jobpods.FINALIZER in objects.finalizers(pod)
            if marked and jobpods.index_failed(pod, self.job, limit):
                self.failed_indexes.add(jobpods.index_of(pod))
        most = self.spec.get("maxFailedIndexes")
        failed = len(self.failed_indexes)
        if self.verdict is None and most is not None and failed > most:
            message = "Job has exceeded the specified maximal number of failed indexes"
            self.verdict = ("FailureTarget", "MaxFailedIndexesExceeded", message)
        elif (
            self.verdict is None
            and failed
            and failed + len(self.indexes) >= int(self.completions or 0)
        ):
            self.verdict = ("FailureTarget", "FailedIndexes", "Job has failed indexes")
        self.delayed = self._delayed(held)

    def _delayed(self, held: list[Obj]) -> dict[int, Obj]:
        """By index the failed pod that stays until its replacement, which counts on from it."""
        active = {jobpods.index_of(pod) for pod in self.active_pods}
        settled = active | self.indexes | self.failed_indexes
        found: dict[int, Obj] = {}
        for pod in held:
            index = jobpods.index_of(pod)
            if not self._held(pod) or index in settled or not jobpods.failed(pod, self.job):
                continue
            last = found.get(index)
            if last is None or (
                jobpods.all_failures(last) <= jobpods.all_failures(pod)
                and jobpods.finish_time(pod) >= jobpods.finish_time(last)
            ):
                found[index] = pod
        return found

    # Pods.

    def _end_active(self) -> ApiError | None:
        """Delete what runs; with something left the Job cannot be declared finished yet."""
        before, failure = self.active, None
        for pod in self.active_pods:
            try:
                self.controller.control.delete(pod, self.job)
            except ApiError as error:
                if not base.not_found(error):
                    failure = failure or error
                    continue
            self.now_terminating(pod)
        if self.active or not self.satisfied:
            self.verdict = None
        assert self.active <= before
        return failure

    def now_terminating(self, pod: Obj) -> None:
        self.active -= 1
        self.terminating += 1
        self.ready -= int(objects.pod_ready(pod))

    def _go_on(self) -> tuple[ApiError | None, bool]:
        """Manage pods, then see whether all is done; True when a condition changed."""
        failure: ApiError | None = None
        manage = self.satisfied and not objects.deleting(self.job)
        if manage:
            failure = JobManager(self).manage()
        if self._complete():
            self.verdict = REACHED
        elif manage:
            return failure, self._note_suspension()
        return failure, False

    def _complete(self) -> bool:
        if self.active:
            return False
        return self.succeeded >= (1 if self.completions is None else int(self.completions))

    def _note_suspension(self) -> bool:
        if self.suspended:
            if not self._ensure("Suspended", "True", "JobSuspended", "Job suspended"):
                return False
            self._event("Normal", "Suspended", "Job suspended")
            self.status.pop("startTime", None)
            return True
        if not self._ensure("Suspended", "False", "JobResumed", "Job resumed"):
            return False
        self._event("Normal", "Resumed", "Job resumed")
        self.status["startTime"] = timestamp(self.now)
        return True

    # Status.

    def _event(self, type: str, reason: str, message: str) -> None:
        self.controller.recorder.event(self.job, type, reason, message)

    def _condition(self, verdict: Verdict, value: str = "True") -> Obj:
        type, reason, message = verdict
        now = timestamp(self.now)
        return {
            "type": type,
            "status": value,
            "lastProbeTime": now,
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        }

    def _ensure(self, type: str, value: str, reason: str, message: str) -> bool:
        """Set a condition; a missing one is not added to say False. True when it changed."""
        rows: list[Obj] = list(self.status.get("conditions") or ())
        made = self._condition((type, reason, message), value)
        for number, row in enumerate(rows):
            if row["type"] != type:
                continue
            if all(row.get(k) == made[k] for k in ("status", "reason", "message")):
                return False
            rows[number] = made
            self.status["conditions"] = rows
            return True
        if value == "False":
            return False
        self.status["conditions"] = [*rows, made]
        return True

    def _track(self, changed: bool) -> None:
        """Note the ended pods, free them, count them, and perhaps finish the Job."""
        held = {objects.uid(pod) for pod in self.pods if self._held(pod)}
        changed = self._settle(held) or changed
        ended, complete, noted = self._note_ended()
        changed = self._note_indexes() or noted or changed
        final, noted = self._note_verdict()
        changed = changed or noted
        if changed:
            self._write()
            self.memory.failures, self.memory.last_failure = self.failures, self.last_failure
            changed = False
        failure = self._free(ended, held)
        changed = self._settle(held)
        if failure is not None:
            if changed:
                self._write()
            raise failure
        done = complete and self._finish(final)
        if changed or done:
            self._write()
        if done and final is not None:
            self._tell_end(final)

    def _settle(self, held: set[str]) -> bool:
        """Count the noted pods that have no finalizer any more."""
        changed = False
        for name, uids in self.uncounted.items():
            left = [uid for uid in uids if uid in held]
            if len(left) != len(uids):
                changed = True
                self.status[name] = self.status.get(name, 0) + len(uids) - len(left)
                self.uncounted[name] = left
        return changed

    def _note_ended(self) -> tuple[list[Obj], bool, bool]:
        """The pods to free, whether that is all of them, and whether anything was noted."""
        ended: list[Obj] = []
        new_indexes: list[int] = []
        changed = False
        for pod in self.pods:
            failed = jobpods.failed(pod, self.job)
            if not self._held(pod) or not self._may_free(pod, failed=failed):
                continue
            ended.append(pod)
            uid, index = objects.uid(pod), jobpods.index_of(pod)
            bad = self.was_uncounted["failed"]
            if objects.phase(pod) == "Succeeded" and uid not in bad:
                if self.indexed:
                    if self._valid_index(pod) and index not in self.indexes_before:
                        new_indexes.append(index)
                        changed = True
                elif uid not in self.was_uncounted["succeeded"]:
                    self.uncounted["succeeded"].append(uid)
                    changed = True
            elif self._counts_as_failed(pod, failed=failed):
                self.uncounted["failed"].append(uid)
                changed = True
            noted = len(new_indexes) + sum(len(uids) for uids in self.uncounted.values())
            if noted >= MAX_UNCOUNTED:
                return ended, False, changed
        return ended, True, changed

    def _counts_as_failed(self, pod: Obj, *, failed: bool) -> bool:
        """When a Job fails, what has not ended counts as failed."""
        lost = self.verdict is not None and self.verdict[0] != "SuccessCriteriaMet"
        known = objects.uid(pod) in self.was_uncounted["failed"]
        if known or not (failed or lost) or not self._valid_index(pod):
            return False
        return jobpods.policy_verdict(self.job, pod).counts

    def _may_free(self, pod: Obj, *, failed: bool) -> bool:
        if objects.deleting(self.job) or self.verdict or objects.phase(pod) == "Succeeded":
            return True
        last = self.delayed.get(jobpods.index_of(pod)) if self.by_index else None
        return failed and (last is None or objects.uid(last) != objects.uid(pod))

    def _note_indexes(self) -> bool:
        if not self.indexed:
            return False
        known = (self.status.get("completedIndexes", ""), self.status.get("failedIndexes"))
        self.status["succeeded"] = len(self.indexes)
        self.status["completedIndexes"] = jobpods.format_indexes(self.indexes)
        if self.by_index:
            self.status["failedIndexes"] = jobpods.format_indexes(self.failed_indexes)
        return known != (self.status["completedIndexes"], self.status.get("failedIndexes"))

    def _note_verdict(self) -> tuple[Verdict | None, bool]:
        """Write down what was decided, before pods are freed. Returns how it will end, and whether
        there was something to write."""
        if self.verdict is None:
            return None, False
        type, reason, message = self.verdict
        rows = self.status.get("conditions") or []
        new = type in _FINAL and not any(row["type"] == type for row in rows)
        if new:
            self.status["conditions"] = [*rows, self._condition(self.verdict)]
        return (_FINAL.get(type, type), reason, message), new

    def _free(self, ended: list[Obj], held: set[str]) -> ApiError | None:
        failure: ApiError | None = None
        for pod in ended:
            uid = objects.uid(pod)
            self.memory.freed.add(uid)
            try:
                self.controller.remove_finalizer(pod)
            except ApiError as error:
                self.memory.freed.discard(uid)
                failure = failure or error
                continue
            held.discard(uid)
        return failure

    def _finish(self, final: Verdict | None) -> bool:
        if final is None or any(self.uncounted.values()) or self.terminating:
            return False
        type, reason, message = final
        self._ensure(type, "True", reason, message)
        if type == "Complete":
            self.status["completionTime"] = timestamp(self.now)
        return True

    def _tell_end(self, final: Verdict) -> None:
        type, reason, message = final
        if type != "Complete":
            self._event("Warning", reason, message)
            return
        if self.completions is not None and self.status.get("succeeded", 0) > self.completions:
            message = "Too many succeeded pods running after completion count reached"
            self._event("Warning", "TooManySucceededPods", message)
        self._event("Normal", "Completed", "Job completed")

    def _write(self) -> None:
        uncounted = {name: uids for name, uids in self.uncounted.items() if uids}
        self.status["uncountedTerminatedPods"] = uncounted
        new = {k: v for k, v in self.status.items() if v not in (0, "") or k in _ALWAYS}
        if new == objects.status(self.job):
            return
        self.job = base.update_status(self.controller.client, RESOURCE, self.job, new, retries=0)


_ALWAYS = frozenset(("ready", "terminating", "uncountedTerminatedPods", "failedIndexes"))
