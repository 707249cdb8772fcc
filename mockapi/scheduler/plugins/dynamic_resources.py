"""DynamicResources: a pod's resource claims must exist and be usable on its node.

Claims that are allocated already bind the pod to the nodes of the allocation; the others get their
devices on each node tentatively (`devices/`), and for good once the pod has its node.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mockapi.client.protocol import Obj
from mockapi.scheduler.binding import BindingFailed
from mockapi.scheduler.claiming import overdue, ready
from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.devices.allocator import Allocator
from mockapi.scheduler.devices.pools import tainted
from mockapi.scheduler.devices.requests import AllocationError, NodeAllocationError
from mockapi.scheduler.devices.results import allocation
from mockapi.scheduler.devices.state import taken
from mockapi.scheduler.node_affinity import NodeMatch, selector_match
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import (
    Change,
    Check,
    Cycle,
    Plugin,
    Scores,
    always,
    default_normalized,
)
from mockapi.scheduler.pods import Labels, PodInfo
from mockapi.scheduler.status import SchedulingError, Status, unresolvable

NAME: Final = "DynamicResources"
_MOST_USERS: Final = 256
_MOST_ALTERNATIVES: Final = 8
_NONE_LEFT = unresolvable(NAME, "cannot allocate all claims")
_ELSEWHERE = unresolvable(NAME, "resourceclaim not available on the node")


def claim_names(pod: PodInfo) -> Iterator[tuple[bool, str]]:
    """Whether it is made for the pod, and the name of each claim, empty while it is being made."""
    generated = {
        status["name"]: status.get("resourceClaimName")
        for status in (pod.pod.get("status") or {}).get("resourceClaimStatuses") or ()
    }
    for entry in pod.spec.get("resourceClaims") or ():
        if entry.get("resourceClaimName"):
            yield False, entry["resourceClaimName"]
        elif entry["name"] in generated:
            if generated[entry["name"]]:
                yield True, generated[entry["name"]]
        else:
            yield True, ""


def _claims(pod: PodInfo, cluster: Cluster) -> list[Obj] | str:
    """The claims, or what is wrong with them."""
    found = []
    for made_for_pod, name in claim_names(pod):
        if not name:
            return f'pod "{pod.key}": ResourceClaim not created yet'
        claim = cluster.listers.resource_claims.get(pod.namespace, name)
        if claim is None:
            return f'could not find ResourceClaim "{pod.namespace}/{name}"'
        if "deletionTimestamp" in claim["metadata"]:
            return f'resourceclaim "{name}" is being deleted'
        if made_for_pod and not _is_controller(pod, claim):
            where = f"{pod.namespace}/{name}"
            return f"ResourceClaim {where} was not created for Pod {pod.key} (Pod is not owner)"
        found.append(claim)
    return found


def _is_controller(pod: PodInfo, claim: Obj) -> bool:
    owners = claim["metadata"].get("ownerReferences") or ()
    return any(owner.get("controller") and owner["uid"] == pod.uid for owner in owners)


class ClaimCheck(Check):
    """Remembers what each node would give to the claims."""

    __slots__ = ("_allocator", "_places", "allocations", "claims", "unavailable")

    def __init__(self, claims: Sequence[Obj], cluster: Cluster) -> None:
        super().__init__()
        self.claims = claims
        self.allocations: dict[str, list[dict[str, Any]]] = {}
        """By node, for the claims without an allocation in their order."""
        self.unavailable: set[int] = set()
        """Claims that are bound to other nodes than one that was looked at."""
        self._places = [_place(claim, cluster.now()) for claim in claims]
        self._allocator = _allocator(cluster) if self.unallocated else None

    @property
    def unallocated(self) -> list[Obj]:
        return [claim for claim in self.claims if _allocation(claim) is None]

    def __call__(self, node: NodeInfo) -> Status | None:
        elsewhere = {
            index
            for index, place in enumerate(self._places)
            if place is not None and not place(node.name, node.labels)
        }
        rejected = self._allocate(node)
        if rejected is not None:
            return rejected
        self.unavailable |= elsewhere
        return _ELSEWHERE if elsewhere else None

    def _allocate(self, node: NodeInfo) -> Status | None:
        if self._allocator is None:
            return None
        try:
            found = self._allocator.allocate(node, self.unallocated)
            if found is None:
                return _NONE_LEFT
            self.allocations[node.name] = [allocation(each, node.name) for each in found]
        except NodeAllocationError as error:
            return unresolvable(NAME, str(error))
        except AllocationError as error:
            raise SchedulingError(f'running "{NAME}" filter plugin: {error}') from error
        return None

    def allotted(self, node: str) -> Iterator[tuple[Obj, dict[str, Any] | None]]:
        """Each claim with what it gets on the node, None when it has its devices already."""
        fresh = iter(self.allocations.get(node, ()))
        for claim in self.claims:
            yield claim, next(fresh) if _allocation(claim) is None else None

    def idle_claim(self, pod: PodInfo) -> Obj | None:
        """One that keeps the pod from a node, though no other pod uses it."""
        for index in sorted(self.unavailable):
            users = (self.claims[index].get("status") or {}).get("reservedFor") or ()
            if not users or [user["uid"] for user in users] == [pod.uid]:
                return self.claims[index]
        return None


def _allocation(claim: Obj) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = (claim.get("status") or {}).get("allocation")
    return found


def _place(claim: Obj, now: float) -> NodeMatch | None:
    """Where an allocated claim can be used; None for everywhere."""
    if _allocation(claim) is None:
        return None
    try:
        if not ready(claim) and overdue(claim, now):
            return _nowhere
    except BindingFailed:
        return _nowhere
    selector = (_allocation(claim) or {}).get("nodeSelector")
    return selector_match(selector) if selector else None


def _nowhere(name: str, labels: Labels) -> bool:
    return False


def _allocator(cluster: Cluster) -> Allocator:
    listers = cluster.listers
    slices = tainted(listers.resource_slices.list(), listers.device_taint_rules.list())
    return Allocator(
        slices,
        taken(listers.resource_claims.list()),
        lambda name: listers.device_classes.get("", name),
    )


class DynamicResources(Plugin):
    name = NAME
    points = frozenset(
        ("preEnqueue", "preFilter", "filter", "postFilter", "score", "reserve", "preBind")
    )

    def __init__(self) -> None:
        self.hints = {
            ("Node", "add"): always,
            ("Node", "update-labels"): always,
            ("Node", "update-allocatable"): always,
            ("ResourceClaim", "add"): _after_claim,
            ("ResourceClaim", "update"): _after_claim,
            ("ResourceClaim", "delete"): _after_claim,
            ("TargetPod", "update-resource-claims"): _after_pod,
            ("DeviceClass", "add"): always,
            ("DeviceClass", "update"): always,
            ("ResourceSlice", "add"): always,
            ("ResourceSlice", "update"): always,
        }

    def pre_enqueue(self, pod: PodInfo, cluster: Cluster) -> Status | None:
        if not pod.spec.get("resourceClaims"):
            return None
        found = _claims(pod, cluster)
        return unresolvable(NAME, found) if isinstance(found, str) else None

    def settled(self, pod: PodInfo) -> bool:
        return not pod.spec.get("resourceClaims")

    def filter(self, cycle: Cycle) -> Check | Status | None:
        pod = cycle.pod
        if not pod.spec.get("resourceClaims"):
            return None
        claims = _claims(pod, cycle.cluster)
        if isinstance(claims, str):
            return unresolvable(NAME, claims)
        if not claims:
            return None
        for claim in claims:
            problem = _in_use(claim, pod) or _unallocated(claim, cycle.cluster)
            if problem:
                return unresolvable(NAME, problem)
        check = ClaimCheck(claims, cycle.cluster)
        cycle.data[NAME] = check
        return check

    def idle_claim(self, cycle: Cycle) -> Obj | None:
        """What is given up before pods are evicted (PostFilter)."""
        check = cycle.data.get(NAME)
        return check.idle_claim(cycle.pod) if isinstance(check, ClaimCheck) else None

    def score(self, cycle: Cycle, nodes: Sequence[NodeInfo]) -> Scores | None:
        """The earlier the alternatives that are taken, the better."""
        check = cycle.data.get(NAME)
        if not isinstance(check, ClaimCheck):
            return None
        raw = [_preference(check, node.name) for node in nodes]
        return Scores(raw, default_normalized(raw))


def _preference(check: ClaimCheck, node: str) -> int:
    if node not in check.allocations:
        return 0
    fresh = iter(check.allocations[node])
    return sum(
        _claim_preference(claim, _allocation(claim) or next(fresh)) for claim in check.claims
    )


def _claim_preference(claim: Obj, given: Mapping[str, Any]) -> int:
    taken_ones = {result["request"] for result in (given.get("devices") or {}).get("results") or ()}
    return sum(
        _MOST_ALTERNATIVES - index
        for request in (claim["spec"].get("devices") or {}).get("requests") or ()
        for index, option in enumerate(request.get("firstAvailable") or ())
        if f"{request['name']}/{option['name']}" in taken_ones
    )


def _in_use(claim: Obj, pod: PodInfo) -> str:
    status = claim.get("status") or {}
    users = status.get("reservedFor") or ()
    if status.get("allocation") is None or len(users) < _MOST_USERS:
        return ""
    return "" if any(user["uid"] == pod.uid for user in users) else "resourceclaim in use"


def _unallocated(claim: Obj, cluster: Cluster) -> str:
    """What is wrong when a device class of a claim without an allocation is missing."""
    if _allocation(claim) is not None:
        return ""
    for request in (claim["spec"].get("devices") or {}).get("requests") or ():
        wanted = [(request["name"], request["exactly"])] if request.get("exactly") else []
        for option in request.get("firstAvailable") or ():
            wanted.append((f"{request['name']}/{option['name']}", option))
        for name, exact in wanted:
            device_class = exact["deviceClassName"]
            if cluster.listers.device_classes.get("", device_class) is None:
                return f"request {name}: device class {device_class} does not exist"
    return ""


def _after_claim(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    """A claim's devices are free again, or one of the pod's own has changed."""
    old, new = change.old, change.new
    if new is None:
        return old is not None and _allocation(old) is not None
    mine = _claims(pod, cluster)
    if isinstance(mine, str):
        return False
    if old is not None and _allocation(old) is not None and _allocation(new) is None:
        return True
    if not any(claim["metadata"]["uid"] == new["metadata"]["uid"] for claim in mine):
        return False
    return old is None or old.get("status") != new.get("status")


def _after_pod(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    return change.new is not None and not isinstance(_claims(PodInfo(change.new), cluster), str)
