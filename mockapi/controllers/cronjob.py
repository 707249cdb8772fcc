"""CronJobs: Jobs by schedule. Source: pkg/controller/cronjob."""

from datetime import UTC, datetime
from email.utils import format_datetime

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, cron, objects
from mockapi.controllers.job_sync import finished
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

RESOURCE = "batch/v1/cronjobs"
JOBS = "batch/v1/jobs"
SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
DELTA = 0.1


class CronJobController:
    name = "cronjob-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, self.name)
        self.crons = runtime.informer(RESOURCE)
        self.jobs = runtime.informer(JOBS)
        self.jobs.index("owner", objects.by_owner)
        self.resolve = base.resolver(self.crons, "CronJob")
        self.queue = base.queue(runtime, self.name, self.sync, self.crons)
        self.crons.on_event(lambda event: self.queue.add(objects.key(event.object)))
        self.jobs.on_event(self._job_changed)

    def _job_changed(self, event: Event) -> None:
        owner = self.resolve(objects.namespace(event.object), objects.controller_of(event.object))
        if owner is not None:
            self.queue.add(objects.key(owner))

    def sync(self, key: str) -> None:
        owner = self.crons.get_key(key)
        if owner is not None:
            jobs = list(self.jobs.by("owner", objects.uid(owner)))
            _Sync(self, owner, jobs).run()


class _Sync:
    """One sync of one CronJob."""

    def __init__(self, controller: CronJobController, owner: Obj, jobs: list[Obj]) -> None:
        self.controller = controller
        self.client = controller.client
        self.owner = owner
        self.spec = owner["spec"]
        self.jobs = jobs
        self.now = controller.clock.now()
        self.status: Obj = {**objects.status(owner)}
        self.status["active"] = list(self.status.get("active") or ())

    def run(self) -> None:
        try:
            self._clean_up()
            self._note_jobs()
            if not objects.deleting(self.owner) and not self.spec.get("suspend"):
                self._schedule()
        finally:
            self._write()

    def _event(self, type: str, reason: str, message: str) -> None:
        self.controller.recorder.event(self.owner, type, reason, message)

    # Jobs that are.

    def _note_jobs(self) -> None:
        """Drop what is finished or gone from the active ones, and say so."""
        known = {reference["uid"] for reference in self.status["active"]}
        present = {objects.uid(job): job for job in self.jobs}
        for uid, job in present.items():
            if uid not in known and not finished(job):
                name = objects.name(job)
                message = f"Saw a job that the controller did not create or forgot: {name}"
                self._event("Warning", "UnexpectedJob", message)
            elif uid in known and finished(job):
                self._drop(uid)
                name, state = objects.name(job), _state(job)
                message = f"Saw completed job: {name}, condition: {state}"
                self._event("Normal", "SawCompletedJob", message)
                self._note_success(job)
            elif finished(job):
                self._note_success(job)
        for reference in list(self.status["active"]):
            if reference["uid"] in present:
                continue
            found = base.get_or_none(
                self.client, JOBS, objects.namespace(self.owner), reference["name"]
            )
            if found is None:
                message = f"Active job went missing: {reference['name']}"
                self._event("Normal", "MissingJob", message)
                self._drop(reference["uid"])

    def _drop(self, uid: str) -> None:
        self.status["active"] = [r for r in self.status["active"] if r["uid"] != uid]

    def _note_success(self, job: Obj) -> None:
        done = objects.status(job).get("completionTime", "")
        if _state(job) == "Complete" and done > self.status.get("lastSuccessfulTime", ""):
            self.status["lastSuccessfulTime"] = done

    def _clean_up(self) -> None:
        for state, limit in (
            ("Complete", self.spec.get("successfulJobsHistoryLimit", 3)),
            ("Failed", self.spec.get("failedJobsHistoryLimit", 1)),
        ):
            ended = [job for job in self.jobs if _state(job) == state]
            ended.sort(key=lambda j: (objects.status(j).get("startTime", ""), objects.name(j)))
            for job in ended[: max(0, len(ended) - limit)]:
                self._delete(job)

    def _delete(self, job: Obj) -> None:
        name = objects.name(job)
        try:
            base.delete_if_there(self.client, JOBS, job, propagation_policy="Background")
        except ApiError as error:
            self._event("Warning", "FailedDelete", f"Deleted job: {error.message}")
            raise
        self._drop(objects.uid(job))
        self.jobs = [one for one in self.jobs if one is not job]
        self._event("Normal", "SuccessfulDelete", f"Deleted job {name}")

    # Jobs to be.

    def _schedule(self) -> None:
        zone, text = self.spec.get("timeZone") or "", self.spec.get("schedule", "")
        try:
            cron.zone_of(zone)
        except ValueError as error:
            self._event("Warning", "UnknownTimeZone", f'invalid timeZone: "{zone}": {error}')
            return
        try:
            schedule = cron.parse(text, zone)
        except ValueError as error:
            message = f'unparseable schedule: "{text}" : {error}'
            self._event("Warning", "UnparseableSchedule", message)
            return
        try:
            due = self._due(schedule)
        except ValueError as error:
            # It would never be right: nothing is done until the schedule is changed.
            self._event("Warning", "InvalidSchedule", f"invalid schedule: {text} : {error}")
            return
        if due is not None:
            self._start(due)
        left = cron.wait(schedule, self._since(), self.now)
        if left is not None:
            self.controller.queue.add_after(objects.key(self.owner), left + DELTA)

    def _since(self) -> float:
        last = self.status.get("lastScheduleTime")
        return parse_timestamp(last or objects.created(self.owner))

    def _due(self, schedule: cron.Schedule) -> float | None:
        """The latest time that was missed, None when there is none that may still be started."""
        since, deadline = self._since(), self.spec.get("startingDeadlineSeconds")
        if deadline is not None:
            since = max(since, self.now - deadline)
        found = cron.missed(schedule, since, self.now)
        if found.latest is not None and found.count > cron.MANY_MISSED:
            message = (
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or "
                "check clock skew"
            )
            self._event("Warning", "TooManyMissedTimes", message)
        return found.latest

    def _start(self, due: float) -> None:
        name = f"{objects.name(self.owner)}-{int(due) // 60}"
        deadline = self.spec.get("startingDeadlineSeconds")
        if deadline is not None and due + deadline < self.now:
            # RFC 1123 with a numeric zone.
            when = format_datetime(datetime.fromtimestamp(due, UTC))
            self._event("Warning", "MissSchedule", f"Missed scheduled time to start a job: {when}")
            return
        if any(r["name"] == name for r in self.status["active"]):
            return
        if self.status.get("lastScheduleTime") == timestamp(due):
            return
        policy = self.spec.get("concurrencyPolicy", "Allow")
        if policy == "Forbid" and self.status["active"]:
            message = (
                "Not starting job because prior execution is running and concurrency policy is "
                "Forbid"
            )
            self._event("Normal", "JobAlreadyActive", message)
            return
        if policy == "Replace":
            active = {r["uid"] for r in self.status["active"]}
            for job in [job for job in self.jobs if objects.uid(job) in active]:
                self._delete(job)
        self._create(name, due)

    def _create(self, name: str, due: float) -> None:
        inside = objects.namespace(self.owner)
        try:
            made = self.client.create(JOBS, inside, self._describe(name, due))
        except ApiError as error:
            if base.namespace_terminating(error):
                return
            if not base.already_exists(error):
                self._event("Warning", "FailedCreate", f"Error creating job: {error.message}")
                raise
            made = self.client.get(JOBS, inside, name)
            if not objects.controlled_by(made, self.owner) or finished(made):
                return
        else:
            self._event("Normal", "SuccessfulCreate", f"Created job {name}")
        reference = {
            "kind": "Job",
            "namespace": inside,
            "name": name,
            "uid": objects.uid(made),
            "apiVersion": "batch/v1",
            "resourceVersion": made["metadata"]["resourceVersion"],
        }
        self.status["active"].append(reference)
        self.status["lastScheduleTime"] = timestamp(due)

    def _describe(self, name: str, due: float) -> Obj:
        template = self.spec.get("jobTemplate") or {}
        metadata = template.get("metadata") or {}
        notes = {**(metadata.get("annotations") or {}), SCHEDULED_AT: self._local(due)}
        made: Obj = {
            "name": name,
            "namespace": objects.namespace(self.owner),
            "annotations": notes,
            "ownerReferences": [objects.controller_reference(self.owner, "batch/v1", "CronJob")],
        }
        if metadata.get("labels"):
            made["labels"] = metadata["labels"]
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": made,
            "spec": template.get("spec") or {},
        }

    def _local(self, due: float) -> str:
        """RFC 3339 in the schedule's zone."""
        zone = self.spec.get("timeZone")
        return cron.local_time(due, zone) if zone else timestamp(due)

    def _write(self) -> None:
        known = dict(objects.status(self.owner))
        new = {k: v for k, v in self.status.items() if v}
        if {k: v for k, v in known.items() if v} != new:
            base.update_status(self.client, RESOURCE, self.owner, new, retries=0)


def _state(job: Obj) -> str:
    for state in ("Complete", "Failed"):
        if objects.condition_is(job, state):
            return state
    return ""
