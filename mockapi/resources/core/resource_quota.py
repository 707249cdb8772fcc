"""ResourceQuota."""

from collections.abc import Mapping, Sequence
from typing import Any

from mockapi.machinery.resource import Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import internal
from mockapi.meta import fields, quantity
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.pods import quantities

Errors = list[FieldError]

SPEC = Path("spec")
_COMPUTE = frozenset(
    ("cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory")
)
_PODS = frozenset(("pods",))
_CLAIMS = frozenset(("persistentvolumeclaims", "requests.storage"))
_SCOPES: Mapping[str, frozenset[str]] = {
    "Terminating": _PODS | _COMPUTE,
    "NotTerminating": _PODS | _COMPUTE,
    "BestEffort": _PODS,
    "NotBestEffort": _PODS | _COMPUTE,
    "PriorityClass": _PODS | _COMPUTE,
    "CrossNamespacePodAffinity": _PODS | _COMPUTE,
    "VolumeAttributesClass": _CLAIMS,
}
"""Scope -> the resources it can be applied to."""
_STANDARD = (
    _COMPUTE
    | _PODS
    | frozenset(
        (
            "ephemeral-storage",
            "requests.storage",
            "requests.ephemeral-storage",
            "limits.ephemeral-storage",
            "resourcequotas",
            "services",
            "replicationcontrollers",
            "secrets",
            "persistentvolumeclaims",
            "configmaps",
            "services.nodeports",
            "services.loadbalancers",
        )
    )
)
_HUGE = ("hugepages-", "requests.hugepages-")
_CONFLICTS = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
_MUST_EXIST = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, "
    "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
    "ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)


def _is_standard(name: str) -> bool:
    return name in _STANDARD or name.startswith(_HUGE)


def _amounts(amounts: Mapping[str, str] | None, path: Path) -> Errors:
    errors: Errors = []
    for name, value in (amounts or {}).items():
        where = path.key(name)
        errors += quantities.resource_name(name, where)
        if "/" not in name and not _is_standard(name):
            detail = "must be a standard resource for quota"
            errors.append(fields.invalid(where, name, detail))
        errors += quantities.resource_value(name, value, where)
    return errors


def _scope(scope: str, hard: Sequence[str], shown: Any, path: Path, at_name: Path) -> Errors:
    errors: Errors = []
    if scope not in _SCOPES:
        shown_scope = shown if at_name is path else scope
        errors.append(fields.invalid(at_name, shown_scope, "unsupported scope"))
    for name in hard:
        if _is_standard(name) and scope in _SCOPES and name not in _SCOPES[scope]:
            detail = "unsupported scope applied to resource"
            errors.append(fields.invalid(path, shown, detail))
    return errors


def _conflicts(scopes: set[str], shown: Any, path: Path) -> Errors:
    return [
        fields.invalid(path, shown, "conflicting scopes") for pair in _CONFLICTS if pair <= scopes
    ]


def _validate_spec(spec: Any) -> Errors:
    errors = _amounts(spec.get("hard"), SPEC.child("hard"))
    hard = sorted(spec.get("hard") or ())
    scopes, path = spec.get("scopes") or [], SPEC.child("scopes")
    for scope in scopes:
        errors += _scope(scope, hard, scopes, path, path)
    errors += _conflicts(set(scopes), scopes, path)
    selector = spec.get("scopeSelector")
    return errors if selector is None else errors + _selector(spec, selector, hard)


def _selector(spec: Any, selector: Any, hard: Sequence[str]) -> Errors:
    path = SPEC.child("scopeSelector", "matchExpressions")
    shown = internal.shown("core.ScopeSelector", selector)
    errors: Errors = []
    seen: set[str] = set()
    for requirement in selector.get("matchExpressions") or ():
        name = requirement.get("scopeName", "")
        errors += _scope(name, hard, shown, path, path.child("scopeName"))
        errors += _operator(requirement, name, path)
        seen.add(name)
    return errors + _conflicts(seen, spec.get("scopes"), path)


def _operator(requirement: Any, scope: str, path: Path) -> Errors:
    errors: Errors = []
    operator, values = requirement.get("operator", ""), requirement.get("values")
    where = path.child("operator")
    valued = scope in ("PriorityClass", "VolumeAttributesClass")
    if scope in _SCOPES and not valued and operator != "Exists":
        errors.append(fields.invalid(where, operator, _MUST_EXIST))
    if operator in ("In", "NotIn"):
        if not values:
            detail = (
                "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            )
            errors.append(fields.required(path.child("values"), detail))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            detail = (
                "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            )
            errors.append(fields.invalid(path.child("values"), values, detail))
    else:
        errors.append(fields.invalid(where, operator, "not a valid selector operator"))
    return errors


def _validate(obj: Obj) -> Errors:
    return _validate_spec(obj.get("spec") or {})


def _validate_update(obj: Obj, old: Obj) -> Errors:
    spec, before = obj.get("spec") or {}, old.get("spec") or {}
    errors = _validate_spec(spec)
    if set(spec.get("scopes") or ()) != set(before.get("scopes") or ()):
        shown = spec.get("scopes")
        errors.append(fields.invalid(SPEC.child("scopes"), shown, "field is immutable"))
    return errors


def _validate_status(obj: Obj, old: Obj) -> Errors:
    status = obj.get("status") or {}
    path = Path("status")
    errors = _amounts(status.get("hard"), path.child("hard"))
    return errors + _amounts(status.get("used"), path.child("used"))


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    hard = (obj.get("spec") or {}).get("hard") or {}
    if old is not None or not hard:
        return []
    found = []
    for name in ("cpu", "memory", "storage", "ephemeral-storage"):
        request, limit = f"requests.{name}", f"limits.{name}"
        if request not in hard and name in ("cpu", "memory"):
            request = name
        if request not in hard or limit not in hard:
            continue
        if quantity.parse(hard[request]).cmp(quantity.parse(hard[limit])) > 0:
            found.append(
                f"ResourceQuota {request} ({hard[request]}) should be less than "
                f"{limit} ({hard[limit]})"
            )
    return found


STRATEGY = Strategy(
    group="",
    kind="ResourceQuota",
    validate=_validate,
    validate_update=_validate_update,
    warnings=_warnings,
    has_status=True,
    status=StatusStrategy(validate_update=_validate_status),
)
