"""When cron schedules are due, and which times were missed. Pure.

Sources: robfig/cron/v3 (spec.go), pkg/controller/cronjob/utils.go.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mockapi.meta import cron

MAX_YEARS = 5
MANY_MISSED = 100


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rules of a schedule in a time zone."""

    rules: cron.Schedule
    zone: tzinfo = UTC

    def next_after(self, moment: float) -> float | None:
        """The first time after `moment` (seconds since the epoch), None within five years."""
        rules = self.rules
        if rules.every:
            return float(int(moment) + rules.every)
        at = datetime.fromtimestamp(int(moment) - int(moment) % 60 + 60, self.zone)
        last = at.year + MAX_YEARS
        while at.year <= last:
            if at.month not in rules.months:
                at = _start(at, at.year + at.month // 12, at.month % 12 + 1)
            elif not self._day_fits(at):
                at = _later(at.replace(hour=0, minute=0), timedelta(days=1))
            elif at.hour not in rules.hours:
                at = _later(at.replace(minute=0), timedelta(hours=1))
            elif at.minute not in rules.minutes:
                at = _later(at, timedelta(minutes=1))
            else:
                return at.timestamp()
        return None

    def _day_fits(self, at: datetime) -> bool:
        """Where one of the two day fields is a star both must match; else one is enough."""
        in_month = at.day in self.rules.days
        in_week = at.isoweekday() % 7 in self.rules.weekdays
        if self.rules.any_day or self.rules.any_weekday:
            return in_month and in_week
        return in_month or in_week


def _start(at: datetime, year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=at.tzinfo)


def _later(at: datetime, step: timedelta) -> datetime:
    """A step in wall-clock time that lands on an hour that exists and never goes back."""
    new = at + step
    back = datetime.fromtimestamp(new.timestamp(), at.tzinfo)
    return back if back > at else at + 2 * step


def parse(text: str, zone: str = "") -> Schedule:
    """Raises ValueError for a schedule or a zone that there is not, in Go's words."""
    rules = cron.parse(f"TZ={zone} {text}" if zone else text)
    if not rules.zone:
        return Schedule(rules)
    try:
        return Schedule(rules, zone_of(rules.zone))
    except ValueError as error:
        raise ValueError(f"provided bad location {rules.zone}: {error}") from None


def zone_of(name: str) -> tzinfo:
    """Raises ValueError."""
    try:
        return UTC if name in ("", "UTC") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise ValueError(f"unknown time zone {name}") from error


@dataclass(frozen=True, slots=True)
class Missed:
    """The latest time that was due and not met, and how many there were, roughly."""

    latest: float | None = None
    count: int = 0


def missed(schedule: Schedule, since: float, now: float) -> Missed:
    """What was due after `since` and until `now`. Raises ValueError for what is never due."""
    first = schedule.next_after(since)
    second = schedule.next_after(first) if first is not None else None
    if first is None or second is None:
        raise ValueError("time difference between two schedules is less than 1 second")
    if now < first:
        return Missed()
    if now < second:
        return Missed(first)
    between = int(second - first)
    count = int(now - first) // between + 1
    # One step back from where even steps would lead: the schedule itself finds the last ones.
    latest: float | None = None
    moment = schedule.next_after(first + (count - 2) * between)
    while moment is not None and moment <= now:
        latest, moment = moment, schedule.next_after(moment)
    return Missed(latest, count)


def wait(schedule: Schedule, since: float, now: float) -> float | None:
    """Seconds from `now` to the next time; None when there is none."""
    try:
        found = missed(schedule, since, now)
    except ValueError:
        return None
    start = found.latest
    if start is None:
        start = now if found.count else since
    upcoming = schedule.next_after(start)
    return None if upcoming is None else upcoming - now


def local_time(moment: float, zone: str) -> str:
    """RFC 3339 in a zone; ValueError when there is none of the name."""
    text = datetime.fromtimestamp(moment, zone_of(zone)).isoformat()
    return text.replace("+00:00", "Z")
