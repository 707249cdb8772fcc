"""Jobs: run pods until enough have succeeded or too many failed. Source: pkg/controller/job.

What pods do is looked at once a second, so that many ended pods are one write. One sync is in
`job_sync.py`.
"""

from dataclasses import dataclass, field

from mockapi.base.clock import parse_timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, following, jobpods, objects, pods
from mockapi.controllers.claiming import Claimer
from mockapi.controllers.expectations import Expectations
from mockapi.controllers.job_sync import JobSync, finished
from mockapi.meta import selectors
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

RESOURCE = "batch/v1/jobs"
MANAGED_BY = "kubernetes.io/job-controller"
BATCH_SECONDS = 1.0
# Of a sync that failed.
FIRST_BACK_OFF, LAST_BACK_OFF = 1.0, 60.0


@dataclass(slots=True)
class Memory:
    """What is known of a Job besides what is written down."""

    failures: int = 0
    """Pods that failed after the last one that succeeded."""
    last_failure: float = 0.0
    freed: set[str] = field(default_factory=set)
    """Pods whose finalizer was taken off, and are not seen without it yet."""


class JobController:
    name = "job-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, self.name)
        self.control = pods.PodControl(self.client, self.recorder)
        self.expectations = Expectations(runtime.clock)
        self.memories: dict[str, Memory] = {}
        self.jobs = runtime.informer(RESOURCE)
        self.pods = runtime.informer("v1/pods")
        self.resolve = base.resolver(self.jobs, "Job")
        back_off = (FIRST_BACK_OFF, LAST_BACK_OFF)
        self.queue = base.queue(runtime, self.name, self.sync, self.jobs, back_off=back_off)
        self.strays = base.queue(
            runtime, self.name, self._release, self.pods, part="orphans", back_off=back_off
        )
        self.jobs.on_event(self._job_changed)
        following.follow_pods(
            self.pods, self.jobs, "Job", self.queue, self._observed, delay=BATCH_SECONDS
        )
        self.pods.on_event(self._stray)

    def memory(self, key: str) -> Memory:
        return self.memories.setdefault(key, Memory())

    def _job_changed(self, event: Event) -> None:
        job, old = event.object, event.old
        key = objects.key(job)
        if event.type == "DELETED":
            self.expectations.forget(key)
            self.memories.pop(key, None)
        if event.type == "DELETED" or finished(job):
            for pod in self.pods.by("owner", objects.uid(job)):
                self.strays.add(objects.key(pod))
        if event.type != "MODIFIED" or old is None:
            self.queue.add(key)
        elif not finished(job):
            spec_changed = objects.generation(job) != objects.generation(old)
            self.queue.add_after(key, 0 if spec_changed else BATCH_SECONDS)
            self._deadline_changed(job, old)

    def _deadline_changed(self, job: Obj, old: Obj) -> None:
        limit = job["spec"].get("activeDeadlineSeconds")
        started = objects.status(job).get("startTime")
        if started and limit is not None and limit != old["spec"].get("activeDeadlineSeconds"):
            left = parse_timestamp(started) + limit - self.clock.now()
            self.queue.add_after(objects.key(job), left)

    def _observed(self, event: Event, owner: Obj) -> None:
        key, pod = objects.key(owner), event.object
        if event.type == "DELETED" or objects.deleting(pod):
            self.expectations.deletion_observed(key, objects.key(pod))
        elif event.type == "ADDED":
            self.expectations.creation_observed(key)
        if event.type == "DELETED" or jobpods.FINALIZER not in objects.finalizers(pod):
            self.memory(key).freed.discard(objects.uid(pod))

    def _stray(self, event: Event) -> None:
        """A pod with our finalizer and no unfinished Job could never go away."""
        pod = event.object
        if event.type == "DELETED" or jobpods.FINALIZER not in objects.finalizers(pod):
            return
        job = self.resolve(objects.namespace(pod), objects.controller_of(pod))
        if job is None or (finished(job) and objects.deleting(pod)):
            self.strays.add(objects.key(pod))

    def _release(self, key: str) -> None:
        pod = self.pods.get_key(key)
        if pod is None or jobpods.FINALIZER not in objects.finalizers(pod):
            return
        job = self.resolve(objects.namespace(pod), objects.controller_of(pod))
        if job is None or finished(job):
            self.remove_finalizer(pod)

    def remove_finalizer(self, pod: Obj) -> None:
        """Raises ApiError, but not for a pod that is gone."""
        patch = {
            "metadata": {
                "uid": objects.uid(pod),
                "$deleteFromPrimitiveList/finalizers": [jobpods.FINALIZER],
            }
        }
        if jobpods.FINALIZER not in objects.finalizers(pod):
            return
        inside, name = objects.namespace(pod), objects.name(pod)
        try:
            self.client.patch("v1/pods", inside, name, patch, patch_type=objects.STRATEGIC)
        except ApiError as error:
            if not base.not_found(error) and not base.invalid(error):
                raise

    def sync(self, key: str) -> None:
        job = self.jobs.get_key(key)
        if job is None:
            self.expectations.forget(key)
            self.memories.pop(key, None)
            return
        if (job["spec"].get("managedBy") or MANAGED_BY) != MANAGED_BY:
            return
        if finished(job):
            self.memories.pop(key, None)
            return
        satisfied = self.expectations.satisfied(key)
        JobSync(self, job, self._claim(job), satisfied=satisfied).run()

    def _claim(self, job: Obj) -> list[Obj]:
        selector = selectors.from_object(job["spec"].get("selector"))
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
        return [self._as_adopted(pod) for pod in claimer.claim((*owned, *orphans))]

    def _as_adopted(self, pod: Obj) -> Obj:
        """A pod adopted just now is known without the finalizer that it has got."""
        if objects.controller_of(pod) is not None:
            return pod
        finalizers = objects.finalizers(pod)
        if jobpods.FINALIZER in finalizers:
            return pod
        return objects.with_metadata(pod, finalizers=[*finalizers, jobpods.FINALIZER])
