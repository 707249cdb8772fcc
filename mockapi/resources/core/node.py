"""Node."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mockapi.machinery.resource import Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import addresses, formats, internal, rules
from mockapi.machinery.validation.metadata import validate_label_name
from mockapi.meta import fields as errors_of
from mockapi.meta import gojson
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import fields
from mockapi.resources.pods import placement, quantities

Errors = list[FieldError]

_FEATURE = re.compile(r"[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*")
_TAINTS = "scheduler.alpha.kubernetes.io/taints"
_AVOIDED = "scheduler.alpha.kubernetes.io/preferAvoidPods"
_ALLOCATABLE = ("status", "allocatable")
_POD_CIDRS = Path("spec", "podCIDRs")
_NO_CIDR_CHANGE = 'node updates may not change podCIDR except from "" to valid'


def validate_taints(taints: Sequence[Any], path: Path) -> Errors:
    errors: Errors = []
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        where = path.index(index)
        key, value, effect = (taint.get(name, "") for name in ("key", "value", "effect"))
        errors += validate_label_name(key, where.child("key"))
        if details := formats.label_value(value):
            errors.append(errors_of.invalid(where.child("value"), value, ";".join(details)))
        errors += placement.validate_taint_effect(effect, where.child("effect"))
        if (effect, key) in seen:
            error = errors_of.duplicate(where, internal.shown("core.Taint", taint))
            error.detail = "taints must be unique by key and effect pair"
            errors.append(error)
        seen.add((effect, key))
    return errors


def _annotations(obj: Obj) -> Errors:
    annotations = obj["metadata"].get("annotations") or {}
    path = Path("metadata", "annotations")
    errors: Errors = []
    if text := annotations.get(_TAINTS):
        try:
            taints = gojson.plain(gojson.parse(text.encode()))
        except gojson.GoSyntaxError as problem:
            errors.append(errors_of.invalid(path, _TAINTS, str(problem)))
        else:
            errors += validate_taints(taints or (), path.child(_TAINTS))
    if text := annotations.get(_AVOIDED):
        try:
            avoided = gojson.plain(gojson.parse(text.encode()))
        except gojson.GoSyntaxError as problem:
            errors.append(errors_of.invalid(path.child("AvoidPods"), _AVOIDED, str(problem)))
        else:
            errors += _avoided(avoided or {}, path.child(_AVOIDED))
    return errors


def _avoided(avoided: Obj, path: Path) -> Errors:
    errors: Errors = []
    for index, entry in enumerate(avoided.get("preferAvoidPods") or ()):
        where = path.index(index).child("PodSignature")
        owner = (entry.get("podSignature") or {}).get("podController")
        if owner is None:
            errors.append(errors_of.required(where))
        elif not owner.get("controller"):
            detail = "must point to a controller"
            errors.append(
                errors_of.invalid(where.child("PodController", "Controller"), False, detail)
            )
    return errors


def _resources(status: Any) -> Errors:
    errors: Errors = []
    for part in ("capacity", "allocatable"):
        amounts: Mapping[str, str] = status.get(part) or {}
        for name, value in amounts.items():
            if value[0] == "-" or "." in name or "/" in name or value[-1] in "mun":
                where = Path("status", part, name)
                errors += quantities.resource_value(name, value, where)
    return errors


def _declared_features(status: Any) -> Errors:
    features = status.get("declaredFeatures") or ()
    path = Path("status", "declaredFeatures")
    errors: Errors = []
    for index, feature in enumerate(features):
        if detail := _feature_problem(feature):
            errors.append(errors_of.invalid(path.index(index), feature, detail))
        following = features[index + 1] if index + 1 < len(features) else None
        if feature == following:
            errors.append(errors_of.duplicate(path.index(index + 1), following))
        elif following is not None and feature > following:
            detail = "list must be sorted alphabetically"
            errors.append(errors_of.invalid(path.index(index + 1), following, detail))
    return errors


def _feature_problem(feature: str) -> str:
    if len(feature) > 253:
        return f'invalid feature name "{feature}": must be no more than 253 characters'
    if _FEATURE.fullmatch(feature):
        return ""
    return (
        f'invalid feature name "{feature}": must start with an UpperCamelCase segment, with '
        "subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and "
        "contain only alphanumeric characters and slashes"
    )


def _pod_cidrs(spec: Any) -> Errors:
    cidrs = spec.get("podCIDRs") or []
    errors: Errors = []
    for index, cidr in enumerate(cidrs):
        errors += addresses.validate_cidr(cidr, _POD_CIDRS.index(index))
    if len(cidrs) > 1:
        parsed = [addresses.parse_cidr(cidr) for cidr in cidrs]
        bad = parsed.index(None) if None in parsed else None
        if bad is not None:
            text = (
                "invalid PodCIDRs. failed to check with dual stack with error:"
                f"invalid CIDR[{bad}]: <nil> (invalid CIDR address: {cidrs[bad]})"
            )
            errors.append(errors_of.internal(_POD_CIDRS, text))
        families = {one.network.version for one in parsed if one is not None}
        if bad is not None or len(families) < 2 or len(cidrs) > 2:
            detail = "may specify no more than one CIDR for each IP family"
            errors.append(errors_of.invalid(_POD_CIDRS, cidrs, detail))
    return errors


def _swap(status: Any) -> Errors:
    capacity = ((status.get("nodeInfo") or {}).get("swap") or {}).get("capacity")
    if capacity is None:
        return []
    return rules.positive(capacity, Path("metadata", "nodeSwapStatus", "capacity"))


def _validate(obj: Obj) -> Errors:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    errors = _annotations(obj)
    if spec.get("taints"):
        errors += validate_taints(spec["taints"], Path("metadata", "taints"))
    errors += _resources(status) + _swap(status) + _declared_features(status)
    return errors + _pod_cidrs(spec)


def _changes(obj: Obj, old: Obj) -> Errors:
    """The rules that an update of the node and of its status share."""
    spec, before = obj.get("spec") or {}, old.get("spec") or {}
    status = obj.get("status") or {}
    errors = _annotations(obj)
    if status is not old.get("status"):
        errors += _resources(status) + _declared_features(status) + _addresses(status)
    if spec is before:
        return errors
    was = before.get("podCIDRs") or ()
    if was:
        now = spec.get("podCIDRs") or ()
        if len(was) != len(now):
            errors.append(errors_of.forbidden(_POD_CIDRS, _NO_CIDR_CHANGE))
        else:
            changed = [a for a, b in zip(was, now, strict=True) if a != b]
            errors += [errors_of.forbidden(_POD_CIDRS, _NO_CIDR_CHANGE) for _ in changed]
    errors += _provider(spec.get("providerID", ""), before.get("providerID", ""))
    if spec.get("taints"):
        errors += validate_taints(spec["taints"], Path("metadata", "taints"))
    if spec.get("externalID", "") != before.get("externalID", ""):
        errors.append(errors_of.forbidden(Path("spec", "externalID"), "may not be updated"))
    return errors


def _provider(now: str, was: str) -> Errors:
    if not was or now == was:
        return []
    detail = "field cannot be modified once set" if now else "field cannot be cleared once set"
    return [errors_of.invalid(Path("spec", "providerID"), None, detail)]


def _addresses(status: Any) -> Errors:
    errors: Errors = []
    seen = []
    for index, address in enumerate(status.get("addresses") or ()):
        if address in seen:
            where = Path("status", "addresses").index(index)
            shown = internal.shown("core.NodeAddress", address)
            errors.append(errors_of.duplicate(where, shown))
        seen.append(address)
    return errors


def _validate_update(obj: Obj, old: Obj) -> Errors:
    if obj.get("spec") == old.get("spec") and (
        obj["metadata"].get("annotations") == old["metadata"].get("annotations")
    ):
        return []
    return _validate(obj) + _changes(obj, old)


def _drop_disabled(obj: Obj) -> None:
    spec = obj.get("spec") or {}
    spec.pop("configSource", None)
    spec.pop("podPreemptionPolicy", None)


def _prepare_create(obj: Obj, context: Context) -> None:
    _drop_disabled(obj)
    status = obj.get("status") or {}
    status.pop("config", None)
    if status.get("capacity") and any(place.path == _ALLOCATABLE for place in context.emptied):
        context.unsettled = True  # it is stored without, and every reader's is the capacity


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    """A node is created with its status, but an update leaves it alone."""
    if "status" in old:
        obj["status"] = old["status"]
    else:
        obj.pop("status", None)
    if obj.get("spec") is not old.get("spec"):
        _drop_disabled(obj)


def _prepare_status(obj: Obj, old: Obj, context: Context) -> None:
    if "config" not in (old.get("status") or {}):
        (obj.get("status") or {}).pop("config", None)


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    spec = obj.get("spec") or {}
    found = []
    if spec.get("externalID"):
        found.append("spec.externalID: this field is deprecated, and is unused by Kubernetes")
    for index, cidr in enumerate(spec.get("podCIDRs") or ()):
        found += addresses.cidr_warnings(cidr, _POD_CIDRS.index(index))
    return found


STRATEGY = Strategy(
    group="",
    kind="Node",
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    validate=_validate,
    validate_update=_validate_update,
    warnings=_warnings,
    status=StatusStrategy(prepare_update=_prepare_status, validate_update=_changes),
    selectable={"spec.unschedulable": fields.flag("spec", "unschedulable")},
)
