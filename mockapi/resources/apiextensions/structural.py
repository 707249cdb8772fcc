"""Whether a schema is structural.

Source: apiextensions-apiserver pkg/apiserver/schema/{validation,complete}.go.
"""

from collections.abc import Iterator
from typing import Any

from mockapi.machinery.resource import Obj
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.apiextensions import patterns

Errors = list[FieldError]

_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_EMBEDDED = "x-kubernetes-embedded-resource"
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_EITHER = "x-kubernetes-int-or-string"
_IN_EMBEDDED = "must be object if x-kubernetes-embedded-resource is true"
_EMPTY_TYPE = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
_NOT_NESTED = {
    "type": "must be empty",
    "default": "must be undefined",
    "title": "must be empty",
    "description": "must be empty",
    "nullable": "must be false",
    _PRESERVE: "must be false",
    _EMBEDDED: "must be false",
    _EITHER: "must be false",
    "x-kubernetes-list-map-keys": "must be empty",
    "x-kubernetes-list-type": "must be undefined",
    "x-kubernetes-map-type": "must be undefined",
    "x-kubernetes-validations": "must be empty",
}
_UNSUPPORTED = (
    "id",
    "$schema",
    "$ref",
    "patternProperties",
    "dependencies",
    "additionalItems",
    "definitions",
)


def unsupported(schema: Obj) -> str:
    """Why no structural schema can be made; empty when one can."""
    for name in _UNSUPPORTED:
        given = schema.get(name)
        if given or (name == "additionalItems" and given is not None):
            return f"OpenAPIV3Schema '{name.replace('$schema', 'schema')}' is not supported"
    return next(filter(None, map(unsupported, _below(schema))), "")


def _below(schema: Obj) -> Iterator[Obj]:
    for name in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(name), dict):
            yield schema[name]
    for name in ("allOf", "anyOf", "oneOf"):
        yield from schema.get(name) or ()
    yield from (schema.get("properties") or {}).values()


def validate(schema: Obj, path: Path) -> Errors:
    """Sorted, as the real server tells them."""
    errors = _invariants(schema, "root", path) + _completeness(schema, path)
    return sorted(errors, key=str)


def _invariants(schema: Obj, level: str, path: Path) -> Errors:
    errors: Errors = []
    kind, items = schema.get("type", ""), schema.get("items")
    if kind == "array" and not isinstance(items, dict | list):
        errors.append(fields.required(path.child("items"), "must be specified"))
    if isinstance(items, dict):
        errors += _invariants(items, "item", path.child("items"))
    properties = schema.get("properties") or {}
    for name, inner in properties.items():
        errors += _invariants(inner, "field", path.child("properties").key(name))
    additional, where = schema.get("additionalProperties"), path.child("additionalProperties")
    if additional is not None and level == "root":
        errors.append(fields.forbidden(where, "must not be used at the root"))
    if isinstance(additional, dict):
        errors += _invariants(additional, "field", where)
    errors += _extensions(schema, path) + _value(schema, path)
    return errors + _types(schema, level, path) + _embedded(schema, level, path)


def _extensions(schema: Obj, path: Path) -> Errors:
    if not schema.get(_EITHER):
        return []
    detail = "must be false if x-kubernetes-int-or-string is true"
    return [
        fields.invalid(path.child(name), True, detail)
        for name in (_PRESERVE, _EMBEDDED)
        if schema.get(name)
    ]


def _types(schema: Obj, level: str, path: Path) -> Errors:
    kind, where = schema.get("type", ""), path.child("type")
    errors: Errors = []
    if schema.get(_EMBEDDED) and kind != "object":
        wrong = fields.invalid(where, kind, _IN_EMBEDDED)
        errors.append(wrong if kind else fields.required(where, _IN_EMBEDDED))
    elif not kind and not schema.get(_EITHER) and not schema.get(_PRESERVE):
        errors.append(fields.required(where, _EMPTY_TYPE[level]))
    if level == "root" and kind and kind != "object":
        errors.append(fields.invalid(where, kind, "must be object at the root"))
    return errors


def _embedded(schema: Obj, level: str, path: Path) -> Errors:
    is_embedded = bool(schema.get(_EMBEDDED))
    properties, where = schema.get("properties") or {}, path.child("properties")
    errors: Errors = []
    if is_embedded and schema.get("additionalProperties") is not None:
        detail = "must not be used if x-kubernetes-embedded-resource is set"
        errors.append(fields.forbidden(path.child("additionalProperties"), detail))
    if level == "root" or is_embedded:
        for name in ("kind", "apiVersion"):
            if name in properties and (kind := properties[name].get("type", "")) != "string":
                at = where.key(name).child("type")
                errors.append(fields.invalid(at, kind, "must be string"))
    if "metadata" in properties:
        checked = level == "root" or is_embedded
        errors += _metadata(properties["metadata"], level, where.key("metadata"), checked=checked)
    if is_embedded and not schema.get(_PRESERVE) and not properties:
        detail = (
            "must not be empty if x-kubernetes-embedded-resource is true without "
            "x-kubernetes-preserve-unknown-fields"
        )
        errors.append(fields.required(where, detail))
    return errors


def _metadata(schema: Obj, level: str, path: Path, *, checked: bool) -> Errors:
    errors: Errors = []
    kind = schema.get("type", "")
    if checked and kind != "object":
        errors.append(fields.invalid(path.child("type"), kind, "must be object"))
    others = schema.keys() - {"type", "default", "properties"}
    names = (schema.get("properties") or {}).keys()
    if level == "root" and (others or names - {"name", "generateName"}):
        detail = (
            "must not specify anything other than name and generateName, but metadata is "
            "implicitly specified"
        )
        errors.append(fields.forbidden(path, detail))
    return errors


def _value(
    schema: Obj, path: Path, *, skip_any: bool | None = None, skip_first: bool | None = None
) -> Errors:
    """The parts that only restrict values: they add nothing to the structure."""
    all_of: list[Obj] = schema.get("allOf") or []
    if skip_any is None:
        skip_any = schema.get("anyOf") == _INT_OR_STRING
    if skip_first is None:
        skip_first = [part.get("anyOf") for part in all_of[:1]] == [_INT_OR_STRING]
    errors: Errors = []
    for index, part in enumerate(() if skip_any else schema.get("anyOf") or ()):
        errors += _nested(part, path.child("anyOf").index(index))
    for index, part in enumerate(all_of):
        skip = skip_first and index == 0
        errors += _nested(part, path.child("allOf").index(index), skip_any=skip)
    for index, part in enumerate(schema.get("oneOf") or ()):
        errors += _nested(part, path.child("oneOf").index(index))
    if schema.get("not") is not None:
        errors += _nested(schema["not"], path.child("not"))
    pattern = schema.get("pattern", "")
    if pattern and (wrong := patterns.error(pattern)):
        detail = f"must be a valid regular expression, but isn't: {wrong}"
        errors.append(fields.invalid(path.child("pattern"), pattern, detail))
    return errors


def _nested(schema: Obj, path: Path, *, skip_any: bool = False) -> Errors:
    errors = _value(schema, path, skip_any=skip_any, skip_first=False)
    if isinstance(schema.get("items"), dict):
        errors += _nested(schema["items"], path.child("items"))
    properties, where = schema.get("properties") or {}, path.child("properties")
    for name, inner in properties.items():
        errors += _nested(inner, where.key(name))
    if schema.get("additionalProperties") is not None:
        detail = "must be undefined to be structural"
        errors.append(fields.forbidden(path.child("additionalProperties"), detail))
    for name, detail in _NOT_NESTED.items():
        given = schema.get(name)
        if given or (name == "default" and given is not None):
            errors.append(fields.forbidden(path.child(name), f"{detail} to be structural"))
    if "metadata" in properties:
        detail = "must not be specified in a nested context"
        errors.append(fields.forbidden(where.key("metadata"), detail))
    return errors


def _completeness(schema: Any, path: Path) -> Errors:
    """What a nested part speaks of, the structure must have."""
    return [
        error
        for part, where in _value_parts(schema, path)
        for error in _complete(part, schema, path, where)
    ]


def _value_parts(schema: Obj, path: Path) -> Iterator[tuple[Obj, Path]]:
    for name in ("allOf", "anyOf", "oneOf"):
        for index, part in enumerate(schema.get(name) or ()):
            yield part, path.child(name).index(index)
    if schema.get("not") is not None:
        yield schema["not"], path.child("not")


def _complete(part: Obj, schema: Obj, structure: Path, path: Path) -> Errors:
    errors: Errors = []
    for inner, where in _value_parts(part, path):
        errors += _complete(inner, schema, structure, where)
    if isinstance(part.get("items"), dict):
        below = schema.get("items")
        where = path.child("items")
        if isinstance(below, dict):
            errors += _complete(part["items"], below, structure.child("items"), where)
        else:
            errors.append(_missing(structure.child("items"), where))
    known = schema.get("properties") or {}
    for name, inner in (part.get("properties") or {}).items():
        at, where = structure.child("properties").key(name), path.child("properties").key(name)
        if name in known:
            errors += _complete(inner, known[name], at, where)
        else:
            errors.append(_missing(at, where))
    return errors


def _missing(structure: Path, path: Path) -> FieldError:
    return fields.required(structure, f"because it is defined in {path}")
