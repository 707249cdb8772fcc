"""Quantities and durations as numbers, for arithmetic (the exact forms are the API's affair)."""

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}
_QUANTITY = re.compile(r"([+-]?[0-9.]+)(?:([eE][+-]?[0-9]+)|([numkMGTPE]|[KMGTPE]i))?")
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))+")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@lru_cache(maxsize=8192)
def exact(text: str | int | float) -> Decimal:
    """A quantity's value; ValueError when it is none."""
    match = _QUANTITY.fullmatch(str(text))
    if match is None:
        raise ValueError(f"{text!r} is not a quantity")
    number, exponent, suffix = match.groups()
    try:
        value = Decimal(number + (exponent or ""))
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a quantity") from None
    return value * _SUFFIXES[suffix or ""]


def quantity(value: Any) -> float:
    """A quantity or plain number as a float; ValueError when it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{value!r} is not a quantity")
    return float(exact(value))


@lru_cache(maxsize=8192)
def units(name: str, text: str) -> int:
    """The whole number the scheduler and the kubelet count in: milli for cpu, else one."""
    value = exact(text) * (1000 if name == "cpu" else 1)
    return int(value.to_integral_value(rounding="ROUND_CEILING"))


def duration(value: Any) -> float:
    """Seconds of a number or of a Go duration text; ValueError when it is none."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    if isinstance(value, str) and _DURATION.fullmatch(value):
        return sum(float(n) * _UNITS[u] for n, u in _DURATION_PART.findall(value))
    raise ValueError("must be a number of seconds or a duration like 1m30s")


_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = ("k", "M", "G", "T", "P", "E")


def text(name: str, value: int, binary: bool) -> str:
    """The canonical quantity of a value in units; `binary`: in powers of 1024."""
    if name == "cpu":
        if value % 1000:
            return f"{value}m"
        value //= 1000
    if binary and value >= 1024:
        return _scaled(value, 1024, _BINARY)
    return _scaled(value, 1000, _DECIMAL)


def _scaled(value: int, base: int, suffixes: tuple[str, ...]) -> str:
    suffix = ""
    for larger in suffixes:
        if value == 0 or value % base:
            break
        value //= base
        suffix = larger
    return f"{value}{suffix}"
