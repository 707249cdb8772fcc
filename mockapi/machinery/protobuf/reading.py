"""Messages to trees. Zero values come out as they are written; `Schemas.decode` drops them."""

import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mockapi.machinery.catalogue import Shape
from mockapi.machinery.protobuf import scalars, wire
from mockapi.machinery.protobuf.messages import Embedded, Message, Messages, Slot
from mockapi.machinery.protobuf.wire import BadTag, ProtobufError

Obj = dict[str, Any]
Read = Callable[[Any], Any]
"""Of an int (varint) or bytes."""
Take = Callable[[Obj, Any], None]
"""Puts a value that was read into the object."""


@dataclass(frozen=True, slots=True)
class Table:
    """How a message's fields are read, by number: (wire type, what takes the value, Go's name)."""

    message: str
    rows: Mapping[int, tuple[int, Take, str]]


_WIRES: Final = {
    "int32": wire.VARINT,
    "int64": wire.VARINT,
    "bool": wire.VARINT,
    "float64": wire.FIXED64,
}


class Readers:
    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._tables: dict[str, Table] = {}

    def of_type(self, name: str) -> Callable[[bytes], Obj]:
        def read(data: bytes) -> Obj:
            obj: Obj = {}
            self._into(self._table(name), obj, data)
            return obj

        return read

    def _table(self, name: str) -> Table:
        found = self._tables.get(name)
        if found is None:
            found = self._tables[name] = self._compile(self._messages.of_type(name))
        return found

    def _compile(self, message: Message) -> Table:
        rows = {slot.number: self._take(slot) for slot in message.slots}
        return Table(message.name.rpartition(".")[2], rows)

    def _into(self, table: Table, obj: Obj, data: bytes) -> None:
        rows = table.rows
        try:
            for number, kind, value in wire.fields(data):
                entry = rows.get(number)
                if entry is None:
                    continue
                if kind == entry[0]:
                    entry[1](obj, value)
                elif kind == wire.BYTES and entry[0] == wire.VARINT:
                    _packed(entry[1], obj, value)
                else:
                    text = f"proto: wrong wireType = {kind} for field {entry[2]}"
                    raise ProtobufError(text)
        except BadTag as error:
            raise error.of(table.message) from None

    def _take(self, slot: Slot | Embedded) -> tuple[int, Take, str]:
        if isinstance(slot, Embedded):
            table = self._compile(slot.message)
            take: Take = lambda obj, data: self._into(table, obj, data)  # noqa: E731
            return wire.BYTES, take, table.message
        return *self._of_field(slot), _go_name(slot)

    def _of_field(self, slot: Slot) -> tuple[int, Take]:
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


_CAPITALS: Final = re.compile(r"^(api|cel|cidr|cpu|fs|id|ip|ipv4|ipv6|os|ttl|uid|url)(?=[A-Z]|$)")


def _go_name(slot: Slot) -> str:
    """The Go field that a message's field is, as texts name it."""
    name = slot.kind.rpartition(".")[2]
    if slot.key == "metadata" and name in ("ObjectMeta", "ListMeta"):
        return name
    capital = _CAPITALS.match(slot.key)
    if capital:
        return capital[0].upper() + slot.key[capital.end() :]
    return slot.key[:1].upper() + slot.key[1:]


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
