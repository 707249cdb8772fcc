"""LimitRange."""

from typing import Any

from mockapi.machinery.resource import Context, Obj, Strategy
from mockapi.machinery.validation import rules
from mockapi.meta import fields, quantity
from mockapi.meta.fields import FieldError, Path
from mockapi.meta.quantity import Quantity
from mockapi.resources.pods import quantities

Errors = list[FieldError]

_TYPES = ("Container", "PersistentVolumeClaim", "Pod")
_PARTS = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
_MAX_MILLI = (2**63 - 1) // 1000


def _validate(obj: Obj) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, limit in enumerate((obj.get("spec") or {}).get("limits") or ()):
        path = Path("spec", "limits").index(index)
        kind = limit.get("type", "")
        errors += _type(kind, path.child("type"))
        if kind in seen:
            errors.append(fields.duplicate(path.child("type"), kind))
        seen.add(kind)
        errors += _names(limit, kind, path)
        errors += _amounts(limit, kind, path)
    return errors


def _type(kind: str, path: Path) -> Errors:
    if errors := rules.qualified_name(kind, path):
        return errors
    if "/" in kind or kind in _TYPES:
        return []
    return [fields.invalid(path, kind, "must be a standard limit type or fully qualified")]


def _names(limit: Any, kind: str, path: Path) -> Errors:
    errors: Errors = []
    rule = quantities.resource_name
    if kind in ("Pod", "Container"):
        rule = quantities.container_resource_name
    for part in _PARTS:
        if kind == "Pod" and part in ("default", "defaultRequest"):
            if limit.get(part):
                detail = "may not be specified when `type` is 'Pod'"
                errors.append(fields.forbidden(path.child(part), detail))
            continue
        if part == "maxLimitRequestRatio" and kind == "PersistentVolumeClaim":
            errors += _claim_size(limit, path)
        for name in limit.get(part) or ():
            errors += rule(name, path.child(part).key(name))
    return errors


def _claim_size(limit: Any, path: Path) -> Errors:
    if any("storage" in (limit.get(part) or ()) for part in ("min", "max")):
        return []
    detail = "either minimum or maximum storage value is required, but neither was provided"
    return [fields.required(path.child("limits"), detail)]


def _amounts(limit: Any, kind: str, path: Path) -> Errors:
    parts: dict[str, dict[str, Quantity]] = {}
    for part in _PARTS:
        if kind != "Pod" or part not in ("default", "defaultRequest"):
            given = limit.get(part) or {}
            parts[part] = {name: quantity.parse(value) for name, value in given.items()}
    errors: Errors = []
    for name in dict.fromkeys(name for part in parts.values() for name in part):
        amounts = {part: given[name] for part, given in parts.items() if name in given}
        errors += _compare(name, amounts, path)
    return errors


_ORDERED = (
    # lower, upper, the field at fault, the value shown, their names in the text
    ("min", "max", "min", "min", "min value", "max value"),
    (
        "min",
        "defaultRequest",
        "defaultRequest",
        "defaultRequest",
        "min value",
        "default request value",
    ),
    (
        "defaultRequest",
        "max",
        "defaultRequest",
        "defaultRequest",
        "default request value",
        "max value",
    ),
    (
        "defaultRequest",
        "default",
        "defaultRequest",
        "defaultRequest",
        "default request value",
        "default limit value",
    ),
    ("min", "default", "default", "min", "min value", "default value"),
    ("default", "max", "default", "max", "default value", "max value"),
)


def _compare(name: str, amounts: dict[str, Quantity], path: Path) -> Errors:
    errors: Errors = []
    for lower, upper, at, shown, low_name, high_name in _ORDERED:
        low, high = amounts.get(lower), amounts.get(upper)
        if low is not None and high is not None and low.cmp(high) > 0:
            detail = f"{low_name} {low} is greater than {high_name} {high}"
            errors.append(fields.invalid(path.child(at).key(name), str(amounts[shown]), detail))
    errors += _ratio(name, amounts, path.child("maxLimitRequestRatio").key(name))
    limit, request = amounts.get("default"), amounts.get("defaultRequest")
    if limit is None or request is None or quantities.is_overcommit_allowed(name):
        return errors
    if limit.cmp(request):
        detail = f"default value {limit} must equal to defaultRequest value {request} in {name}"
        where = path.child("defaultRequest").key(name)
        errors.append(fields.invalid(where, str(request), detail))
    return errors


def _ratio(name: str, amounts: dict[str, Quantity], path: Path) -> Errors:
    ratio = amounts.get("maxLimitRequestRatio")
    if ratio is None:
        return []
    errors: Errors = []
    if ratio.cmp(quantity.parse("1")) < 0:
        errors.append(fields.invalid(path, str(ratio), f"ratio {ratio} is less than 1"))
    low, high = amounts.get("min"), amounts.get("max")
    if low is None or high is None:
        return errors
    if all(amount.value() < _MAX_MILLI for amount in (ratio, low, high)):
        allowed, bottom = high.milli_value(), low.milli_value()
        asked = ratio.milli_value() / 1000
    else:
        allowed, bottom, asked = high.value(), low.value(), float(ratio.value())
    top = allowed / bottom if bottom else float("inf")
    if asked > top:
        detail = f"ratio {ratio} is greater than max/min = {top:f}"
        errors.append(fields.invalid(path, str(ratio), detail))
    return errors


def _validate_update(obj: Obj, old: Obj) -> Errors:
    return _validate(obj)


def _prepare_create(obj: Obj, context: Context) -> None:
    if not obj["metadata"].get("name"):
        obj["metadata"]["name"] = context.ids.uid()


STRATEGY = Strategy(
    group="",
    kind="LimitRange",
    prepare_create=_prepare_create,
    validate=_validate,
    validate_update=_validate_update,
    create_on_update=True,
)
