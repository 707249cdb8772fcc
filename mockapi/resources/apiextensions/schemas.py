"""The schema of a version. Source: apiextensions-apiserver pkg/apis/apiextensions/validation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from mockapi.machinery.resource import Obj
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.apiextensions import declared_defaults, declared_rules, shapes, structural

Errors = list[FieldError]

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_META = ("metadata", "kind", "apiVersion")
_AT_ROOT = (
    "Description",
    "Type",
    "Format",
    "Title",
    "Maximum",
    "ExclusiveMaximum",
    "Minimum",
    "ExclusiveMinimum",
    "MaxLength",
    "MinLength",
    "Pattern",
    "MaxItems",
    "MinItems",
    "UniqueItems",
    "MultipleOf",
    "Required",
    "Items",
    "Properties",
    "ExternalDocs",
    "Example",
    "XPreserveUnknownFields",
    "XValidations",
)
_NOT_SET = (None, "", False)


@dataclass(frozen=True, slots=True)
class _Place:
    """What a part of a schema may have where it stands."""

    defaults: str | None = None
    """Why there may be no default; None: there may."""
    inside_meta: bool = False
    uncorrelated: Path | None = None
    """Below this no old value can be found for a new one."""


def validate(schema: Obj, path: Path, *, has_status: bool) -> Errors:
    """`path` is that of the schema."""
    errors = _root(schema, path) if has_status else []
    if schema.get("nullable"):
        errors.append(
            fields.forbidden(path.child("nullable"), "nullable cannot be true at the root")
        )
    missing = structural.unsupported(schema)
    sound = False
    if not missing:
        found = structural.validate(schema, path) or declared_defaults.validate(schema, path)
        errors += found
        sound = not found
    own, rules = _schema(schema, path, _Place(), is_root=True, sound=sound)
    errors += own + rules
    if not errors and missing:
        errors.append(fields.invalid(path, "", missing))
    return errors


def _root(schema: Obj, path: Path) -> Errors:
    """With a status subresource the root may only say so much."""
    for name, value in shapes.shown_schema(schema).items():
        if value in _NOT_SET or name in _AT_ROOT:
            if name == "Type" and value != "object" and value:
                detail = (
                    'only "object" is allowed as the type at the root of the schema if the status '
                    "subresource is enabled"
                )
                return [fields.invalid(path.child("type"), value, detail)]
            continue
        detail = (
            f"only [{' '.join(_AT_ROOT)}] fields are allowed at the root of the schema if the "
            "status subresource is enabled"
        )
        return [fields.invalid(path, shapes.shown_schema(schema), detail)]
    return []


def _schema(
    schema: Obj, path: Path, place: _Place, *, is_root: bool = False, sound: bool
) -> tuple[Errors, Errors]:
    """The errors of the schema, and those of its rules."""
    own = _standard(schema, path, place)
    rules: Errors = []
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        own.append(fields.forbidden(path.child("uniqueItems"), detail))
    own += _exclusive(schema, path)
    for part, where, there, part_sound in _parts(schema, path, place, is_root=is_root):
        inner, below = _schema(part, where, there, sound=sound and part_sound)
        own += inner
        rules += below
    own += _extensions(schema, path) + _list_keys(schema, path) + _map_list(schema, path)
    own += declared_rules.shape_errors(schema, path)
    if not own and sound and schema.get("x-kubernetes-validations"):
        rules += declared_rules.compile_errors(schema, path, place.uncorrelated, is_root=is_root)
    return own, rules


def _standard(schema: Obj, path: Path, place: _Place) -> Errors:
    errors: Errors = []
    kind = schema.get("type", "")
    if kind and kind not in _TYPES:
        errors.append(fields.not_supported(path.child("type"), kind, _TYPES))
    if schema.get("default") is not None and place.defaults is not None:
        detail = f"must not be set {place.defaults}".rstrip()
        errors.append(fields.forbidden(path.child("default"), detail))
    for name, is_given in _REFUSED.items():
        if is_given(schema.get(name)):
            errors.append(fields.forbidden(path.child(name), f"{name} is not supported"))
    if kind == "null":
        detail = "type cannot be set to null, use nullable as an alternative"
        errors.append(fields.forbidden(path.child("type"), detail))
    if isinstance(schema.get("items"), list) and schema["items"]:
        detail = "items must be a schema object and not an array"
        errors.append(fields.forbidden(path.child("items"), detail))
    if place.inside_meta and schema.get("x-kubernetes-embedded-resource"):
        where = path.child("x-kubernetes-embedded-resource")
        errors.append(fields.forbidden(where, "must not be used inside of resource meta"))
    return errors


def _is_set(given: Any) -> bool:
    return given is not None


_REFUSED: dict[str, Callable[[Any], bool]] = {
    "id": bool,
    "additionalItems": _is_set,
    "patternProperties": bool,
    "definitions": bool,
    "dependencies": _is_set,
    "$ref": _is_set,
}


def _exclusive(schema: Obj, path: Path) -> Errors:
    additional = schema.get("additionalProperties")
    if additional is None or additional is True or not schema.get("properties"):
        return []
    detail = "additionalProperties and properties are mutual exclusive"
    return [fields.forbidden(path.child("additionalProperties"), detail)]


def _parts(
    schema: Obj, path: Path, place: _Place, *, is_root: bool
) -> Iterator[tuple[Obj, Path, _Place, bool]]:
    """(schema, path, place, whether its rules are compiled)."""
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict):
        reason = "inside additionalProperties applying to object metadata"
        there = replace(place, defaults=reason) if place.inside_meta else place
        yield additional, path.child("additionalProperties"), there, True
    for name, part in (schema.get("properties") or {}).items():
        there = place
        if schema.get("x-kubernetes-map-type", "granular") != "granular":
            there = _uncorrelated(there, path)
        if (is_root or schema.get("x-kubernetes-embedded-resource")) and name in _META:
            there = replace(there, inside_meta=True)
            there = replace(there, defaults=f"in top-level {name}") if is_root else there
        yield part, path.child("properties").key(name), there, True
    yield from _value_parts(schema, path, place)
    items, where = schema.get("items"), path.child("items")
    there = place if schema.get("x-kubernetes-list-type") == "map" else _uncorrelated(place, path)
    if isinstance(items, dict):
        yield items, where, there, True
    for index, part in enumerate(items if isinstance(items, list) else ()):
        yield part, where.index(index), there, True


def _value_parts(
    schema: Obj, path: Path, place: _Place
) -> Iterator[tuple[Obj, Path, _Place, bool]]:
    if schema.get("not") is not None:
        yield schema["not"], path.child("not"), place, False
    for name in ("allOf", "oneOf", "anyOf"):
        for index, part in enumerate(schema.get(name) or ()):
            yield part, path.child(name).index(index), place, False
    for key, part in (schema.get("definitions") or {}).items():
        yield part, path.child("definitions").key(key), place, False
    for key, part in (schema.get("dependencies") or {}).items():
        if isinstance(part, dict):
            yield part, path.child("dependencies").key(key), place, False


def _uncorrelated(place: _Place, path: Path) -> _Place:
    return place if place.uncorrelated is not None else replace(place, uncorrelated=path)


def _extensions(schema: Obj, path: Path) -> Errors:
    errors: Errors = []
    name = "x-kubernetes-preserve-unknown-fields"
    if schema.get(name) is False:
        errors.append(fields.invalid(path.child(name), False, "must be true or undefined"))
    for name, kind, valid in (
        ("x-kubernetes-map-type", "object", ("atomic", "granular")),
        ("x-kubernetes-list-type", "array", ("atomic", "set", "map")),
    ):
        given = schema.get(name)
        if given is None:
            continue
        if schema.get("type", "") != kind:
            errors.append(_must_be(schema, path.child("type"), f"{kind} if {name} is specified"))
        elif given == "set":
            errors += _set_items(schema.get("items"), path.child("items"))
        if given not in valid:
            errors.append(fields.not_supported(path.child(name), given, valid))
    return errors


def _must_be(schema: Obj, path: Path, what: str) -> FieldError:
    kind, detail = schema.get("type"), f"must be {what}"
    return fields.invalid(path, kind, detail) if kind else fields.required(path, detail)


def _set_items(items: Any, path: Path) -> Errors:
    """Items of sets are compared as a whole. (The real server shows the list type both times.)"""
    if not isinstance(items, dict):
        return []
    listed = items.get("x-kubernetes-list-type")
    mapped = items.get("x-kubernetes-map-type")
    detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
    if items.get("type") == "array" and listed not in (None, "atomic"):
        return [fields.invalid(path.child("x-kubernetes-list-type"), listed, detail)]
    if items.get("type") == "object" and mapped != "atomic":
        return [fields.invalid(path.child("x-kubernetes-map-type"), listed, detail)]
    return []


def _list_keys(schema: Obj, path: Path) -> Errors:
    keys, kind = (
        schema.get("x-kubernetes-list-map-keys") or [],
        schema.get("x-kubernetes-list-type"),
    )
    where = path.child("x-kubernetes-list-map-keys")
    errors: Errors = []
    if keys and kind != "map":
        at = path.child("x-kubernetes-list-type")
        detail = "must be map if x-kubernetes-list-map-keys is non-empty"
        wrong = fields.invalid(at, kind, detail)
        errors.append(fields.required(at, detail) if kind is None else wrong)
    if kind != "map":
        return errors
    if not keys:
        errors.append(fields.required(where, "must not be empty if x-kubernetes-list-type is map"))
    items, at = schema.get("items"), path.child("items")
    if items is None:
        detail = "must have a schema if x-kubernetes-list-type is map"
        return [*errors, fields.required(at, detail)]
    if not isinstance(items, dict):
        shown = shapes.shown_schema(schema)["Items"]
        detail = "must only have a single schema if x-kubernetes-list-type is map"
        return [*errors, fields.invalid(at, shown, detail)]
    if items.get("type", "") != "object":
        detail = "must be object if parent array's x-kubernetes-list-type is map"
        return [*errors, fields.invalid(at.child("type"), items.get("type", ""), detail)]
    return errors + _keys(keys, items, path)


def _keys(keys: list[str], items: Obj, path: Path) -> Errors:
    errors: Errors = []
    where, known = path.child("x-kubernetes-list-map-keys"), items.get("properties") or {}
    for index, key in enumerate(keys):
        if key not in known:
            detail = "entries must all be names of item properties"
            errors.append(fields.invalid(where, keys, detail))
        elif known[key].get("type") in ("array", "object"):
            at = path.child("items", "properties").key(key).child("type")
            detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            errors.append(fields.invalid(at, "object", detail))
        if key in keys[:index]:
            errors.append(fields.invalid(where, keys, "must not contain duplicate entries"))
    return errors


def _map_list(schema: Obj, path: Path) -> Errors:
    items, kind = schema.get("items"), schema.get("x-kubernetes-list-type")
    if not isinstance(items, dict) or kind not in ("set", "map"):
        return []
    errors: Errors = []
    if items.get("nullable"):
        detail = f"cannot be nullable when x-kubernetes-list-type is {kind}"
        errors.append(fields.forbidden(path.child("items", "nullable"), detail))
    if kind == "set":
        return errors
    known, required = items.get("properties") or {}, items.get("required") or ()
    about = "this property is in x-kubernetes-list-map-keys, so it"
    for key in schema.get("x-kubernetes-list-map-keys") or ():
        if key not in known:
            continue
        where = path.child("items", "properties").key(key)
        if key not in required and known[key].get("default") is None:
            detail = f"{about} must have a default or be a required property"
            errors.append(fields.required(where.child("default"), detail))
        if known[key].get("nullable"):
            errors.append(fields.forbidden(where.child("nullable"), f"{about} cannot be nullable"))
    return errors


def every_part(schema: Obj) -> Iterator[Obj]:
    """The schema and all that is below it, anywhere."""
    yield schema
    for part, _, _, _ in _parts(schema, Path(""), _Place(), is_root=False):
        yield from every_part(part)
