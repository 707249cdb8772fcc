"""The devices of a ResourceSlice."""

from typing import Any

from mockapi.machinery.resource import Obj
from mockapi.machinery.validation import metadata, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.dynamic import capacities, claims
from mockapi.resources.dynamic import formats as own
from mockapi.resources.pods import placement

Errors = list[FieldError]

_MOST_DESCRIBED = 32
_MOST_VALUES = 48
_MOST_TAINTS = 16
_MOST_USED = 2
_MOST_CONDITIONS = 4
_IN_SPEC = "if `perDeviceNodeSelection` is set to true in the ResourceSlice spec"
_ON_ONE = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when "
    "`perDeviceNodeSelection` is set to true in the ResourceSlice spec"
)


def device(given: Obj, old: Obj | None, path: Path, *, per_device: bool) -> Errors:
    errors = rules.dns_label(given.get("name", ""), path.child("name"))
    attributes, capacity = given.get("attributes") or {}, given.get("capacity") or {}
    if (count := len(attributes) + len(capacity)) > _MOST_DESCRIBED:
        detail = f"the total number of attributes and capacities must not exceed {_MOST_DESCRIBED}"
        errors.append(fields.invalid(path, count, detail))
    if len(attributes) > _MOST_VALUES:
        detail = f"the total number of attribute values must not exceed {_MOST_VALUES}"
        errors.append(fields.invalid(path, len(attributes), detail))
    where = path.child("attributes")
    errors += own.entries(
        attributes, None, own.MAX_KEY, own.qualified_name, capacities.attribute, where
    )
    if old is None or (old.get("capacity") or {}) != capacity:
        is_shared = bool(given.get("allowMultipleAllocations"))
        judge = capacities.shared_capacity if is_shared else capacities.single_capacity
        where = path.child("capacity")
        errors += own.entries(capacity, None, own.MAX_KEY, own.qualified_name, judge, where)
    if old is None or (old.get("taints") or []) != (given.get("taints") or []):
        where = path.child("taints")
        errors += own.items(given.get("taints"), _MOST_TAINTS, claims.taint, where, covers=False)
    errors += own.items(
        given.get("consumesCounters"),
        _MOST_USED,
        capacities.counter_use,
        path.child("consumesCounters"),
        key=lambda used: used.get("counterSet", ""),
    )
    return errors + _nodes(given, path, per_device=per_device) + binding(given, path)


def _nodes(given: Obj, path: Path, *, per_device: bool) -> Errors:
    if not per_device:
        if any(name in given for name in ("nodeName", "nodeSelector", "allNodes")):
            detail = f"`nodeName`, `nodeSelector` and `allNodes` can only be set {_IN_SPEC}"
            return [fields.invalid(path, None, detail)]
        return []
    errors: Errors = []
    chosen: list[str] = []
    if (name := given.get("nodeName")) is not None:
        where = path.child("nodeName")
        if name:
            chosen.append("`nodeName`")
            errors += rules.dns_subdomain(name, where)
        else:
            errors.append(fields.invalid(where, name, "must not be empty"))
    if (selector := given.get("nodeSelector")) is not None:
        chosen.append("`nodeSelector`")
        errors += placement.validate_node_selector(selector, path.child("nodeSelector"))
    if (everywhere := given.get("allNodes")) is not None:
        if everywhere:
            chosen.append("`allNodes`")
        else:
            detail = "must be either unset or set to true"
            errors.append(fields.invalid(path.child("allNodes"), False, detail))
    if not chosen:
        errors.append(fields.required(path, _ON_ONE))
    elif len(chosen) > 1:
        errors.append(fields.invalid(path, f"{{{', '.join(chosen)}}}", _ON_ONE))
    return errors


def binding(given: Obj, path: Path) -> Errors:
    """Conditions that must be met, and those that tell of failure."""
    wanted, failed = ("bindingConditions", "bindingFailureConditions")
    errors: Errors = []
    lists: dict[str, Any] = {name: given.get(name) or [] for name in (wanted, failed)}
    for name, conditions in lists.items():
        where = path.child(name)
        errors += own.items(conditions, _MOST_CONDITIONS, metadata.validate_label_name, where)
    for name, conditions in lists.items():
        for index, condition in enumerate(conditions):
            where = path.child(name).index(index)
            if condition in conditions[:index]:
                errors.append(fields.duplicate(where, condition))
            if name == failed and condition in lists[wanted]:
                detail = "bindingFailureConditions must not overlap with bindingConditions"
                errors.append(fields.invalid(where, condition, detail))
    for name, other in ((wanted, failed), (failed, wanted)):
        if not lists[name] and lists[other]:
            detail = f"{name} are required to use {other}"
            errors.append(fields.invalid(path.child(name), None, detail))
    return errors


def drop_disabled(given: Obj) -> None:
    given.pop("nodeAllocatableResources", None)
    for used in given.get("consumesCounters") or ():
        used.pop("compatibilityGroups", None)
    for attribute in (given.get("attributes") or {}).values():
        for name in ("bools", "ints", "strings", "versions"):
            attribute.pop(name, None)
