"""What pods ask for: the sums of requests and limits over their containers.

Source: component-helpers resource/helpers.go, and the copies of it in the admission plugins.
"""

from collections.abc import Mapping
from typing import Any

from mockapi.machinery.resource import Obj
from mockapi.meta import quantity
from mockapi.meta.quantity import Quantity

Amounts = dict[str, Quantity]

ZERO = quantity.parse("0")
ONE = quantity.parse("1")
_POD_LEVEL = ("cpu", "memory")


def parsed(texts: Mapping[str, Any] | None) -> Amounts:
    return {name: quantity.parse(str(text)) for name, text in (texts or {}).items()}


def of(container: Obj, part: str) -> Amounts:
    """`requests` or `limits` of a container, or of a pod's own resources."""
    return parsed((container.get("resources") or {}).get(part))


def of_pod(spec: Obj, part: str, *, overhead: bool = False) -> Amounts:
    """All containers and sidecars together, or what init containers need at their time."""
    total: Amounts = {}
    for container in spec.get("containers") or ():
        add(total, of(container, part))
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers") or ():
        own = of(container, part)
        if container.get("restartPolicy") == "Always":
            add(total, own)
            add(sidecars, own)
            own = dict(sidecars)
        else:
            add(own, sidecars)
        _raise(peak, own)
    _raise(total, peak)
    total |= {k: v for k, v in of(spec, part).items() if k in _POD_LEVEL}
    if overhead:
        _add_overhead(total, parsed(spec.get("overhead")), part)
    return total


def _add_overhead(total: Amounts, overhead: Amounts, part: str) -> None:
    """Limits grow only where there are some."""
    add(total, {k: v for k, v in overhead.items() if part == "requests" or total.get(k)})


def add(total: Amounts, more: Mapping[str, Quantity]) -> None:
    for name, amount in more.items():
        total[name] = total[name] + amount if name in total else amount


def _raise(total: Amounts, more: Mapping[str, Quantity]) -> None:
    for name, amount in more.items():
        if name not in total or total[name] < amount:
            total[name] = amount
