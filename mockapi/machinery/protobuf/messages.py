"""Messages: the type tables joined with the field numbers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mockapi.machinery.catalogue import Field, Shape, Type

Numbers = Mapping[str, Mapping[str, list[Any]]]
"""protobuf.json: message -> field -> [number, label, type]."""
Names = Mapping[str, Mapping[str, list[str]]]
"""gonames.json, for the embedded structs, which are messages of their own here."""

_NOISE: Final = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class Slot:
    """A field of a message and the JSON field it is."""

    key: str
    number: int
    kind: str
    """The protobuf type of the field, or of a map's values."""
    shape: Shape
    pointer: bool


@dataclass(frozen=True, slots=True)
class Embedded:
    """A Go struct embedded in another: a message here, inline in JSON."""

    number: int
    message: "Message"


@dataclass(frozen=True, slots=True)
class Message:
    """Slots by ascending number, as they are written."""

    name: str
    slots: tuple[Slot | Embedded, ...]


def message_name(type_name: str) -> str:
    return "k8s.io." + type_name.removeprefix("io.k8s.").replace("-", "_")


class Messages:
    def __init__(self, types: Mapping[str, Type], numbers: Numbers, names: Names) -> None:
        self.types = types
        self.numbers = numbers
        self._names = names
        self._made: dict[str, Message] = {}

    def of_type(self, name: str) -> Message:
        found = self._made.get(name)
        if found is None:
            fields = {
                (*self._inside(name, field), field.name): field
                for field in self.types[name].fields.values()
            }
            found = self._made[name] = self._message(message_name(name), fields)
        return found

    def is_wrapper(self, kind: str) -> bool:
        """A list that is a message with `items` only, as map values and some fields have."""
        return list(self.numbers.get(kind, ())) == ["items"]

    def _inside(self, type_name: str, field: Field) -> tuple[str, ...]:
        embedded = self._names.get(type_name, {}).get(field.name, [""])[0]
        return tuple(embedded.split(".")) if embedded else ()

    def _message(self, name: str, fields: Mapping[tuple[str, ...], Field]) -> Message:
        rows = {_plain(field): row for field, row in self.numbers[name].items()}
        slots: list[Slot | Embedded] = []
        inner: dict[str, dict[tuple[str, ...], Field]] = {}
        for path, field in fields.items():
            if len(path) > 1:
                inner.setdefault(path[0], {})[path[1:]] = field
            elif (row := rows.pop(_plain(field.name), None)) is not None:
                kind = row[2].partition(",")[2] if row[1] == "map" else row[2]
                slots.append(Slot(field.name, row[0], kind, field.type, field.pointer))
        for go, group in inner.items():
            for number, _, kind in rows.values():
                if kind.rpartition(".")[2] == go:
                    slots.append(Embedded(number, self._message(kind, group)))
        return Message(name, tuple(sorted(slots, key=lambda slot: slot.number)))


def _plain(name: str) -> str:
    """`x-kubernetes-list-type` and `xKubernetesListType` are one."""
    return _NOISE.sub("", name.lower())
