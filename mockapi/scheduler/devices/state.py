"""What of the devices is taken already, by the claims that are allocated.

Source: plugins/dynamicresources/allocateddevices.go.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from mockapi.client.protocol import Obj
from mockapi.meta import quantity
from mockapi.meta.quantity import Quantity
from mockapi.scheduler.devices.pools import DeviceId

Capacity = dict[str, Quantity]


@dataclass
class Taken:
    dedicated: set[DeviceId] = field(default_factory=set)
    shared: set[DeviceId] = field(default_factory=set)
    """Devices that several claims have a part of."""
    capacity: dict[DeviceId, Capacity] = field(default_factory=dict)

    def has(self, id: DeviceId) -> bool:
        return id in self.dedicated or id in self.shared


def taken(claims: Iterable[Obj]) -> Taken:
    found = Taken()
    for claim in claims:
        allocation = (claim.get("status") or {}).get("allocation")
        for result in ((allocation or {}).get("devices") or {}).get("results") or ():
            if result.get("adminAccess"):
                continue
            id = (result["driver"], result["pool"], result["device"])
            if result.get("shareID") is None:
                found.dedicated.add(id)
                continue
            found.shared.add(id)
            use = result.get("consumedCapacity")
            if use is not None:
                parsed = {name: quantity.parse(str(text)) for name, text in use.items()}
                add(found.capacity.setdefault(id, {}), parsed)
    return found


def add(capacity: Capacity, more: Capacity) -> None:
    for name, value in more.items():
        capacity[name] = capacity[name].add(value) if name in capacity else value


def subtract(capacity: Capacity, less: Capacity) -> None:
    for name, value in less.items():
        capacity[name] = capacity[name].sub(value)
