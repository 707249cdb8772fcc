"""IngressClass."""

from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import declared, formats, names, rules
from mockapi.machinery.validation.declarations import Declarations, Field
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
        value, where = parameters.get(name), _PARAMETERS.child(name)
        if not value:
            errors += declared.covered([fields.required(where)])
            continue
        for detail in names.path_segment(value, False):
            errors.append(fields.invalid(where, value, detail))
    return errors + _scope(parameters)


_DECLARED = Declarations(
    {
        "Spec": (Field("parameters", kind="Parameters"),),
        "Parameters": (Field("kind", is_required=True), Field("name", is_required=True)),
    }
)


def _written(spec: Obj) -> Errors:
    controller, parameters = spec.get("controller", ""), spec.get("parameters")
    errors: Errors = []
    if formats.size(controller) > 250:
        errors.append(fields.too_long(_CONTROLLER, 250))
    errors += rules.domain_prefixed_path(controller, _CONTROLLER)
    return errors if parameters is None else errors + _parameters(parameters)


def _validate(obj: Obj) -> Errors:
    spec = obj.get("spec") or {}
    return _DECLARED.settle(_written(spec), "Spec", spec, None, _SPEC)


def _validate_update(obj: Obj, old: Obj) -> Errors:
    spec, before = obj.get("spec") or {}, old.get("spec") or {}
    now, was = spec.get("controller", ""), before.get("controller", "")
    written = rules.immutable(now, was, _CONTROLLER) + _written(spec)
    return _DECLARED.settle(written, "Spec", spec, before, _SPEC)


STRATEGY = Strategy(
    group="networking.k8s.io",
    kind="IngressClass",
    validate=_validate,
    validate_update=_validate_update,
    has_generation=True,
)
