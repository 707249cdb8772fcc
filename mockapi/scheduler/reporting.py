"""What the scheduler tells about pods: conditions and nominations in their status, events."""

import logging

from mockapi.base import clock as clocks
from mockapi.base.clock import Clock
from mockapi.client.protocol import Client, Obj
from mockapi.meta.errors import ApiError
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.recorder import SeriesRecorder

logger = logging.getLogger("mockapi.scheduler")

_STRATEGIC = "application/strategic-merge-patch+json"


class Reports:
    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._recorders: dict[str, SeriesRecorder] = {}

    def event(
        self, pod: PodInfo, type: str, reason: str, action: str, note: str, *, profile: str = ""
    ) -> None:
        """In the name of the pod's profile, unless another is named."""
        profile = profile or pod.scheduler_name
        recorder = self._recorders.get(profile)
        if recorder is None:
            recorder = self._recorders[profile] = SeriesRecorder(
                self._client, self._clock, controller=profile, instance=f"{profile}-mockapi"
            )
        recorder.event(pod.pod, type, reason, action, note)

    def condition(
        self, pod: PodInfo, type: str, status: str, reason: str, message: str
    ) -> Obj | None:
        """None when the pod says so already."""
        moment = clocks.timestamp(self._clock.now())
        for known in (pod.pod.get("status") or {}).get("conditions") or ():
            if known["type"] == type and known["status"] == status:
                if (known.get("reason"), known.get("message")) == (reason, message):
                    return None
                moment = known.get("lastTransitionTime") or moment
        condition: Obj = {
            "type": type,
            "status": status,
            "reason": reason,
            "message": message,
            "lastProbeTime": None,
            "lastTransitionTime": moment,
        }
        generation = pod.pod["metadata"].get("generation")
        if generation:
            condition["observedGeneration"] = generation
        return condition

    def patch(self, pod: PodInfo, status: Obj) -> None:
        """Raises ApiError."""
        known = [c["type"] for c in (pod.pod.get("status") or {}).get("conditions") or ()]
        if known and "conditions" in status:
            new = [c["type"] for c in status["conditions"] if c["type"] not in known]
            order = [{"type": type} for type in (*known, *new)]
            status = {"$setElementOrder/conditions": order, **status}
        self._client.patch(
            "v1/pods",
            pod.namespace,
            pod.name,
            {"status": status},
            patch_type=_STRATEGIC,
            subresource="status",
        )

    def patch_status(self, pod: PodInfo, status: Obj) -> None:
        """A failure is logged and changes nothing else."""
        try:
            self.patch(pod, status)
        except ApiError as error:
            logger.debug("could not update the status of %s: %s", pod.key, error)
