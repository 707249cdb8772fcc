"""A de-duplicating work queue with the real rate limiter's back-off, in the cluster's time."""

from collections.abc import Callable
from typing import Protocol

from mockapi.base.clock import Clock, Timer

# workqueue.DefaultTypedControllerRateLimiter: 5 ms doubling to 1000 s for each key.
FIRST_BACK_OFF = 0.005
LAST_BACK_OFF = 1000.0


class Ready(Protocol):
    """Where a queue announces a key that can be worked on now."""

    def __call__(self, queue: "Queue", key: str) -> None: ...


class Queue:
    """Keys waiting to be synced. A key added twice before its sync is synced once."""

    def __init__(
        self,
        name: str,
        sync: Callable[[str], None],
        *,
        clock: Clock,
        ready: Ready,
        back_off: tuple[float, float] = (FIRST_BACK_OFF, LAST_BACK_OFF),
    ) -> None:
        self.name = name
        self.sync = sync
        self._back_off = back_off
        self._clock = clock
        self._ready = ready
        self._closed = False
        self._waiting: set[str] = set()
        self._delayed: dict[str, Timer] = {}
        self._failures: dict[str, int] = {}

    def add(self, key: str) -> None:
        if key not in self._waiting and not self._closed:
            self._waiting.add(key)
            self._ready(self, key)

    def add_after(self, key: str, seconds: float) -> None:
        """Add at a later moment; of several the earliest counts."""
        if seconds <= 0 or self._closed:
            self.add(key)
            return
        when = self._clock.now() + seconds
        timer = self._delayed.get(key)
        if timer is not None:
            if timer.when <= when:
                return
            timer.cancel()
        self._delayed[key] = self._clock.call_at(when, lambda: self._due(key))

    def _due(self, key: str) -> None:
        self._delayed.pop(key, None)
        self.add(key)

    def add_rate_limited(self, key: str) -> None:
        """Add after this key's back-off, which doubles until `forget`."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        first, last = self._back_off
        self.add_after(key, min(first * 2 ** min(failures, 30), last))

    def forget(self, key: str) -> None:
        self._failures.pop(key, None)

    def retries(self, key: str) -> int:
        return self._failures.get(key, 0)

    def taken(self, key: str) -> None:
        """The loop is about to sync the key; from here on it may be added again."""
        self._waiting.discard(key)

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Forget everything, and take in nothing more."""
        self._closed = True
        for timer in self._delayed.values():
            timer.cancel()
        self._delayed.clear()
        self._waiting.clear()
