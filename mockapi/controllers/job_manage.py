"""Which pods of an unfinished Job to create and delete. Source: manageJob (pkg/controller/job)."""

from typing import TYPE_CHECKING

from mockapi.client.protocol import Obj
from mockapi.controllers import base, jobpods, objects, pods, ranking
from mockapi.meta.errors import ApiError

if TYPE_CHECKING:
    from mockapi.controllers.job_sync import JobSync

MAX_CREATIONS = 500


class JobManager:
    """Brings the number of active pods of one sync to what is wanted, and keeps its counts."""

    def __init__(self, sync: "JobSync") -> None:
        self.sync = sync

    def manage(self) -> ApiError | None:
        if self.sync.suspended:
            return self._remove(self._surplus(self.sync.active))
        wanted = self._wanted()
        surplus = self._surplus(max(0, self.sync.active - wanted))[:MAX_CREATIONS]
        if surplus:
            return self._remove(surplus)
        room = wanted - self.sync.active
        if self.sync.spec.get("podReplacementPolicy") == "Failed":
            room -= self.sync.terminating
        if room <= 0:
            return None
        wait = 0.0 if self.sync.by_index else self._wait(self.sync.failures, self.sync.last_failure)
        places = self._places(min(room, MAX_CREATIONS))
        if self.sync.by_index:
            places, wait = self._places_due(places)
        if wait > 0:
            self.sync.controller.queue.add_after(self.sync.key, max(wait, 1.0))
            return None
        return self._create(places)

    def _wanted(self) -> int:
        parallelism = int(self.sync.spec.get("parallelism", 1))
        if self.sync.completions is None:
            return self.sync.active if self.sync.succeeded > 0 else parallelism
        return max(0, min(int(self.sync.completions) - self.sync.succeeded, parallelism))

    def _surplus(self, least: int) -> list[Obj]:
        """Pods to remove: of an Indexed Job those of a doubled or unknown index, then by rank."""
        gone: list[Obj] = []
        left = self.sync.active_pods
        if self.sync.indexed:
            gone, left = jobpods.doubled(left, int(self.sync.completions or 0), self.sync.now)
        if len(gone) < least:
            gone = [*gone, *ranking.by_deletion(left, now=self.sync.now)[: least - len(gone)]]
        return gone

    def _wait(self, failures: int, last: float) -> float:
        """Seconds until a pod may be made again after failures in a row."""
        return max(0.0, last + jobpods.back_off(failures) - self.sync.now) if failures else 0.0

    def _places(self, count: int) -> list[int]:
        """The indexes to create pods for, -1 for each pod without one."""
        if not self.sync.indexed:
            return [-1] * count
        taken = {jobpods.index_of(pod) for pod in self.sync.active_pods}
        taken |= self.sync.indexes | self.sync.failed_indexes
        if self.sync.spec.get("podReplacementPolicy") == "Failed":
            going = (pod for pod in self.sync.pods if objects.pod_terminating(pod))
            taken |= {jobpods.index_of(pod) for pod in going}
        free = (n for n in range(int(self.sync.completions or 0)) if n not in taken)
        return [number for number, _ in zip(free, range(count), strict=False)]

    def _places_due(self, places: list[int]) -> tuple[list[int], float]:
        """Those whose own back-off is over; else how long the first of them has to wait."""
        now, waits = [], []
        for index in places:
            last = self.sync.delayed.get(index)
            failures = jobpods.all_failures(last) + 1 if last is not None else 0
            wait = self._wait(failures, jobpods.finish_time(last)) if last is not None else 0.0
            if wait > 0:
                waits.append(wait)
            else:
                now.append(index)
        return now, 0.0 if now else min(waits, default=0.0)

    def _create(self, places: list[int]) -> ApiError | None:
        controller = self.sync.controller
        controller.expectations.expect_creations(self.sync.key, len(places))
        left = iter(places)
        reference = objects.controller_reference(self.sync.job, "batch/v1", "Job")

        def make() -> None:
            pod = jobpods.describe(self.sync.job, next(left), reference, self.sync.delayed)
            try:
                controller.control.create(pod, self.sync.job)
            except ApiError as error:
                if not base.namespace_terminating(error):
                    raise
            self.sync.active += 1

        made, failure = pods.slow_start(len(places), make)
        controller.expectations.creation_observed(self.sync.key, len(places) - made)
        return failure

    def _remove(self, chosen: list[Obj]) -> ApiError | None:
        """Delete pods that no longer count; their finalizer goes first."""
        controller, failure = self.sync.controller, None
        controller.expectations.expect_deletions(
            self.sync.key, {objects.key(pod) for pod in chosen}
        )
        for pod in chosen:
            try:
                controller.remove_finalizer(pod)
                controller.control.delete(pod, self.sync.job)
            except ApiError as error:
                controller.expectations.deletion_observed(self.sync.key, objects.key(pod))
                if not base.not_found(error):
                    failure = failure or error
                    continue
            self.sync.now_terminating(pod)
        return failure
