"""Cron schedules as robfig/cron/v3 reads them (the standard five fields, @names, @every). Pure."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = {name.lower(): n for n, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: n for n, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_UNITS = {"h": 3600, "m": 60, "s": 1, "ms": 0.001, "us": 1e-6, "ns": 1e-9}
MAX_YEARS = 5


@dataclass(frozen=True, slots=True)
class Schedule:
    """Allowed values of each field; `every` seconds instead for @every."""

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day: bool = False
    """One of the two day fields is a star: both must match; else one of them is enough."""
    zone: tzinfo = UTC
    every: int = 0

    def next_after(self, moment: float) -> float | None:
        """The first time after `moment` (seconds since the epoch), None within five years."""
        if self.every:
            return float(int(moment) + self.every)
        at = datetime.fromtimestamp(int(moment) - int(moment) % 60 + 60, self.zone)
        last = at.year + MAX_YEARS
        while at.year <= last:
            if at.month not in self.months:
                at = _start(at, at.year + at.month // 12, at.month % 12 + 1)
            elif not self._day_fits(at):
                at = _later(at.replace(hour=0, minute=0), timedelta(days=1))
            elif at.hour not in self.hours:
                at = _later(at.replace(minute=0), timedelta(hours=1))
            elif at.minute not in self.minutes:
                at = _later(at, timedelta(minutes=1))
            else:
                return at.timestamp()
        return None

    def _day_fits(self, at: datetime) -> bool:
        in_month = at.day in self.days
        in_week = at.isoweekday() % 7 in self.weekdays
        return in_month and in_week if self.any_day else in_month or in_week


def _start(at: datetime, year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=at.tzinfo)


def _later(at: datetime, step: timedelta) -> datetime:
    """A step in wall-clock time that lands on an hour that exists and never goes back."""
    new = at + step
    back = datetime.fromtimestamp(new.timestamp(), at.tzinfo)
    return back if back > at else at + 2 * step


def parse(text: str, zone: str = "") -> Schedule:
    """Raises ValueError for a schedule or a zone that there is not."""
    place: tzinfo = _zone(zone) if zone else UTC
    prefix = re.match(r"(?:TZ|CRON_TZ)=(\S+)\s+(.*)", text)
    if prefix:
        place, text = _zone(prefix[1]), prefix[2]
    if text.startswith("@every "):
        return Schedule(every=max(1, int(_duration(text[7:]))), zone=place)
    if text.startswith("@"):
        if text not in _NAMED:
            raise ValueError(f"unrecognized descriptor: {text}")
        text = _NAMED[text]
    fields = text.split()
    if len(fields) != 5:
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: {fields}")
    minutes, hours, days, months, weekdays = fields
    return Schedule(
        minutes=_field(minutes, 0, 59),
        hours=_field(hours, 0, 23),
        days=_field(days, 1, 31),
        months=_field(months, 1, 12, _MONTHS),
        weekdays=_field(weekdays, 0, 6, _DAYS),
        any_day=days[0] in "*?" or weekdays[0] in "*?",
        zone=place,
    )


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"unknown time zone {name}") from error


def _duration(text: str) -> float:
    parts = re.findall(r"(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)", text)
    if "".join(a + b for a, b in parts) != text.strip() or not parts:
        raise ValueError(f"failed to parse duration @every {text}")
    return sum(float(amount) * _UNITS[unit] for amount, unit in parts)


def _field(text: str, low: int, high: int, names: dict[str, int] | None = None) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if first in ("*", "?"):
            start, end = low, high
        else:
            start = _value(first, names)
            end = _value(last, names) if dash else (high if slash else start)
        width = int(step) if slash and step.isdigit() else 1
        if start < low or end > high or start > end or width < 1 or (slash and not step.isdigit()):
            raise ValueError(f"invalid cron field: {part}")
        found.update(range(start, end + 1, width))
    return frozenset(found)


def _value(text: str, names: dict[str, int] | None) -> int:
    if names and text.lower() in names:
        return names[text.lower()]
    if not text.isdigit():
        raise ValueError(f"failed to parse int from {text}")
    return int(text)


def local_time(moment: float, zone: str) -> str:
    """RFC 3339 in a zone; ValueError when there is none of the name."""
    text = datetime.fromtimestamp(moment, _zone(zone)).isoformat()
    return text.replace("+00:00", "Z")
