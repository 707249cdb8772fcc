"""Defaults must be what the schema asks for, and have nothing that it does not know.

Source: apiextensions-apiserver pkg/apiserver/schema/defaulting/validation.go.
"""

from mockapi.machinery.resource import Obj
from mockapi.machinery.schema import embedded
from mockapi.machinery.schema.structural import prune
from mockapi.machinery.schema.values import Values
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_META = ("metadata", "apiVersion", "kind")
_EMBEDDED = "x-kubernetes-embedded-resource"


def validate(schema: Obj, path: Path) -> Errors:
    return _validate({**schema, _EMBEDDED: True}, path, inside_meta=False)


def _validate(schema: Obj, path: Path, *, inside_meta: bool) -> Errors:
    inside_meta = inside_meta and not schema.get(_EMBEDDED)
    errors: Errors = []
    if (default := schema.get("default")) is not None and not inside_meta:
        errors += _default(default, schema, path.child("default"))
    if isinstance(schema.get("items"), dict):
        errors += _validate(schema["items"], path.child("items"), inside_meta=inside_meta)
    for name, part in (schema.get("properties") or {}).items():
        inner = inside_meta or bool(schema.get(_EMBEDDED) and name in _META)
        errors += _validate(part, path.child("properties").key(name), inside_meta=inner)
    return errors


def _default(default: object, schema: Obj, path: Path) -> Errors:
    errors: Errors = []
    if prune(default, schema) != default:
        errors.append(fields.invalid(path, default, "must not have unknown fields"))
    wrong = embedded.errors(default, schema, path)
    return errors + (wrong or [_below(error, path) for error in Values(schema).errors(default)])


def _below(error: FieldError, path: Path) -> FieldError:
    """Texts name what is inside of the default only, fields all."""
    if error.field in ("", "<nil>"):
        error.field = str(path)
    else:
        separator = "" if error.field.startswith("[") else "."
        error.field = f"{path}{separator}{error.field}"
    return error
