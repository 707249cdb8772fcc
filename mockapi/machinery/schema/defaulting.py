"""Defaults, walked by type: only the branches in which some type has a default.

A type's own function runs before those of its fields, as in the real server's generated code.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mockapi.machinery.catalogue import Shape, Type

Defaulter = Callable[[dict[str, Any]], None]
"""Fills one object of its type in place; absent and zero are the same."""
Visit = Callable[[Any], None]


class Defaulting:
    def __init__(self, types: Mapping[str, Type], defaulters: Mapping[str, Defaulter]) -> None:
        self._types = types
        self._defaulters = defaulters
        self._visits: dict[str, Visit | None] = {}
        self._reaches: dict[str, bool] = {}

    def visit(self, name: str) -> Visit | None:
        """What fills an object of the type and all below it; None when nothing has defaults."""
        if name not in self._visits:
            if not self._reach(name, set()):
                self._visits[name] = None
            else:
                self._visits[name] = _Later(self, name)
                self._visits[name] = self._compile(name)
        return self._visits[name]

    def visit_part(self, name: str, part: str) -> Visit | None:
        """The same for an object of which all but one field has been filled before."""
        key = f"{name}/{part}"
        if key not in self._visits:
            own, field = self._own(name), self._types[name].fields.get(part)
            below = self._shape(field.type) if field is not None else None
            self._visits[key] = _part(own, part, below)
        return self._visits[key]

    def _reach(self, name: str, seen: set[str]) -> bool:
        """A type or something below it has defaults."""
        if name in self._defaulters or _defaulted_fields(self._types[name]):
            return True
        if name not in self._reaches and name not in seen:
            seen.add(name)
            found = any(
                self._reach(target, seen)
                for field in self._types[name].fields.values()
                if (target := _target(field.type)) is not None
            )
            if len(seen) == 1 or found:
                self._reaches[name] = found
            seen.discard(name)
            return found
        return self._reaches.get(name, False)

    def _compile(self, name: str) -> Visit:
        own = self._own(name)
        fields = []
        for key, field in self._types[name].fields.items():
            visit = self._shape(field.type)
            if visit is not None:
                fields.append((key, visit))
        if not fields and own is not None:
            return own
        steps = tuple(fields)

        def walk(obj: Any) -> None:
            if own is not None:
                own(obj)
            for key, visit in steps:
                value = obj.get(key)
                if value is not None:
                    visit(value)

        return walk

    def _own(self, name: str) -> Visit | None:
        """The type's function, then the defaults that its fields' declarations have."""
        fields, written = _defaulted_fields(self._types[name]), self._defaulters.get(name)
        if not fields:
            return written

        def fill(obj: Any) -> None:
            if written is not None:
                written(obj)
            for key, value, pointer in fields:
                known = obj.get(key)
                if known is None or (not pointer and not known):
                    obj[key] = value

        return fill

    def _shape(self, shape: Shape) -> Visit | None:
        if isinstance(shape, str):
            return None
        if "ref" in shape:
            return self.visit(shape["ref"])
        inner = self._shape(shape.get("list") or shape["map"])
        if inner is None:
            return None
        return _each(inner) if "list" in shape else _each_value(inner)


class _Later:
    """Stands for a type inside of itself."""

    def __init__(self, defaulting: Defaulting, name: str) -> None:
        self._defaulting = defaulting
        self._name = name

    def __call__(self, obj: Any) -> None:
        visit = self._defaulting.visit(self._name)
        if visit is not None:
            visit(obj)


def _defaulted_fields(type: Type) -> list[tuple[str, Any, bool]]:
    fields = type.fields.values()
    return [(f.name, f.default, f.pointer) for f in fields if f.default is not None]


def _target(shape: Shape) -> str | None:
    while isinstance(shape, dict):
        if "ref" in shape:
            name: str = shape["ref"]
            return name
        shape = shape.get("list") or shape["map"]
    return None


def _part(own: Visit | None, part: str, below: Visit | None) -> Visit | None:
    if below is None:
        return own

    def walk(obj: Any) -> None:
        if own is not None:
            own(obj)
        value = obj.get(part)
        if value is not None:
            below(value)

    return walk


def _each(visit: Visit) -> Visit:
    def walk(items: Any) -> None:
        for item in items:
            visit(item)

    return walk


def _each_value(visit: Visit) -> Visit:
    def walk(items: Any) -> None:
        for item in items.values():
            visit(item)

    return walk
