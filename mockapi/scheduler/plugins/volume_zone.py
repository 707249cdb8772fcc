"""VolumeZone: volumes with zone or region labels are used only there."""

from collections.abc import Callable
from typing import Final

from mockapi.client.protocol import Obj
from mockapi.scheduler import volumes
from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import Change, Check, Cycle, Plugin, Test, always
from mockapi.scheduler.pods import NO_LABELS, PodInfo
from mockapi.scheduler.status import Status, unresolvable

NAME: Final = "VolumeZone"
_CONFLICT = unresolvable(NAME, "node(s) had no available volume zone")
_KEYS: Final = (
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
)
_NEWER: Final = dict(zip(_KEYS[:2], _KEYS[2:], strict=True))

Topology = tuple[str, frozenset[str]]


def _topologies(volume: Obj | None) -> list[Topology]:
    """Labels of a volume with all places that each names (`a__b`)."""
    labels = (volume or {}).get("metadata", {}).get("labels") or NO_LABELS
    found = []
    for key in _KEYS:
        values = frozenset(value.strip() for value in labels.get(key, "").split("__"))
        if key in labels and "" not in values:
            found.append((key, values))
    return found


class VolumeZone(Plugin):
    name = NAME
    points = frozenset(("preFilter", "filter"))

    def __init__(self) -> None:
        self.hints = {
            ("StorageClass", "add"): _after_class,
            ("Node", "add"): always,
            ("Node", "update-labels"): always,
            ("PersistentVolumeClaim", "add"): _after_claim,
            ("PersistentVolumeClaim", "update"): _after_claim,
            ("PersistentVolume", "add"): always,
            ("PersistentVolume", "update"): _after_volume,
        }

    def settled(self, pod: PodInfo) -> bool:
        return not pod.shape.volumes

    def filter(self, cycle: Cycle) -> Check | Status | None:
        places: list[Topology] = []
        for name in cycle.pod.claims:
            found = self._places(cycle, name)
            if isinstance(found, Status):
                return found
            places += found
        return Test(_test(places)) if places else None

    def _places(self, cycle: Cycle, name: str) -> list[Topology] | Status:
        listers = cycle.cluster.listers
        if not name:
            return unresolvable(NAME, "PersistentVolumeClaim had no name")
        claim = listers.claims.get(cycle.pod.namespace, name)
        if claim is None:
            return unresolvable(NAME, f'persistentvolumeclaim "{name}" not found')
        volume_name = claim["spec"].get("volumeName")
        if volume_name:
            volume = listers.volumes.get("", volume_name)
            if volume is None:
                return unresolvable(NAME, f'persistentvolume "{volume_name}" not found')
            return _topologies(volume)
        wanted = volumes.class_of(claim)
        if not wanted:
            return unresolvable(NAME, "PersistentVolumeClaim had no pv name and storageClass name")
        storage_class = listers.storage_classes.get("", wanted)
        if storage_class is None:
            return unresolvable(NAME, f'storageclass.storage.k8s.io "{wanted}" not found')
        mode = storage_class.get("volumeBindingMode")
        if mode is None:
            return unresolvable(NAME, f'VolumeBindingMode not set for StorageClass "{wanted}"')
        if mode != "WaitForFirstConsumer":
            return unresolvable(NAME, "PersistentVolume had no name")
        return []


def _test(places: list[Topology]) -> Callable[[NodeInfo], Status | None]:
    def test(node: NodeInfo) -> Status | None:
        labels = node.labels
        if not any(key in labels for key in _KEYS):
            return None
        for key, values in places:
            value = labels.get(key, labels.get(_NEWER.get(key, key)))
            if value is None or value not in values:
                return _CONFLICT
        return None

    return test


def _after_class(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    return (change.new or {}).get("volumeBindingMode") == "WaitForFirstConsumer"


def _after_claim(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    metadata = (change.new or {}).get("metadata", {})
    return metadata.get("namespace") == pod.namespace and metadata.get("name") in pod.claims


def _after_volume(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    return _topologies(change.old) != _topologies(change.new)
