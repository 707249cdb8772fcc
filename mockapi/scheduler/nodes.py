"""A node and what runs on it, with sums kept as pods come and go.

Source: pkg/scheduler/framework/types.go (NodeInfo), kube-scheduler/framework (HostPortInfo).
"""

from collections.abc import Mapping
from typing import Any, Final

from mockapi.client.protocol import Obj
from mockapi.meta.host_ports import HostPort
from mockapi.scheduler import amounts
from mockapi.scheduler.amounts import Amounts
from mockapi.scheduler.pods import NO_LABELS, Labels, PodInfo

Taint = Mapping[str, Any]
_HARD: Final = ("NoSchedule", "NoExecute")


class NodeInfo:
    """`version` changes with every change of the node or of what runs on it."""

    __slots__ = (
        "allocatable",
        "counted_cpu",
        "counted_memory",
        "cpu",
        "ephemeral",
        "features",
        "hard_taints",
        "images",
        "labels",
        "memory",
        "name",
        "node",
        "pods",
        "ports",
        "scalars",
        "soft_taints",
        "taints",
        "unschedulable",
        "version",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.node: Obj | None = None
        self.pods: dict[str, PodInfo] = {}
        self.ports: set[HostPort] = set()
        self.cpu = self.memory = self.ephemeral = 0
        self.scalars: dict[str, int] = {}
        self.counted_cpu = self.counted_memory = 0
        self.version = 0
        self._describe({"metadata": {"name": name}})

    def set_node(self, node: Obj) -> None:
        self.node = node
        self.version += 1
        self._describe(node)

    def _describe(self, node: Obj) -> None:
        spec = node.get("spec") or {}
        status = node.get("status") or {}
        self.labels: Labels = node["metadata"].get("labels") or NO_LABELS
        self.taints: tuple[Taint, ...] = tuple(spec.get("taints") or ())
        self.hard_taints = tuple(t for t in self.taints if t["effect"] in _HARD)
        self.soft_taints = tuple(t for t in self.taints if t["effect"] == "PreferNoSchedule")
        self.unschedulable = bool(spec.get("unschedulable"))
        self.allocatable: Amounts = amounts.amounts(amounts.parsed(status.get("allocatable")))
        self.features = frozenset(status.get("declaredFeatures") or ())
        self.images: tuple[str, ...] = tuple(
            name for image in status.get("images") or () for name in image.get("names") or ()
        )

    def add(self, pod: PodInfo) -> None:
        self.pods[pod.uid] = pod
        self._count(pod, 1)

    def remove(self, pod: PodInfo) -> None:
        if self.pods.pop(pod.uid, None) is not None:
            self._count(pod, -1)

    def _count(self, pod: PodInfo, sign: int) -> None:
        requests, cpu, memory, _ = pod.usage
        self.cpu += sign * requests.cpu
        self.memory += sign * requests.memory
        self.ephemeral += sign * requests.ephemeral
        self.counted_cpu += sign * cpu
        self.counted_memory += sign * memory
        for name, value in requests.scalars.items():
            self.scalars[name] = self.scalars.get(name, 0) + sign * value
        if sign > 0:
            self.ports.update(pod.host_ports)
        else:
            self.ports.difference_update(pod.host_ports)
        self.version += 1

    def copy(self) -> "NodeInfo":
        """To try things out on; the pods themselves are shared."""
        twin = NodeInfo.__new__(NodeInfo)
        for slot in NodeInfo.__slots__:
            setattr(twin, slot, getattr(self, slot))
        twin.pods = dict(self.pods)
        twin.ports = set(self.ports)
        twin.scalars = dict(self.scalars)
        return twin


def zone_key(labels: Labels) -> tuple[str, str] | None:
    """Where a node is, for taking nodes in turn from all zones (source: GetZoneKey)."""
    zone = labels.get("failure-domain.beta.kubernetes.io/zone")
    if zone is None:
        zone = labels.get("topology.kubernetes.io/zone", "")
    region = labels.get("failure-domain.beta.kubernetes.io/region")
    if region is None:
        region = labels.get("topology.kubernetes.io/region", "")
    return (region, zone) if region or zone else None
