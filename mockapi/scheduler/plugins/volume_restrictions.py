"""VolumeRestrictions: disks that cannot be mounted twice, and claims for one pod only."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import Change, Check, Cycle, Plugin, always
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.status import Status, unresolvable, unschedulable

NAME: Final = "VolumeRestrictions"
_DISK = unschedulable(NAME, "node(s) had no available disk")
_IN_USE = unschedulable(
    NAME,
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode "
    "already in-use by another pod",
)
_DISKS: Final = ("gcePersistentDisk", "awsElasticBlockStore", "iscsi", "rbd")


def _disks(pod: PodInfo) -> list[Mapping[str, Any]]:
    return [
        volume
        for volume in pod.spec.get("volumes") or ()
        if any(volume.get(kind) for kind in _DISKS)
    ]


def _same_disk(volume: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Two mounts of one disk that cannot be had together; most disks can be read by many."""
    for kind in _DISKS:
        mine, theirs = volume.get(kind), other.get(kind)
        if not mine or not theirs:
            continue
        shared = bool(mine.get("readOnly") and theirs.get("readOnly"))
        if kind == "gcePersistentDisk" and mine["pdName"] == theirs["pdName"] and not shared:
            return True
        if kind == "awsElasticBlockStore" and mine["volumeID"] == theirs["volumeID"]:
            return True
        if kind == "iscsi" and mine["iqn"] == theirs["iqn"] and not shared:
            return True
        if kind == "rbd" and _same_image(mine, theirs) and not shared:
            return True
    return False


def _same_image(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    return (
        bool(set(mine["monitors"]) & set(theirs["monitors"]))
        and mine.get("pool") == theirs.get("pool")
        and mine["image"] == theirs["image"]
    )


def _conflict(disks: Iterable[Mapping[str, Any]], other: PodInfo) -> bool:
    theirs = other.spec.get("volumes") or ()
    return any(_same_disk(disk, volume) for disk in disks for volume in theirs)


class _VolumeCheck(Check):
    __slots__ = ("_disks", "_exclusive", "_uses")

    def __init__(self, pod: PodInfo, exclusive: frozenset[str], uses: int) -> None:
        super().__init__()
        self._disks = _disks(pod)
        self._exclusive = exclusive
        self._uses = uses

    def __call__(self, node: NodeInfo) -> Status | None:
        if self._disks and any(_conflict(self._disks, pod) for pod in node.pods.values()):
            return _DISK
        return _IN_USE if self._uses > 0 else None

    def _imagine(self, pod: PodInfo, by: int) -> None:
        self._uses += by * sum(claim in self._exclusive for claim in pod.claims)

    def add(self, pod: PodInfo, node: NodeInfo) -> None:
        self._imagine(pod, 1)

    def remove(self, pod: PodInfo, node: NodeInfo) -> None:
        self._imagine(pod, -1)

    def copy(self) -> "_VolumeCheck":
        twin = _VolumeCheck.__new__(_VolumeCheck)
        twin.nodes, twin._disks = self.nodes, self._disks
        twin._exclusive, twin._uses = self._exclusive, self._uses
        return twin


class VolumeRestrictions(Plugin):
    name = NAME
    points = frozenset(("preFilter", "filter"))

    def __init__(self) -> None:
        self.hints = {
            ("AssignedPod", "delete"): _after_delete,
            ("Node", "add"): always,
            ("PersistentVolumeClaim", "add"): _after_claim,
        }

    def settled(self, pod: PodInfo) -> bool:
        return not pod.shape.volumes

    def filter(self, cycle: Cycle) -> Check | Status | None:
        pod, cluster = cycle.pod, cycle.cluster
        exclusive = set()
        for name in pod.claims:
            claim = cluster.listers.claims.get(pod.namespace, name)
            if claim is None:
                return unresolvable(NAME, f'persistentvolumeclaim "{name}" not found')
            if "ReadWriteOncePod" in (claim["spec"].get("accessModes") or ()):
                exclusive.add(name)
        uses = sum(cluster.uses_of_claim(pod.namespace, name) > 0 for name in exclusive)
        if not uses and not _disks(pod):
            return None
        return _VolumeCheck(pod, frozenset(exclusive), uses)


def _after_delete(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    if change.old is None or change.old["metadata"]["namespace"] != pod.namespace:
        return False
    deleted = PodInfo(change.old)
    return _conflict(_disks(pod), deleted) or bool(set(pod.claims) & set(deleted.claims))


def _after_claim(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    metadata = (change.new or {}).get("metadata", {})
    return metadata.get("namespace") == pod.namespace and metadata.get("name") in pod.claims
