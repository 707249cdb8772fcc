"""A profile: which plugins run at which extension point, in which order, with which weights."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mockapi.scheduler.plugin import Plugin
from mockapi.scheduler.plugins.dynamic_resources import DynamicResources
from mockapi.scheduler.plugins.image_locality import ImageLocality
from mockapi.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from mockapi.scheduler.plugins.node_affinity import NodeAffinity
from mockapi.scheduler.plugins.node_declared_features import NodeDeclaredFeatures
from mockapi.scheduler.plugins.node_name import NodeName
from mockapi.scheduler.plugins.node_ports import NodePorts
from mockapi.scheduler.plugins.node_resources import BalancedAllocation, NodeResourcesFit
from mockapi.scheduler.plugins.node_unschedulable import NodeUnschedulable
from mockapi.scheduler.plugins.node_volume_limits import NodeVolumeLimits
from mockapi.scheduler.plugins.scheduling_gates import SchedulingGates
from mockapi.scheduler.plugins.taint_toleration import TaintToleration
from mockapi.scheduler.plugins.topology_spread import PodTopologySpread
from mockapi.scheduler.plugins.volume_binding import VolumeBinding
from mockapi.scheduler.plugins.volume_restrictions import VolumeRestrictions
from mockapi.scheduler.plugins.volume_zone import VolumeZone

DEFAULT_NAME: Final = "default-scheduler"


class PrioritySort(Plugin):
    """Higher priority first, then who came first. The queue knows no other order."""

    name = "PrioritySort"
    points = frozenset(("queueSort",))


class DefaultBinder(Plugin):
    """Binds through the API's binding subresource."""

    name = "DefaultBinder"
    points = frozenset(("bind",))


class DefaultPreemption(Plugin):
    """Looks for pods to evict when a pod fits nowhere (see `preemption.py`)."""

    name = "DefaultPreemption"
    points = frozenset(("postFilter", "preEnqueue"))

    def __init__(self, args: Mapping[str, Any] | None = None) -> None:
        """`args` is a defaulted DefaultPreemptionArgs."""
        args = args or {}
        self.percentage: int = args.get("minCandidateNodesPercentage", 10)
        self.absolute: int = args.get("minCandidateNodesAbsolute", 100)


Factory = Callable[[Mapping[str, Any]], Plugin]

# In the order of the real default profile, with the weights that are not 1.
FACTORIES: Final[dict[str, Factory]] = {
    "SchedulingGates": lambda args: SchedulingGates(),
    "PrioritySort": lambda args: PrioritySort(),
    "NodeName": lambda args: NodeName(),
    "NodeUnschedulable": lambda args: NodeUnschedulable(),
    "TaintToleration": lambda args: TaintToleration(),
    "NodeAffinity": lambda args: NodeAffinity(args.get("addedAffinity")),
    "NodePorts": lambda args: NodePorts(),
    "NodeResourcesFit": lambda args: NodeResourcesFit(dict(args)),
    "VolumeRestrictions": lambda args: VolumeRestrictions(),
    "NodeVolumeLimits": lambda args: NodeVolumeLimits(),
    "VolumeBinding": VolumeBinding,
    "VolumeZone": lambda args: VolumeZone(),
    "PodTopologySpread": PodTopologySpread,
    "InterPodAffinity": InterPodAffinity,
    "DynamicResources": lambda args: DynamicResources(),
    "DefaultPreemption": DefaultPreemption,
    "NodeResourcesBalancedAllocation": lambda args: BalancedAllocation(dict(args)),
    "ImageLocality": lambda args: ImageLocality(),
    "DefaultBinder": lambda args: DefaultBinder(),
    "NodeDeclaredFeatures": lambda args: NodeDeclaredFeatures(),
}
WEIGHTS: Final = {
    "DynamicResources": 2,
    "TaintToleration": 3,
    "NodeAffinity": 2,
    "PodTopologySpread": 2,
    "InterPodAffinity": 2,
}


@dataclass(frozen=True)
class Profile:
    """`percentage` is percentageOfNodesToScore, 0 for the adaptive rule."""

    name: str
    points: Mapping[str, Sequence[Plugin]]
    weights: Mapping[str, int] = field(default_factory=dict)
    percentage: int = 0

    def at(self, point: str) -> Sequence[Plugin]:
        return self.points.get(point, ())

    def find(self, point: str, kind: type) -> Any:
        """The plugin of this class at a point, or None."""
        return next((plugin for plugin in self.at(point) if isinstance(plugin, kind)), None)

    def plugins(self) -> Iterable[Plugin]:
        return {p.name: p for plugins in self.points.values() for p in plugins}.values()

    def weight(self, plugin: Plugin) -> int:
        return self.weights.get(plugin.name, 1) or 1


def default_profile(name: str = DEFAULT_NAME) -> Profile:
    plugins = [make({}) for make in FACTORIES.values()]
    points: dict[str, list[Plugin]] = {}
    for plugin in plugins:
        for point in plugin.points:
            points.setdefault(point, []).append(plugin)
    return Profile(name, points, WEIGHTS)
