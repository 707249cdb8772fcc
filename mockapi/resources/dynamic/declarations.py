"""Rules that the types of resource.k8s.io/v1 declare, and how they are asked.

Source: pkg/apis/resource/v1/zz_generated.validations.go. Rules of fields that are off by default
are left out: nothing is in them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mockapi.machinery.resource import Obj
from mockapi.machinery.validation import conditions as condition_rules
from mockapi.machinery.validation import declared, formats, internal, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.dynamic import formats as own

Errors = list[FieldError]
Judge = Callable[[Any, Path], Errors]
Key = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Field:
    """What is declared of one field, in the order in which it is asked."""

    name: str
    kind: str = ""
    is_required: bool = False
    limit: int | None = None
    judges: tuple[Judge, ...] = ()
    key: Key | None = None
    """Makes the list a set."""
    judge_key: Judge | None = None
    """Of a map's keys."""
    shown: str = ""
    """The kind of repeated items, where nothing is declared of it."""
    is_map: bool = False
    is_inline: bool = False
    is_pointer: bool = False
    """An empty text is one."""
    is_fixed: bool = False
    """Once it is set."""


def _name(item: Any) -> Any:
    return item.get("name", "")


def _itself(item: Any) -> Any:
    return item


def _by(origin: str, judge: Callable[[str], list[str]]) -> Judge:
    return lambda value, path: declared.by(origin, rules.each(judge, value, path))


def _longest(limit: int) -> Judge:
    def judge(value: str, path: Path) -> Errors:
        wrong = [fields.too_long(path, limit)] if formats.size(value) > limit else []
        return declared.by("maxBytes", wrong)

    return judge


def _one_of(*valid: str) -> Judge:
    return lambda value, path: rules.one_of(value, path, valid)


def _driver(value: str, path: Path) -> Errors:
    return declared.csi_driver_name(value, path)


_SHORT = _by("format=k8s-short-name", formats.short_name)
_LONG = _by("format=k8s-long-name", formats.long_name)
_LABEL = _by("format=k8s-label-key", formats.qualified_name)
_EFFECT = _one_of("NoExecute", "NoSchedule", "None")
_REQUESTS = _Field("requests", limit=32, key=_itself)
_TOLERATIONS = _Field("tolerations", kind="DeviceToleration")
_MODE = _Field("allocationMode", judges=(_one_of("All", "ExactCount"),))
_SELECTORS = _Field("selectors", limit=32)
_BINDING = (
    _Field("bindingConditions", limit=4),
    _Field("bindingFailureConditions", limit=4),
)
_CONFIGURED = _Field("", kind="DeviceConfiguration", is_inline=True)
_SHARE = _Field("shareID", is_pointer=True, judges=(own.declared_uuid,))


def _device_id(device: Any) -> Any:
    return tuple(device.get(name, "") for name in ("driver", "pool", "device", "shareID"))


_TABLE: Mapping[str, Sequence[_Field]] = {
    "ResourceClaimSpec": (_Field("devices", kind="DeviceClaim"),),
    "DeviceClaim": (
        _Field("requests", kind="DeviceRequest", limit=32, key=_name),
        _Field("constraints", kind="DeviceConstraint", limit=32),
        _Field("config", kind="DeviceClaimConfiguration", limit=32),
    ),
    "DeviceRequest": (
        _Field("exactly", kind="ExactDeviceRequest"),
        _Field("firstAvailable", kind="DeviceSubRequest", limit=8, key=_name),
    ),
    "ExactDeviceRequest": (_SELECTORS, _MODE, _TOLERATIONS),
    "DeviceSubRequest": (
        _Field("deviceClassName", is_required=True, judges=(_LONG,)),
        _SELECTORS,
        _MODE,
        _TOLERATIONS,
    ),
    "DeviceToleration": (
        _Field("key", judges=(_LABEL,)),
        _Field("operator", is_required=True, judges=(_one_of("Equal", "Exists"),)),
        _Field("effect", judges=(_EFFECT,)),
    ),
    "DeviceConstraint": (
        _REQUESTS,
        _Field("matchAttribute", is_pointer=True, judges=(own.declared_full_name,)),
        _Field("distinctAttribute", is_pointer=True, judges=(own.declared_full_name,)),
    ),
    "DeviceClaimConfiguration": (_REQUESTS, _CONFIGURED),
    "DeviceClassConfiguration": (_CONFIGURED,),
    "DeviceConfiguration": (_Field("opaque", kind="OpaqueDeviceConfiguration"),),
    "OpaqueDeviceConfiguration": (_Field("driver", is_required=True, judges=(_driver,)),),
    "DeviceClassSpec": (
        _SELECTORS,
        _Field("config", kind="DeviceClassConfiguration", limit=32),
        _Field("extendedResourceName", is_pointer=True, judges=(own.extended_resource_name,)),
    ),
    "ResourceClaimStatus": (
        _Field("allocation", kind="AllocationResult", is_fixed=True),
        _Field(
            "reservedFor",
            shown="ResourceClaimConsumerReference",
            limit=256,
            key=lambda user: user.get("uid", ""),
        ),
        _Field("devices", kind="AllocatedDeviceStatus", key=_device_id),
    ),
    "AllocationResult": (_Field("devices", kind="DeviceAllocationResult"),),
    "DeviceAllocationResult": (
        _Field("results", kind="DeviceRequestAllocationResult", limit=32),
        _Field("config", kind="DeviceAllocationConfiguration", limit=64),
    ),
    "DeviceRequestAllocationResult": (
        _Field("driver", is_required=True, judges=(_driver,)),
        _Field("pool", is_required=True, judges=(own.declared_pool_name,)),
        _TOLERATIONS,
        *_BINDING,
        _SHARE,
    ),
    "DeviceAllocationConfiguration": (
        _Field("source", is_required=True, judges=(_one_of("FromClaim", "FromClass"),)),
        _REQUESTS,
        _CONFIGURED,
    ),
    "AllocatedDeviceStatus": (_SHARE, _Field("networkData", kind="NetworkDeviceData")),
    "NetworkDeviceData": (
        _Field("interfaceName", judges=(_longest(256),)),
        _Field("ips", limit=16, key=_itself),
        _Field("hardwareAddress", judges=(_longest(128),)),
    ),
    "DeviceTaintRuleSpec": (_Field("taint", kind="DeviceTaint"),),
    "DeviceTaint": (_Field("effect", is_required=True, judges=(_EFFECT,)),),
    "ResourceSliceSpec": (
        _Field("devices", kind="Device"),
        _Field("sharedCounters", kind="CounterSet", limit=8, key=_name),
    ),
    "CounterSet": (
        _Field("name", is_required=True, judges=(_SHORT,)),
        _Field("counters", is_required=True, judge_key=_SHORT),
    ),
    "Device": (
        _Field("attributes", kind="DeviceAttribute", is_map=True),
        _Field(
            "consumesCounters",
            kind="DeviceCounterConsumption",
            limit=2,
            key=lambda used: used.get("counterSet", ""),
        ),
        _Field("taints", kind="DeviceTaint"),
        *_BINDING,
    ),
    "DeviceCounterConsumption": (
        _Field("counterSet", is_required=True, judges=(_SHORT,)),
        _Field("counters", is_required=True, judge_key=_SHORT),
    ),
    "DeviceAttribute": (),
}

_VALUES = ("int", "bool", "string", "version", "ints", "bools", "strings", "versions")


def _union(attribute: Obj, path: Path) -> Errors:
    given = [name for name in _VALUES if name in attribute]
    if len(given) == 1:
        return []
    said = ", ".join(f"`{name}`" for name in _VALUES)
    if given:
        error = fields.invalid(
            path, f"{{{', '.join(given)}}}", f"must specify exactly one of: {said}"
        )
    else:
        error = fields.invalid(path, "", f"must specify one of: {said}")
    return declared.by("union", [error])


def check(kind: str, new: Obj, old: Obj | None, path: Path) -> Errors:
    """`old` is what `new` was; what stays as it was is not asked again."""
    if old is not None and new == old:
        return []
    errors = _union(new, path) if kind == "DeviceAttribute" else []
    for field in _TABLE[kind]:
        if field.is_inline:
            errors += check(field.kind, new, old, path)
            continue
        before = old.get(field.name) if old is not None else None
        value = new.get(field.name)
        if old is None or (value or None) != (before or None):
            errors += _field(field, value, before, path.child(field.name))
    return errors


def _field(field: _Field, value: Any, before: Any, path: Path) -> Errors:
    if field.is_fixed and before is not None and value is not None:
        error = fields.invalid(path, None, "field cannot be modified once set")
        return declared.by("update", [error])
    is_struct = bool(field.kind) and not isinstance(value, list)
    if value is None if is_struct or field.is_pointer else not value:
        return [fields.required(path)] if field.is_required else []
    if field.limit is not None and len(value) > field.limit:
        return declared.by("maxItems", [fields.too_many(path, len(value), field.limit)])
    errors: Errors = []
    for judge in field.judges:
        errors += judge(value, path)
    if field.judge_key is not None:
        for key in value:
            errors += field.judge_key(key, path)
    if field.key is not None:
        errors += _repeated(value, field, path)
    if field.is_map:
        for key, item in value.items():
            errors += check(field.kind, item, (before or {}).get(key), path.key(key))
    elif isinstance(value, list) and field.kind:
        for index, item in enumerate(value):
            errors += check(field.kind, item, _was(item, before, field.key), path.index(index))
    elif field.kind:
        errors += check(field.kind, value, before, path)
    return errors


def _repeated(values: Sequence[Any], field: _Field, path: Path) -> Errors:
    key = field.key or _itself
    layout = f"resource.{field.shown or field.kind}" if field.shown or field.kind else ""
    seen: list[Any] = []
    errors: Errors = []
    for index, item in enumerate(values):
        if key(item) in seen:
            shown = internal.ordered(layout, item) if layout else item
            errors.append(fields.duplicate(path.index(index), shown))
        else:
            seen.append(key(item))
    return errors


def _was(item: Any, before: Sequence[Any] | None, key: Key | None) -> Any:
    if key is None:
        return None
    return next((old for old in before or () if key(old) == key(item)), None)


def settle(written: Errors, kind: str, new: Obj, old: Obj | None, path: Path) -> Errors:
    """Written errors and declared ones."""
    return declared.settle(written, check(kind, new, old, path))


def conditions(given: Sequence[Any] | None, limit: int, path: Path, *, count_first: bool) -> Errors:
    values = given or ()
    wrong = [fields.too_many(path, len(values), limit)] if len(values) > limit else []
    judged = condition_rules.validate(values, path)
    return wrong + judged if count_first else judged + wrong
