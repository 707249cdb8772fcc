"""Times as people read them. Source: apimachinery pkg/util/duration HumanDuration."""

from mockapi.base.clock import parse_timestamp

UNKNOWN = "<unknown>"


class Ages:
    """Times relative to one moment; texts that repeat are computed once."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._known: dict[str, str] = {}

    def since(self, timestamp: str | None) -> str:
        """How long ago, `<unknown>` when there is no time."""
        if not timestamp:
            return UNKNOWN
        found = self._known.get(timestamp)
        if found is None:
            found = human_duration(self._now - parse_timestamp(timestamp))
            self._known[timestamp] = found
        return found


def between(start: str, end: str) -> str:
    return human_duration(parse_timestamp(end) - parse_timestamp(start))


def human_duration(seconds: float) -> str:
    """Two or three significant figures: 90s, 2m5s, 179m, 7h59m, 47h, 7d23h, 729d, 2y5d."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 120:
        return f"{max(whole, 0)}s"
    if whole < 180 * 60:
        minutes, rest = divmod(whole, 60)
        return f"{minutes}m{rest}s" if minutes < 10 and rest else f"{minutes}m"
    hours = whole // 3600
    if hours < 48:
        minutes = whole // 60 % 60
        return f"{hours}h{minutes}m" if hours < 8 and minutes else f"{hours}h"
    return _days(hours)


def _days(hours: int) -> str:
    days, rest = divmod(hours, 24)
    if days < 8:
        return f"{days}d{rest}h" if rest else f"{days}d"
    years, rest = divmod(days, 365)
    if years < 2:
        return f"{days}d"
    return f"{years}y{rest}d" if years < 8 and rest else f"{years}y"
