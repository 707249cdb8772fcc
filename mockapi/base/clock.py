"""Time as a parameter: real, scaled or manual. The only module that asks the operating system."""

import heapq
import itertools
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol


class Timer:
    """A callback that is due at a moment of the cluster's time; `cancel()` makes it a no-op."""

    __slots__ = ("callback", "when")

    def __init__(self, when: float, callback: Callable[[], None]) -> None:
        self.when = when
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class TimeSource(Protocol):
    def now(self) -> float: ...

    def real_seconds(self, seconds: float) -> float | None: ...


class RealTime:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def real_seconds(self, seconds: float) -> float | None:
        return seconds


class ScaledTime:
    """Starts at the machine's time and runs `speed` times as fast."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._start = time.time()
        self._zero = time.monotonic()

    def now(self) -> float:
        return self._start + (time.monotonic() - self._zero) * self.speed

    def real_seconds(self, seconds: float) -> float | None:
        return seconds / self.speed


class ManualTime:
    """Stands still until it is moved."""

    def __init__(self, start: float | None = None) -> None:
        self.moment = float(int(time.time())) if start is None else start

    def now(self) -> float:
        return self.moment

    def real_seconds(self, seconds: float) -> float | None:
        return None


class Clock:
    """The cluster's time, in seconds since the epoch, and the timers that follow it.

    Timers fire only from `run_due()`, which the cluster's loop calls: a callback therefore never
    interrupts anything.
    """

    def __init__(self, source: TimeSource | None = None) -> None:
        self.source = source or RealTime()
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._on_earlier: Callable[[], None] | None = None

    def now(self) -> float:
        return self.source.now()

    @property
    def manual(self) -> bool:
        return isinstance(self.source, ManualTime)

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call back at `when` (seconds since the epoch); timers of one moment fire in order."""
        timer = Timer(when, callback)
        earlier = not self._timers or when < self._timers[0][0]
        heapq.heappush(self._timers, (when, next(self._order), timer))
        if earlier and self._on_earlier is not None:
            self._on_earlier()
        return timer

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return self.call_at(self.now() + seconds, callback)

    def on_earlier_timer(self, callback: Callable[[], None]) -> None:
        """Be told when a new timer becomes the next one due (the loop must wake up sooner)."""
        self._on_earlier = callback

    def next_due(self) -> float | None:
        """The moment of the next live timer."""
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def run_due(self) -> int:
        """Fire every timer that is due now; returns how many fired."""
        fired = 0
        now = self.now()
        while (due := self.next_due()) is not None and due <= now:
            timer = heapq.heappop(self._timers)[2]
            callback, timer.callback = timer.callback, None
            if callback is not None:
                callback()
                fired += 1
        return fired

    def real_delay(self) -> float | None:
        """Real seconds until the next timer, None when only `move_to` can make one due."""
        due = self.next_due()
        if due is None:
            return None
        return self.source.real_seconds(max(0.0, due - self.now()))

    def move_to(self, moment: float) -> None:
        """Set a manual clock. Fires nothing."""
        if not isinstance(self.source, ManualTime):
            raise RuntimeError(
                "only a manual clock can be moved; start the cluster with clock='manual'"
            )
        self.source.moment = max(self.source.moment, moment)


def timestamp(seconds: float) -> str:
    """RFC 3339 in whole seconds, the form of metav1.Time."""
    return _whole_second(math.floor(seconds))


@lru_cache(maxsize=64)
def _whole_second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


def micro_timestamp(seconds: float) -> str:
    """RFC 3339 with six decimals, the form of metav1.MicroTime."""
    whole = int(seconds)
    micros = round((seconds - whole) * 1_000_000)
    if micros == 1_000_000:
        whole, micros = whole + 1, 0
    return f"{_whole_second(whole)[:-1]}.{micros:06d}Z"


def parse_timestamp(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 text; ValueError when it is none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC).timestamp()


def monotonic() -> float:
    """Real seconds for protocol timeouts and durations in logs, never for behaviour."""
    return time.monotonic()


@lru_cache(maxsize=2)
def _http_date(second: int) -> bytes:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(second)).encode()


def http_date() -> bytes:
    """The machine's time as an HTTP header carries it."""
    return _http_date(machine_seconds())


def http_date_of(seconds: int) -> str:
    return _http_date(seconds).decode()


def machine_seconds() -> int:
    """The machine's time in whole seconds since the epoch."""
    return int(time.time())
