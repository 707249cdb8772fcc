"""Messages to trees. Zero values come out as they are written; `Schemas.decode` drops them."""

import binascii
from collections.abc import Callable
from typing import Any, Final

from mockapi.machinery.catalogue import Shape
from mockapi.machinery.protobuf import scalars, wire
from mockapi.machinery.protobuf.messages import Embedded, Message, Messages, Slot
from mockapi.machinery.protobuf.wire import ProtobufError

Obj = dict[str, Any]
Read = Callable[[Any], Any]
"""Of an int (varint) or bytes."""
Take = Callable[[Obj, Any], None]
"""Puts a value that was read into the object."""
_WIRES: Final = {
    "int32": wire.VARINT,
    "int64": wire.VARINT,
    "bool": wire.VARINT,
    "float64": wire.FIXED64,
}


class Readers:
    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._tables: dict[str, dict[int, tuple[int, Take]]] = {}

    def of_type(self, name: str) -> Callable[[bytes], Obj]:
        def read(data: bytes) -> Obj:
            obj: Obj = {}
            self._into(self._table(name), obj, data)
            return obj

        return read

    def _table(self, name: str) -> dict[int, tuple[int, Take]]:
        found = self._tables.get(name)
        if found is None:
            found = self._tables[name] = self._compile(self._messages.of_type(name))
        return found

    def _compile(self, message: Message) -> dict[int, tuple[int, Take]]:
        return {slot.number: self._take(slot) for slot in message.slots}

    def _into(self, table: dict[int, tuple[int, Take]], obj: Obj, data: bytes) -> None:
        for number, kind, value in wire.fields(data):
            entry = table.get(number)
            if entry is None:
                continue
            if kind != entry[0]:
                if kind == wire.BYTES and entry[0] == wire.VARINT:
                    _packed(entry[1], obj, value)
                    continue
                raise ProtobufError(f"proto: wrong wireType = {kind} for field {number}")
            entry[1](obj, value)

    def _take(self, slot: Slot | Embedded) -> tuple[int, Take]:
        if isinstance(slot, Embedded):
            table = self._compile(slot.message)
            return wire.BYTES, lambda obj, data: self._into(table, obj, data)
        key, shape = slot.key, slot.shape
        if isinstance(shape, dict) and "map" in shape:
            return wire.BYTES, self._entry(key, self._read(shape["map"], slot.kind)[1])
        if isinstance(shape, dict) and "list" in shape and not self._messages.is_wrapper(slot.kind):
            kind, read = self._read(shape["list"], slot.kind)
            return kind, _appending(key, read)
        kind, read = self._read(shape, slot.kind)
        return kind, _setting(key, read)

    def _read(self, shape: Shape, kind: str) -> tuple[int, Read]:
        if isinstance(shape, str):
            return _WIRES.get(shape, wire.BYTES), _BASIC[shape]
        if "ref" not in shape:
            return wire.BYTES, _unwrapped
        name = shape["ref"]
        scalar = self._messages.types[name].scalar
        if not scalar:
            return wire.BYTES, self.of_type(name)
        if scalar.startswith("schemaor"):
            return wire.BYTES, self._schema_or(scalar, name)
        return wire.BYTES, scalars.READERS[scalar]

    def _entry(self, key: str, read: Read) -> Take:
        """An entry of a map; a value that is missing is the zero value."""

        def take(obj: Obj, data: bytes) -> None:
            name, raw = b"", b""
            for number, _, value in wire.fields(data):
                if number == 1:
                    name = value
                elif number == 2:
                    raw = value
            obj.setdefault(key, {})[scalars.text(name)] = read(raw)

        return take

    def _schema_or(self, scalar: str, name: str) -> Read:
        schema = self.of_type(name.rpartition(".")[0] + ".JSONSchemaProps")

        def read(data: bytes) -> Any:
            found = list(wire.fields(data))
            if scalar == "schemaorbool":
                inner = [value for number, _, value in found if number == 2]
                return schema(inner[0]) if inner else any(value for _, _, value in found)
            several = [value for number, _, value in found if number == 2]
            if several:
                return [scalars.text(v) if "string" in scalar else schema(v) for v in several]
            return schema(found[0][2]) if found else None

        return read


def _setting(key: str, read: Read) -> Take:
    def take(obj: Obj, value: Any) -> None:
        obj[key] = read(value)

    return take


def _appending(key: str, read: Read) -> Take:
    def take(obj: Obj, value: Any) -> None:
        obj.setdefault(key, []).append(read(value))

    return take


def _packed(take: Take, obj: Obj, data: bytes) -> None:
    at = 0
    while at < len(data):
        value, at = wire.read_varint(data, at)
        take(obj, value)


def _unwrapped(data: bytes) -> list[str]:
    return [scalars.text(value) for number, _, value in wire.fields(data) if number == 1]


_BASIC: Final[dict[str, Read]] = {
    "string": scalars.text,
    "bool": lambda value: value != 0,
    "int32": lambda value: wire.signed(value, 32),
    "int64": lambda value: wire.signed(value, 64),
    "float64": wire.read_double,
    "bytes": lambda value: binascii.b2a_base64(value, newline=False).decode(),
}
