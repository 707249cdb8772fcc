"""The ownership nodes of types: of the built-in ones by their tables, of custom resources by their
schema. Source: kube-openapi pkg/schemaconv (how OpenAPI becomes an ownership schema).
"""

from collections.abc import Mapping
from typing import Any, Final

from mockapi.machinery.catalogue import Field, Shape, Type
from mockapi.machinery.managedfields.nodes import Any_, ListNode, MapNode, Node, Scalar

ATOMIC: Final = Any_(deduced=False)
DEDUCED: Final = Any_(deduced=True)
_SCALARS: Final = {
    "string": Scalar("string"),
    "bytes": Scalar("string"),
    "bool": Scalar("boolean"),
    "int32": Scalar("numeric"),
    "int64": Scalar("numeric"),
    "float64": Scalar("numeric"),
}
_UNTYPED: Final = Scalar("untyped")
_NAMED: Final[Mapping[str, Node]] = {
    "quantity": _UNTYPED,
    "time": _UNTYPED,
    "microtime": _UNTYPED,
    "duration": _SCALARS["string"],
    "intorstring": ATOMIC,
    "raw": ATOMIC,
}
_OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
NOBODYS: Final = frozenset(
    (
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    )
)
"""Fields of metadata that are never owned."""


class Shapes:
    """Makes and keeps the nodes of built-in types."""

    def __init__(self, types: Mapping[str, Type]) -> None:
        self._types = types
        self._named: dict[str, Node] = {}
        self._objects: dict[str, MapNode] = {}

    def node(self, name: str) -> Node:
        """Of a named type, with all its fields."""
        found = self._named.get(name)
        if found is None:
            found = self._build(name)
        return found

    def tracked(self, name: str) -> MapNode:
        """Of a kind, without what nobody owns: what updates compare."""
        found = self._objects.get(name)
        if found is None:
            found = self._objects[name] = tracked(self.node(name))
        return found

    def _build(self, name: str) -> Node:
        row = self._types[name]
        if row.scalar:
            self._named[name] = found = _NAMED.get(row.scalar, DEDUCED)
            return found
        node = self._named[name] = MapNode(atomic=row.struct == "atomic")
        for field in row.fields.values():
            node.fields[field.name] = self._field(field)
        if not row.fields:
            node.element = DEDUCED
        return node

    def _field(self, field: Field) -> Node:
        shape = field.type
        if isinstance(shape, dict) and "list" in shape:
            return self._list(field, shape["list"])
        node = self._of(shape)
        if not isinstance(node, MapNode) or not field.map_type:
            return node
        atomic = field.map_type == "atomic"
        return node if node.leaf is atomic else _like(node, atomic=atomic)

    def _of(self, shape: Shape) -> Node:
        if isinstance(shape, str):
            return _SCALARS.get(shape, DEDUCED)
        if "ref" in shape:
            return self.node(shape["ref"])
        if "list" in shape:
            return ListNode(self._of(shape["list"]))
        node = MapNode()
        node.element = self._of(shape["map"])
        return node

    def _list(self, field: Field, shape: Shape) -> ListNode:
        element = self._of(shape)
        keys = field.keys
        associative = field.list_type in ("map", "set")
        if not field.list_type and field.patch_strategy.startswith("merge"):
            associative = True
            keys = (field.patch_merge_key,) if field.patch_merge_key else ()
        defaults = {key: self._key_default(shape, key) for key in keys}
        known = {key: value for key, value in defaults.items() if value is not None}
        return ListNode(element, associative=associative, keys=keys, defaults=known)

    def _key_default(self, shape: Shape, key: str) -> Any:
        """What an element without the key is taken for: its default, or Go's zero where the
        OpenAPI document says so (fields that are always written)."""
        if not isinstance(shape, dict) or "ref" not in shape:
            return None
        field = self._types[shape["ref"]].fields.get(key)
        if field is None or field.default is not None:
            return field.default if field else None
        if field.shown_default is not None:
            return field.shown_default
        if field.omit or field.pointer:
            return None
        return {"string": "", "bool": False}.get(str(field.type), 0)


def _like(node: MapNode, *, atomic: bool) -> MapNode:
    copy = MapNode(atomic=atomic)
    copy.fields, copy.element = node.fields, node.element
    return copy


def tracked(node: Node) -> MapNode:
    """A kind's node without kind, apiVersion and what nobody owns of metadata."""
    found = MapNode(lenient=True)
    if isinstance(node, MapNode):
        found.fields = {
            name: inner for name, inner in node.fields.items() if name not in ("kind", "apiVersion")
        }
    meta = found.fields.get("metadata")
    if isinstance(meta, MapNode):
        own = found.fields["metadata"] = MapNode(lenient=True)
        own.fields = {name: inner for name, inner in meta.fields.items() if name not in NOBODYS}
    return found


class CustomShapes:
    """Nodes of one version of a custom kind, from its structural schema."""

    def __init__(self, shapes: Shapes) -> None:
        self._meta = shapes.node(_OBJECT_META)

    def node(self, schema: Mapping[str, Any], *, preserve: bool = False) -> MapNode:
        """`preserve`: the definition keeps unknown fields everywhere."""
        node = _of_schema(schema, preserve=preserve)
        if not isinstance(node, MapNode):
            node = MapNode()
            node.element = DEDUCED
        for name in ("kind", "apiVersion"):
            node.fields[name] = _SCALARS["string"]
        node.fields["metadata"] = self._meta
        return node


def _of_schema(schema: Mapping[str, Any], *, preserve: bool) -> Node:
    preserve = preserve or bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    kind = schema.get("type", "")
    if kind == "object":
        return _object(schema, preserve=preserve)
    if kind == "array":
        return _array(schema, preserve=preserve)
    if kind == "string":
        return _SCALARS["string"] if schema.get("format", "") in ("", "byte") else _UNTYPED
    return {"integer": _SCALARS["int64"], "number": _SCALARS["int64"]}.get(
        kind, _SCALARS["bool"] if kind == "boolean" else DEDUCED
    )


def _object(schema: Mapping[str, Any], *, preserve: bool) -> MapNode:
    node = MapNode(atomic=schema.get("x-kubernetes-map-type") == "atomic")
    properties = schema.get("properties") or {}
    for name, inner in properties.items():
        node.fields[name] = _of_schema(inner, preserve=preserve)
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        node.element = _of_schema(extra, preserve=preserve)
    elif extra or (extra is None and (preserve or not properties)):
        node.element = DEDUCED
    return node


def _array(schema: Mapping[str, Any], *, preserve: bool) -> ListNode:
    items = schema.get("items") or {}
    element = _of_schema(items, preserve=preserve)
    kind = schema.get("x-kubernetes-list-type", "atomic")
    keys = schema.get("x-kubernetes-list-map-keys") or () if kind == "map" else ()
    properties = items.get("properties") or {}
    defaults = {k: properties[k]["default"] for k in keys if "default" in properties.get(k, {})}
    return ListNode(element, associative=kind in ("map", "set"), keys=keys, defaults=defaults)
