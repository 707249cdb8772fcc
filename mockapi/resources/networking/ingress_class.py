"""IngressClass."""

from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import formats, names, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_SPEC = Path("spec")
_CONTROLLER = _SPEC.child("controller")
_PARAMETERS = _SPEC.child("parameters")


def _scope(parameters: Any) -> Errors:
    if "scope" not in parameters:
        return [fields.required(_PARAMETERS.child("scope"))]
    scope, where = parameters["scope"], _PARAMETERS.child("namespace")
    if scope not in ("Cluster", "Namespace"):
        return [fields.not_supported(_PARAMETERS.child("scope"), scope, ("Cluster", "Namespace"))]
    namespace = parameters.get("namespace")
    if scope == "Cluster":
        detail = "`parameters.scope` is set to 'Cluster'"
        return [] if namespace is None else [fields.forbidden(where, detail)]
    if namespace is None:
        return [fields.required(where, "`parameters.scope` is set to 'Namespace'")]
    return rules.dns_label(namespace, where)


def _parameters(parameters: Any) -> Errors:
    errors: Errors = []
    if "apiGroup" in parameters:
        errors += rules.dns_subdomain(parameters["apiGroup"], _PARAMETERS.child("apiGroup"))
    for name in ("kind", "name"):
        value = parameters.get(name)
        for detail in names.path_segment(value, False) if value else ():
            errors.append(fields.invalid(_PARAMETERS.child(name), value, detail))
    return errors + _scope(parameters)


def _validate(obj: Obj) -> Errors:
    spec = obj.get("spec") or {}
    controller, parameters = spec.get("controller", ""), spec.get("parameters")
    errors: Errors = []
    if formats.size(controller) > 250:
        errors.append(fields.too_long(_CONTROLLER, 250))
    errors += rules.domain_prefixed_path(controller, _CONTROLLER)
    if parameters is None:
        return errors
    errors += _parameters(parameters)
    for name in ("kind", "name"):
        rules.required(parameters, name, _PARAMETERS, errors)
    return errors


def _validate_update(obj: Obj, old: Obj) -> Errors:
    now = (obj.get("spec") or {}).get("controller", "")
    was = (old.get("spec") or {}).get("controller", "")
    return rules.immutable(now, was, _CONTROLLER) + _validate(obj)


STRATEGY = Strategy(
    group="networking.k8s.io",
    kind="IngressClass",
    validate=_validate,
    validate_update=_validate_update,
    has_generation=True,
)
