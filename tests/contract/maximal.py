"""Objects in which every field of their kind is set, made of the type tables.

What rules ask of a value beyond its type is in `maximal.yaml`. Where fields exclude each other
there are several objects of a kind, or several elements of a list.
"""

import base64
import copy
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mockapi.machinery import catalogue
from mockapi.machinery.catalogue import Field, Shape, Type
from tests.contract import other_kinds
from tests.contract.fuzz.kinds import Kind, Tree, every_kind

HERE = Path(__file__).parent
_DEPTH = 3
"""So often may a type be inside itself."""
_NONE = object()
_SCALARS: Mapping[str, Any] = {
    "string": "a",
    "bool": True,
    "int32": 1,
    "int64": 1,
    "float64": 1.5,
    "bytes": "YQ==",
    "any": {"a": 1},
    "quantity": "1",
    "time": "2020-01-02T03:04:05Z",
    "microtime": "2020-01-02T03:04:05.678901Z",
    "duration": "1m0s",
    "intorstring": 1,
    "raw": {"a": 1},
    "json": "a",
    "fieldsv1": {},
    "schemaorarray": {"type": "string"},
    "schemaorbool": {"type": "string"},
    "schemaorstringarray": ["a"],
}


@cache
def hints() -> Tree:
    certificate = json.dumps((HERE / "default_objects/certificate.pem").read_text())
    bundle = base64.b64encode(json.loads(certificate).encode()).decode()
    text = (HERE / "maximal.yaml").read_text().replace("CABUNDLE", bundle)
    found: Tree = yaml.safe_load(text.replace("CERTIFICATE", certificate))
    return found


@cache
def kinds() -> Mapping[str, Kind]:
    """Those of the other sweeps, and requests for certificates."""
    resources = catalogue.load("1.37").resource_of_kind
    found = dict(every_kind())
    for title, place in other_kinds.places().items():
        if place.kind.gvk in resources and place.kind.gvk.kind.endswith("Request"):
            row = resources[place.kind.gvk]
            parts = tuple(sub.name for sub in row.subresources)
            names = (row.gvr.resource, row.namespaced, place.kind.type_name)
            found[title] = Kind(row.gvk, *names, parts, row.selectable, place.kind.samples)
    return found


def objects(kind: Kind) -> list[Tree]:
    """Complete bodies; those that are the same are told once."""
    count = hints()["objects"].get(kind.gvk.kind, 1)
    found = [_Writer(kind, variant).body() for variant in range(count)]
    found += [_completed(kind, obj) for obj in _more(kind)]
    for obj in found:
        obj["metadata"]["name"] = hints()["names"].get(kind.gvk.kind, kind.name("a"))
    return [obj for index, obj in enumerate(found) if obj not in found[:index]]


def struct(name: str, kind: Kind) -> Tree:
    """One value of a type that the kind is made of."""
    types = catalogue.load("1.37").types
    (owner,) = (each for each in types.values() if _short(each) == name)
    return _Writer(kind, 0).struct(owner)


def _more(kind: Kind) -> list[Tree]:
    more, name = hints()["more"], kind.gvk.kind
    every = [*more.get(name, []), *more.get(f"{kind.gvk.api_version} {name}", [])]
    known = catalogue.load("1.37").types[kind.type_name].fields
    return [copy.deepcopy(obj) for obj in every if obj.keys() <= known.keys()]


def _completed(kind: Kind, obj: Tree) -> Tree:
    return {"apiVersion": kind.gvk.api_version, "kind": kind.gvk.kind, "metadata": {}, **obj}


def fields_of(kind: Kind) -> set[str]:
    """`Type.field` for all that a kind is made of."""
    types = catalogue.load("1.37").types
    found, waiting, seen = set(), [kind.type_name], set()
    while waiting:
        name = waiting.pop()
        if name in seen or types[name].scalar:
            continue
        seen.add(name)
        for field in types[name].fields.values():
            found.add(f"{_short(types[name])}.{field.name}")
            waiting += [ref for ref in (_ref(field.type),) if ref]
    return found


def set_in(kind: Kind, obj: Tree) -> set[str]:
    """Those of `fields_of` that an object says something of."""
    types = catalogue.load("1.37").types

    def walk(shape: Shape, value: Any) -> Iterator[str]:
        if isinstance(shape, str) or value is None:
            return
        if "list" in shape:
            for each in value:
                yield from walk(shape["list"], each)
        elif "map" in shape:
            for each in value.values():
                yield from walk(shape["map"], each)
        elif not types[shape["ref"]].scalar:
            owner = types[shape["ref"]]
            for name, inner in value.items():
                yield f"{_short(owner)}.{name}"
                yield from walk(owner.fields[name].type, inner)

    return set(walk({"ref": kind.type_name}, obj))


def _ref(shape: Shape) -> str:
    while isinstance(shape, dict):
        if "ref" in shape:
            return str(shape["ref"])
        shape = shape.get("list") or shape["map"]
    return ""


def _short(type_: Type) -> str:
    return type_.name.rpartition(".")[2]


class _Writer:
    """One object. `variant` chooses among fields that exclude each other."""

    def __init__(self, kind: Kind, variant: int) -> None:
        self._kind, self._variant = kind, variant
        self._types = catalogue.load("1.37").types
        self._hints = hints()
        self._way: list[str] = []

    def body(self) -> Tree:
        found = self.struct(self._types[self._kind.type_name])
        found["apiVersion"], found["kind"] = self._kind.gvk.api_version, self._kind.gvk.kind
        return found

    def struct(self, owner: Type, index: int = 0, only: str = "") -> Tree:
        """`only` is the one that is set of the fields that exclude each other."""
        name = _short(owner)
        rivals = self._rivals(owner)
        chosen = only or (rivals[self._variant % len(rivals)] if rivals else "")
        self._way.append(owner.name)
        found = {}
        for field in owner.fields.values():
            if field.name in rivals and field.name != chosen:
                continue
            value = self._field(owner, field, index)
            if value is not _NONE:
                found[field.name] = value
        self._way.pop()
        extra = self._hints["with"].get(f"{name}.{chosen}", {}) if chosen else {}
        found.update(copy.deepcopy(extra))
        return {key: value for key, value in found.items() if value is not None}

    def _rivals(self, owner: Type) -> list[str]:
        excluding, name = self._hints["one_of"], _short(owner)
        said = excluding.get(f"{self._kind.gvk.kind}/{name}", excluding.get(name, []))
        if said != "*":
            return list(said)
        return [
            field.name
            for field in owner.fields.values()
            if field.pointer and isinstance(field.type, dict) and "ref" in field.type
        ]

    def _field(self, owner: Type, field: Field, index: int) -> Any:
        values = self._hints["values"]
        for key in (
            f"{self._kind.gvk.kind}/{_short(owner)}.{field.name}",
            f"{_short(owner)}.{field.name}",
            field.name,
        ):
            if key in values:
                return _numbered(copy.deepcopy(values[key]), index)
        if field.enum and isinstance(field.type, str):
            return field.enum[self._variant % len(field.enum)]
        if field.enum:
            return [*field.enum]
        return self._value(field.type, index)

    def _value(self, shape: Shape, index: int) -> Any:
        if isinstance(shape, str):
            return copy.deepcopy(_SCALARS[shape])
        if "list" in shape:
            return self._list(shape["list"])
        if "map" in shape:
            inner = self._value(shape["map"], index)
            return _NONE if inner is _NONE else {"a": inner}
        owner = self._types[shape["ref"]]
        if owner.scalar:
            return copy.deepcopy(_SCALARS[owner.scalar])
        if self._way.count(owner.name) >= (1 if owner.name.endswith("JSONSchemaProps") else _DEPTH):
            return _NONE
        return self.struct(owner, index)

    def _list(self, shape: Shape) -> Any:
        owner = self._types.get(_ref(shape)) if isinstance(shape, dict) and "ref" in shape else None
        rivals = [] if owner is None else self._rivals(owner)
        if owner is not None and len(rivals) > 1 and self._way.count(owner.name) < _DEPTH:
            return [self.struct(owner, index, only) for index, only in enumerate(rivals)]
        inner = self._value(shape, 0)
        return _NONE if inner is _NONE else [inner]


def _numbered(value: Any, index: int) -> Any:
    """Texts with `#` are different in each element of a list."""
    return value.replace("#", str(index)) if isinstance(value, str) else value
