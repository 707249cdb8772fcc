"""IPAddress."""

from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import addresses, declared, names, rules
from mockapi.machinery.validation.declarations import Declarations, Field
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_SPEC = Path("spec")
_PARENT = _SPEC.child("parentRef")


def _name(name: str, prefix: bool) -> list[str]:
    return [error.detail for error in addresses.validate_canonical_ip(name, "")]


def _parent(parent: Any) -> Errors:
    errors: Errors = []
    if group := parent.get("group"):
        errors += rules.dns_subdomain(group, _PARENT.child("group"))
    for name in ("resource", "name", "namespace"):
        value, where = parent.get(name), _PARENT.child(name)
        if not value and name != "namespace":
            errors += declared.covered([fields.required(where)])
        for detail in names.path_segment(value, False) if value else ():
            errors.append(fields.invalid(where, value, detail))
    return errors


_DECLARED = Declarations(
    {
        "Spec": (Field("parentRef", kind="Parent", is_required=True, is_immutable=True),),
        "Parent": (Field("resource", is_required=True), Field("name", is_required=True)),
    }
)


def _validate(obj: Obj, old: Obj | None = None) -> Errors:
    spec, before = obj.get("spec") or {}, None if old is None else old.get("spec") or {}
    parent = spec.get("parentRef")
    prefix = obj["metadata"].get("generateName", "")
    written: Errors = []
    if prefix and old is not None:  # names are judged at updates too
        where = Path("metadata", "generateName")
        written = rules.each(lambda text: _name(text, True), prefix, where)
    absent = declared.covered([fields.required(_PARENT)]) if parent is None else []
    return _DECLARED.settle(written + (absent or _parent(parent)), "Spec", spec, before, _SPEC)


STRATEGY = Strategy(
    group="networking.k8s.io",
    kind="IPAddress",
    validate_name=_name,
    validate=_validate,
    validate_update=_validate,
)
