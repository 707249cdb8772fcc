"""IPAddress."""

from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import addresses, names, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_PARENT = Path("spec", "parentRef")


def _name(name: str, prefix: bool) -> list[str]:
    return [error.detail for error in addresses.validate_canonical_ip(name, "")]


def _parent(parent: Any) -> Errors:
    errors: Errors = []
    if group := parent.get("group"):
        errors += rules.dns_subdomain(group, _PARENT.child("group"))
    for name in ("resource", "name", "namespace"):
        value = parent.get(name)
        for detail in names.path_segment(value, False) if value else ():
            errors.append(fields.invalid(_PARENT.child(name), value, detail))
    for name in ("resource", "name"):
        rules.required(parent, name, _PARENT, errors)
    return errors


def _reference(obj: Obj) -> Any:
    return (obj.get("spec") or {}).get("parentRef")


def _validate(obj: Obj) -> Errors:
    parent = _reference(obj)
    return [fields.required(_PARENT)] if parent is None else _parent(parent)


def _validate_update(obj: Obj, old: Obj) -> Errors:
    changed = rules.immutable(_reference(obj), _reference(old), _PARENT, shown=None)
    return _validate(obj) + changed


STRATEGY = Strategy(
    group="networking.k8s.io",
    kind="IPAddress",
    validate_name=_name,
    validate=_validate,
    validate_update=_validate_update,
)
