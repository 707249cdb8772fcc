"""What a body gives in a form that storage does not keep: empty lists and maps, and quantities that
are not spelled as they are written back.

Our objects are without them. Go has them until it stores: empty ones count as given in defaults, in
the ownership of fields that are always written, and in the texts of refusals; and lists that are
owned as a whole are compared with all that is in them. So they are remembered by place, put into
the object, and taken out again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mockapi.machinery.catalogue import Shape, Type
from mockapi.meta import quantity
from mockapi.meta.fields import FieldError

Obj = dict[str, Any]
Way = tuple[str | int, ...]
_SELECTORS: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector"
_GRANULAR: Final = frozenset(("map", "set"))
OMITTED: Final = object()


@dataclass(frozen=True, slots=True)
class Place:
    """A field of a struct, or a map's value: the way to what holds it (keys and indices), its key,
    what was given, and what the object has for it (OMITTED: nothing)."""

    way: Way
    key: str
    given: Any
    kept: Any
    shown: bool
    """Texts show that it is empty: not so in the few structs that are written there as on the
    wire."""
    owned: bool
    """It counts for who owns what: the field is always written, or in a list that is owned as a
    whole."""

    @property
    def path(self) -> Way:
        return (*self.way, self.key)

    def put(self, obj: Obj) -> None:
        holder = self._holder(obj)
        if holder is not None and holder.get(self.key, OMITTED) in (self.kept, None):
            holder[self.key] = self.given if isinstance(self.given, str) else type(self.given)()

    def drop(self, obj: Obj) -> None:
        holder = self._holder(obj)
        if holder is None or holder.get(self.key, OMITTED) != self.given:
            return
        if self.kept is OMITTED:
            del holder[self.key]
        else:
            holder[self.key] = self.kept

    def _holder(self, obj: Obj) -> Obj | None:
        """None where the object does not have it."""
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
    return tuple(_inside(types, {"ref": name}, source, (), whole=False))


def _inside(
    types: Mapping[str, Type], shape: Shape, node: Any, way: Way, *, whole: bool
) -> Iterator[Place]:
    """`whole`: inside of a list that is owned as a whole."""
    if isinstance(shape, str):
        return
    if "ref" in shape:
        row = types[shape["ref"]]
        if row.scalar == "quantity" and whole:
            yield from _spelled(node, way)
        elif isinstance(node, dict):
            yield from _fields(types, row, node, way, whole=whole)
    elif "list" in shape:
        for index, item in enumerate(node) if isinstance(node, list) else ():
            yield from _inside(types, shape["list"], item, (*way, index), whole=whole)
    else:
        for key, item in node.items() if isinstance(node, dict) else ():
            yield from _inside(types, shape["map"], item, (*way, key), whole=whole)


def _fields(
    types: Mapping[str, Type], row: Type, node: Obj, way: Way, *, whole: bool
) -> Iterator[Place]:
    for key, value in node.items():
        field = row.fields.get(key)
        if field is None or not isinstance(field.type, dict):
            continue
        if value in ([], {}) and "ref" not in field.type:
            kept = OMITTED if field.omit else None
            shown = not row.name.startswith(_SELECTORS)
            yield Place(way, key, value, kept, shown, owned=whole or kept is None)
            continue
        inner = whole or ("list" in field.type and field.list_type not in _GRANULAR)
        yield from _inside(types, field.type, value, (*way, key), whole=inner)


def _spelled(given: Any, way: Way) -> Iterator[Place]:
    """A quantity that is not as it is written back."""
    *holder, key = way
    if given is None or isinstance(given, bool | list | dict) or not isinstance(key, str):
        return
    try:
        kept = quantity.canonical(str(given))
    except quantity.QuantityError:
        return
    if kept != str(given):
        yield Place(tuple(holder), key, str(given), kept, shown=False, owned=True)


def put_empty(obj: Obj, places: Places) -> None:
    """The empty lists and maps into the object."""
    for place in places:
        if not isinstance(place.given, str):
            place.put(obj)


def put_shown(obj: Obj, places: Places) -> None:
    """Only those that texts show."""
    for place in places:
        if place.shown:
            place.put(obj)


def leave_owned(obj: Obj, places: Places) -> None:
    """Only what counts for who owns what stays in the object, or comes into it."""
    for place in places:
        if place.owned:
            place.put(obj)
        else:
            place.drop(obj)


def drop(obj: Obj, places: Places) -> None:
    """Out of the object, as far as they are still as they were put."""
    for place in places:
        place.drop(obj)


def has_any(places: Places) -> bool:
    """Whether there are any outside of the metadata."""
    return any((*place.way, place.key)[0] != "metadata" for place in places)


def told(errors: list[FieldError], again: list[FieldError]) -> list[FieldError]:
    """The errors in the words of those about the object with its empty lists and maps."""
    if [(e.field, e.reason) for e in errors] == [(e.field, e.reason) for e in again]:
        return again
    return errors
