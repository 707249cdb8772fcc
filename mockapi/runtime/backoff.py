"""A doubling back-off. Source: client-go util/flowcontrol Backoff."""


class Backoff:
    """One entry: how long to wait, counted from its last use. In seconds of the cluster's time.

    An entry that has rested for more than twice `last` starts from the beginning.
    """

    __slots__ = ("_first", "_last", "_updated", "seconds")

    def __init__(self, first: float = 10.0, last: float = 300.0) -> None:
        self._first = first
        self._last = last
        self.seconds = 0.0
        self._updated = 0.0

    def _rested(self, moment: float) -> bool:
        return not self.seconds or moment - self._updated > 2 * self._last

    def next(self, moment: float, now: float) -> None:
        """Count one more use for what happened at `moment`."""
        self.seconds = self._first if self._rested(moment) else min(self.seconds * 2, self._last)
        self._updated = now

    def holds_since(self, moment: float, now: float) -> bool:
        """Whether what happened at `moment` is still to be waited out."""
        return not self._rested(moment) and now - moment < self.seconds

    def holds(self, now: float) -> bool:
        """Whether the last use is still to be waited out."""
        return self.holds_since(self._updated, now) and not self._rested(now)
