"""StorageClass."""

from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import declared, formats, rules
from mockapi.machinery.validation.declarations import Declarations, Field
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_PROVISIONER = Path("provisioner")
_PARAMETERS = Path("parameters")
_TOPOLOGIES = Path("allowedTopologies")
_BINDING = ("Immediate", "WaitForFirstConsumer")
_MOST_PARAMETERS = 512
_LARGEST_PARAMETERS = 256 * 1024


def parameters(given: Any) -> Errors:
    if len(given) > _MOST_PARAMETERS:
        return [fields.too_long(_PARAMETERS, _MOST_PARAMETERS)]
    errors: Errors = []
    if "" in given:
        errors.append(fields.invalid(_PARAMETERS, "", "field can not be empty."))
    if sum(formats.size(k) + formats.size(v) for k, v in given.items()) > _LARGEST_PARAMETERS:
        errors.append(fields.too_long(_PARAMETERS, _LARGEST_PARAMETERS))
    return errors


def _requirement(requirement: Any, path: Path) -> Errors:
    errors: Errors = []
    values = requirement.get("values") or []
    if not values:
        errors.append(fields.required(path.child("values")))
    for index, value in enumerate(values):
        if value in values[:index]:
            errors.append(fields.duplicate(path.child("values").index(index), value))
    return errors + rules.each(
        formats.qualified_name, requirement.get("key", ""), path.child("key")
    )


def _topologies(terms: Any) -> Errors:
    errors: Errors = []
    seen: list[dict[str, set[str]]] = [{}]
    for index, term in enumerate(terms):
        path = _TOPOLOGIES.index(index)
        found: dict[str, set[str]] = {}
        for number, requirement in enumerate(term.get("matchLabelExpressions") or ()):
            where = path.child("matchLabelExpressions").index(number)
            errors += _requirement(requirement, where)
            key = requirement.get("key", "")
            if key in found:
                errors.append(fields.duplicate(where.child("key"), key))
            found[key] = set(requirement.get("values") or ())
        if found in seen:
            errors.append(fields.duplicate(path.child("matchLabelExpressions"), ""))
        seen.append(found)
    return errors


def _written(obj: Obj) -> Errors:
    errors: Errors = []
    if provisioner := obj.get("provisioner"):
        errors += rules.qualified_name(provisioner.lower(), _PROVISIONER)
    else:
        errors += declared.covered([fields.required(_PROVISIONER)])
    errors += parameters(obj.get("parameters") or {})
    if policy := obj.get("reclaimPolicy"):
        errors += rules.one_of(policy, Path("reclaimPolicy"), ("Delete", "Retain"))
    mode = obj.get("volumeBindingMode")
    if mode is None:
        errors.append(fields.required(Path("volumeBindingMode")))
    else:
        errors += rules.one_of(mode, Path("volumeBindingMode"), _BINDING)
    return errors + _topologies(obj.get("allowedTopologies") or ())


_DECLARED = Declarations(
    {
        "StorageClass": (
            Field("provisioner", is_required=True, is_immutable=True),
            Field("parameters", is_immutable=True),
            Field("reclaimPolicy", is_immutable=True, is_pointer=True),
            Field("volumeBindingMode", is_immutable=True, is_pointer=True),
        ),
    }
)


def _validate(obj: Obj, old: Obj | None = None) -> Errors:
    return _DECLARED.settle(_written(obj), "StorageClass", obj, old, None)


STRATEGY = Strategy(
    group="storage.k8s.io",
    kind="StorageClass",
    validate=_validate,
    validate_update=_validate,
)
