"""Times and durations as Go reads and prints them, with its error texts. Source: package time."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

RFC3339: Final = "2006-01-02T15:04:05Z07:00"
RFC3339_MICRO: Final = "2006-01-02T15:04:05.000000Z07:00"
ZERO: Final = "0001-01-01T00:00:00Z"

_CANONICAL: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_CANONICAL_MICRO: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_STEPS: Final = (
    ("2006", re.compile(r"\d{4}", re.ASCII), ""),
    ("-", None, ""),
    ("01", re.compile(r"\d\d", re.ASCII), "month"),
    ("-", None, ""),
    ("02", re.compile(r"\d\d", re.ASCII), "day"),
    ("T", None, ""),
    ("15", re.compile(r"\d\d?", re.ASCII), "hour"),
    (":", None, ""),
    ("04", re.compile(r"\d\d", re.ASCII), "minute"),
    (":", None, ""),
    ("05", re.compile(r"\d\d", re.ASCII), "second"),
)
_LIMITS: Final = {
    "month": (1, 12),
    "day": (1, 31),
    "hour": (0, 23),
    "minute": (0, 59),
    "second": (0, 59),
}
_FRACTION: Final = re.compile(r"[.,](\d+)", re.ASCII)
_MICROS: Final = re.compile(r"[.,]\d{6}", re.ASCII)
_ZONE: Final = re.compile(r"[+-]\d\d:\d\d", re.ASCII)

_UNITS: Final = {
    "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 10**6, "s": 10**9, "m": 60 * 10**9,
    "h": 3600 * 10**9,
}  # fmt: skip
_PART: Final = re.compile(r"(\d*)(?:\.(\d*))?([^\d.]*)", re.ASCII)


class GoTimeError(ValueError):
    """str() is Go's text."""


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """A time of metav1.Time as it is written back: UTC, whole seconds. "" for Go's zero time."""
    if _CANONICAL.fullmatch(text) and _calendar(text):
        return text if text != ZERO else ""
    moment, _ = _parse(text, RFC3339)
    written = moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    return "" if written == ZERO and not moment.microsecond else written


def canonical_micro(text: str) -> str:
    """The same for metav1.MicroTime, which needs exactly six decimals."""
    if _CANONICAL_MICRO.fullmatch(text) and _calendar(text):
        return text if not text.startswith(ZERO[:-1] + ".000000") else ""
    moment, _ = _parse(text, RFC3339_MICRO)
    written = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
    return "" if written.startswith(ZERO[:-1] + ".000000") else written


def _calendar(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _quote(text: str) -> str:
    """time.quote: like %q, but bytes of what is not ASCII."""
    out = []
    for char in text:
        if char in '"\\':
            out.append("\\" + char)
        elif " " <= char < "\x7f":
            out.append(char)
        else:
            out.extend(f"\\x{byte:02x}" for byte in char.encode(errors="surrogatepass"))
    return '"' + "".join(out) + '"'


def _unreadable(text: str, layout: str, rest: str, element: str) -> GoTimeError:
    return GoTimeError(
        f"parsing time {_quote(text)} as {_quote(layout)}: "
        f"cannot parse {_quote(rest)} as {_quote(element)}"
    )


def _says(text: str, message: str) -> GoTimeError:
    return GoTimeError(f"parsing time {_quote(text)}{message}")


def _parse(text: str, layout: str) -> tuple[datetime, str]:
    rest, parts, wrong = text, [], ""
    for element, pattern, name in _STEPS:
        if pattern is None:
            if not rest.startswith(element):
                raise _unreadable(text, layout, rest, element)
            rest = rest[1:]
            continue
        match = pattern.match(rest)
        if match is None:
            raise _unreadable(text, layout, rest, element)
        rest, number = rest[match.end() :], int(match[0])
        low, high = _LIMITS.get(name, (0, 9999))
        if not low <= number <= high:
            raise _says(text, f": {name} out of range")
        parts.append(number)
    rest, nanos = _fraction(text, layout, rest)
    rest, offset, wrong = _zone(text, layout, rest)
    if rest:
        raise _says(text, f": extra text: {_quote(rest)}")
    if wrong:
        raise _says(text, wrong)
    return _moment(text, parts, nanos, offset), rest


def _fraction(text: str, layout: str, rest: str) -> tuple[str, int]:
    pattern = _FRACTION
    if layout == RFC3339_MICRO:
        if not _MICROS.match(rest):
            raise _unreadable(text, layout, rest, ".000000")
        pattern = _MICROS
    match = pattern.match(rest)
    if match is None:
        return rest, 0
    return rest[match.end() :], int(match[0][1:10].ljust(9, "0"))


def _zone(text: str, layout: str, rest: str) -> tuple[str, timedelta, str]:
    if rest.startswith("Z"):
        return rest[1:], timedelta(), ""
    match = _ZONE.match(rest)
    if match is None:
        raise _unreadable(text, layout, rest, "Z07:00")
    hours, minutes = int(rest[1:3]), int(rest[4:6])
    wrong = ""
    if hours > 24:
        wrong = ": time zone offset hour out of range"
    elif minutes > 60:
        wrong = ": time zone offset minute out of range"
    if wrong:
        raise _says(text, wrong)
    offset = timedelta(hours=hours, minutes=minutes)
    return rest[6:], offset if rest[0] == "+" else -offset, ""


def _moment(text: str, parts: list[int], nanos: int, offset: timedelta) -> datetime:
    year, month, day, hour, minute, second = parts
    try:
        local = datetime(year or 4, month, day, hour, minute, second, nanos // 1000, UTC)
    except ValueError:
        raise _says(text, ": day out of range") from None
    try:
        return local - offset
    except OverflowError:
        return local


def parse_duration(text: str) -> int:
    """Nanoseconds of a Go duration such as `1h30m`; GoTimeError otherwise."""
    negative, rest = text.startswith("-"), text
    if text[:1] in ("+", "-"):
        rest = text[1:]
    if rest == "0":
        return 0
    total = 0 if rest else None
    while rest and total is not None:
        match = _PART.match(rest)
        assert match is not None, "A pattern of zero or more always matches."
        whole, fraction, unit = match[1], match[2] or "", match[3]
        if not whole and not fraction:
            total = None
            break
        if not unit:
            raise GoTimeError(f"time: missing unit in duration {_quote(text)}")
        if unit not in _UNITS:
            raise GoTimeError(f"time: unknown unit {_quote(unit)} in duration {_quote(text)}")
        scale = _UNITS[unit]
        total += int(whole or "0") * scale
        total += int(fraction or "0") * scale // 10 ** len(fraction)
        rest = rest[match.end() :]
        if total > 2**63:
            total = None
    if total is None or (total == 2**63 and not negative):
        raise GoTimeError(f"time: invalid duration {_quote(text)}")
    return -total if negative else total


def format_duration(nanos: int) -> str:
    """As Go's Duration.String: `1h30m0s`, `1.5s`, `100ms`."""
    if nanos == 0:
        return "0s"
    sign, left = ("-", -nanos) if nanos < 0 else ("", nanos)
    for unit, size in (("ns", 1), ("µs", 1000), ("ms", 10**6)):
        if left < size * 1000:
            return f"{sign}{_decimal(left, size)}{unit}"
    seconds, fraction = divmod(left, 10**9)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(seconds * 10**9 + fraction, 10**9)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{text}"
    return f"{sign}{minutes}m{text}" if minutes else f"{sign}{text}"


def _decimal(value: int, size: int) -> str:
    whole, fraction = divmod(value, size)
    if not fraction:
        return str(whole)
    digits = str(fraction).rjust(len(str(size)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}"
