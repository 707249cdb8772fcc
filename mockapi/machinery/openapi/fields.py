"""Fields of gnostic's protobuf messages, written from JSON trees by tables of their numbers.

Values that are free in form (extensions, enums) are YAML there; ours are JSON, which is YAML too.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any

import orjson

Obj = dict[str, Any]
Write = Callable[[int, Any], bytes]
"""(field number, value) -> the field as it is sent."""
Rules = Mapping[str, tuple[int, Write]]
"""JSON member -> its field number and how it is written."""


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def text(number: int, value: str) -> bytes:
    return field(number, value.encode())


def texts(number: int, values: list[str]) -> bytes:
    return b"".join(text(number, value) for value in values)


def integer(number: int, value: int) -> bytes:
    """Also of booleans. Negative numbers take ten bytes."""
    return varint(number << 3) + varint(value & 0xFFFFFFFFFFFFFFFF)


def double(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


def free(number: int, value: Any) -> bytes:
    return field(number, field(2, orjson.dumps(value) + b"\n"))


def frees(number: int, values: list[Any]) -> bytes:
    return b"".join(free(number, value) for value in values)


def members(tree: Obj, rules: Rules, extensions: int = 0) -> bytes:
    """Members in the order of their field numbers, then the x- members as extensions."""
    known = (write(number, tree[key]) for key, (number, write) in rules.items() if key in tree)
    content = b"".join(known)
    if extensions:
        names = sorted(key for key in tree if key.startswith("x-"))
        content += b"".join(
            field(extensions, text(1, name) + free(2, tree[name])) for name in names
        )
    return content


def nested(rules: Rules, *path: int, extensions: int = 0) -> Write:
    """A message, inside as many others as `path` names: each a message with that one field."""

    def write(number: int, value: Obj) -> bytes:
        content = members(value, rules, extensions)
        for step in reversed(path):
            content = field(step, content)
        return field(number, content)

    return write


def named(entry: int, write: Write) -> Write:
    """A map: a message whose repeated field `entry` has pairs of name and value."""

    def write_all(number: int, value: Obj) -> bytes:
        pairs = (field(entry, text(1, name) + write(2, item)) for name, item in value.items())
        return field(number, b"".join(pairs))

    return write_all
