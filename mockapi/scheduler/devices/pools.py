"""Resource slices by pool, as far as they concern a node.

Source: structured/internal/incubating/pools_incubating.go, resourceslice/tracker (taint rules).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mockapi.client.protocol import Obj
from mockapi.scheduler import amounts
from mockapi.scheduler.node_affinity import selector_match
from mockapi.scheduler.nodes import NodeInfo

DeviceId = tuple[str, str, str]
"""Driver, pool, device."""
PoolId = tuple[str, str]
Device = Mapping[str, Any]
Counters = Mapping[str, Mapping[str, int]]
"""Nano-units by counter set and counter."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A device that may be allocated on the node."""

    id: DeviceId
    device: Device
    slice: Obj
    pool: "Pool"


@dataclass(frozen=True, eq=False)
class Pool:
    """An incomplete or invalid one offers nothing; `elsewhere` are slices of other nodes."""

    id: PoolId
    slices: Sequence[Obj] = ()
    elsewhere: Sequence[Obj] = ()
    counters: Counters = field(default_factory=dict)
    incomplete: bool = False
    invalid: bool = False

    def candidates(self) -> list[Candidate]:
        return [
            Candidate((*self.id, device["name"]), device, item, self)
            for item in self.slices
            for device in item["spec"].get("devices") or ()
        ]


def tainted(slices: Sequence[Obj], rules: Iterable[Obj]) -> list[Obj]:
    """The slices with the taints that DeviceTaintRules put on their devices."""
    found = list(slices)
    for rule in rules:
        selector = rule["spec"].get("deviceSelector")
        if selector is not None:
            found = [_tainted(item, selector, rule["spec"]["taint"]) for item in found]
    return found


def _tainted(item: Obj, selector: Mapping[str, Any], taint: Mapping[str, Any]) -> Obj:
    spec = item["spec"]
    if selector.get("driver") not in (None, spec["driver"]):
        return item
    if selector.get("pool") not in (None, spec["pool"]["name"]):
        return item
    wanted = selector.get("device")
    devices = [
        {**device, "taints": [*(device.get("taints") or ()), taint]}
        if wanted in (None, device["name"])
        else device
        for device in spec.get("devices") or ()
    ]
    return {**item, "spec": {**spec, "devices": devices}}


def node_matches(where: Mapping[str, Any], node: NodeInfo) -> bool:
    """Does a slice or a device with its own node selection belong to the node?"""
    if where.get("nodeName"):
        return bool(where["nodeName"] == node.name)
    if where.get("allNodes"):
        return True
    selector = where.get("nodeSelector")
    return selector is not None and selector_match(selector)(node.name, node.labels)


def gather(slices: Sequence[Obj], node: NodeInfo) -> list[Pool]:
    """Pools that have something for the node, those whose devices need conditions to bind last."""
    by_pool: dict[PoolId, list[Obj]] = {}
    for item in slices:
        if _concerns(item, node):
            _add(by_pool, item)
    plain: list[Pool] = []
    conditional: list[Pool] = []
    for id in sorted(by_pool):
        pool = _pool(id, by_pool[id], slices)
        if pool is not None:
            (conditional if _has_conditions(pool) else plain).append(pool)
    return plain + conditional


def _concerns(item: Obj, node: NodeInfo) -> bool:
    spec = item["spec"]
    if spec.get("nodeName") or spec.get("allNodes") or spec.get("nodeSelector") is not None:
        return node_matches(spec, node)
    if spec.get("perDeviceNodeSelection"):
        return any(node_matches(device, node) for device in spec.get("devices") or ())
    return False


def _add(by_pool: dict[PoolId, list[Obj]], item: Obj) -> None:
    """Only the newest generation counts."""
    id = _pool_id(item)
    known = by_pool.get(id)
    newer = None if known is None else _generation(item) - _generation(known[0])
    if known is None or (newer or 0) > 0:
        by_pool[id] = [item]
    elif newer == 0:
        known.append(item)


def _pool_id(item: Obj) -> PoolId:
    return item["spec"]["driver"], item["spec"]["pool"]["name"]


def _generation(item: Obj) -> int:
    return int(item["spec"]["pool"].get("generation") or 0)


def _pool(id: PoolId, mine: Sequence[Obj], everywhere: Sequence[Obj]) -> Pool | None:
    """None for one that a newer generation has replaced on other nodes."""
    generation, count = _generation(mine[0]), mine[0]["spec"]["pool"]["resourceSliceCount"]
    if len(mine) == count:
        return _built(id, mine, ())
    known = [item for item in everywhere if _pool_id(item) == id]
    if any(_generation(item) > generation for item in known):
        return None
    current = [item for item in known if _generation(item) == generation]
    if len(current) != count:
        return Pool(id, incomplete=True)
    return _built(id, mine, current)


def _built(id: PoolId, mine: Sequence[Obj], all_slices: Sequence[Obj]) -> Pool:
    mine = sorted(mine, key=_name)
    names = {_name(item) for item in mine}
    others = [item for item in all_slices if _name(item) not in names]
    sets = [item for item in (*mine, *others) if item["spec"].get("sharedCounters")]
    devices = [item for item in mine if not item["spec"].get("sharedCounters")]
    elsewhere = [item for item in others if not item["spec"].get("sharedCounters")]
    counters = _counter_sets(sets)
    twice = _repeats(d["name"] for item in devices for d in item["spec"].get("devices") or ())
    if counters is None or twice or not _counted(counters, (*devices, *elsewhere)):
        return Pool(id, invalid=True)
    return Pool(id, devices, elsewhere, counters)


def _name(item: Obj) -> str:
    return str(item["metadata"]["name"])


def _repeats(names: Iterable[str]) -> bool:
    listed = list(names)
    return len(set(listed)) < len(listed)


def _counter_sets(slices: Sequence[Obj]) -> Counters | None:
    """None when a name is used twice."""
    found: dict[str, dict[str, int]] = {}
    for item in slices:
        for counter_set in item["spec"]["sharedCounters"]:
            if counter_set["name"] in found:
                return None
            found[counter_set["name"]] = consumed(counter_set)
    return found


def consumed(use: Mapping[str, Any]) -> dict[str, int]:
    """Of a counter set, or what a device takes of one."""
    counters = use.get("counters") or {}
    return {name: amounts.nanos(counter["value"]) for name, counter in counters.items()}


def _counted(counters: Counters, slices: Iterable[Obj]) -> bool:
    """Does every device take only of counters that exist?"""
    return all(
        name in counters.get(use["counterSet"], ())
        for item in slices
        for device in item["spec"].get("devices") or ()
        for use in device.get("consumesCounters") or ()
        for name in use.get("counters") or ()
    ) and all(
        use["counterSet"] in counters
        for item in slices
        for device in item["spec"].get("devices") or ()
        for use in device.get("consumesCounters") or ()
    )


def _has_conditions(pool: Pool) -> bool:
    return any(
        device.get("bindingConditions") is not None
        for item in pool.slices
        for device in item["spec"].get("devices") or ()
    )
