"""Claims and volumes: which volume a claim may be bound to, and where a volume can be used.

Sources: component-helpers storage/volume, pkg/scheduler/framework/plugins/volumebinding/binder.go.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mockapi.client.protocol import Obj
from mockapi.meta import selectors
from mockapi.meta.volumes import claim_of
from mockapi.scheduler import amounts
from mockapi.scheduler.cluster import Listers
from mockapi.scheduler.node_affinity import selector_match
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.pods import NO_LABELS, Labels, PodInfo

SELECTED_NODE: Final = "volume.kubernetes.io/selected-node"
BIND_COMPLETED: Final = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER: Final = "pv.kubernetes.io/bound-by-controller"
_BETA_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_NO_PROVISIONER: Final = "kubernetes.io/no-provisioner"


def annotations(obj: Obj) -> Mapping[str, str]:
    return obj["metadata"].get("annotations") or NO_LABELS


def class_of(obj: Obj) -> str:
    """The storage class of a claim or of a volume."""
    beta = annotations(obj).get(_BETA_CLASS)
    return (obj["spec"].get("storageClassName") or "") if beta is None else beta


def is_bound(claim: Obj) -> bool:
    return bool(claim["spec"].get("volumeName")) and BIND_COMPLETED in annotations(claim)


def claim_name(pod: PodInfo, volume: Mapping[str, Any]) -> tuple[str, bool] | None:
    """The claim behind a volume and whether it is an ephemeral one's; None for other volumes."""
    claim = claim_of(pod.name, volume)
    return (claim, not volume.get("persistentVolumeClaim")) if claim else None


def not_owned(pod: PodInfo, claim: Obj) -> str:
    """What is wrong with an ephemeral volume's claim that belongs to somebody else."""
    metadata = claim["metadata"]
    for reference in metadata.get("ownerReferences") or ():
        if reference.get("controller") and reference["uid"] == pod.uid:
            return ""
    return (
        f"PVC {metadata['namespace']}/{metadata['name']} was not created for pod "
        f"{pod.namespace}/{pod.name} (pod is not owner)"
    )


def usable_on(volume: Obj, node: NodeInfo) -> bool:
    """Only the labels of the node are looked at, as the real rule does."""
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    return not required or selector_match(required)("", node.labels)


def requested(claim: Obj) -> int | None:
    """Bytes; None when the claim does not say."""
    text = (claim["spec"].get("resources") or {}).get("requests", {}).get("storage")
    return None if text is None else amounts.rounded(amounts.nanos(text), 10**9)


def capacity(volume: Obj) -> int:
    text = (volume["spec"].get("capacity") or {}).get("storage", "0")
    return amounts.rounded(amounts.nanos(text), 10**9)


def belongs_to(volume: Obj, claim: Obj) -> bool:
    """Is the volume bound to this claim, or reserved for it?"""
    reference = volume["spec"].get("claimRef")
    if not reference:
        return False
    metadata = claim["metadata"]
    if (reference.get("namespace"), reference.get("name")) != (
        metadata["namespace"],
        metadata["name"],
    ):
        return False
    return not reference.get("uid") or bool(reference["uid"] == metadata.get("uid"))


def find_volume(
    claim: Obj, volumes: Iterable[Obj], node: NodeInfo, taken: Collection[str]
) -> Obj | None:
    """The volume that is reserved for the claim, else the smallest that is free and suits it."""
    best: Obj | None = None
    for volume in volumes:
        if volume["metadata"]["name"] in taken or not _acceptable(claim, volume):
            continue
        if belongs_to(volume, claim):
            return volume if usable_on(volume, node) else None
        if not _available(claim, volume) or not usable_on(volume, node):
            continue
        if best is None or capacity(best) > capacity(volume):
            best = volume
    return best


def _acceptable(claim: Obj, volume: Obj) -> bool:
    wanted, given = claim["spec"], volume["spec"]
    if given.get("claimRef") and not belongs_to(volume, claim):
        return False
    return (
        capacity(volume) >= (requested(claim) or 0)
        and (wanted.get("volumeMode") or "Filesystem") == (given.get("volumeMode") or "Filesystem")
        and (wanted.get("volumeAttributesClassName") or "")
        == (given.get("volumeAttributesClassName") or "")
        and "deletionTimestamp" not in volume["metadata"]
    )


def _available(claim: Obj, volume: Obj) -> bool:
    selector = claim["spec"].get("selector")
    labels: Labels = volume["metadata"].get("labels") or NO_LABELS
    return (
        (volume.get("status") or {}).get("phase") == "Available"
        and (selector is None or selectors.from_object(selector).matches(labels))
        and class_of(volume) == class_of(claim)
        and set(claim["spec"].get("accessModes") or ())
        <= set(volume["spec"].get("accessModes") or ())
    )


@dataclass(frozen=True, slots=True)
class PodClaims:
    """A pod's claims by what has to happen to them."""

    bound: Sequence[Obj]
    delayed: Sequence[Obj]
    """To be bound once the pod has a node."""
    immediate: Sequence[Obj]
    """Not bound, though they do not wait for a pod."""


def waits_for_pod(claim: Obj, listers: Listers) -> bool:
    """Does its class bind volumes only when a pod uses them?"""
    storage_class = listers.storage_classes.get("", class_of(claim))
    return (storage_class or {}).get("volumeBindingMode") == "WaitForFirstConsumer"


@dataclass(frozen=True, slots=True)
class Provision:
    claim: Obj
    capacity: Obj | None
    """The CSIStorageCapacity that has room, where the driver tells."""


@dataclass(frozen=True, slots=True)
class NodeVolumes:
    """What must be bound or provisioned for the pod to run on a node."""

    bindings: Sequence[tuple[Obj, Obj]] = ()
    """Claim and volume."""
    provisions: Sequence[Provision] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    volumes: NodeVolumes
    node_suits: bool = True
    """The bound volumes can be used on the node."""
    all_found: bool = True
    enough_space: bool = True
    volumes_exist: bool = True


def find(claims: PodClaims, node: NodeInfo, listers: Listers) -> Findings:
    """Can the pod's volumes be had on this node? RuntimeError texts never arise: what the real
    scheduler treats as an error (a class that vanished) is raised as LookupError."""
    suits, exist = _bound_suit(claims.bound, node, listers)
    if not claims.delayed:
        return Findings(NodeVolumes(), suits, volumes_exist=exist)
    selected = {id(claim): annotations(claim).get(SELECTED_NODE) for claim in claims.delayed}
    if any(name is not None and name != node.name for name in selected.values()):
        return Findings(NodeVolumes(), suits, all_found=False, volumes_exist=exist)
    to_provision = [claim for claim in claims.delayed if selected[id(claim)] is not None]
    to_match = [claim for claim in claims.delayed if selected[id(claim)] is None]
    bindings, unmatched = _match(to_match, node, listers)
    to_provision += unmatched
    if not to_provision:
        return Findings(NodeVolumes(bindings), suits, volumes_exist=exist)
    possible, space, provisions = _provision(to_provision, node, listers)
    return Findings(NodeVolumes(bindings, provisions), suits, possible, space, exist)


def _bound_suit(claims: Sequence[Obj], node: NodeInfo, listers: Listers) -> tuple[bool, bool]:
    for claim in claims:
        volume = listers.volumes.get("", claim["spec"]["volumeName"])
        if volume is None:
            return True, False
        if not usable_on(volume, node):
            return False, True
    return True, True


def _match(
    claims: Sequence[Obj], node: NodeInfo, listers: Listers
) -> tuple[list[tuple[Obj, Obj]], list[Obj]]:
    """Smallest claims first; what is found and what is left."""
    bindings: list[tuple[Obj, Obj]] = []
    unmatched = []
    taken: set[str] = set()
    for claim in sorted(claims, key=lambda c: requested(c) or 0):
        wanted = class_of(claim)
        volumes = [v for v in listers.volumes.list() if class_of(v) == wanted]
        volume = find_volume(claim, volumes, node, taken)
        if volume is None:
            unmatched.append(claim)
        else:
            taken.add(volume["metadata"]["name"])
            bindings.append((claim, volume))
    return bindings, unmatched


def _provision(
    claims: Sequence[Obj], node: NodeInfo, listers: Listers
) -> tuple[bool, bool, list[Provision]]:
    """Can they be provisioned here, is there room, and how."""
    provisions = []
    for claim in claims:
        name = class_of(claim)
        storage_class = listers.storage_classes.get("", name)
        if storage_class is None:
            raise LookupError(f'failed to find storage class "{name}"')
        provisioner = storage_class.get("provisioner") or ""
        if provisioner in ("", _NO_PROVISIONER):
            return False, True, []
        if not topology_matches(storage_class.get("allowedTopologies") or (), node.labels):
            return False, True, []
        enough, room = _room(provisioner, claim, name, node, listers)
        if not enough:
            return True, False, []
        provisions.append(Provision(claim, room))
    return True, True, provisions


def topology_matches(terms: Sequence[Mapping[str, Any]], labels: Labels) -> bool:
    """Source: v1helper.MatchTopologySelectorTerms."""
    if not terms:
        return True
    return any(
        expressions and all(labels.get(e["key"]) in e["values"] for e in expressions)
        for term in terms
        if (expressions := term.get("matchLabelExpressions"))
    )


def _room(
    provisioner: str, claim: Obj, storage_class: str, node: NodeInfo, listers: Listers
) -> tuple[bool, Obj | None]:
    """Is there room for the claim in the storage that the node reaches?"""
    wanted = requested(claim)
    driver = listers.csi_drivers.get("", provisioner)
    if wanted is None or driver is None or not driver["spec"].get("storageCapacity"):
        return True, None
    for room in listers.csi_capacities.list():
        limit = room.get("maximumVolumeSize", room.get("capacity"))
        topology = room.get("nodeTopology")
        if (
            room["storageClassName"] == storage_class
            and limit is not None
            and amounts.rounded(amounts.nanos(limit), 10**9) >= wanted
            and topology is not None
            and selectors.from_object(topology).matches(node.labels)
        ):
            return True, room
    return False, None
