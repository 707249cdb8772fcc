"""Which allocated devices are tainted, and when their pods have to go. Pure.

Source: pkg/controller/devicetainteviction.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mockapi.base.clock import parse_timestamp
from mockapi.client.protocol import Obj
from mockapi.controllers import objects
from mockapi.meta.tolerations import tolerates

NO_EXECUTE = "NoExecute"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a taint comes from: a DeviceTaintRule, or one row of a device's taints."""

    rule: str = ""
    """Its name."""
    uid: str = ""
    """The rule's."""
    row: tuple[str, str, str, int] = ("", "", "", 0)
    """Driver, pool, device, place in the list."""


@dataclass(frozen=True, slots=True)
class Eviction:
    """When a pod has to go, in seconds since the epoch, and because of which taints."""

    when: float
    reasons: frozenset[Origin]

    def joined(self, other: "Eviction | None") -> "Eviction":
        if other is None:
            return self
        return Eviction(min(self.when, other.when), self.reasons | other.reasons)

    @property
    def rules(self) -> set[tuple[str, str]]:
        """Name and uid of the rules among the reasons."""
        return {(origin.rule, origin.uid) for origin in self.reasons if origin.rule}


@dataclass(slots=True)
class Pool:
    """The slices of a pool; those of an older generation do not count."""

    slices: dict[str, Obj] = field(default_factory=dict)

    def current(self) -> list[Obj]:
        newest = max((_generation(row) for row in self.slices.values()), default=0)
        return [row for row in self.slices.values() if _generation(row) == newest]

    def devices(self) -> Iterator[Obj]:
        for row in self.current():
            yield from row["spec"].get("devices") or ()

    def device(self, name: str) -> Obj | None:
        return next((device for device in self.devices() if device["name"] == name), None)

    def tainted(self) -> dict[str, list[Obj]]:
        """The NoExecute taints by the device's name."""
        found: dict[str, list[Obj]] = {}
        for device in self.devices():
            for taint in device.get("taints") or ():
                if taint.get("effect") == NO_EXECUTE:
                    found.setdefault(device["name"], []).append(taint)
        return found


def _generation(row: Obj) -> int:
    return int(row["spec"]["pool"].get("generation", 0))


def pool_of(row: Obj) -> tuple[str, str]:
    """Driver and pool of a slice."""
    return row["spec"]["driver"], row["spec"]["pool"]["name"]


Pools = Mapping[tuple[str, str], Pool]


def allocated(claim: Obj) -> list[Obj]:
    """The devices of a claim."""
    allocation = objects.status(claim).get("allocation") or {}
    return (allocation.get("devices") or {}).get("results") or []


def is_allocated(claim: Obj) -> bool:
    return objects.status(claim).get("allocation") is not None


def evicts(rule: Obj) -> bool:
    return bool(rule["spec"]["taint"].get("effect") == NO_EXECUTE)


def selects(rule: Obj, driver: str, pool: str, device: str) -> bool:
    wanted = rule["spec"].get("deviceSelector")
    if wanted is None:
        return False
    found = {"driver": driver, "pool": pool, "device": device}
    return all(wanted.get(key) in (None, value) for key, value in found.items())


def eviction_of_claim(claim: Obj, pools: Pools, rules: Iterable[Obj]) -> Eviction | None:
    """The earliest moment at which a taint of a device of the claim is tolerated no longer."""
    found: Eviction | None = None
    listed = list(rules)
    for device in allocated(claim):
        for origin, taint in _taints(device, pools, listed):
            patience = _patience(device, taint)
            if patience is None or not taint.get("timeAdded"):
                continue
            when = parse_timestamp(taint["timeAdded"]) + patience
            found = Eviction(when, frozenset((origin,))).joined(found)
    return found


def _taints(device: Obj, pools: Pools, rules: Iterable[Obj]) -> Iterator[tuple[Origin, Obj]]:
    driver, pool, name = device["driver"], device["pool"], device["device"]
    known = pools.get((driver, pool))
    published = known.device(name) if known is not None else None
    for index, taint in enumerate((published or {}).get("taints") or ()):
        if taint.get("effect") == NO_EXECUTE:
            yield Origin(row=(driver, pool, name, index)), taint
    for rule in rules:
        if selects(rule, driver, pool, name):
            origin = Origin(rule=objects.name(rule), uid=objects.uid(rule))
            yield origin, rule["spec"]["taint"]


def _patience(device: Obj, taint: Obj) -> float | None:
    """For how many seconds the claim tolerates a taint; None: for ever."""
    seconds = []
    for toleration in device.get("tolerations") or ():
        if toleration.get("effect") != NO_EXECUTE or not tolerates(toleration, taint):
            continue
        if toleration.get("tolerationSeconds") is None:
            return None
        seconds.append(max(float(toleration["tolerationSeconds"]), 0.0))
    return min(seconds, default=0.0)


def claims_of(pod: Obj) -> Iterator[tuple[str, bool]]:
    """Names of the claims of a pod, and whether they have to be the pod's own."""
    made = {
        row["name"]: row.get("resourceClaimName")
        for row in objects.status(pod).get("resourceClaimStatuses") or ()
    }
    for entry in pod["spec"].get("resourceClaims") or ():
        if entry.get("resourceClaimName"):
            yield entry["resourceClaimName"], False
        elif entry.get("resourceClaimTemplateName") and made.get(entry["name"]):
            yield made[entry["name"]], True
    extended = objects.status(pod).get("extendedResourceClaimStatus") or {}
    if extended.get("resourceClaimName"):
        yield extended["resourceClaimName"], True


def uses(pod: Obj, claim: Obj, *, own: bool) -> bool:
    """The claim is reserved for the pod, and the pod's own where it has to be."""
    if own and not objects.controlled_by(claim, pod):
        return False
    rows = objects.status(claim).get("reservedFor") or ()
    return any(row["uid"] == objects.uid(pod) for row in rows)


# -- what a rule says of itself --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Selected:
    """What a rule without an effect would do."""

    published: int
    allocated: int


def condition(
    rule: Obj, pending: int, namespaces: int, evicted: int, selected: Selected | None
) -> Obj:
    """EvictionInProgress, without its time. `pending` pods in so many `namespaces` have to go, or
    would have to; `selected` is given for the effect None."""
    effect = rule["spec"]["taint"].get("effect", "")
    if effect == NO_EXECUTE:
        reason = "Completed" if evicted else "NotStarted"
        message = ""
        if pending:
            reason, needs = "PodsPendingEviction", "needs" if pending == 1 else "need"
            message = f"{_counted(pending, 'pod')} {needs} to be evicted in "
            message += f"{_namespaces(namespaces)}."
    elif selected is not None:
        reason = "NoEffect"
        message = (
            f"{_counted(selected.published, 'published device')} selected. "
            f"{_counted(selected.allocated, 'allocated device')} selected. "
            f"{_counted(pending, 'pod')} would be evicted in {_namespaces(namespaces)} "
            "if the effect was NoExecute. This information will not be updated again. "
            "Recreate the DeviceTaintRule to trigger an update."
        )
    else:
        reason, message = "OtherEffect", "Eviction only happens for the NoExecute effect."
    if evicted:
        message += f"{' ' if message else ''}{_counted(evicted, 'pod')} evicted since starting "
        message += "the controller."
    return {
        "type": "EvictionInProgress",
        "status": "True" if reason == "PodsPendingEviction" else "False",
        "reason": reason,
        "message": message,
        "observedGeneration": objects.generation(rule),
    }


def _counted(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"


def _namespaces(count: int) -> str:
    return "1 namespace" if count == 1 else f"{count} different namespaces"
