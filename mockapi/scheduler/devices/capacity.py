"""How much of a device's capacity a request takes, by the device's policy, and whether it is left.

Source: structured/internal/incubating/consumable_capacity.go.
"""

from collections.abc import Mapping
from typing import Any

from mockapi.meta import quantity
from mockapi.meta.quantity import Quantity
from mockapi.scheduler.amounts import nanos
from mockapi.scheduler.devices.state import Capacity

Policy = Mapping[str, Any]


def consumption(requests: Mapping[str, Any], device: Mapping[str, Any]) -> Capacity:
    """Of every capacity of the device, rounded up to what its policy allows."""
    return {
        name: _consumed(requests.get(name), capacity)
        for name, capacity in (device.get("capacity") or {}).items()
    }


def _consumed(requested: Any, capacity: Mapping[str, Any]) -> Quantity:
    policy = capacity.get("requestPolicy") or {}
    if requested is None:
        default = policy.get("default")
        return quantity.parse(str(capacity["value"] if default is None else default))
    wanted = quantity.parse(str(requested))
    limits = policy.get("validRange")
    if limits and limits.get("min") is not None:
        return _in_range(wanted, limits)
    for value in policy.get("validValues") or ():
        parsed = quantity.parse(str(value))
        if wanted.cmp(parsed) <= 0:
            return parsed
    return wanted


def _in_range(wanted: Quantity, limits: Mapping[str, Any]) -> Quantity:
    least = quantity.parse(str(limits["min"]))
    if wanted.cmp(least) < 0:
        return least
    if limits.get("step") is None:
        return wanted
    step = quantity.parse(str(limits["step"]))
    above = wanted.scaled_value(quantity.NANO) - least.scaled_value(quantity.NANO)
    return step.mul(-(-above // step.scaled_value(quantity.NANO))).add(least)


def _against_policy(value: Quantity, policy: Policy) -> bool:
    default = policy.get("default")
    if default is not None and value.cmp(quantity.parse(str(default))) == 0:
        return False
    limits = policy.get("validRange")
    if limits is not None:
        return _outside(value.scaled_value(quantity.NANO), limits)
    values = policy.get("validValues") or ()
    return bool(values) and all(value.cmp(quantity.parse(str(v))) for v in values)


def _outside(value: int, limits: Mapping[str, Any]) -> bool:
    if limits.get("max") is not None and value > nanos(limits["max"]):
        return True
    step = limits.get("step")
    return step is not None and (value - nanos(limits["min"])) % nanos(step) != 0


def fits(
    requests: Mapping[str, Any], device: Mapping[str, Any], *used: Mapping[str, Quantity]
) -> bool:
    """Is what the request takes left, beside all that is used?"""
    capacity = device.get("capacity") or {}
    if any(name not in capacity for name in requests):
        return False
    for name, value in consumption(requests, device).items():
        if _against_policy(value, capacity[name].get("requestPolicy") or {}):
            return False
        for other in used:
            if name in other:
                value = value.add(other[name])
        if value.cmp(quantity.parse(str(capacity[name]["value"]))) > 0:
            return False
    return True
