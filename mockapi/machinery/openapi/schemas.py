"""Types as OpenAPI schemas, in the dialect of version 3 or of version 2 (Swagger)."""

from collections.abc import Iterable, Mapping
from typing import Any

from mockapi.machinery.catalogue import Field, Shape, Type, Types
from mockapi.machinery.openapi.descriptions import Descriptions
from mockapi.meta.names import GroupVersionKind

Obj = dict[str, Any]

META = "io.k8s.apimachinery.pkg.apis.meta.v1"
PATCH = f"{META}.Patch"
OTHER_SERVERS = (
    "admission.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "imagepolicy.k8s.io",
)
SIMPLE: Mapping[str, Obj] = {
    "string": {"type": "string"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "bool": {"type": "boolean"},
    "float64": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "format": "byte"},
    "any": {"type": "object"},
}
ZERO: Mapping[str, Any] = {
    "string": "",
    "int32": 0,
    "int64": 0,
    "bool": False,
    "float64": 0,
}
SCALARS: Mapping[str, Obj] = {
    "quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "time": {"type": "string", "format": "date-time"},
    "microtime": {"type": "string", "format": "date-time"},
    "duration": {"type": "string"},
    "fieldsv1": {"type": "object"},
    "raw": {"type": "object"},
    "intorstring": {
        "format": "int-or-string",
        "oneOf": [{"type": "integer"}, {"type": "string"}],
    },
    "json": {},
    "schemaorarray": {},
    "schemaorbool": {},
    "schemaorstringarray": {},
}
SCALARS_V2: Mapping[str, Obj] = {
    **SCALARS,
    "quantity": {"type": "string"},
    "intorstring": {"type": "string", "format": "int-or-string"},
}


class Schemas:
    """Writes the schema of any type. `v2` leaves out what Swagger cannot say."""

    def __init__(self, types: Types, descriptions: Descriptions, *, v2: bool = False) -> None:
        self._types = types
        self._descriptions = descriptions
        self._v2 = v2
        self._root = "#/definitions/" if v2 else "#/components/schemas/"

    def reference(self, name: str) -> Obj:
        return {"$ref": self._root + name}

    def reachable(self, names: Iterable[str]) -> list[str]:
        """The named types and every type they reach, sorted."""
        found: set[str] = set()
        open_ends = list(names)
        while open_ends:
            name = open_ends.pop()
            if name in found:
                continue
            found.add(name)
            if name != PATCH:
                shapes = (field.type for field in self._types[name].fields.values())
                open_ends += [end for end in map(reference_of, shapes) if end]
        return sorted(found)

    def schema(self, name: str, version: tuple[str, str] | None = None) -> Obj:
        """`version` is the group version whose document it is for, if it is for one."""
        described = self._described(self._descriptions.type(name))
        if name == PATCH:
            return described | {"type": "object"}
        type_ = self._types[name]
        if type_.scalar:
            return described | (SCALARS_V2 if self._v2 else SCALARS)[type_.scalar]
        schema = described | {"type": "object"}
        required = [field.name for field in type_.fields.values() if field.required]
        if required:
            schema["required"] = required
        if type_.fields:
            schema["properties"] = {
                name: self._property(type_, field) for name, field in sorted(type_.fields.items())
            }
        return schema | self._extensions(type_, version)

    def _extensions(self, type_: Type, version: tuple[str, str] | None) -> Obj:
        extensions: Obj = {}
        gvks = self._kinds(type_, version)
        if gvks:
            rows = [{"group": gvk.group, "kind": gvk.kind, "version": gvk.version} for gvk in gvks]
            extensions["x-kubernetes-group-version-kind"] = rows
        if type_.struct:
            extensions["x-kubernetes-map-type"] = type_.struct
        if type_.unions:
            extensions["x-kubernetes-unions"] = list(type_.unions)
        return extensions

    def _kinds(self, type_: Type, version: tuple[str, str] | None) -> Iterable[GroupVersionKind]:
        """Types that are kinds of every group (DeleteOptions): a document of one group version
        shows them as its own, one of custom resources leaves out what other servers own."""
        if self._v2 or len(type_.gvks) < 2:
            return type_.gvks
        if version is None:
            return [gvk for gvk in type_.gvks if gvk.group not in OTHER_SERVERS]
        return [GroupVersionKind(*gv, type_.gvks[0].kind) for gv in sorted({("", "v1"), version})]

    def _property(self, owner: Type, field: Field) -> Obj:
        text = self._descriptions.field(owner.name, field.name)
        if field.enum and isinstance(field.type, str):
            text += _values(field.enum)
        schema = self._described(text) | self._shape(field.type, wrapped=not field.bare)
        default = None if self._v2 else self._default(field)
        if default is not None:
            schema["default"] = default
        if field.enum:
            _innermost(schema)["enum"] = list(field.enum)
        for key, value in (
            ("list-map-keys", list(field.keys)),
            ("list-type", field.list_type),
            ("map-type", field.map_type),
            ("patch-merge-key", field.patch_merge_key),
            ("patch-strategy", field.patch_strategy),
        ):
            if value:
                schema[f"x-kubernetes-{key}"] = value
        return schema

    def _default(self, field: Field) -> Any:
        """Defaults that follow from the Go type are shown too: version 3 has them all."""
        if field.default is not None:
            return field.default
        if field.shown_default is not None:
            return field.shown_default
        if field.pointer:
            return None
        if isinstance(field.type, str):
            return None if field.omit else ZERO.get(field.type)
        name = field.type.get("ref")
        return {} if name and not self._types[name].scalar else None

    def _shape(self, shape: Shape, *, wrapped: bool) -> Obj:
        """`wrapped`: a reference that has something beside it, which version 3 forbids."""
        if isinstance(shape, str):
            return dict(SIMPLE[shape])
        if "ref" in shape:
            reference = self.reference(shape["ref"])
            return {"allOf": [reference]} if wrapped and not self._v2 else reference
        if "list" in shape:
            return {"type": "array", "items": self._element(shape["list"])}
        return {"type": "object", "additionalProperties": self._element(shape["map"])}

    def _element(self, shape: Shape) -> Obj:
        return self._shape(shape, wrapped=False)

    def _described(self, text: str) -> Obj:
        return {"description": text} if text else {}


def _values(values: Iterable[str]) -> str:
    """What descriptions end with. The real ones explain most values, in upstream's words."""
    lines = (f' - `"{value}"`' for value in values)
    return "\n".join(["\n\nPossible enum values:", *lines])


def reference_of(shape: Shape) -> str:
    """The type a shape ends in, or "" for simple ones."""
    while isinstance(shape, dict):
        if "ref" in shape:
            return str(shape["ref"])
        (shape,) = shape.values()
    return ""


def _innermost(schema: Obj) -> Obj:
    while True:
        inner = schema.get("items") or schema.get("additionalProperties")
        if not inner:
            return schema
        schema = inner
