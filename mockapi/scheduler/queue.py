"""Pods that wait for a node: those to try now, those that back off, those that must wait for
something to happen.

Sources: pkg/scheduler/backend/queue (scheduling_queue.go, active_queue.go, backoff_queue.go).
"""

import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from mockapi.scheduler.algorithm import OUTSIDE
from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.plugin import Change, Hint
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.profile import Profile

# Pods that no event has woken are tried again after five minutes, looked for each half minute.
LEFTOVER_SECONDS: Final = 300.0
LEFTOVER_PERIOD: Final = 30.0
# Ends of back-offs are aligned to seconds, so that priority counts among those of one second.
WINDOW: Final = 1.0


@dataclass(eq=False)
class QueuedPod:
    pod: PodInfo
    since: float
    """When it was last put into the queue, in seconds since the epoch."""
    attempts: int = 0
    rejections: int = 0
    errors: int = 0
    """Attempts in a row that ended in an error or without a rejecting plugin."""
    plugins: set[str] = field(default_factory=set)
    gate: str = ""
    """The plugin that keeps it from being tried at all."""
    place: int = 0
    backs_off_until: float = 0.0


class SchedulingQueue:
    """Pure bookkeeping: `now` tells the time, nothing waits and nothing is written."""

    def __init__(
        self,
        profiles: Mapping[str, Profile],
        cluster: Cluster,
        now: Callable[[], float],
        *,
        first_back_off: float = 1.0,
        last_back_off: float = 10.0,
    ) -> None:
        self._profiles = profiles
        self._cluster = cluster
        self._now = now
        self._first_back_off = first_back_off
        self._last_back_off = last_back_off
        self._order = itertools.count()
        self._active: list[tuple[int, float, int, str]] = []
        self._active_pods: dict[str, QueuedPod] = {}
        self._backing_off: dict[str, QueuedPod] = {}
        self._failed: dict[str, QueuedPod] = {}
        self._waiting: dict[str, QueuedPod] = {}
        self._hints = {name: _hints(profile) for name, profile in profiles.items()}

    # What is there

    def find(self, uid: str) -> QueuedPod | None:
        for pods in (self._active_pods, self._backing_off, self._failed, self._waiting):
            if uid in pods:
                return pods[uid]
        return None

    @property
    def ready(self) -> bool:
        """Is there a pod to try now? One that backs off is, when nobody else is in line."""
        return bool(self._active_pods or self._backing_off)

    def pending(self) -> dict[str, list[QueuedPod]]:
        """For looking at: `active`, `backoff` and `unschedulable`."""
        return {
            "active": list(self._active_pods.values()),
            "backoff": [*self._backing_off.values(), *self._failed.values()],
            "unschedulable": list(self._waiting.values()),
        }

    def next_due(self) -> float | None:
        """When `flush` will next have something to do."""
        moments = [_next_window(queued.backs_off_until) for queued in self._failed.values()]
        moments += [
            queued.since + LEFTOVER_SECONDS + LEFTOVER_PERIOD
            for queued in self._waiting.values()
            if not queued.gate
        ]
        return min(moments, default=None)

    # Coming and going

    def add(self, pod: PodInfo) -> None:
        self._activate(QueuedPod(pod, self._now()))

    def update(self, pod: PodInfo, changes: Iterable[Change]) -> None:
        """The pod itself has changed, which may make it worth a try."""
        queued = self.find(pod.uid)
        if queued is None:
            self.add(pod)
            return
        queued.pod = pod
        if pod.uid in self._active_pods:
            self._push(queued)
        if pod.uid in self._waiting and any(self._worth(queued, c) for c in changes):
            del self._waiting[pod.uid]
            self._requeue(queued)

    def delete(self, uid: str) -> None:
        for pods in (self._active_pods, self._backing_off, self._failed, self._waiting):
            pods.pop(uid, None)

    def pop(self) -> QueuedPod | None:
        """The pod to try next; it is out of the queue until `reject` brings it back."""
        while self._active:
            _, _, place, uid = heapq.heappop(self._active)
            queued = self._active_pods.get(uid)
            if queued is not None and queued.place == place:
                del self._active_pods[uid]
                queued.attempts += 1
                return queued
        if not self._backing_off:
            return None
        queued = min(self._backing_off.values(), key=_back_off_order)
        del self._backing_off[queued.pod.uid]
        queued.attempts += 1
        return queued

    def reject(self, queued: QueuedPod, plugins: set[str]) -> float:
        """The attempt has failed; without a plugin to blame it is repeated after a back-off.
        Returns when it is at the latest tried again."""
        queued.plugins = plugins
        queued.since = self._now()
        if plugins:
            queued.rejections += 1
            queued.errors = 0
            queued.backs_off_until = 0.0
            self._waiting[queued.pod.uid] = queued
            return queued.since + LEFTOVER_SECONDS + LEFTOVER_PERIOD
        queued.errors += 1
        queued.backs_off_until = self._end_of_back_off(queued)
        self._failed[queued.pod.uid] = queued
        return _next_window(queued.backs_off_until)

    def move(self, change: Change, concerns: Callable[[PodInfo], bool] | None = None) -> None:
        """Something has happened: who may fit now comes back into line."""
        if not self._waiting:
            return
        keys = _keys(change)
        if not any(key in hints for hints in self._hints.values() for key in keys):
            return
        for uid, queued in list(self._waiting.items()):
            if concerns is not None and not concerns(queued.pod):
                continue
            if self._worth(queued, change):
                del self._waiting[uid]
                self._requeue(queued)

    def flush(self) -> None:
        """Bring back those whose error back-off is over, and those that have waited too long."""
        now = self._now()
        for uid, queued in list(self._failed.items()):
            if _next_window(queued.backs_off_until) <= now:
                del self._failed[uid]
                self._activate(queued)
        for uid, queued in list(self._waiting.items()):
            if not queued.gate and now - queued.since > LEFTOVER_SECONDS:
                del self._waiting[uid]
                self._requeue(queued)

    def activate(self, uid: str) -> None:
        """Try it now, whatever it waits for."""
        queued = self._waiting.pop(uid, None) or self._backing_off.pop(uid, None)
        queued = queued or self._failed.pop(uid, None)
        if queued is not None:
            self._activate(queued)

    # Inside

    def _activate(self, queued: QueuedPod) -> None:
        if self._gated(queued):
            self._waiting[queued.pod.uid] = queued
            return
        self._active_pods[queued.pod.uid] = queued
        self._push(queued)

    def _push(self, queued: QueuedPod) -> None:
        queued.place = next(self._order)
        entry = (-queued.pod.priority, queued.since, queued.place, queued.pod.uid)
        heapq.heappush(self._active, entry)

    def _requeue(self, queued: QueuedPod) -> None:
        """Into line, behind the others while it backs off."""
        until = self._end_of_back_off(queued)
        if until and until >= self._now() // WINDOW * WINDOW:
            if self._gated(queued):
                self._waiting[queued.pod.uid] = queued
                return
            queued.backs_off_until = until
            self._backing_off[queued.pod.uid] = queued
            return
        self._activate(queued)

    def _end_of_back_off(self, queued: QueuedPod) -> float:
        """Doubling with each failure; 0 when there was none."""
        count = queued.errors or queued.rejections
        if not count or not self._last_back_off:
            return 0.0
        seconds = min(self._first_back_off * 2.0 ** min(count - 1, 60), self._last_back_off)
        return (queued.since + seconds) // WINDOW * WINDOW

    def _gated(self, queued: QueuedPod) -> bool:
        queued.gate = ""
        for plugin in self._profiles[queued.pod.scheduler_name].at("preEnqueue"):
            if plugin.pre_enqueue(queued.pod, self._cluster) is not None:
                queued.gate = plugin.name
                queued.plugins = queued.plugins | {plugin.name}
                return True
        return False

    def _worth(self, queued: QueuedPod, change: Change) -> bool:
        hints = self._hints[queued.pod.scheduler_name]
        if (not queued.plugins or OUTSIDE in queued.plugins) and not queued.gate:
            return True
        for key in _keys(change):
            concerned = hints.get(key)
            if concerned is None:
                continue
            if queued.gate and queued.gate not in concerned:
                continue
            for plugin in queued.plugins:
                hint = concerned.get(plugin)
                if hint is not None and hint(queued.pod, change, self._cluster):
                    return True
        return False


def _back_off_order(queued: QueuedPod) -> tuple[float, int, float]:
    return queued.backs_off_until, -queued.pod.priority, queued.since


def _next_window(moment: float) -> float:
    """The first moment at which a back-off that ends then is seen to be over."""
    return moment // WINDOW * WINDOW + WINDOW


def _keys(change: Change) -> tuple[tuple[str, str], ...]:
    """Who registers for all updates hears of particular ones too."""
    if change.what.startswith("update-"):
        return (change.resource, change.what), (change.resource, "update")
    return ((change.resource, change.what),)


def _hints(profile: Profile) -> dict[tuple[str, str], dict[str, Hint]]:
    """By event, the plugins that listen to it."""
    found: dict[tuple[str, str], dict[str, Hint]] = {}
    for plugin in profile.plugins():
        for key, hint in plugin.hints.items():
            found.setdefault(key, {})[plugin.name] = hint
    return found
