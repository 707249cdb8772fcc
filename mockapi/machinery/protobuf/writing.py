"""Trees to messages. As in the real server every field that is no pointer is written, zero or not,
and fields come by ascending number, so the bytes are the same.
"""

import binascii
from collections.abc import Callable
from typing import Any, Final

from mockapi.machinery.catalogue import Shape
from mockapi.machinery.protobuf import scalars, wire
from mockapi.machinery.protobuf.messages import Embedded, Message, Messages, Slot
from mockapi.machinery.protobuf.wire import delimited

Write = Callable[[Any], bytes]
Step = tuple[str | None, Write | None, bytes]
"""(key, writer of the field with its tag, what is written for null): no key: the writer takes the
whole object (embedded structs); no writer: the bytes are what is always written."""
_MAX_PLANS: Final = 256
_KEY: Final = wire.tag(1, wire.BYTES)
_VALUE: Final = wire.tag(2, wire.BYTES)


class Writers:
    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._writers: dict[str, Write] = {}

    def of_type(self, name: str) -> Write:
        """Writes an object of the type as a message, without its tag."""
        found = self._writers.get(name)
        if found is None:
            message = self._messages.of_type(name)
            found = self._writers[name] = _Writer(self, message).write
        return found

    def step(self, slot: Slot | Embedded) -> Step:
        if isinstance(slot, Embedded):
            inner, head = _Writer(self, slot.message).write, wire.tag(slot.number, wire.BYTES)
            return None, lambda obj: delimited(head, inner(obj)), b""
        return slot.key, self._field(slot), b"" if slot.pointer else self._zero(slot)

    def _field(self, slot: Slot) -> Write:
        """The writer of a field with its tag."""
        shape, number = slot.shape, slot.number
        head = wire.tag(number, wire.BYTES)
        if isinstance(shape, str):
            return _basic(shape, number)
        if "ref" in shape:
            return _message(head, self._payload(shape["ref"]))
        if "map" in shape:
            return self._map(head, shape["map"], slot.kind)
        if self._messages.is_wrapper(slot.kind):
            return _message(head, _wrapped)
        one = self._field(Slot("", number, "", shape["list"], False))
        return lambda items: b"".join([one(item) for item in items])

    def _zero(self, slot: Slot) -> bytes:
        """The field of a zero value."""
        shape = slot.shape
        if isinstance(shape, str):
            return _basic_zero(shape, slot.number)
        if "ref" not in shape:
            return b""
        scalar = self._messages.types[shape["ref"]].scalar
        payload = scalars.ZEROS.get(scalar, b"") if scalar else self.of_type(shape["ref"])({})
        return delimited(wire.tag(slot.number, wire.BYTES), payload)

    def _payload(self, name: str) -> Write:
        scalar = self._messages.types[name].scalar
        if not scalar:
            return _Late(self, name)
        if scalar.startswith("schemaor"):
            return self._schema_or(scalar, name)
        return scalars.WRITERS[scalar]

    def _map(self, head: bytes, element: Shape, kind: str) -> Write:
        """Entries by key, each a message of key and value."""
        slot = Slot("", 2, kind, element, False)
        value = self._field(slot)

        def empty() -> bytes:
            return _VALUE + b"\0" if self._messages.is_wrapper(kind) else self._zero(slot)

        def entry(key: str, item: Any) -> bytes:
            written = empty() if item is None else value(item)
            return delimited(head, delimited(_KEY, key.encode()) + written)

        return lambda items: b"".join([entry(key, items[key]) for key in sorted(items)])

    def _schema_or(self, scalar: str, name: str) -> Write:
        schema = _Late(self, name.rpartition(".")[0] + ".JSONSchemaProps")
        allows = wire.tag(1, wire.VARINT)

        def write(value: Any) -> bytes:
            if scalar == "schemaorbool":
                allowed = allows + (b"\0" if value is False else b"\1")
                inner = isinstance(value, dict)
                return allowed + (delimited(_VALUE, schema(value)) if inner else b"")
            if isinstance(value, dict):
                return delimited(_KEY, schema(value))
            if scalar == "schemaorarray":
                return b"".join([delimited(_VALUE, schema(item)) for item in value])
            return b"".join([delimited(_VALUE, item.encode()) for item in value])

        return write


class _Late:
    """A message's writer before the message is compiled."""

    __slots__ = ("_name", "_write", "_writers")

    def __init__(self, writers: Writers, name: str) -> None:
        self._writers = writers
        self._name = name
        self._write: Write | None = None

    def __call__(self, obj: Any) -> bytes:
        if self._write is None:
            self._write = self._writers.of_type(self._name)
        return self._write(obj)


class _Writer:
    """Writes one message. Objects come in few shapes: each set of keys has a plan, in which what
    is missing is one run of bytes."""

    def __init__(self, writers: Writers, message: Message) -> None:
        self._writers = writers
        self._message = message
        self._steps: list[Step] | None = None
        self._plans: dict[tuple[str, ...], list[Step]] = {}

    def write(self, obj: Any) -> bytes:
        shape = tuple(obj)
        plan = self._plans.get(shape)
        if plan is None:
            plan = self._plan(shape)
        parts = []
        for key, writer, zero in plan:
            if writer is None:
                parts.append(zero)
            elif key is None:
                parts.append(writer(obj))
            else:
                value = obj[key]
                parts.append(zero if value is None else writer(value))
        return b"".join(parts)

    def _plan(self, shape: tuple[str, ...]) -> list[Step]:
        if self._steps is None:
            self._steps = [self._writers.step(slot) for slot in self._message.slots]
        present = set(shape)
        plan: list[Step] = []
        for key, writer, zero in self._steps:
            if key is None or key in present:
                plan.append((key, writer, zero))
            elif plan and plan[-1][1] is None:
                plan[-1] = (None, None, plan[-1][2] + zero)
            elif zero:
                plan.append((None, None, zero))
        if len(self._plans) < _MAX_PLANS:
            self._plans[shape] = plan
        return plan


def _basic(shape: str, number: int) -> Write:
    head = wire.tag(number, wire.BYTES)
    if shape == "string":
        return _text(head)
    if shape == "bytes":
        return lambda value: delimited(head, binascii.a2b_base64(value))
    if shape == "float64":
        fixed = wire.tag(number, wire.FIXED64)
        return lambda value: fixed + wire.double(value)
    numeric = wire.tag(number, wire.VARINT)
    varint = wire.varint
    return lambda value: numeric + varint(value)


def _basic_zero(shape: str, number: int) -> bytes:
    """Bytes that are nil are not written."""
    if shape == "bytes":
        return b""
    if shape == "float64":
        return wire.tag(number, wire.FIXED64) + bytes(8)
    return wire.tag(number, wire.BYTES if shape == "string" else wire.VARINT) + b"\0"


def _text(head: bytes) -> Write:
    short = tuple(head + bytes((size,)) for size in range(64))

    def write(value: Any) -> bytes:
        data = value.encode()
        size = len(data)
        return short[size] + data if size < 64 else delimited(head, data)

    return write


def _message(head: bytes, payload: Write) -> Write:
    return lambda value: delimited(head, payload(value))


def _wrapped(items: Any) -> bytes:
    return b"".join([delimited(_KEY, item.encode()) for item in items])
