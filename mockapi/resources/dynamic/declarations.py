"""Rules that the types of resource.k8s.io/v1 declare.

Source: pkg/apis/resource/v1/zz_generated.validations.go. Rules of fields that are off by default
are left out: nothing is in them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mockapi.machinery.resource import Obj
from mockapi.machinery.validation import conditions as condition_rules
from mockapi.machinery.validation import declared, formats
from mockapi.machinery.validation.declarations import (
    Declarations,
    Field,
    by,
    itself,
    longest,
    named,
    one_of,
)
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.dynamic import formats as own

Errors = list[FieldError]


def _driver(value: str, path: Path) -> Errors:
    return declared.csi_driver_name(value, path)


_SHORT = by("format=k8s-short-name", formats.short_name)
_LONG = by("format=k8s-long-name", formats.long_name)
_LABEL = by("format=k8s-label-key", formats.qualified_name)
_EFFECT = one_of("NoExecute", "NoSchedule", "None")
_REQUESTS = Field("requests", limit=32, key=itself)
_TOLERATIONS = Field("tolerations", kind="DeviceToleration")
_MODE = Field("allocationMode", judges=(one_of("All", "ExactCount"),))
_SELECTORS = Field("selectors", limit=32)
_BINDING = (
    Field("bindingConditions", limit=4),
    Field("bindingFailureConditions", limit=4),
)
_CONFIGURED = Field("", kind="DeviceConfiguration", is_inline=True)
_SHARE = Field("shareID", is_pointer=True, judges=(own.declared_uuid,))


def _device_id(device: Any) -> Any:
    return tuple(device.get(name, "") for name in ("driver", "pool", "device", "shareID"))


_TYPES: Mapping[str, Sequence[Field]] = {
    "ResourceClaimSpec": (Field("devices", kind="DeviceClaim"),),
    "DeviceClaim": (
        Field("requests", kind="DeviceRequest", limit=32, key=named),
        Field("constraints", kind="DeviceConstraint", limit=32),
        Field("config", kind="DeviceClaimConfiguration", limit=32),
    ),
    "DeviceRequest": (
        Field("exactly", kind="ExactDeviceRequest"),
        Field("firstAvailable", kind="DeviceSubRequest", limit=8, key=named),
    ),
    "ExactDeviceRequest": (_SELECTORS, _MODE, _TOLERATIONS),
    "DeviceSubRequest": (
        Field("deviceClassName", is_required=True, judges=(_LONG,)),
        _SELECTORS,
        _MODE,
        _TOLERATIONS,
    ),
    "DeviceToleration": (
        Field("key", judges=(_LABEL,)),
        Field("operator", is_required=True, judges=(one_of("Equal", "Exists"),)),
        Field("effect", judges=(_EFFECT,)),
    ),
    "DeviceConstraint": (
        _REQUESTS,
        Field("matchAttribute", is_pointer=True, judges=(own.declared_full_name,)),
        Field("distinctAttribute", is_pointer=True, judges=(own.declared_full_name,)),
    ),
    "DeviceClaimConfiguration": (_REQUESTS, _CONFIGURED),
    "DeviceClassConfiguration": (_CONFIGURED,),
    "DeviceConfiguration": (Field("opaque", kind="OpaqueDeviceConfiguration"),),
    "OpaqueDeviceConfiguration": (Field("driver", is_required=True, judges=(_driver,)),),
    "DeviceClassSpec": (
        _SELECTORS,
        Field("config", kind="DeviceClassConfiguration", limit=32),
        Field("extendedResourceName", is_pointer=True, judges=(own.extended_resource_name,)),
    ),
    "ResourceClaimStatus": (
        Field("allocation", kind="AllocationResult", is_fixed=True),
        Field(
            "reservedFor",
            shown="ResourceClaimConsumerReference",
            limit=256,
            key=lambda user: user.get("uid", ""),
        ),
        Field("devices", kind="AllocatedDeviceStatus", key=_device_id),
    ),
    "AllocationResult": (Field("devices", kind="DeviceAllocationResult"),),
    "DeviceAllocationResult": (
        Field("results", kind="DeviceRequestAllocationResult", limit=32),
        Field("config", kind="DeviceAllocationConfiguration", limit=64),
    ),
    "DeviceRequestAllocationResult": (
        Field("driver", is_required=True, judges=(_driver,)),
        Field("pool", is_required=True, judges=(own.declared_pool_name,)),
        _TOLERATIONS,
        *_BINDING,
        _SHARE,
    ),
    "DeviceAllocationConfiguration": (
        Field("source", is_required=True, judges=(one_of("FromClaim", "FromClass"),)),
        _REQUESTS,
        _CONFIGURED,
    ),
    "AllocatedDeviceStatus": (_SHARE, Field("networkData", kind="NetworkDeviceData")),
    "NetworkDeviceData": (
        Field("interfaceName", judges=(longest(256),)),
        Field("ips", limit=16, key=itself),
        Field("hardwareAddress", judges=(longest(128),)),
    ),
    "DeviceTaintRuleSpec": (Field("taint", kind="DeviceTaint"),),
    "DeviceTaint": (Field("effect", is_required=True, judges=(_EFFECT,)),),
    "ResourceSliceSpec": (
        Field("devices", kind="Device"),
        Field("sharedCounters", kind="CounterSet", limit=8, key=named),
    ),
    "CounterSet": (
        Field("name", is_required=True, judges=(_SHORT,)),
        Field("counters", is_required=True, judge_key=_SHORT),
    ),
    "Device": (
        Field("attributes", kind="DeviceAttribute", is_map=True),
        Field(
            "consumesCounters",
            kind="DeviceCounterConsumption",
            limit=2,
            key=lambda used: used.get("counterSet", ""),
        ),
        Field("taints", kind="DeviceTaint"),
        *_BINDING,
    ),
    "DeviceCounterConsumption": (
        Field("counterSet", is_required=True, judges=(_SHORT,)),
        Field("counters", is_required=True, judge_key=_SHORT),
    ),
    "DeviceAttribute": (),
}

_VALUES = ("int", "bool", "string", "version", "ints", "bools", "strings", "versions")


def _union(attribute: Obj, old: Obj | None, path: Path) -> Errors:
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


TABLES = Declarations(_TYPES, {"DeviceAttribute": _union}, "resource")


def conditions(given: Sequence[Any] | None, limit: int, path: Path, *, count_first: bool) -> Errors:
    values = given or ()
    wrong = [fields.too_many(path, len(values), limit)] if len(values) > limit else []
    judged = condition_rules.validate(values, path)
    return wrong + judged if count_first else judged + wrong
