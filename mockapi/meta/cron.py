"""Cron schedules of five fields, and @descriptors. Source: github.com/robfig/cron v3, its texts.

Only what a schedule is, and whether it is one; when it is due is its reader's arithmetic.
"""

import re
from dataclasses import dataclass
from typing import Final

_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DESCRIPTORS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_UNITS: Final = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")


class CronError(ValueError):
    """Not a schedule; `str()` is what the real parser says."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The moments that match, or a fixed interval."""

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day: bool = False
    """The day of month is `*`: then only the weekday counts, and the other way round."""
    any_weekday: bool = False
    every: float = 0.0
    """Seconds, of `@every`."""
    zone: str = ""
    """Of a `TZ=` or `CRON_TZ=` prefix."""


@dataclass(frozen=True, slots=True)
class _Bounds:
    low: int
    high: int
    names: tuple[str, ...] = ()
    first: int = 0


_BOUNDS: Final = (
    _Bounds(0, 59),
    _Bounds(0, 23),
    _Bounds(1, 31),
    _Bounds(1, 12, _MONTHS, 1),
    _Bounds(0, 6, _DAYS),
)


def parse(text: str) -> Schedule:
    """Raises CronError."""
    if not text:
        raise CronError("empty spec string")
    zone = ""
    if text.startswith(("TZ=", "CRON_TZ=")):
        head, space, rest = text.partition(" ")
        zone = head.partition("=")[2]
        if not space:
            end = head.index("=") + 1
            raise CronError(
                f"invalid schedule format: runtime error: slice bounds out of range [{end}:-1]"
                if end
                else ""
            )
        text = rest.strip()
    if text.startswith("@"):
        return _descriptor(text, zone)
    fields = text.split()
    if len(fields) != 5:
        raise CronError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    return _schedule(fields, zone)


def _schedule(fields: list[str], zone: str) -> Schedule:
    values = [_field(field, bounds) for field, bounds in zip(fields, _BOUNDS, strict=True)]
    (minutes, _), (hours, _), (days, any_day), (months, _), (weekdays, any_weekday) = values
    return Schedule(minutes, hours, days, months, weekdays, any_day, any_weekday, zone=zone)


def _descriptor(text: str, zone: str) -> Schedule:
    if text in _DESCRIPTORS:
        return _schedule(_DESCRIPTORS[text].split(), zone)
    if not text.startswith("@every "):
        raise CronError(f"unrecognized descriptor: {text}")
    seconds = _duration(text, text.removeprefix("@every "))
    return Schedule(every=max(1.0, float(int(seconds))), zone=zone)


def _duration(descriptor: str, text: str) -> float:
    """Go's time.ParseDuration."""
    problem = f"failed to parse duration {descriptor}: time:"
    sign, body = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if body == "0":
        return 0.0
    total, position = 0.0, 0
    while position < len(body):
        match = _DURATION.match(body, position)
        if match is None:
            number = re.match(r"[0-9]*\.?[0-9]*", body[position:])
            if number is None or not number.group():
                raise CronError(f'{problem} invalid duration "{text}"')
            unit = re.match(r"[^0-9.]*", body[position + number.end() :])
            name = unit.group() if unit else ""
            if name:
                raise CronError(f'{problem} unknown unit "{name}" in duration "{text}"')
            raise CronError(f'{problem} missing unit in duration "{text}"')
        total += float(match[1]) * _UNITS[match[2]]
        position = match.end()
    if not body:
        raise CronError(f'{problem} invalid duration "{text}"')
    return sign * total


def _field(text: str, bounds: _Bounds) -> tuple[frozenset[int], bool]:
    """The numbers, and whether it was a star."""
    numbers: set[int] = set()
    star = False
    for expression in filter(None, text.split(",")):
        own, any_value = _range(expression, bounds)
        numbers |= own
        star = star or any_value
    return frozenset(numbers), star


def _range(expression: str, bounds: _Bounds) -> tuple[set[int], bool]:
    parts = expression.split("/")
    low_and_high = parts[0].split("-")
    star = low_and_high[0] in ("*", "?")
    if star:
        start, end = bounds.low, bounds.high
    else:
        start = end = _number(low_and_high[0], bounds)
        if len(low_and_high) == 2:
            end = _number(low_and_high[1], bounds)
        elif len(low_and_high) > 2:
            raise CronError(f"too many hyphens: {expression}")
    step = 1
    if len(parts) == 2:
        step = _integer(parts[1])
        if len(low_and_high) == 1:
            end = bounds.high
        star = star and step <= 1
    elif len(parts) > 2:
        raise CronError(f"too many slashes: {expression}")
    _check(start, end, step, bounds, expression)
    return set(range(start, end + 1, step)), star


def _check(start: int, end: int, step: int, bounds: _Bounds, expression: str) -> None:
    problem = ""
    if start < bounds.low:
        problem = f"beginning of range ({start}) below minimum ({bounds.low})"
    elif end > bounds.high:
        problem = f"end of range ({end}) above maximum ({bounds.high})"
    elif start > end:
        problem = f"beginning of range ({start}) beyond end of range ({end})"
    elif step == 0:
        problem = "step of range should be a positive number"
    if problem:
        raise CronError(f"{problem}: {expression}")


def _number(text: str, bounds: _Bounds) -> int:
    name = text.lower()
    if name in bounds.names:
        return bounds.names.index(name) + bounds.first
    return _integer(text)


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise CronError(
            f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax'
        )
    number = int(text)
    if number < 0:
        raise CronError(f"negative number ({number}) not allowed: {text}")
    return number
