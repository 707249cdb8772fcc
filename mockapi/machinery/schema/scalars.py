"""The fast readers of single values. Each takes a JSON value and returns what Go would write for
it, `OMIT` when it would leave it out, or raises `Unusual`: then the slow path has the answer.
"""

import binascii
from collections.abc import Callable
from math import isfinite
from typing import Any, Final

from mockapi.meta import gotime, quantity

OMIT: Final = object()
Reader = Callable[[Any], Any]


class Unusual(Exception):
    """Not a mistake by itself: the fast path does not know."""


UNUSUAL: Final = Unusual
"""Raised anew each time: one instance would keep the frames of all who raised it."""


def string(value: Any) -> Any:
    if type(value) is str:
        return value
    raise UNUSUAL


def boolean(value: Any) -> Any:
    if value is True or value is False:
        return value
    raise UNUSUAL


def int32(value: Any) -> Any:
    if type(value) is int and -0x80000000 <= value <= 0x7FFFFFFF:
        return value
    raise UNUSUAL


def int64(value: Any) -> Any:
    if type(value) is int and -(2**63) <= value < 2**63:
        return value
    raise UNUSUAL


def float64(value: Any) -> Any:
    """Go writes whole floats without a point."""
    if type(value) is int:
        return value
    if type(value) is float and isfinite(value):
        return int(value) if value.is_integer() and abs(value) < 1e21 else value
    raise UNUSUAL


def raw_bytes(value: Any) -> Any:
    if type(value) is not str:
        raise UNUSUAL
    try:
        decoded = binascii.a2b_base64(value, strict_mode=True)
    except ValueError:
        raise UNUSUAL from None
    return binascii.b2a_base64(decoded, newline=False).decode()


def quantity_text(value: Any) -> Any:
    if type(value) is not str:
        if type(value) is not int:
            raise UNUSUAL
        value = str(value)
    try:
        return quantity.canonical(value)
    except quantity.QuantityError:
        raise UNUSUAL from None


def time(value: Any) -> Any:
    """None stands for the zero time."""
    if type(value) is not str:
        raise UNUSUAL
    try:
        return gotime.canonical(value) or None
    except gotime.GoTimeError:
        raise UNUSUAL from None


def microtime(value: Any) -> Any:
    if type(value) is not str:
        raise UNUSUAL
    try:
        return gotime.canonical_micro(value) or None
    except gotime.GoTimeError:
        raise UNUSUAL from None


def duration(value: Any) -> Any:
    if type(value) is not str:
        raise UNUSUAL
    try:
        return gotime.format_duration(gotime.parse_duration(value))
    except gotime.GoTimeError:
        raise UNUSUAL from None


def int_or_string(value: Any) -> Any:
    return value if type(value) is str else int32(value)


def anything(value: Any) -> Any:
    """A value without a type: maps are written by key."""
    kind = type(value)
    if kind is dict:
        return {key: anything(value[key]) for key in sorted(value)}
    if kind is list:
        return [anything(item) for item in value]
    return float64(value) if kind is float else value


def untouched(value: Any) -> Any:
    """Raw JSON, kept as it came."""
    return value


SCALARS: Final[dict[str, Reader]] = {
    "string": string,
    "bool": boolean,
    "int32": int32,
    "int64": int64,
    "float64": float64,
    "bytes": raw_bytes,
    "any": anything,
    "quantity": quantity_text,
    "time": time,
    "microtime": microtime,
    "duration": duration,
    "intorstring": int_or_string,
    "raw": untouched,
    "fieldsv1": untouched,
    "json": untouched,
}
ZEROS: Final[dict[str, Any]] = {
    "string": "",
    "bool": False,
    "int32": 0,
    "int64": 0,
    "float64": 0,
    "bytes": None,
    "any": None,
    "quantity": "0",
    "time": None,
    "microtime": None,
    "duration": "0s",
    "intorstring": 0,
    "raw": None,
    "fieldsv1": None,
    "json": None,
    "schemaorarray": None,
    "schemaorbool": None,
    "schemaorstringarray": None,
}
"""What Go writes for the zero value of a scalar."""
