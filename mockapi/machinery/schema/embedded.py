"""Objects inside of custom resources (x-kubernetes-embedded-resource) have a kind, an apiVersion
and sound metadata. Source: apiextensions-apiserver pkg/apiserver/schema/objectmeta.
"""

from typing import Any

from mockapi.machinery.validation import formats, names
from mockapi.machinery.validation import metadata as metadata_rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.meta.names import split_api_version

Obj = dict[str, Any]


def errors(value: Any, schema: Obj, path: Path | None = None) -> list[FieldError]:
    """What is wrong with the objects below `value`, which itself is judged elsewhere."""
    path = path or Path("")
    found: list[FieldError] = []
    if isinstance(value, dict):
        if schema.get("x-kubernetes-embedded-resource"):
            found += _object_errors(value, path)
        properties, additional = schema.get("properties") or {}, schema.get("additionalProperties")
        for key, item in value.items():
            if key in properties:
                found += errors(item, properties[key], path.child(key))
            elif isinstance(additional, dict):
                found += errors(item, additional, path.key(key))
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, item in enumerate(value):
            found += errors(item, schema["items"], path.index(index))
    return found


def _object_errors(value: Obj, path: Path) -> list[FieldError]:
    found = [fields.required(path.child(k)) for k in ("apiVersion", "kind") if k not in value]
    for key, item in value.items():
        if key == "apiVersion":
            found += _api_version_errors(item, path.child(key))
        elif key == "kind":
            found += _kind_errors(item, path.child(key))
        elif key == "metadata" and isinstance(item, dict):
            # Whether the inner kind has a namespace is not known: what it says decides.
            found += metadata_rules.validate_object_meta(
                {"name": "fakename", **item},  # the name is not asked for
                namespaced=bool(item.get("namespace")),
                validate_name=names.path_segment,
                path=path.child(key),
            )
    return found


def _api_version_errors(value: Any, path: Path) -> list[FieldError]:
    if not isinstance(value, str):
        return [fields.invalid(path, value, "must be a string")]
    if not value:
        return [fields.invalid(path, value, "must not be empty")]
    try:
        split_api_version(value)
    except ValueError as error:
        return [fields.invalid(path, value, str(error))]
    return []


def _kind_errors(value: Any, path: Path) -> list[FieldError]:
    if not isinstance(value, str):
        return [fields.invalid(path, value, "must be a string")]
    if not value:
        return [fields.invalid(path, value, "must not be empty")]
    texts = formats.dns1035_label(value.lower())
    if texts:
        text = "may have mixed case, but should otherwise match: " + ",".join(texts)
        return [fields.invalid(path, value, text)]
    return []
