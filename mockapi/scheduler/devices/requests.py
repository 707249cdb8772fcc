"""A claim's requests as the allocator takes them: one each, or one for each alternative.

Source: structured/internal/incubating/allocator_incubating.go (validateDeviceRequest).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mockapi.client.protocol import Obj
from mockapi.meta.tolerations import tolerated
from mockapi.scheduler.devices import capacity
from mockapi.scheduler.devices.pools import Candidate, Pool
from mockapi.scheduler.devices.selectors import SelectorError, matches

MOST_PER_CLAIM: Final = 32
_HARD: Final = ("NoSchedule", "NoExecute")


class AllocationError(Exception):
    """The claims cannot be worked on at all; the text is the real scheduler's."""


class NodeAllocationError(Exception):
    """Nothing can be had on this node because of its pools."""


def key(claim: Obj) -> str:
    return f"{claim['metadata']['namespace']}/{claim['metadata']['name']}"


@dataclass(eq=False)
class Wanted:
    """A request, or an alternative of one (`parent` is then the request's name)."""

    claim: Obj
    spec: Mapping[str, Any]
    name: str
    parent: str
    device_class: Obj
    count: int = 0
    all_devices: Sequence[Candidate] | None = None
    """All that match, when all are wanted."""

    @property
    def full_name(self) -> str:
        return f"{self.parent}/{self.name}" if self.parent else self.name

    @property
    def names(self) -> tuple[str, ...]:
        """By which constraints and configurations may mean it."""
        return (self.parent, self.full_name) if self.parent else (self.name,)

    @property
    def admin(self) -> bool:
        return bool(self.spec.get("adminAccess"))

    @property
    def capacities(self) -> Mapping[str, Any]:
        return (self.spec.get("capacity") or {}).get("requests") or {}

    def keeps_off(self, device: Mapping[str, Any]) -> bool:
        """Has the device a taint that the request does not tolerate?"""
        tolerations = self.spec.get("tolerations") or ()
        return any(
            taint.get("effect") in _HARD and not tolerated(taint, tolerations)
            for taint in device.get("taints") or ()
        )

    def selects(self, candidate: Candidate) -> bool:
        """By the selectors of the class and of the request. Raises AllocationError."""
        name = self.device_class["metadata"]["name"]
        own = self.device_class["spec"].get("selectors") or ()
        return _selects(own, candidate, f"class {name}") and _selects(
            self.spec.get("selectors") or (), candidate, f"claim {key(self.claim)}"
        )


def _selects(selectors: Sequence[Mapping[str, Any]], candidate: Candidate, whose: str) -> bool:
    for index, selector in enumerate(selectors):
        try:
            if not matches(selector["cel"]["expression"], candidate):
                return False
        except SelectorError as error:
            device = "" if error.stage == "compile" else f" on device {'/'.join(candidate.id)}"
            raise AllocationError(f"{whose}: selector #{index}{device}: {error}") from error
    return True


Selects = Callable[[Wanted, Candidate], bool]


def wanted(
    claim: Obj,
    request: Mapping[str, Any],
    classes: Callable[[str], Obj | None],
    pools: Sequence[Pool],
    selects: Selects,
) -> list[Wanted]:
    """Raises AllocationError."""
    exact = request.get("exactly")
    given = [(exact, request["name"], "")] if exact is not None else []
    for alternative in request.get("firstAvailable") or ():
        given.append((alternative, alternative["name"], request["name"]))
    return [_one(claim, *entry, classes, pools, selects) for entry in given]


def _one(
    claim: Obj,
    spec: Mapping[str, Any],
    name: str,
    parent: str,
    classes: Callable[[str], Obj | None],
    pools: Sequence[Pool],
    selects: Selects,
) -> Wanted:
    where = f"claim {key(claim)}, request {name}"
    device_class = classes(spec["deviceClassName"])
    if device_class is None:
        text = f"could not retrieve device class {spec['deviceClassName']}"
        raise AllocationError(f"{where}: {text}")
    found = Wanted(claim, spec, name, parent, device_class)
    if spec.get("allocationMode") == "All":
        found.all_devices = _all(found, pools, selects, where)
        found.count = len(found.all_devices)
    else:
        found.count = int(spec.get("count") or 1)
    return found


def _all(request: Wanted, pools: Sequence[Pool], selects: Selects, where: str) -> list[Candidate]:
    found = []
    for pool in pools:
        if pool.incomplete or pool.invalid:
            problem = "currently being updated" if pool.incomplete else "currently invalid"
            text = f"asks for all devices, but resource pool {'/'.join(pool.id)} is {problem}"
            raise AllocationError(f"{where}: {text}")
        found += [
            candidate
            for candidate in pool.candidates()
            if selects(request, candidate) and capacity.fits(request.capacities, candidate.device)
        ]
    return found
