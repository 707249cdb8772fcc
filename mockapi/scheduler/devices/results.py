"""An allocation as it is written to a claim's status.

Source: structured/internal/incubating/allocator_incubating.go (Allocate, createNodeSelector).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mockapi.scheduler.devices.allocator import ClaimResult, Given
from mockapi.scheduler.devices.requests import AllocationError, Wanted

Tree = dict[str, Any]


def allocation(found: ClaimResult, node: str) -> Tree:
    """`{devices: {results, config?}, nodeSelector?}`; ids of shares are empty. AllocationError when
    a slice selects its nodes in a way that cannot be handed on."""
    devices: Tree = {"results": [_result(given) for given in found.devices]}
    config = [*_class_config(found), *_claim_config(found)]
    if config:
        devices["config"] = [_widened(entry, found.requests) for entry in config]
    tree: Tree = {"devices": devices}
    selector = _node_selector(found, node)
    if selector is not None:
        tree["nodeSelector"] = selector
    return tree


def _result(given: Given) -> Tree:
    driver, pool, device = given.candidate.id
    request = given.request
    tree: Tree = {
        "request": request.full_name,
        "driver": driver,
        "pool": pool,
        "device": device,
    }
    if request.admin:
        tree["adminAccess"] = True
    if request.spec.get("tolerations"):
        tree["tolerations"] = request.spec["tolerations"]
    for name in ("bindingConditions", "bindingFailureConditions"):
        if given.candidate.device.get(name):
            tree[name] = given.candidate.device[name]
    if given.consumed is not None:
        tree["shareID"] = ""
        if given.consumed:
            tree["consumedCapacity"] = {n: str(value) for n, value in given.consumed.items()}
    return tree


def _class_config(found: ClaimResult) -> list[Tree]:
    """Each class's once, for all requests that use it."""
    by_class: dict[str, list[Tree]] = {}
    for request in found.requests:
        name = request.device_class["metadata"]["name"]
        if name in by_class:
            for entry in by_class[name]:
                entry["requests"].append(request.full_name)
            continue
        by_class[name] = [
            {"source": "FromClass", "requests": [request.full_name], **entry}
            for entry in request.device_class["spec"].get("config") or ()
        ]
    return [entry for entries in by_class.values() for entry in entries]


def _claim_config(found: ClaimResult) -> list[Tree]:
    given = (found.claim["spec"].get("devices") or {}).get("config") or ()
    return [
        {**entry, "source": "FromClaim", "requests": entry.get("requests") or []}
        for entry in given
        if not entry.get("requests")
        or any(name in entry["requests"] for request in found.requests for name in request.names)
    ]


def _widened(entry: Tree, requests: Sequence[Wanted]) -> Tree:
    """Without the list of requests when they are all."""
    listed = entry["requests"]
    everywhere = all(any(name in listed for name in request.names) for request in requests)
    if not listed or everywhere:
        return {name: value for name, value in entry.items() if name != "requests"}
    return entry


def _node_selector(found: ClaimResult, node: str) -> Tree | None:
    fields: list[Any] = []
    expressions: list[Any] = []
    for given in found.devices:
        device, spec = given.candidate.device, given.candidate.slice["spec"]
        where: Mapping[str, Any] = device if spec.get("perDeviceNodeSelection") else spec
        if where.get("nodeName") is not None or device.get("bindsToNode"):
            name = {"key": "metadata.name", "operator": "In", "values": [node]}
            return {"nodeSelectorTerms": [{"matchFields": [name]}]}
        terms = (where.get("nodeSelector") or {}).get("nodeSelectorTerms") or ()
        if len(terms) > 1:
            name = found.claim["metadata"]["name"]
            text = f"unsupported ResourceSlice.NodeSelector with {len(terms)} terms"
            raise AllocationError(f"create NodeSelector for claim {name}: {text}")
        for term in terms:
            _merge(fields, term.get("matchFields") or ())
            _merge(expressions, term.get("matchExpressions") or ())
    term = {"matchExpressions": expressions, "matchFields": fields}
    term = {name: value for name, value in term.items() if value}
    return {"nodeSelectorTerms": [term]} if term else None


def _merge(known: list[Any], more: Sequence[Mapping[str, Any]]) -> None:
    for requirement in more:
        if not any(_same(requirement, other) for other in known):
            known.append(requirement)


def _same(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    return (a["key"], a["operator"], set(a.get("values") or ())) == (
        b["key"],
        b["operator"],
        set(b.get("values") or ()),
    )
