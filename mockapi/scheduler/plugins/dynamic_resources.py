"""DynamicResources: a pod's resource claims must exist and be usable on its node.

Claims that are allocated already bind the pod to the nodes of the allocation. Devices are not
allocated here: a claim without an allocation finds none, as in a cluster without resource slices.
"""

from collections.abc import Iterator
from typing import Final

from mockapi.client.protocol import Obj
from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.node_affinity import NodeMatch, selector_match
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import Change, Check, Cycle, Plugin, Test, always
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.status import Status, unresolvable

NAME: Final = "DynamicResources"
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


class DynamicResources(Plugin):
    name = NAME
    points = frozenset(("preEnqueue", "preFilter", "filter", "postFilter"))

    def __init__(self) -> None:
        self.hints = {
            ("Node", "add"): always,
            ("Node", "update-labels"): always,
            ("Node", "update-allocatable"): always,
            ("ResourceClaim", "add"): _after_claim,
            ("ResourceClaim", "update"): _after_claim,
            ("ResourceClaim", "delete"): _after_claim,
            ("TargetPod", "update-resource-claims"): always,
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

    def filter(self, cycle: Cycle) -> Check | Status | None:
        pod = cycle.pod
        if not pod.spec.get("resourceClaims"):
            return None
        claims = _claims(pod, cycle.cluster)
        if isinstance(claims, str):
            return unresolvable(NAME, claims)
        if not claims:
            return None
        places: list[NodeMatch] = []
        for claim in claims:
            allocation = (claim.get("status") or {}).get("allocation")
            if allocation is None:
                return _unallocated(claim, cycle.cluster) or Test(lambda node: _NONE_LEFT)
            if allocation.get("nodeSelector"):
                places.append(selector_match(allocation["nodeSelector"]))

        def test(node: NodeInfo) -> Status | None:
            fits = all(match(node.name, node.labels) for match in places)
            return None if fits else _ELSEWHERE

        return Test(test)


def _unallocated(claim: Obj, cluster: Cluster) -> Status | None:
    """A rejection when a device class is missing."""
    for request in (claim["spec"].get("devices") or {}).get("requests") or ():
        wanted = [(request["name"], request["exactly"])] if request.get("exactly") else []
        for option in request.get("firstAvailable") or ():
            wanted.append((f"{request['name']}/{option['name']}", option))
        for name, exact in wanted:
            device_class = exact["deviceClassName"]
            if cluster.listers.device_classes.get("", device_class) is None:
                text = f"request {name}: device class {device_class} does not exist"
                return unresolvable(NAME, text)
    return None


def _after_claim(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    claim = change.new or change.old
    if claim is None or claim["metadata"]["namespace"] != pod.namespace:
        return False
    name = claim["metadata"]["name"]
    used = any(name == mine for _, mine in claim_names(pod))
    return used or (change.new is None or "allocation" not in (change.new.get("status") or {}))
