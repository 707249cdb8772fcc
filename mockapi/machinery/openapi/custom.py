"""Schemas of custom resources, as their definitions declare them.

Source: apiextensions-apiserver pkg/controller/openapi/builder.
"""

from typing import Any

from mockapi.machinery.openapi.schemas import META

Obj = dict[str, Any]

INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_NESTED = ("items", "additionalProperties", "not")
_LISTED = ("allOf", "anyOf", "oneOf")


def schemas(definition: Obj, group: str, version: str, *, v2: bool = False) -> Obj:
    """{type name: schema} of one version of a definition: the kind and its list."""
    spec = definition["spec"]
    found = [v for v in spec["versions"] if v["name"] == version and v["served"]]
    if spec["group"] != group or not found:
        return {}
    names = spec["names"]
    prefix = ".".join([*reversed(group.split(".")), version])
    name, list_name = f"{prefix}.{names['kind']}", f"{prefix}.{_list_kind(names)}"
    selectable = _selectable(found[0])
    kind = _kind_v2(found[0]) if v2 else _kind(found[0])
    kind |= _gvk(group, version, names["kind"]) | selectable
    rows = _list(name, v2=v2) | _gvk(group, version, _list_kind(names)) | selectable
    return {name: kind, list_name: rows}


def _list_kind(names: Obj) -> str:
    return str(names.get("listKind") or f"{names['kind']}List")


def _gvk(group: str, version: str, kind: str) -> Obj:
    row = {"group": group, "kind": kind, "version": version}
    return {"x-kubernetes-group-version-kind": [row]}


def _selectable(version: Obj) -> Obj:
    paths = [entry["jsonPath"].removeprefix(".") for entry in version.get("selectableFields") or ()]
    return {"x-kubernetes-selectable-fields": [{"fieldPath": p} for p in paths]} if paths else {}


def _kind(version: Obj) -> Obj:
    declared = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    schema = published(declared)
    properties = schema.get("properties", {})
    return schema | {"type": "object", "properties": properties | _head("ObjectMeta")}


def _kind_v2(version: Obj) -> Obj:
    """Swagger says nothing about a kind that may have any field."""
    declared = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    if declared.get("x-kubernetes-preserve-unknown-fields"):
        return {"type": "object"}
    schema = simplified(declared)
    properties = schema.get("properties", {}) | _head("ObjectMeta", v2=True)
    return schema | {"type": "object", "properties": properties}


def _list(item: str, *, v2: bool) -> Obj:
    rows = {"type": "array", "items": {"$ref": f"{_root(v2)}{item}"}}
    properties = _head("ListMeta", v2=v2) | {"items": rows}
    return {"type": "object", "required": ["items"], "properties": properties}


def _root(v2: bool) -> str:
    return "#/definitions/" if v2 else "#/components/schemas/"


def _head(meta: str, *, v2: bool = False) -> Obj:
    reference = {"$ref": f"{_root(v2)}{META}.{meta}"}
    return {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": reference if v2 else {"allOf": [reference]},
    }


def published(schema: Obj) -> Obj:
    """A declared schema as it is published: embedded resources and int-or-strings spelt out."""
    result = dict(schema)
    for key in _NESTED:
        if isinstance(result.get(key), dict):
            result[key] = published(result[key])
    for key in _LISTED:
        if key in result:
            result[key] = [published(part) for part in result[key]]
    if "properties" in result:
        result["properties"] = {
            name: published(part) for name, part in result["properties"].items()
        }
    if result.get("x-kubernetes-int-or-string") and "anyOf" not in result:
        result["anyOf"] = INT_OR_STRING
    if result.get("x-kubernetes-embedded-resource"):
        result["properties"] = result.get("properties", {}) | _head("ObjectMeta")
        result["type"] = "object"
    return result


def simplified(schema: Obj) -> Obj:
    """A declared schema in what Swagger and old kubectl understand.

    Source: apiextensions-apiserver pkg/controller/openapi/v2 ToStructuralOpenAPIV2.
    """
    result = {key: value for key, value in schema.items() if key not in _DROPPED}
    keeps_unknown = result.get("x-kubernetes-preserve-unknown-fields")
    if schema.get("nullable") or keeps_unknown:
        result.pop("items", None)
        result.pop("properties", None)
    if schema.get("nullable") or (keeps_unknown and result.get("type") == "object"):
        result.pop("type", None)
    if result.get("type") == "array" and "items" not in result:
        del result["type"]
    for key in ("items", "additionalProperties"):
        if isinstance(result.get(key), dict):
            result[key] = simplified(result[key])
    if "properties" in result:
        _simplify_properties(result)
    return result


_DROPPED = ("allOf", "anyOf", "default", "not", "nullable", "oneOf")


def _simplify_properties(schema: Obj) -> None:
    """What may be null is not required."""
    declared = schema["properties"]
    schema["properties"] = {name: simplified(part) for name, part in declared.items()}
    required = [n for n in schema.get("required", ()) if not declared.get(n, {}).get("nullable")]
    if required:
        schema["required"] = required
    else:
        schema.pop("required", None)
