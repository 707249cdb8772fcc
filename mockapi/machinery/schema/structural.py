"""Custom resources: pruning, nulls, embedded objects and defaults by the structural schema of a
CustomResourceDefinition. Source: apiextensions-apiserver pkg/apiserver/schema.

Objects come out as the real server writes what it holds without a Go type: keys sorted everywhere.
"""

from collections.abc import Callable
from typing import Any, Final

from mockapi.base import tree as trees
from mockapi.machinery.schema.scalars import anything, float64
from mockapi.machinery.schema.strict import DecodeError
from mockapi.meta import fields
from mockapi.meta.fields import Path

Obj = dict[str, Any]
ReadMetadata = Callable[[Any], tuple[Obj, list[str]]]
"""metadata as Go would write it, and its unknown fields, from there. Raises DecodeError."""
_META: Final = frozenset(("apiVersion", "kind", "metadata"))


class Node:
    """A schema at one place."""

    __slots__ = (
        "additional", "default", "embedded", "has_additional", "has_default", "items", "nullable",
        "preserve", "properties",
    )  # fmt: skip

    def __init__(self, schema: Obj) -> None:
        self.properties = {k: Node(v) for k, v in (schema.get("properties") or {}).items()}
        additional = schema.get("additionalProperties")
        self.has_additional = additional is not None and additional is not False
        self.additional = Node(additional) if isinstance(additional, dict) else None
        items = schema.get("items")
        self.items = Node(items) if isinstance(items, dict) else None
        self.preserve = schema.get("x-kubernetes-preserve-unknown-fields") is True
        self.embedded = schema.get("x-kubernetes-embedded-resource") is True
        self.nullable = schema.get("nullable") is True
        self.default = schema.get("default")
        self.has_default = self.default is not None

    def child(self, key: str) -> "Node | None":
        return self.properties.get(key, self.additional)


class Structural:
    """One version of one custom kind."""

    def __init__(self, schema: Obj | None, *, preserve_unknown: bool = False) -> None:
        """`schema` is `spec.versions[].schema.openAPIV3Schema`; None: nothing is known."""
        self._root = Node(schema or {})
        self._pruned_root = Node(schema or {})
        self._pruned_root.embedded = True
        self._preserve = preserve_unknown

    def coerce(self, obj: Obj, read_metadata: ReadMetadata) -> tuple[Obj, list[str]]:
        """A new tree with what is known, and the paths of what is not. Raises DecodeError."""
        metadata, unknown = self._metadata(obj, read_metadata)
        if self._preserve:
            result = anything(obj)
        else:
            pruner = _Pruner()
            result = pruner.prune(obj, self._pruned_root, "")
            unknown += sorted(pruner.unknown)
            _drop_nulls(result, self._root)
        found: list[str] = []
        _coerce_embedded(result, self._root, Path(""), read_metadata, found)
        unknown += sorted(found)
        if metadata is not None:
            result["metadata"] = metadata
        return dict(sorted(result.items())), unknown

    def default(self, obj: Obj) -> None:
        _default(obj, self._root)

    def _metadata(self, obj: Obj, read: ReadMetadata) -> tuple[Obj | None, list[str]]:
        if "metadata" not in obj:
            return None, []
        metadata, unknown = read(obj["metadata"])
        return anything(metadata), [f"metadata.{path}" for path in unknown]


def prune(value: Any, schema: Obj) -> Any:
    """What is left of a value below the root of an object."""
    return _Pruner().prune(value, Node(schema), "default")


class _Pruner:
    def __init__(self) -> None:
        self.unknown: list[str] = []

    def prune(self, value: Any, node: Node | None, path: str) -> Any:
        if node is not None and node.preserve:
            return self._keep(value, node, path)
        kind = type(value)
        if kind is dict:
            return self._prune_object(value, node, path)
        if kind is list:
            items = None if node is None else node.items
            return [self.prune(v, items, f"{path}[{i}]") for i, v in enumerate(value)]
        return float64(value) if kind is float else value

    def _prune_object(self, value: Obj, node: Node | None, path: str) -> Obj:
        result = {}
        for key in sorted(value):
            inner = f"{path}.{key}" if path else key
            if node is None:
                self.unknown.append(inner)
            elif node.embedded and key in _META:
                result[key] = anything(value[key])
            elif key in node.properties:
                result[key] = self.prune(value[key], node.properties[key], inner)
            elif node.has_additional:
                result[key] = self.prune(value[key], node.additional, inner)
            elif key not in _META or path:
                self.unknown.append(inner)
        return result

    def _keep(self, value: Any, node: Node | None, path: str) -> Any:
        """What is not specified is kept; what is, is pruned inside."""
        if node is None:
            return anything(value)
        if type(value) is list:
            return [self._keep(v, node.items, f"{path}[{i}]") for i, v in enumerate(value)]
        if type(value) is not dict:
            return anything(value)
        result = {}
        for key in sorted(value):
            known = key in node.properties or node.has_additional
            if known and not (node.embedded and key in _META):
                inner = f"{path}.{key}" if path else key
                result[key] = self.prune(value[key], node.child(key), inner)
            else:
                result[key] = anything(value[key])
        return result


def _drop_nulls(value: Any, node: Node | None) -> None:
    """Nulls that may not be and have no default."""
    if type(value) is list:
        for item in value:
            _drop_nulls(item, None if node is None else node.items)
        return
    if type(value) is not dict:
        return
    for key in list(value):
        child = None if node is None else node.child(key)
        if value[key] is not None:
            _drop_nulls(value[key], child)
        elif child is not None and not child.nullable and not child.has_default:
            del value[key]


def _coerce_embedded(
    value: Any, node: Node | None, path: Path, read: ReadMetadata, unknown: list[str]
) -> None:
    """kind, apiVersion and metadata of objects inside of objects."""
    if node is None:
        return
    if type(value) is list:
        for index, item in enumerate(value):
            _coerce_embedded(item, node.items, path.index(index), read, unknown)
        return
    if type(value) is not dict:
        return
    if node.embedded:
        _coerce_header(value, path, read, unknown)
    for key, item in value.items():
        if key in node.properties:
            _coerce_embedded(item, node.properties[key], path.child(key), read, unknown)
        elif node.has_additional:
            _coerce_embedded(item, node.additional, path.key(key), read, unknown)


def _coerce_header(value: Obj, path: Path, read: ReadMetadata, unknown: list[str]) -> None:
    for key in ("apiVersion", "kind"):
        if key in value and not isinstance(value[key], str):
            wrong = fields.invalid(path.child(key), value[key], "must be a string")
            raise DecodeError(str(wrong))
    if "metadata" not in value:
        return
    inside = path.child("metadata")
    try:
        metadata, found = read(value["metadata"])
    except DecodeError as error:
        wrong = fields.invalid(inside, value["metadata"], str(error))
        raise DecodeError(str(wrong)) from None
    value["metadata"] = anything(metadata)
    unknown += [f"{inside}.{name}" for name in found]


def _default(value: Any, node: Node | None) -> None:
    if node is None:
        return
    if type(value) is dict:
        _default_object(value, node)
    elif type(value) is list and node.items is not None:
        for index, item in enumerate(value):
            if item is None and not node.items.nullable:
                value[index] = trees.copy(node.items.default)
            _default(value[index], node.items)


def _default_object(value: Obj, node: Node) -> None:
    for key, child in node.properties.items():
        if child.has_default and (key not in value or (value[key] is None and not child.nullable)):
            value[key] = trees.copy(child.default)
    for key in value:
        found = node.properties.get(key)
        if found is None:
            found = node.additional
            if value[key] is None and found is not None and not found.nullable:
                value[key] = trees.copy(found.default)
        _default(value[key], found)
