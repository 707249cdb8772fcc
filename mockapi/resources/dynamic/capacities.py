"""Counters, attributes and capacities of devices, and how capacity may be asked for."""

import re
from typing import Any

from mockapi.machinery.resource import Obj
from mockapi.machinery.validation import declared, formats, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.meta.quantity import Quantity
from mockapi.resources.dynamic import formats as own

Errors = list[FieldError]

_LONGEST = 64
_MOST_COUNTERS = 32
_MOST_OPTIONS = 10
_MAX_INT64 = 2**63 - 1
_NUMBER = r"(0|[1-9]\d*)"
_BEFORE = r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_BUILD = r"[0-9a-zA-Z-]+"
_VERSION = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_BEFORE}(\.{_BEFORE})*)?(\+{_BUILD}(\.{_BUILD})*)?",
    re.ASCII,
)
_ONE_POLICY = (
    'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the '
    "same time"
)
_VALUES = ("bool", "int", "string", "version")


def counter_set(given: Obj, path: Path) -> Errors:
    return _counters(given, "name", path)


def counter_use(given: Obj, path: Path) -> Errors:
    return _counters(given, "counterSet", path)


def _counters(given: Obj, name: str, path: Path) -> Errors:
    where = path.child(name)
    errors = declared.covered(
        _counter_name(given[name], where) if given.get(name) else [fields.required(where)]
    )
    where = path.child("counters")
    if not given.get("counters"):
        return errors + declared.covered([fields.required(where)])
    return errors + own.entries(
        given["counters"],
        _MOST_COUNTERS,
        63,
        lambda key, place: declared.covered(_counter_name(key, place)),
        lambda counter, place: [],
        where,
    )


def _counter_name(name: str, path: Path) -> Errors:
    return declared.by("format=k8s-short-name", rules.dns_label(name, path))


def attribute(given: Obj, path: Path) -> Errors:
    errors: Errors = []
    if "string" in given:
        errors += _text(given["string"], path.child("string"))
    if "version" in given:
        where = path.child("version")
        if not _VERSION.fullmatch(given["version"]):
            detail = "must be a string compatible with semver.org spec 2.0.0"
            errors.append(fields.invalid(where, given["version"], detail))
        errors += _text(given["version"], where)
    count = sum(name in given for name in _VALUES)
    if count != 1:
        shown = "" if not count else {name: given[name] for name in given}
        error = fields.invalid(path, shown, "exactly one value must be specified")
        errors += declared.covered([error], "union")
    return errors


def _text(text: str, path: Path) -> Errors:
    return [fields.too_long(path, _LONGEST)] if formats.size(text) > _LONGEST else []


def shared_capacity(given: Obj, path: Path) -> Errors:
    policy, where = given.get("requestPolicy"), path.child("requestPolicy")
    if policy is None:
        return []
    if policy.get("validValues") and policy.get("validRange") is not None:
        return [fields.forbidden(where, _ONE_POLICY)]
    most = Quantity.parse(given.get("value") or "0")
    for name, judge in (("validValues", _values), ("validRange", _range)):
        allowed = policy.get(name)
        if not allowed and not (name == "validRange" and allowed is not None):
            continue
        if (usual := policy.get("default")) is None:
            return [fields.required(where.child("default"), f"required when {name} is defined")]
        return judge(Quantity.parse(usual), most, allowed, where.child(name))
    return []


def single_capacity(given: Obj, path: Path) -> Errors:
    if given.get("requestPolicy") is None:
        return []
    return [fields.forbidden(path.child("requestPolicy"), "allowMultipleAllocations must be true")]


def _values(usual: Quantity, most: Quantity, allowed: Any, path: Path) -> Errors:
    values = [Quantity.parse(text) for text in allowed]
    errors: Errors = []
    for index in range(1, len(values)):
        if values[index - 1].cmp(values[index]) > 0:
            detail = "values must be sorted in ascending order"
            errors.append(fields.invalid(path.index(index), str(values[index]), detail))

    def option(value: Quantity, where: Path) -> Errors:
        detail = f"option is larger than capacity value: {most}"
        return [fields.invalid(where, str(value), detail)] if value.cmp(most) > 0 else []

    errors += own.items(
        values, _MOST_OPTIONS, option, path, covers=False, key=lambda value: _Amount(value)
    )
    if len(values) > _MOST_OPTIONS or not any(value.cmp(usual) == 0 for value in values):
        detail = "default value is not valid according to the requestPolicy"
        errors.append(fields.invalid(path, str(usual), detail))
    return errors


class _Amount(str):
    """A quantity as sets show it: in full."""

    def __new__(cls, value: Quantity) -> "_Amount":
        milli = value.milli_value()
        whole, rest = divmod(milli, 1000)
        return super().__new__(cls, str(whole) if not rest else f"{milli / 1000}")


def _range(usual: Quantity, most: Quantity, given: Any, path: Path) -> Errors:
    bounds = {
        name: Quantity.parse(given[name])
        for name in ("min", "max", "step")
        if given.get(name) is not None
    }
    low, high, step = (bounds.get(name) for name in ("min", "max", "step"))
    if low is None:
        return [fields.required(path.child("min"), "required when validRange is defined")]
    errors: Errors = []

    def wrong(is_wrong: bool, name: str, shown: Quantity, detail: str) -> None:
        if is_wrong:
            errors.append(fields.invalid(path.child(name), str(shown), detail))

    wrong(low.cmp(most) > 0, "min", low, f"min is larger than capacity value: {most}")
    wrong(usual.cmp(low) < 0, "default", usual, f"default is less than min: {low}")
    if high is not None:
        wrong(low.cmp(high) > 0, "max", low, f"min is larger than max: {high}")
        wrong(high.cmp(most) > 0, "max", high, f"max is larger than capacity value: {most}")
        wrong(usual.cmp(high) > 0, "default", usual, f"default is more than max: {high}")
    amounts = {"default": usual, **bounds}
    in_milli = any(_is_fractional(amount) for amount in amounts.values())
    unsafe = [n for n, amount in amounts.items() if in_milli and not _fits_milli(amount)]
    for name in unsafe:
        wrong(True, name, amounts[name], "value cannot be represented as a milli value")
    if not unsafe and step is not None:
        errors += _steps(usual, most, bounds, path, in_milli=in_milli)
    return errors


def _steps(
    usual: Quantity, most: Quantity, bounds: dict[str, Quantity], path: Path, *, in_milli: bool
) -> Errors:
    low, step, where = bounds["min"], bounds["step"], path.child("step")
    if step.sign <= 0:
        return [fields.invalid(where, str(step), "must be greater than zero")]
    errors: Errors = []
    if (first := low + step).cmp(most) > 0:
        detail = f"one step {first} is larger than capacity value: {most}"
        errors.append(fields.invalid(where, str(step), detail))
    if not in_milli:
        outside: Errors = []
        for name, amount in {"default": usual, **bounds}.items():
            if amount.sign < 0:
                detail = "must be greater than or equal to 0"
            elif amount.cmp(Quantity.parse(str(_MAX_INT64))) > 0:
                detail = f"must not be larger than {_MAX_INT64}"
            else:
                continue
            outside.append(fields.invalid(path.child(name), str(amount), detail))
        if outside:
            return errors + outside
    for bound in (usual, bounds.get("max")):
        if bound is not None and (bound.milli_value() - low.milli_value()) % step.milli_value():
            detail = f"value is not a multiple of a given step ({step}) from ({low})"
            errors.append(fields.invalid(where, str(bound), detail))
    return errors


def _is_fractional(amount: Quantity) -> bool:
    return amount.cmp(Quantity.parse(str(amount.value()))) != 0


def _fits_milli(amount: Quantity) -> bool:
    return amount.cmp(Quantity.of_milli(amount.milli_value())) == 0
