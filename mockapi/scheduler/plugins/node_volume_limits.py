"""NodeVolumeLimits: a driver attaches only so many volumes to a node.

Volumes of in-tree plugins count for the driver that they have been migrated to.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from mockapi.client.protocol import Obj
from mockapi.scheduler import volumes
from mockapi.scheduler.cluster import Cluster, Listers
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import Change, Check, Cycle, Plugin, always
from mockapi.scheduler.plugins.volume_binding import names_claim
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.status import SchedulingError, Status, unresolvable, unschedulable

NAME: Final = "NodeVolumeLimits"
_FULL = unschedulable(NAME, "node(s) exceed max volume count")

# In-tree sources: the field that tells volumes apart, the plugin's name and the CSI driver.
_MIGRATED: Final = {
    "awsElasticBlockStore": ("volumeID", "kubernetes.io/aws-ebs", "ebs.csi.aws.com"),
    "gcePersistentDisk": ("pdName", "kubernetes.io/gce-pd", "pd.csi.storage.gke.io"),
    "azureDisk": ("diskURI", "kubernetes.io/azure-disk", "disk.csi.azure.com"),
    "cinder": ("volumeID", "kubernetes.io/cinder", "cinder.csi.openstack.org"),
    "portworxVolume": ("volumeID", "kubernetes.io/portworx-volume", "pxd.portworx.com"),
}
_INLINE: Final = (*_MIGRATED, "azureFile", "vsphereVolume")
_DRIVERS: Final = {plugin: driver for _, plugin, driver in _MIGRATED.values()}
_OTHER_PLUGINS: Final = ("kubernetes.io/azure-file", "kubernetes.io/vsphere-volume")

Attached = dict[tuple[str, str], str]
"""The driver of each volume, by driver and handle."""


def _is_concerned(volume: Mapping[str, Any]) -> bool:
    return bool(volume.get("persistentVolumeClaim") or volume.get("ephemeral")) or any(
        volume.get(kind) for kind in _INLINE
    )


def _in_tree(source: Mapping[str, Any]) -> tuple[str, str] | None:
    for kind, (field, _, driver) in _MIGRATED.items():
        if source.get(kind):
            return driver, source[kind][field]
    return None


def _of_claim(claim: Obj, csi_node: Obj | None, listers: Listers) -> tuple[str, str] | None:
    """Driver and handle of the volume behind a claim, also of one that is yet to be made."""
    volume = listers.volumes.get("", claim["spec"].get("volumeName") or "")
    if volume is not None:
        csi = volume["spec"].get("csi")
        if csi:
            return csi["driver"], csi["volumeHandle"]
        return _in_tree(volume["spec"]) if csi_node is not None else None
    storage_class = listers.storage_classes.get("", volumes.class_of(claim))
    if storage_class is None:
        return None
    provisioner = storage_class["provisioner"]
    if provisioner in _DRIVERS or provisioner in _OTHER_PLUGINS:
        if csi_node is None or provisioner in _OTHER_PLUGINS:
            return None
        provisioner = _DRIVERS[provisioner]
    metadata = claim["metadata"]
    return provisioner, f"to be provisioned: {metadata['namespace']}/{metadata['name']}"


def _attachable(
    pod: PodInfo, csi_node: Obj | None, listers: Listers, *, new: bool
) -> Attached | Status:
    """The pod's volumes that count; a missing claim matters for a new pod only."""
    found: Attached = {}
    for volume in pod.spec.get("volumes") or ():
        named = volumes.claim_name(pod, volume)
        if named is None:
            inline = _in_tree(volume) if csi_node is not None else None
            if inline is not None:
                found[inline] = inline[0]
            continue
        claim = listers.claims.get(pod.namespace, named[0])
        if claim is None:
            if new:
                where = f"{pod.namespace}/{named[0]}"
                text = f'looking up PVC {where}: persistentvolumeclaim "{named[0]}" not found'
                return unresolvable(NAME, text)
            continue
        if named[1] and (problem := volumes.not_owned(pod, claim)):
            raise SchedulingError(f'running "{NAME}" filter plugin: {problem}')
        identity = _of_claim(claim, csi_node, listers)
        if identity is not None:
            found[identity] = identity[0]
    return found


def _limits(csi_node: Obj | None) -> dict[str, int]:
    if csi_node is None:
        return {}
    return {
        driver["name"]: driver["allocatable"]["count"]
        for driver in csi_node["spec"].get("drivers") or ()
        if (driver.get("allocatable") or {}).get("count") is not None
    }


class _LimitCheck(Check):
    __slots__ = ("_cluster", "_pod")

    def __init__(self, pod: PodInfo, cluster: Cluster) -> None:
        super().__init__()
        self._pod = pod
        self._cluster = cluster

    def __call__(self, node: NodeInfo) -> Status | None:
        listers = self._cluster.listers
        csi_node = listers.csi_nodes.get("", node.name)
        wanted = _attachable(self._pod, csi_node, listers, new=True)
        if isinstance(wanted, Status) or not wanted:
            return wanted if isinstance(wanted, Status) else None
        for driver in sorted(set(wanted.values())):
            if not _installed(driver, csi_node, listers):
                return unschedulable(NAME, f"{driver} CSI driver is not installed on the node")
        limits = _limits(csi_node)
        if not limits:
            return None
        attached = self._attached(node, csi_node)
        new = Counter(driver for key, driver in wanted.items() if key not in attached)
        used = Counter(attached.values())
        if any(used[driver] + count > limits.get(driver, 10**9) for driver, count in new.items()):
            return _FULL
        return None

    def _attached(self, node: NodeInfo, csi_node: Obj | None) -> Attached:
        """By the pods of the node, and by attachments that no pod accounts for. The latter do not
        excuse a new volume, so their keys are made different."""
        listers = self._cluster.listers
        found: Attached = {}
        for pod in node.pods.values():
            theirs = _attachable(pod, csi_node, listers, new=False)
            if not isinstance(theirs, Status):
                found |= theirs
        for attachment in listers.volume_attachments.list():
            spec = attachment["spec"]
            source = spec["source"].get("persistentVolumeName")
            if spec["nodeName"] != node.name or not spec.get("attacher") or source is None:
                continue
            csi = (listers.volumes.get("", source) or {}).get("spec", {}).get("csi")
            if csi and (spec["attacher"], csi["volumeHandle"]) not in found:
                key = (spec["attacher"], f"attached: {csi['volumeHandle']}")
                found[key] = spec["attacher"]
        return found


def _installed(driver: str, csi_node: Obj | None, listers: Listers) -> bool:
    """False only for drivers that ask for it (preventPodSchedulingIfMissing)."""
    known = listers.csi_drivers.get("", driver)
    if known is None or not known["spec"].get("preventPodSchedulingIfMissing"):
        return True
    drivers = (csi_node or {}).get("spec", {}).get("drivers") or ()
    return any(found["name"] == driver for found in drivers)


class NodeVolumeLimits(Plugin):
    name = NAME
    points = frozenset(("preFilter", "filter"))

    def __init__(self) -> None:
        self.hints = {
            ("CSINode", "add"): always,
            ("CSINode", "update"): _after_csi_node,
            ("AssignedPod", "delete"): _after_delete,
            ("PersistentVolumeClaim", "add"): _after_claim,
            ("VolumeAttachment", "delete"): _after_detach,
        }

    def settled(self, pod: PodInfo) -> bool:
        return not pod.shape.volumes

    def filter(self, cycle: Cycle) -> Check | Status | None:
        if any(_is_concerned(volume) for volume in cycle.pod.spec.get("volumes") or ()):
            return _LimitCheck(cycle.pod, cycle.cluster)
        return None


def _after_csi_node(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    before, after = _limits(change.old), _limits(change.new)
    return any(limit > before.get(driver, 0) for driver, limit in after.items())


def _after_delete(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    if change.old is None:
        return False
    deleted = PodInfo(change.old)
    if not deleted.node_name and not deleted.nominated_node:
        return False
    return any(_is_concerned(volume) for volume in deleted.spec.get("volumes") or ())


def _after_claim(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    return names_claim(pod, change.new)


def _after_detach(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    attacher = (change.old or {}).get("spec", {}).get("attacher")
    for volume in pod.spec.get("volumes") or ():
        inline = _in_tree(volume)
        if volume.get("persistentVolumeClaim") or (inline and inline[0] == attacher):
            return True
    return False
