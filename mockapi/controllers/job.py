"""Jobs: run pods until enough have succeeded or too many failed. Source: pkg/controller/job.

Finished pods are counted in two writes: first their uids go into the status, then their finalizer
is taken off, then they are counted; so that none is lost or counted twice.
"""

from collections.abc import Iterable

from mockapi.base import tree
from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, following, jobpods, objects, pods, ranking
from mockapi.controllers.claiming import Claimer
from mockapi.controllers.expectations import Expectations
from mockapi.meta import selectors
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

RESOURCE = "batch/v1/jobs"
MANAGED_BY = "kubernetes.io/job-controller"
MAX_CREATIONS = 500
UNLIMITED = 2**31 - 1


class JobController:
    name = "job-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, self.name)
        self.control = pods.PodControl(self.client, self.recorder)
        self.expectations = Expectations(runtime.clock)
        self.jobs = runtime.informer(RESOURCE)
        self.pods = runtime.informer("v1/pods")
        self.queue = base.queue(runtime, self.name, self.sync, self.jobs)
        self.strays = base.queue(runtime, self.name, self._release, self.pods, part="orphans")
        self.jobs.on_event(self._job_changed)
        following.follow_pods(self.pods, self.jobs, "Job", self.queue, self._observed)
        self.pods.on_event(self._stray)

    def _job_changed(self, event: Event) -> None:
        job = event.object
        if event.type == "DELETED":
            self.expectations.forget(objects.key(job))
            for pod in self.pods.by("owner", objects.uid(job)):
                self.strays.add(objects.key(pod))
        self.queue.add(objects.key(job))

    def _observed(self, event: Event, owner: Obj) -> None:
        key = objects.key(owner)
        if event.type == "DELETED" or objects.deleting(event.object):
            self.expectations.deletion_observed(key, objects.key(event.object))
        elif event.type == "ADDED":
            self.expectations.creation_observed(key)

    def _stray(self, event: Event) -> None:
        """A pod with our finalizer and no Job could never go away."""
        pod = event.object
        if event.type != "DELETED" and jobpods.FINALIZER in objects.finalizers(pod):
            reference = objects.controller_of(pod)
            if reference is None or self._job_of(pod) is None:
                self.strays.add(objects.key(pod))

    def _job_of(self, pod: Obj) -> Obj | None:
        reference = objects.controller_of(pod)
        return base.resolver(self.jobs, "Job")(objects.namespace(pod), reference)

    def _release(self, key: str) -> None:
        pod = self.pods.get_key(key)
        if pod is not None and self._job_of(pod) is None:
            self.remove_finalizer(pod)

    def remove_finalizer(self, pod: Obj) -> bool:
        """True when the pod has no finalizer of ours any more."""
        patch = {
            "metadata": {
                "uid": objects.uid(pod),
                "$deleteFromPrimitiveList/finalizers": [jobpods.FINALIZER],
            }
        }
        if jobpods.FINALIZER not in objects.finalizers(pod):
            return True
        try:
            self.client.patch(
                "v1/pods",
                objects.namespace(pod),
                objects.name(pod),
                patch,
                patch_type=objects.STRATEGIC,
            )
        except ApiError as error:
            return base.not_found(error) or base.invalid(error)
        return True

    def sync(self, key: str) -> None:
        job = self.jobs.get_key(key)
        if job is None:
            self.expectations.forget(key)
            return
        if (job["spec"].get("managedBy") or MANAGED_BY) != MANAGED_BY:
            return
        owned = self._claim(job)
        if finished(job):
            for pod in owned:
                self.remove_finalizer(pod)
            return
        _Sync(self, job, owned).run()

    def _claim(self, job: Obj) -> list[Obj]:
        selector = selectors.from_object(job["spec"]["selector"])
        claimer = Claimer(
            self.client,
            job,
            RESOURCE,
            "batch/v1",
            "Job",
            "v1/pods",
            lambda pod: selector.matches(objects.labels(pod)),
            (jobpods.FINALIZER,),
        )
        owned = self.pods.by("owner", objects.uid(job))
        orphans = self.pods.by("owner", f"orphan/{objects.namespace(job)}")
        return claimer.claim((*owned, *orphans))


def finished(job: Obj) -> bool:
    return objects.condition_is(job, "Complete") or objects.condition_is(job, "Failed")


class _Sync:
    """One sync of one unfinished Job; `status` becomes its new status."""

    def __init__(self, controller: JobController, job: Obj, owned: list[Obj]) -> None:
        self.controller = controller
        self.job = job
        self.key = objects.key(job)
        self.spec = job["spec"]
        self.now = controller.clock.now()
        self.status: Obj = tree.copy(objects.status(job))
        uncounted = self.status.get("uncountedTerminatedPods") or {}
        self.counted_ok: set[str] = set(uncounted.get("succeeded") or ())
        self.counted_bad: set[str] = set(uncounted.get("failed") or ())
        self.pods = owned
        self.active = [p for p in owned if objects.pod_active(p)]
        self.terminating = [p for p in owned if objects.pod_terminating(p)]
        self.events: list[tuple[str, str, str]] = []

    def run(self) -> None:
        suspended = bool(self.spec.get("suspend"))
        if "startTime" not in self.status and not suspended:
            self.status["startTime"] = timestamp(self.now)
        self._count()
        verdict = self._verdict()
        failure: ApiError | None = None
        if verdict is not None:
            self._decide(*verdict)
            self._remove_active()
        elif not objects.deleting(self.job) and self.controller.expectations.satisfied(self.key):
            failure = self._suspend_or_resume(suspended) or self._manage(suspended)
        self._set_counts()
        self._settle_pods()
        for type, reason, message in self.events:
            self.controller.recorder.event(self.job, type, reason, message)
        self._deadline_timer()
        if failure is not None:
            raise failure

    # What has ended.

    def _count(self) -> None:
        """Newly ended pods, by whether they succeeded or count as failed."""
        self.new_ok: list[Obj] = []
        self.new_bad: list[Obj] = []
        self.ignored: list[Obj] = []
        self.policy_failure = ""
        self.failed_indexes = jobpods.parse_indexes(self.status.get("failedIndexes", ""))
        known = self.counted_ok | self.counted_bad
        for pod in self.pods:
            if jobpods.FINALIZER not in objects.finalizers(pod) or objects.uid(pod) in known:
                continue
            if objects.phase(pod) == "Succeeded":
                self.new_ok.append(pod)
            elif jobpods.failed(pod, self.job):
                self._count_failed(pod)
        self.succeeded = self.status.get("succeeded", 0) + len(self.counted_ok) + len(self.new_ok)
        self.failed = self.status.get("failed", 0) + len(self.counted_bad) + len(self.new_bad)
        self.indexes = jobpods.parse_indexes(self.status.get("completedIndexes", ""))
        if jobpods.indexed(self.job):
            self.indexes.update(jobpods.index_of(pod) for pod in self.new_ok)
            self.succeeded = len(self.indexes)

    def _count_failed(self, pod: Obj) -> None:
        action, message = jobpods.policy_verdict(self.job, pod)
        if action == "Ignore":
            self.ignored.append(pod)
            return
        self.new_bad.append(pod)
        if action == "FailJob":
            self.policy_failure = self.policy_failure or message
        limit = self.spec.get("backoffLimitPerIndex")
        if limit is not None:
            count = int(objects.annotations(pod).get(jobpods.INDEX_FAILURES, "0"))
            if action == "FailIndex" or count >= limit:
                self.failed_indexes.add(jobpods.index_of(pod))

    def _verdict(self) -> tuple[str, str, str] | None:
        """(condition, reason, message) when the Job has been decided."""
        for type in ("FailureTarget", "SuccessCriteriaMet"):
            known = objects.condition(self.job, type)
            if known is not None and known["status"] == "True":
                return type, known.get("reason", ""), known.get("message", "")
        if self.policy_failure:
            return "FailureTarget", "PodFailurePolicy", self.policy_failure
        if self.failed > self.spec.get("backoffLimit", 6):
            message = "Job has reached the specified backoff limit"
            return "FailureTarget", "BackoffLimitExceeded", message
        if self._past_deadline():
            message = "Job was active longer than specified deadline"
            return "FailureTarget", "DeadlineExceeded", message
        most = self.spec.get("maxFailedIndexes")
        if most is not None and len(self.failed_indexes) > most:
            message = "Job has exceeded the specified maximal number of failed indexes"
            return "FailureTarget", "MaxFailedIndexesExceeded", message
        return self._success()

    def _success(self) -> tuple[str, str, str] | None:
        if message := jobpods.success_policy(self.job, self.indexes):
            return "SuccessCriteriaMet", "SuccessPolicy", message
        completions = self.spec.get("completions")
        reached = "Reached expected number of succeeded pods"
        if completions is None:
            busy = self.active or self.terminating
            done = self.succeeded > 0 and not busy
            return ("SuccessCriteriaMet", "CompletionsReached", reached) if done else None
        if self.succeeded >= completions:
            return "SuccessCriteriaMet", "CompletionsReached", reached
        if self.failed_indexes and len(self.failed_indexes) + self.succeeded >= completions:
            return "FailureTarget", "FailedIndexes", "Job has failed indexes"
        return None

    def _past_deadline(self) -> bool:
        limit = self.spec.get("activeDeadlineSeconds")
        if limit is None or self.spec.get("suspend") or "startTime" not in self.status:
            return False
        return parse_timestamp(self.status["startTime"]) + float(limit) <= self.now

    def _deadline_timer(self) -> None:
        limit = self.spec.get("activeDeadlineSeconds")
        if limit is not None and "startTime" in self.status and not self.spec.get("suspend"):
            due = parse_timestamp(self.status["startTime"]) + float(limit)
            if due > self.now:
                self.controller.queue.add_after(self.key, due - self.now)

    # Pods.

    def _manage(self, suspended: bool) -> ApiError | None:
        parallelism = 0 if suspended else int(self.spec.get("parallelism", 1))
        surplus = len(self.active) - self._wanted(parallelism)
        if surplus > 0:
            chosen = ranking.by_deletion(self.active, now=self.controller.clock.now())[:surplus]
            return self._delete(chosen)
        if surplus == 0 or suspended:
            return None
        room = -surplus
        if self.spec.get("podReplacementPolicy") == "Failed":
            room -= len(self.terminating)
        wait = self._back_off()
        if wait > 0:
            self.controller.queue.add_after(self.key, wait)
            return None
        return self._create(min(room, MAX_CREATIONS)) if room > 0 else None

    def _wanted(self, parallelism: int) -> int:
        completions = self.spec.get("completions")
        if completions is None:
            if self.succeeded > 0:
                return min(len(self.active), parallelism)
            return parallelism
        left: int = max(0, completions - self.succeeded - len(self.failed_indexes))
        return min(left, parallelism)

    def _back_off(self) -> float:
        """Seconds until a pod may be made again after failures in a row."""
        ends = [
            (jobpods.finish_time(p), objects.phase(p) == "Succeeded")
            for p in self.pods
            if objects.pod_finished(p) or (objects.deleting(p) and p in self.new_bad)
        ]
        failures, last = 0, 0.0
        for moment, good in sorted(ends):
            failures = 0 if good else failures + 1
            last = moment
        return last + jobpods.back_off(failures) - self.now if failures else 0.0

    def _create(self, count: int) -> ApiError | None:
        controller = self.controller
        indexes = self._free_indexes(count) if jobpods.indexed(self.job) else [-1] * count
        controller.expectations.expect_creations(self.key, len(indexes))
        places = iter(indexes)
        reference = objects.controller_reference(self.job, "batch/v1", "Job")

        def make() -> None:
            pod = self._describe(next(places), reference)
            self.active.append(controller.control.create(pod, self.job))

        made, failure = pods.slow_start(len(indexes), make)
        controller.expectations.creation_observed(self.key, len(indexes) - made)
        return None if failure and base.namespace_terminating(failure) else failure

    def _free_indexes(self, count: int) -> list[int]:
        taken = {jobpods.index_of(pod) for pod in (*self.active, *self.terminating)}
        taken |= self.indexes | self.failed_indexes
        free = (n for n in range(int(self.spec["completions"])) if n not in taken)
        return [number for number, _ in zip(free, range(count), strict=False)]

    def _describe(self, index: int, reference: Obj) -> Obj:
        pod = pods.from_template(self.spec["template"], self.job, reference)
        metadata = pod["metadata"]
        metadata["finalizers"] = [*(metadata.get("finalizers") or ()), jobpods.FINALIZER]
        if index < 0:
            return pod
        name = objects.name(self.job)
        metadata["generateName"] = f"{name}-{index}-"
        notes = {**objects.annotations(pod), jobpods.INDEX: str(index)}
        if self.spec.get("backoffLimitPerIndex") is not None:
            notes[jobpods.INDEX_FAILURES] = str(self._index_failures(index))
        metadata["annotations"] = notes
        metadata["labels"] = {**objects.labels(pod), jobpods.INDEX: str(index)}
        spec = tree.copy(pod["spec"])
        spec.setdefault("hostname", f"{name}-{index}")
        for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
            env = container.setdefault("env", [])
            if not any(item["name"] == "JOB_COMPLETION_INDEX" for item in env):
                path = f"metadata.labels['{jobpods.INDEX}']"
                source = {"fieldRef": {"fieldPath": path}}
                env.append({"name": "JOB_COMPLETION_INDEX", "valueFrom": source})
        pod["spec"] = spec
        return pod

    def _index_failures(self, index: int) -> int:
        counts = [
            int(objects.annotations(pod).get(jobpods.INDEX_FAILURES, "0")) + 1
            for pod in self.pods
            if jobpods.index_of(pod) == index and pod not in self.ignored
            if objects.phase(pod) == "Failed" or pod in self.new_bad
        ]
        return max(counts, default=0)

    def _delete(self, chosen: list[Obj]) -> ApiError | None:
        for pod in chosen:
            self.controller.remove_finalizer(pod)
        failure = pods.delete_all(self.controller.control, chosen, self.job, lambda pod: None)
        gone = {objects.uid(pod) for pod in chosen}
        self.active = [pod for pod in self.active if objects.uid(pod) not in gone]
        self.terminating += chosen
        return failure

    def _remove_active(self) -> None:
        chosen = list(self.active)
        failure = pods.delete_all(self.controller.control, chosen, self.job, lambda pod: None)
        if failure is not None:
            raise failure
        if self.status_condition("FailureTarget"):
            self.new_bad += [pod for pod in chosen if pod not in self.new_bad]
        self.terminating += chosen
        self.active = []

    def _suspend_or_resume(self, suspended: bool) -> ApiError | None:
        known = objects.condition(self.job, "Suspended")
        held = known is not None and known["status"] == "True"
        if suspended and not held:
            self._condition("Suspended", "True", "JobSuspended", "Job suspended")
            self.status.pop("startTime", None)
            self.events.append(("Normal", "Suspended", "Job suspended"))
            return self._delete(list(self.active))
        if not suspended and held:
            self._condition("Suspended", "False", "JobResumed", "Job resumed")
            self.status["startTime"] = timestamp(self.now)
            self.events.append(("Normal", "Resumed", "Job resumed"))
        return None

    # Status.

    def status_condition(self, type: str) -> bool:
        rows = self.status.get("conditions") or ()
        return any(row["type"] == type and row["status"] == "True" for row in rows)

    def _condition(self, type: str, value: str, reason: str, message: str) -> None:
        now = timestamp(self.now)
        made = {
            "type": type,
            "status": value,
            "lastProbeTime": now,
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        }
        rows = self.status.get("conditions") or []
        for number, row in enumerate(rows):
            if row["type"] == type:
                self.status["conditions"] = [*rows[:number], made, *rows[number + 1 :]]
                return
        self.status["conditions"] = [*rows, made]

    def _decide(self, type: str, reason: str, message: str) -> None:
        self.verdict = (type, reason, message)
        if not self.status_condition(type):
            self._condition(type, "True", reason, message)

    def _set_counts(self) -> None:
        ready = sum(objects.pod_ready(pod) for pod in self.active)
        gone = [p for p in self.terminating if objects.phase(p) not in ("Succeeded", "Failed")]
        self.status["active"] = len(self.active)
        self.status["ready"] = ready
        self.status["terminating"] = len(gone)

    def _settle_pods(self) -> None:
        """Note the ended pods, free them, count them, and perhaps finish the Job."""
        ok = self.counted_ok | {objects.uid(pod) for pod in self.new_ok}
        bad = self.counted_bad | {objects.uid(pod) for pod in self.new_bad}
        self.status["uncountedTerminatedPods"] = _uncounted(ok, bad)
        if jobpods.indexed(self.job):
            self.status["completedIndexes"] = jobpods.format_indexes(self.indexes)
            if self.spec.get("backoffLimitPerIndex") is not None:
                self.status["failedIndexes"] = jobpods.format_indexes(self.failed_indexes)
        if self.new_ok or self.new_bad:
            self._write()
        held = {
            objects.uid(pod) for pod in self._ended() if not self.controller.remove_finalizer(pod)
        }
        self._add("succeeded", len(ok - held))
        self._add("failed", len(bad - held))
        if jobpods.indexed(self.job):
            self.status["succeeded"] = len(self.indexes)
        self.status["uncountedTerminatedPods"] = _uncounted(ok & held, bad & held)
        if not held:
            self._finish()
        self._write()

    def _ended(self) -> Iterable[Obj]:
        known = self.counted_ok | self.counted_bad
        again = [pod for pod in self.pods if objects.uid(pod) in known]
        return [*again, *self.new_ok, *self.new_bad, *self.ignored]

    def _add(self, count: str, more: int) -> None:
        self.status[count] = self.status.get(count, 0) + more

    def _finish(self) -> None:
        verdict = getattr(self, "verdict", None)
        if verdict is None or self.status["terminating"]:
            return
        type, reason, message = verdict
        if type == "SuccessCriteriaMet":
            self._condition("Complete", "True", reason, message)
            self.status["completionTime"] = timestamp(self.now)
            self.events.append(("Normal", "Completed", "Job completed"))
        else:
            self._condition("Failed", "True", reason, message)
            self.events.append(("Warning", reason, message))

    def _write(self) -> None:
        new = {k: v for k, v in self.status.items() if v not in (0, "") or k in _ALWAYS}
        known = objects.status(self.job)
        if {k: v for k, v in known.items() if v not in (0, "") or k in _ALWAYS} == new:
            return
        self.job = base.update_status(self.controller.client, RESOURCE, self.job, new, retries=0)


_ALWAYS = frozenset(("ready", "terminating", "uncountedTerminatedPods"))


def _uncounted(ok: set[str], bad: set[str]) -> Obj:
    rows = {"succeeded": sorted(ok), "failed": sorted(bad)}
    return {name: uids for name, uids in rows.items() if uids}
