"""Lists and maps that were given and are empty.

Storage does not tell them from none, and neither do our objects. Go does until it stores: in
defaults, in the ownership of fields that are always written, and in the texts of refusals. So
where a body has them they are remembered by place, put into the object, and taken out again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mockapi.machinery.catalogue import Shape, Type
from mockapi.meta.fields import FieldError

Obj = dict[str, Any]
_SELECTORS: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector"


@dataclass(frozen=True, slots=True)
class Place:
    """A field of a struct: the way to the struct (keys and indices), its key, what is empty."""

    way: tuple[str | int, ...]
    key: str
    kind: type
    omitted: bool
    """The field is left out when it is empty; null is written for others."""
    shown: bool
    """Texts show it: not so in the few structs that are written there as they are on the wire."""

    def holder(self, obj: Obj) -> Obj | None:
        """The struct; None where the object does not have it."""
        node: Any = obj
        try:
            for step in self.way:
                node = node[step]
        except (KeyError, IndexError, TypeError):
            return None
        return node if isinstance(node, dict) else None


Places = Sequence[Place]


def find(types: Mapping[str, Type], name: str, source: Any) -> tuple[Place, ...]:
    """Those of a tree of the type, as it came or without what the type does not know."""
    return tuple(_inside(types, {"ref": name}, source, ()))


def _inside(
    types: Mapping[str, Type], shape: Shape, node: Any, way: tuple[str | int, ...]
) -> Iterator[Place]:
    if isinstance(shape, str):
        return
    if "ref" in shape:
        fields = types[shape["ref"]].fields
        for key, value in node.items() if isinstance(node, dict) else ():
            field = fields.get(key)
            if field is None or not isinstance(value, dict | list):
                continue
            if value or (isinstance(field.type, dict) and "ref" in field.type):
                yield from _inside(types, field.type, value, (*way, key))
            elif isinstance(field.type, dict):
                omitted, shown = bool(field.omit), not shape["ref"].startswith(_SELECTORS)
                yield Place(way, key, type(value), omitted, shown)
    elif "list" in shape:
        for index, item in enumerate(node) if isinstance(node, list) else ():
            yield from _inside(types, shape["list"], item, (*way, index))
    else:
        for key, item in node.items() if isinstance(node, dict) else ():
            yield from _inside(types, shape["map"], item, (*way, key))


def put(obj: Obj, places: Places) -> None:
    """Into the object, where it has nothing."""
    for place in places:
        holder = place.holder(obj)
        if holder is not None and holder.get(place.key) is None:
            holder[place.key] = place.kind()


def put_shown(obj: Obj, places: Places) -> None:
    """Only those that texts show."""
    put(obj, [place for place in places if place.shown])


def drop_omitted(obj: Obj, places: Places) -> None:
    """Only those that are always written stay."""
    drop(obj, [place for place in places if place.omitted])


def drop(obj: Obj, places: Places) -> None:
    """Out of the object, as far as they are still empty."""
    for place in places:
        holder = place.holder(obj)
        if holder is None or holder.get(place.key, place) not in ([], {}):
            continue
        if place.omitted:
            del holder[place.key]
        else:
            holder[place.key] = None


def told(errors: list[FieldError], again: list[FieldError]) -> list[FieldError]:
    """The errors in the words of those about the object with its empty lists and maps."""
    if [(e.field, e.reason) for e in errors] == [(e.field, e.reason) for e in again]:
        return again
    return errors
