"""How endpoints are spread over slices with as few writes as can be. Pure.

Source: staging endpointslice/reconciler.go: keep what is there, fill what is changed anyway, then
one unchanged slice, then new ones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mockapi.client.protocol import Obj
from mockapi.controllers import objects

MAX_PER_SLICE = 100


@dataclass(slots=True)
class Changes:
    """Slices to write; those to create have no name yet."""

    create: list[Obj] = field(default_factory=list)
    update: list[Obj] = field(default_factory=list)
    delete: list[Obj] = field(default_factory=list)


def identity(endpoint: Obj) -> tuple[object, ...]:
    """What makes an endpoint the same one: its addresses, name and pod."""
    target = endpoint.get("targetRef") or {}
    addresses = tuple(sorted(endpoint["addresses"]))
    return (addresses, endpoint.get("hostname"), target.get("uid"), target.get("name"))


def ports_key(ports: Iterable[Obj]) -> tuple[tuple[object, ...], ...]:
    """Slices are kept apart by their set of ports."""
    fields = ("name", "port", "protocol", "appProtocol")
    return tuple(sorted(tuple(str(port.get(f, "")) for f in fields) for port in ports))


def _same(one: Obj, two: Obj) -> bool:
    """Equal in all but hints."""
    return all(
        one.get(f) == two.get(f)
        for f in ("nodeName", "zone", "hostname", "conditions", "targetRef", "addresses")
    )


def spread(
    existing: Iterable[Obj], desired: Sequence[Obj], blank: Obj, labels: dict[str, str]
) -> Changes:
    """Changes that bring the slices of one set of ports to the desired endpoints.

    `blank` is what a new slice looks like, `labels` what every slice should carry.
    """
    left = {identity(endpoint): endpoint for endpoint in desired}
    changes = Changes()
    unchanged: list[Obj] = []
    for item in existing:
        kept, changed = _keep(item, left)
        if len(kept) != len(item.get("endpoints") or ()) and not kept:
            changes.delete.append(item)
        elif changed:
            changes.update.append(_with(item, kept, labels))
        elif objects.labels(item) != labels:
            changes.update.append(_with(item, item.get("endpoints") or [], labels))
        else:
            unchanged.append(item)
    waiting = list(left.values())
    for item in sorted(changes.update, key=lambda one: -len(one["endpoints"])):
        _fill(item, waiting)
    while waiting:
        room = _room(unchanged, len(waiting))
        if room is None:
            new = {**blank, "endpoints": []}
            _fill(new, waiting)
            changes.create.append(new)
        else:
            unchanged.remove(room)
            filled = _with(room, list(room.get("endpoints") or ()), labels)
            _fill(filled, waiting)
            changes.update.append(filled)
    return changes


def _keep(item: Obj, left: dict[tuple[object, ...], Obj]) -> tuple[list[Obj], bool]:
    """The slice's endpoints that are still wanted, taken out of `left`, and whether any differ."""
    kept, changed = [], False
    for endpoint in item.get("endpoints") or ():
        wanted = left.pop(identity(endpoint), None)
        if wanted is None:
            changed = True
            continue
        if _same(wanted, endpoint):
            kept.append(endpoint)
        else:
            changed = True
            kept.append(wanted)
    return kept, changed


def _with(item: Obj, endpoints: list[Obj], labels: dict[str, str]) -> Obj:
    return {**objects.with_metadata(item, labels=labels), "endpoints": endpoints}


def _fill(item: Obj, waiting: list[Obj]) -> None:
    room = MAX_PER_SLICE - len(item["endpoints"])
    item["endpoints"] = [*item["endpoints"], *waiting[:room]]
    del waiting[:room]


def _room(unchanged: Iterable[Obj], count: int) -> Obj | None:
    """The slice that `count` more endpoints fill best."""
    if count >= MAX_PER_SLICE:
        return None
    best, left = None, MAX_PER_SLICE
    for item in unchanged:
        free = MAX_PER_SLICE - count - len(item.get("endpoints") or ())
        if 0 <= free < left:
            best, left = item, free
    return best


def with_hints(item: Obj, distribution: str) -> Obj:
    """The slice with each ready endpoint's hints as the service's trafficDistribution asks."""
    before = item.get("endpoints") or []
    endpoints = [_hinted(endpoint, distribution) for endpoint in before]
    return item if endpoints == before else {**item, "endpoints": endpoints}


def _hinted(endpoint: Obj, distribution: str) -> Obj:
    if distribution and not (endpoint.get("conditions") or {}).get("ready"):
        return endpoint
    hints: Obj = {}
    if distribution and endpoint.get("zone"):
        hints["forZones"] = [{"name": endpoint["zone"]}]
    if distribution == "PreferSameNode" and endpoint.get("nodeName"):
        hints["forNodes"] = [{"name": endpoint["nodeName"]}]
    bare = {name: value for name, value in endpoint.items() if name != "hints"}
    return {**bare, "hints": hints} if hints else bare
