"""The wire format: varints, tags, lengths."""

import struct
from collections.abc import Iterator
from typing import Any, Final

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5

_SMALL: Final = tuple(bytes((n,)) for n in range(128))
_LIMIT: Final = 1 << 64
ENDED: Final = "unexpected EOF"


class ProtobufError(ValueError):
    """The bytes are no such message; str() is the real server's text."""


def varint(number: int) -> bytes:
    if 0 <= number < 128:
        return _SMALL[number]
    if number < 0:
        number += _LIMIT
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def tag(number: int, wire: int) -> bytes:
    return varint(number << 3 | wire)


def delimited(head: bytes, payload: bytes) -> bytes:
    """A field of bytes: its tag, the length, the bytes."""
    size = len(payload)
    return head + (_SMALL[size] if size < 128 else varint(size)) + payload


def double(number: float) -> bytes:
    return struct.pack("<d", number)


def read_double(raw: bytes) -> float:
    value: float = struct.unpack("<d", raw)[0]
    return value


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number and where the next byte is."""
    result = shift = 0
    while True:
        if at >= len(data):
            raise ProtobufError(ENDED)
        byte = data[at]
        at += 1
        result |= (byte & 127) << shift
        if byte < 128:
            return result, at
        shift += 7
        if shift >= 70:
            raise ProtobufError("proto: integer overflow")


def fields(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """(number, wire type, int or bytes) of each field of a message."""
    at, end = 0, len(data)
    while at < end:
        key = data[at]
        at += 1
        if key > 127:
            key, at = read_varint(data, at - 1)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise ProtobufError(f"proto: illegal tag {number} (wire type {key})")
        if wire == VARINT:
            value, at = read_varint(data, at)
            yield number, wire, value
            continue
        size = {FIXED64: 8, FIXED32: 4}.get(wire)
        if wire == BYTES:
            size, at = read_varint(data, at)
        if size is None:
            raise ProtobufError(f"proto: illegal wireType {wire}")
        if at + size > end:
            raise ProtobufError(ENDED)
        yield number, wire, data[at : at + size]
        at += size


def signed(number: int, bits: int) -> int:
    """A varint as a signed number of so many bits."""
    number &= (1 << bits) - 1
    return number - (1 << bits) if number >> (bits - 1) else number
