"""The wire format: varints, tags, lengths."""

import struct
from collections.abc import Iterator
from typing import Any, Final

from mockapi.meta.names import GroupVersionKind

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
GROUP: Final = 3
GROUP_END: Final = 4
FIXED32: Final = 5

_SMALL: Final = tuple(bytes((n,)) for n in range(128))
_LIMIT: Final = 1 << 64
_FIXED: Final = {FIXED64: 8, FIXED32: 4}
ENDED: Final = "unexpected EOF"
NEGATIVE: Final = "proto: negative length found during unmarshaling"


class ProtobufError(ValueError):
    """The bytes are no such message; str() is the real server's text. `kind` is what they say they
    are, if that can be told."""

    kind: GroupVersionKind | None = None


class BadTag(ProtobufError):
    """What is wrong with a field's tag, told after the name of the message."""

    def of(self, message: str) -> ProtobufError:
        return ProtobufError(f"proto: {message}: {self}")


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
    """(number, wire type, int or bytes) of each field of a message; of groups, nothing. Raises
    ProtobufError, and BadTag where the real server names the message."""
    at, end = 0, len(data)
    while at < end:
        key = data[at]
        at += 1
        if key > 127:
            key, at = read_varint(data, at - 1)
        number, wire = key >> 3 & 0xFFFFFFFF, key & 7
        if wire == VARINT:
            value, at = read_varint(data, at)
            size = 0
        elif wire == BYTES:
            size, at = read_varint(data, at)
        else:
            size = _FIXED.get(wire, -1)
        if size < 0 or not 0 < number < 0x80000000:
            at = _odd(data, at, key)
            continue
        if wire == VARINT:
            yield number, wire, value
            continue
        if size >= 1 << 63:
            raise ProtobufError(NEGATIVE)
        if at + size > end:
            raise ProtobufError(ENDED)
        yield number, wire, data[at : at + size]
        at += size


def _odd(data: bytes, at: int, key: int) -> int:
    """Where it goes on after a field that no message of ours has."""
    number, wire = signed(key >> 3, 32), key & 7
    if wire == GROUP_END:
        raise BadTag("wiretype end group for non-group")
    if number <= 0:
        raise BadTag(f"illegal tag {number} (wire type {key})")
    if wire != GROUP:
        raise ProtobufError(f"proto: illegal wireType {wire}")
    depth = 1
    while depth:
        if at >= len(data):
            raise ProtobufError(ENDED)
        key, at = read_varint(data, at)
        wire = key & 7
        if wire in (GROUP, GROUP_END):
            depth += 1 if wire == GROUP else -1
        elif wire == VARINT:
            _, at = read_varint(data, at)
        elif wire == BYTES:
            size, at = read_varint(data, at)
            at += size
        elif wire in _FIXED:
            at += _FIXED[wire]
        else:
            raise ProtobufError(f"proto: illegal wireType {wire}")
    if at > len(data):
        raise ProtobufError(ENDED)
    return at


def signed(number: int, bits: int) -> int:
    """A varint as a signed number of so many bits."""
    number &= (1 << bits) - 1
    return number - (1 << bits) if number >> (bits - 1) else number
