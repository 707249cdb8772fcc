"""The types with a JSON form of their own, as messages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import orjson

from mockapi.machinery.protobuf import wire
from mockapi.machinery.protobuf.wire import delimited
from mockapi.meta import gotime

_STRING: Final = wire.tag(1, wire.BYTES)
_SECONDS: Final = wire.tag(1, wire.VARINT)
_NANOS: Final = wire.tag(2, wire.VARINT)
_NO_TEXT: Final = wire.tag(3, wire.BYTES) + b"\0"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def quantity(value: Any) -> bytes:
    return delimited(_STRING, value.encode())


@lru_cache(maxsize=4096)
def moment(value: str) -> bytes:
    since = datetime.fromisoformat(value) - _EPOCH
    return _SECONDS + wire.varint(since.days * 86400 + since.seconds) + _NANOS + b"\0"


def micro_moment(value: Any) -> bytes:
    since = datetime.fromisoformat(value) - _EPOCH
    seconds = since.days * 86400 + since.seconds
    nanos = wire.varint(since.microseconds * 1000)
    return _SECONDS + wire.varint(seconds) + _NANOS + nanos


def int_or_string(value: Any) -> bytes:
    if isinstance(value, str):
        head = _SECONDS + b"\1" + _NANOS + b"\0" + wire.tag(3, wire.BYTES)
        return delimited(head, value.encode())
    return _SECONDS + b"\0" + _NANOS + wire.varint(value) + _NO_TEXT


def duration(value: Any) -> bytes:
    return _SECONDS + wire.varint(gotime.parse_duration(value))


def raw(value: Any) -> bytes:
    return delimited(_STRING, orjson.dumps(value))


WRITERS: Final[dict[str, Callable[[Any], bytes]]] = {
    "quantity": quantity,
    "time": moment,
    "microtime": micro_moment,
    "intorstring": int_or_string,
    "duration": duration,
    "raw": raw,
    "fieldsv1": raw,
    "json": raw,
}
ZEROS: Final[dict[str, bytes]] = {
    "quantity": _STRING + b"\1" + b"0",
    "intorstring": _SECONDS + b"\0" + _NANOS + b"\0" + _NO_TEXT,
    "duration": _SECONDS + b"\0",
}
"""What is written for the zero value; nothing for the others."""


def _numbers(data: bytes) -> dict[int, Any]:
    return {number: value for number, _, value in wire.fields(data)}


def read_quantity(data: bytes) -> Any:
    return text(_numbers(data).get(1, b"0"))


def read_moment(data: bytes) -> Any:
    if not data:
        return None
    return gotime.canonical(f"{_time(data).isoformat()}") or None


def read_micro_moment(data: bytes) -> Any:
    if not data:
        return None
    return _time(data).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def _time(data: bytes) -> datetime:
    found = _numbers(data)
    seconds, nanos = wire.signed(found.get(1, 0), 64), wire.signed(found.get(2, 0), 32)
    try:
        return _EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000)
    except OverflowError:
        raise wire.ProtobufError("proto: time out of range") from None


def read_int_or_string(data: bytes) -> Any:
    found = _numbers(data)
    if found.get(1, 0) == 1:
        return text(found.get(3, b""))
    return wire.signed(found.get(2, 0), 32)


def read_duration(data: bytes) -> Any:
    return gotime.format_duration(wire.signed(_numbers(data).get(1, 0), 64))


def read_raw(data: bytes) -> Any:
    body = _numbers(data).get(1)
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise wire.ProtobufError("proto: the raw object is not JSON") from None


def text(data: bytes) -> str:
    return data.decode(errors="replace")


READERS: Final[dict[str, Callable[[bytes], Any]]] = {
    "quantity": read_quantity,
    "time": read_moment,
    "microtime": read_micro_moment,
    "intorstring": read_int_or_string,
    "duration": read_duration,
    "raw": read_raw,
    "fieldsv1": read_raw,
    "json": read_raw,
}
