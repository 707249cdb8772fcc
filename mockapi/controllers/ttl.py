"""Finished Jobs that outlived their TTL. Source: pkg/controller/ttlafterfinished."""

from mockapi.base.clock import parse_timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects
from mockapi.controllers.job_sync import RESOURCE, finished
from mockapi.runtime.loop import Runtime


class TTLAfterFinishedController:
    name = "ttl-after-finished-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.jobs = runtime.informer(RESOURCE)
        self.queue = base.queue(runtime, self.name, self.sync, self.jobs)
        self.jobs.on_event(self._changed)

    def _changed(self, event: Event) -> None:
        if event.type != "DELETED" and _expires(event.object) is not None:
            self.queue.add(objects.key(event.object))

    def sync(self, key: str) -> None:
        job = self.jobs.get_key(key)
        due = _expires(job) if job is not None and not objects.deleting(job) else None
        if job is None or due is None:
            return
        if due > self.clock.now():
            self.queue.add_after(key, due - self.clock.now())
            return
        fresh = base.get_or_none(self.client, RESOURCE, objects.namespace(job), objects.name(job))
        if fresh is None or objects.uid(fresh) != objects.uid(job) or _expires(fresh) != due:
            return
        base.delete_if_there(
            self.client, RESOURCE, fresh, propagation_policy="Foreground", uid=objects.uid(fresh)
        )


def _expires(job: Obj) -> float | None:
    """When a finished Job is to go."""
    seconds = job["spec"].get("ttlSecondsAfterFinished")
    if seconds is None or not finished(job):
        return None
    for type in ("Complete", "Failed"):
        row = objects.condition(job, type)
        if row is not None and row["status"] == "True":
            return parse_timestamp(row["lastTransitionTime"]) + float(seconds)
    return None
