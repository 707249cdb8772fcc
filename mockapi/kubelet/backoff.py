"""The doubling back-off of restarts and pulls. Source: client-go util/flowcontrol Backoff."""

FIRST = 10.0
LAST = 300.0
STABLE = 2 * LAST
"""An entry that has rested for longer starts from the beginning."""


class Backoff:
    """One entry: how long to wait, counted from its last use."""

    __slots__ = ("_updated", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self._updated = 0.0

    def _rested(self, moment: float) -> bool:
        return not self.seconds or moment - self._updated > STABLE

    def next(self, moment: float, now: float) -> None:
        """Count one more use for what happened at `moment`."""
        self.seconds = FIRST if self._rested(moment) else min(self.seconds * 2, LAST)
        self._updated = now

    def holds_since(self, moment: float, now: float) -> bool:
        """Whether what happened at `moment` is still to be waited out."""
        return not self._rested(moment) and now - moment < self.seconds

    def holds(self, now: float) -> bool:
        """Whether the last use is still to be waited out."""
        return self.holds_since(self._updated, now) and not self._rested(now)


def text(seconds: float) -> str:
    """A back-off as Go prints a duration: `10s`, `1m20s`, `5m0s`."""
    whole = int(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
