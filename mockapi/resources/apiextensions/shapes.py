"""How the real server holds a definition inside, which its messages and paths show.

What is the same in all versions stands at the top of the spec, and schemas are Go structs.
Source: apiextensions-apiserver pkg/apis/apiextensions/v1/conversion.go.
"""

from typing import Any

from mockapi.machinery.resource import Obj
from mockapi.machinery.validation import internal

_LIFTED = {
    "subresources": "subresources",
    "schema": "validation",
    "additionalPrinterColumns": "additionalPrinterColumns",
    "selectableFields": "selectableFields",
}
_LISTS = ("allOf", "anyOf", "oneOf")
_MAPS = ("properties", "patternProperties", "definitions")
_RENAMED = {"id": "iD", "$schema": "schema", "$ref": "ref"}
_SCHEMA, _VERSIONS = (
    "apiextensions.JSONSchemaProps",
    "[apiextensions.CustomResourceDefinitionVersion",
)


def lifted(spec: Obj) -> Obj:
    """The spec with what its versions have in common at its top."""
    versions = [dict(version) for version in spec.get("versions") or ()]
    found: Obj = {**spec, "versions": versions}
    if not versions:
        return found
    for name, above in _LIFTED.items():
        given = [version.get(name) for version in versions]
        if all(value == given[0] for value in given):
            if given[0] is not None:
                found[above] = given[0]
            for version in versions:
                version.pop(name, None)
    return found


def shown_versions(versions: list[Obj] | None) -> Any:
    if versions is None:
        return None
    made = [{**version, **_with_struct(version)} for version in versions]
    return internal.shown(_VERSIONS, made)


def _with_struct(version: Obj) -> Obj:
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    return {} if schema is None else {"schema": {"openAPIV3Schema": as_struct(schema)}}


def shown_schema(schema: Obj) -> Any:
    return internal.shown(_SCHEMA, as_struct(schema))


def shown_rule(rule: Obj) -> Any:
    return internal.shown("apiextensions.ValidationRule", rule)


def as_struct(schema: Obj) -> Obj:
    """With Go's fields for what JSON writes in two ways."""
    return {_name(key): _field(key, value) for key, value in schema.items()}


def _name(key: str) -> str:
    if key in _RENAMED:
        return _RENAMED[key]
    if not key.startswith("x-kubernetes-"):
        return key
    words = key.removeprefix("x-kubernetes-").split("-")
    return "x" + "".join(word.capitalize() for word in words)


def _field(key: str, value: Any) -> Any:
    if key in _LISTS and value:
        return [as_struct(item) for item in value]
    if key in _MAPS and value:
        return {name: as_struct(item) for name, item in value.items()}
    if key == "items":
        if isinstance(value, list):
            return {"jSONSchemas": [as_struct(item) for item in value]}
        return {"schema": as_struct(value)}
    if key in ("additionalProperties", "additionalItems"):
        if isinstance(value, bool):
            return {"allows": value}
        return {"allows": True, "schema": as_struct(value)}
    if key == "dependencies":
        return {
            k: {"property": v} if isinstance(v, list) else {"schema": as_struct(v)}
            for k, v in value.items()
        }
    return as_struct(value) if key == "not" else value
