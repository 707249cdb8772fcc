"""The search for devices: the first full solution, request by request, device by device.

Source: structured/internal/incubating/allocator_incubating.go (Allocate, allocateOne).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mockapi.client.protocol import Obj
from mockapi.scheduler.devices import capacity, pools, requests, state
from mockapi.scheduler.devices.constraints import Constraint
from mockapi.scheduler.devices.pools import Candidate, DeviceId, Pool, PoolId
from mockapi.scheduler.devices.requests import (
    MOST_PER_CLAIM,
    AllocationError,
    NodeAllocationError,
    Wanted,
)
from mockapi.scheduler.devices.state import Capacity, Taken
from mockapi.scheduler.nodes import NodeInfo


class _TooMany(Exception):
    """A claim would get more devices than its status can hold."""


@dataclass(frozen=True, eq=False)
class Given:
    """A device for a request; `consumed` is set when others may have a part of it too."""

    request: Wanted
    candidate: Candidate
    consumed: Capacity | None = None


@dataclass
class ClaimResult:
    """What a claim gets, and which of its requests' alternatives."""

    claim: Obj
    devices: list[Given] = field(default_factory=list)
    requests: list[Wanted] = field(default_factory=list)


class Allocator:
    """For one pod: `taken` and `slices` are what is known when its turn comes."""

    def __init__(
        self, slices: Sequence[Obj], taken: Taken, classes: Callable[[str], Obj | None]
    ) -> None:
        self.slices = slices
        self.taken = taken
        self.classes = classes
        self._left: dict[PoolId, dict[str, dict[str, int]]] = {}

    def allocate(self, node: NodeInfo, claims: Sequence[Obj]) -> list[ClaimResult] | None:
        """None when there is nothing to be had on the node. Raises AllocationError when the claims
        are wrong, NodeAllocationError when the node's pools are."""
        found = pools.gather(self.slices, node)
        search = _Search(self, node, claims, found)
        if search.run():
            return search.results()
        if any(pool.invalid for pool in found):
            raise NodeAllocationError("invalid resource pools were encountered")
        return None

    def counters_left(self, pool: Pool) -> dict[str, dict[str, int]]:
        """Of the pool's counters, without what allocated devices take."""
        found = self._left.get(pool.id)
        if found is None:
            found = {name: dict(counters) for name, counters in pool.counters.items()}
            for item in (*pool.slices, *pool.elsewhere):
                for device in item["spec"].get("devices") or ():
                    if self.taken.has((*pool.id, device["name"])):
                        _move(found, device, -1)
            self._left[pool.id] = found
        return found


def _move(counters: dict[str, dict[str, int]], device: pools.Device, sign: int) -> None:
    for use in device.get("consumesCounters") or ():
        known = counters.setdefault(use["counterSet"], {})
        for name, value in pools.consumed(use).items():
            known[name] = known.get(name, 0) + sign * value


@dataclass(frozen=True)
class _Step:
    """How far the search is: claim, request, device of the request."""

    claim: int = 0
    request: int = 0
    device: int = 0


class _Search:
    def __init__(
        self, allocator: Allocator, node: NodeInfo, claims: Sequence[Obj], found: Sequence[Pool]
    ) -> None:
        self._allocator = allocator
        self._node = node
        self._claims = claims
        self._pools = found
        self._candidates = [
            candidate
            for pool in found
            if not (pool.incomplete or pool.invalid)
            for candidate in pool.candidates()
        ]
        self._matches: dict[tuple[int, DeviceId], bool] = {}
        self._given: list[list[Given]] = [[] for _ in claims]
        self._chosen: dict[tuple[int, int], Wanted] = {}
        self._marked: dict[DeviceId, set[int]] = {}
        self._parts: dict[DeviceId, Capacity] = {}
        self._counters: dict[PoolId, dict[str, dict[str, int]]] = {}
        self._wanted = [self._requests(claim) for claim in claims]
        self._constraints = [self._constraints_of(claim) for claim in claims]

    def _requests(self, claim: Obj) -> list[list[Wanted]]:
        found, least = [], 0
        for request in (claim["spec"].get("devices") or {}).get("requests") or ():
            options = requests.wanted(
                claim, request, self._allocator.classes, self._pools, self._selects
            )
            fewest = min(option.count for option in options)
            if fewest > MOST_PER_CLAIM - least:
                raise AllocationError(
                    f"claim {requests.key(claim)}, request {request['name']}: adding {fewest} "
                    f"devices exceeds the claim limit of {MOST_PER_CLAIM}, "
                    f"with {least} already accounted for"
                )
            least += fewest
            found.append(options)
        return found

    def _constraints_of(self, claim: Obj) -> list[Constraint]:
        given = (claim["spec"].get("devices") or {}).get("constraints") or ()
        return [Constraint(constraint) for constraint in given]

    def _selects(self, request: Wanted, candidate: Candidate) -> bool:
        at = (id(request.spec), candidate.id)
        known = self._matches.get(at)
        if known is None:
            known = request.selects(candidate)
            if known and candidate.slice["spec"].get("perDeviceNodeSelection"):
                known = pools.node_matches(candidate.device, self._node)
            self._matches[at] = known
        return known

    def run(self) -> bool:
        return self._go(_Step())

    def results(self) -> list[ClaimResult]:
        return [
            ClaimResult(
                claim,
                self._given[index],
                [self._chosen[index, number] for number in range(len(self._wanted[index]))],
            )
            for index, claim in enumerate(self._claims)
        ]

    def _go(self, step: _Step) -> bool:
        """Solve everything from here on."""
        if step.claim >= len(self._claims):
            return True
        options = self._wanted[step.claim]
        if step.request >= len(options):
            try:
                return self._go(_Step(step.claim + 1))
            except _TooMany:
                return False
        return self._any_option(step, options[step.request])

    def _any_option(self, step: _Step, options: Sequence[Wanted]) -> bool:
        if not options[0].parent:
            return self._devices(step, options[0], 0)
        too_many = 0
        for option in options:
            try:
                if self._devices(step, option, 0):
                    return True
            except _TooMany:
                too_many += 1
        if too_many == len(options):
            raise _TooMany
        return False

    def _devices(self, step: _Step, request: Wanted, start: int) -> bool:
        """Give the request its devices, beginning with one of the candidates from `start` on."""
        if request.all_devices is not None and not request.all_devices:
            return False
        if step.device >= request.count:
            self._chosen[step.claim, step.request] = request
            return self._go(_Step(step.claim, step.request + 1))
        if request.count - step.device > MOST_PER_CLAIM - len(self._given[step.claim]):
            raise _TooMany
        further = _Step(step.claim, step.request, step.device + 1)
        if request.all_devices is not None:
            return self._try(further, request, request.all_devices[step.device], 0, must=True)
        for index in range(start, len(self._candidates)):
            candidate = self._candidates[index]
            if self._suits(step, request, candidate) and self._try(
                further, request, candidate, index + 1
            ):
                return True
        return False

    def _suits(self, step: _Step, request: Wanted, candidate: Candidate) -> bool:
        if self._occupied(step.claim, request, candidate):
            return False
        return self._selects(request, candidate) and self._has_room(request, candidate)

    def _occupied(self, claim: int, request: Wanted, candidate: Candidate) -> bool:
        marked = self._marked.get(candidate.id) or ()
        if request.admin:
            return claim in marked
        return candidate.id in self._allocator.taken.dedicated or bool(marked)

    def _has_room(self, request: Wanted, candidate: Candidate) -> bool:
        used = self._allocator.taken.capacity.get(candidate.id) or {}
        parts = self._parts.get(candidate.id) or {}
        return capacity.fits(request.capacities, candidate.device, used, parts)

    def _try(
        self,
        further: _Step,
        request: Wanted,
        candidate: Candidate,
        start: int,
        *,
        must: bool = False,
    ) -> bool:
        undo = self._take(further.claim, request, candidate, must=must)
        if undo is None:
            return False
        try:
            done = self._devices(further, request, start)
        except _TooMany:
            undo()
            raise
        if not done:
            undo()
        return done

    def _take(
        self, claim: int, request: Wanted, candidate: Candidate, *, must: bool
    ) -> Callable[[], None] | None:
        """Give the device to the request; how to take it back, None when it cannot be given."""
        device = candidate.device
        shared = bool(device.get("allowMultipleAllocations"))
        if not (shared and request.admin) and self._occupied(claim, request, candidate):
            return None
        undo: list[Callable[[], None]] = []

        def rollback() -> None:
            while undo:
                undo.pop()()

        counted = device.get("consumesCounters") and not (shared and self._in_parts(candidate.id))
        if counted and not self._count(candidate, undo):
            return None
        if request.keeps_off(device) or not self._constrain(
            claim, request, candidate, undo, must=must
        ):
            rollback()
            return None
        if not self._has_room(request, candidate):
            rollback()
            return None
        self._mark(claim, request, candidate, undo, shared=shared)
        return rollback

    def _in_parts(self, id: DeviceId) -> bool:
        taken = self._allocator.taken
        return id in taken.capacity or id in taken.shared or id in self._parts

    def _count(self, candidate: Candidate, undo: list[Callable[[], None]]) -> bool:
        pool = candidate.pool
        used = self._counters.setdefault(pool.id, {})
        _move(used, candidate.device, 1)
        for name, counters in self._allocator.counters_left(pool).items():
            if any(used.get(name, {}).get(c, 0) > left for c, left in counters.items()):
                _move(used, candidate.device, -1)
                return False
        undo.append(lambda: _move(used, candidate.device, -1))
        return True

    def _constrain(
        self,
        claim: int,
        request: Wanted,
        candidate: Candidate,
        undo: list[Callable[[], None]],
        *,
        must: bool,
    ) -> bool:
        for constraint in self._constraints[claim]:
            if not constraint.add(request.names, candidate):
                if must:
                    raise AllocationError(
                        f"claim {requests.key(request.claim)}, request {request.name}: cannot add "
                        f"device {'/'.join(candidate.id)} because a claim constraint would not be "
                        "satisfied"
                    )
                return False
            undo.append(lambda c=constraint: c.remove(request.names))  # type: ignore[misc]
        return True

    def _mark(
        self,
        claim: int,
        request: Wanted,
        candidate: Candidate,
        undo: list[Callable[[], None]],
        *,
        shared: bool,
    ) -> None:
        consumed = None
        if shared:
            consumed = capacity.consumption(request.capacities, candidate.device)
            known = self._parts.get(candidate.id)
            before = None if known is None else dict(known)
            state.add(self._parts.setdefault(candidate.id, {}), consumed)
            undo.append(lambda: self._restore(candidate.id, before))
        else:
            marked = self._marked.setdefault(candidate.id, set())
            marked.add(claim)
            undo.append(lambda: marked.discard(claim))
        given = self._given[claim]
        given.append(Given(request, candidate, consumed))
        undo.append(lambda: given.__delitem__(-1))

    def _restore(self, id: DeviceId, before: Capacity | None) -> None:
        if before is None:
            del self._parts[id]
        else:
            self._parts[id] = before
