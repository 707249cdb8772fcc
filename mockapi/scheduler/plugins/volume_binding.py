"""VolumeBinding: a pod runs where its volumes are, or can be bound or provisioned."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockapi.client.protocol import Obj
from mockapi.scheduler import amounts, scoring, volumes
from mockapi.scheduler.cluster import Cluster, Listers
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import Change, Check, Cycle, Plugin, Scores, always
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.status import SchedulingError, Status, unresolvable
from mockapi.scheduler.volumes import NodeVolumes, PodClaims

NAME: Final = "VolumeBinding"
_BIND_CONFLICT: Final = "node(s) didn't find available persistent volumes to bind"
_NODE_CONFLICT: Final = "node(s) didn't match PersistentVolume's node affinity"
_NO_SPACE: Final = "node(s) did not have enough free storage"
_NO_VOLUME: Final = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
_DEFAULT_SHAPE: Final = ({"utilization": 0, "score": 10}, {"utilization": 100, "score": 0})
_MIGRATED: Final = "storage.alpha.kubernetes.io/migrated-plugins"


class VolumeCheck(Check):
    __slots__ = ("_claims", "_listers", "found")

    def __init__(self, claims: PodClaims, listers: Listers) -> None:
        super().__init__()
        self._claims = claims
        self._listers = listers
        self.found: dict[str, NodeVolumes] = {}
        """What would have to be done on each node that passed."""

    def __call__(self, node: NodeInfo) -> Status | None:
        try:
            findings = volumes.find(self._claims, node, self._listers)
        except LookupError as error:
            raise SchedulingError(f'running "{NAME}" filter plugin: {error}') from error
        reasons = [
            reason
            for fine, reason in (
                (findings.node_suits, _NODE_CONFLICT),
                (findings.all_found, _BIND_CONFLICT),
                (findings.enough_space, _NO_SPACE),
                (findings.volumes_exist, _NO_VOLUME),
            )
            if not fine
        ]
        if reasons:
            return unresolvable(NAME, *reasons)
        self.found[node.name] = findings.volumes
        return None


class VolumeBinding(Plugin):
    name = NAME
    points = frozenset(("preFilter", "filter", "reserve", "preBind", "preScore", "score"))

    def __init__(self, args: Mapping[str, Any] | None = None) -> None:
        """`args` is a defaulted VolumeBindingArgs."""
        args = args or {}
        self.timeout: float = args.get("bindTimeoutSeconds", 600)
        self._curve = scoring.broken_line(scoring.shape_of(args.get("shape") or _DEFAULT_SHAPE))
        self.hints = {
            ("StorageClass", "add"): always,
            ("StorageClass", "update"): _after_class,
            ("PersistentVolumeClaim", "add"): _after_claim,
            ("PersistentVolumeClaim", "update"): _after_claim,
            ("PersistentVolume", "add"): always,
            ("PersistentVolume", "update"): always,
            ("Node", "add"): always,
            ("Node", "update-labels"): always,
            ("CSINode", "add"): always,
            ("CSINode", "update"): _after_csi_node,
            ("CSIDriver", "update"): _after_csi_driver,
            ("CSIStorageCapacity", "add"): always,
            ("CSIStorageCapacity", "update"): _after_capacity,
        }

    def settled(self, pod: PodInfo) -> bool:
        return not pod.shape.volumes

    def filter(self, cycle: Cycle) -> Check | Status | None:
        pod, listers = cycle.pod, cycle.cluster.listers
        wanted = [
            named
            for volume in pod.spec.get("volumes") or ()
            if (named := volumes.claim_name(pod, volume)) is not None
        ]
        if not wanted:
            return None
        claims = []
        for name, ephemeral in wanted:
            claim = listers.claims.get(pod.namespace, name)
            problem = _problem(pod, name, claim, ephemeral=ephemeral)
            if problem or claim is None:
                return unresolvable(NAME, problem)
            claims.append(claim)
        sorted_out = _sorted_out(claims, listers)
        if sorted_out.immediate:
            return unresolvable(NAME, "pod has unbound immediate PersistentVolumeClaims")
        check = VolumeCheck(sorted_out, listers)
        cycle.data[NAME] = check
        return check

    def score(self, cycle: Cycle, nodes: Sequence[NodeInfo]) -> Scores | None:
        """Volumes that are just large enough, storage with the most room left."""
        check = cycle.data.get(NAME)
        if not isinstance(check, VolumeCheck):
            return None
        scores = [self._score(check.found.get(node.name)) for node in nodes]
        return Scores(scores, scores)

    def _score(self, found: NodeVolumes | None) -> int:
        classes: dict[str, tuple[int, int]] = {}
        for claim, volume in found.bindings if found else ():
            name = volume["spec"].get("storageClassName") or ""
            wanted, given = classes.get(name, (0, 0))
            more = volumes.requested(claim) or 0
            classes[name] = (wanted + more, given + volumes.capacity(volume))
        for provision in found.provisions if found and not found.bindings else ():
            if provision.capacity is not None:
                name = provision.claim["spec"].get("storageClassName") or ""
                wanted = classes.get(name, (0, 0))[0] + (volumes.requested(provision.claim) or 0)
                given = amounts.nanos(provision.capacity.get("capacity", "0"))
                classes[name] = (wanted, amounts.rounded(given, 10**9))
        if not classes:
            return 0
        return scoring.rounded_half_away(sum(map(self._rate, classes.values())) / len(classes))

    def _rate(self, use: tuple[int, int]) -> int:
        wanted, given = use
        full = given == 0 or wanted > given
        return self._curve(100 if full else wanted * 100 // given)


def _problem(pod: PodInfo, name: str, claim: Obj | None, *, ephemeral: bool) -> str:
    if claim is None:
        if ephemeral:
            return (
                "waiting for ephemeral volume controller to create the "
                f'persistentvolumeclaim "{name}"'
            )
        return f'persistentvolumeclaim "{name}" not found'
    if (claim.get("status") or {}).get("phase") == "Lost":
        volume = claim["spec"].get("volumeName") or ""
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"'
    if "deletionTimestamp" in claim["metadata"]:
        return f'persistentvolumeclaim "{name}" is being deleted'
    return volumes.not_owned(pod, claim) if ephemeral else ""


def _sorted_out(claims: Sequence[Obj], listers: Listers) -> PodClaims:
    bound, delayed, immediate = [], [], []
    for claim in claims:
        if volumes.is_bound(claim):
            bound.append(claim)
        elif volumes.waits_for_pod(claim, listers) and not claim["spec"].get("volumeName"):
            delayed.append(claim)
        else:
            immediate.append(claim)
    return PodClaims(bound, delayed, immediate)


# What may make a rejected pod fit


def _after_class(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    return (change.old or {}).get("allowedTopologies") != (change.new or {}).get(
        "allowedTopologies"
    )


def names_claim(pod: PodInfo, claim: Obj | None) -> bool:
    """Is it one of the pod's claims, ephemeral ones included?"""
    if claim is None or claim["metadata"]["namespace"] != pod.namespace:
        return False
    return any(
        found[0] == claim["metadata"]["name"]
        for volume in pod.spec.get("volumes") or ()
        if (found := volumes.claim_name(pod, volume)) is not None
    )


def _after_claim(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    return names_claim(pod, change.new)


def _after_csi_node(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    if change.old is None or change.new is None:
        return True
    before, after = (volumes.annotations(node) for node in (change.old, change.new))
    return before.get(_MIGRATED) != after.get(_MIGRATED)


def _after_csi_driver(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    if change.old is None or change.new is None:
        return True
    eased = change.old["spec"].get("storageCapacity") and not change.new["spec"].get(
        "storageCapacity"
    )
    drivers = [(volume.get("csi") or {}).get("driver") for volume in pod.spec.get("volumes") or ()]
    return bool(eased) and change.new["metadata"]["name"] in drivers


def _after_capacity(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    before, after = (
        (room or {}).get("maximumVolumeSize", (room or {}).get("capacity"))
        for room in (change.old, change.new)
    )
    if after is None:
        return False
    return before is None or amounts.nanos(after) > amounts.nanos(before)
