"""NodeResourcesFit and NodeResourcesBalancedAllocation: is there room, and how well is it used."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from mockapi.client.protocol import Obj
from mockapi.scheduler import amounts, scoring
from mockapi.scheduler.amounts import CPU, EPHEMERAL, MEMORY, Amounts
from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import Change, Check, Cycle, Plugin, Rating, always
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.status import Code, Status, unschedulable

NAME: Final = "NodeResourcesFit"
_FULL: Final = unschedulable(NAME, "Too many pods")
DEFAULT_RESOURCES: Final[Sequence[dict[str, Any]]] = (
    {"name": "cpu", "weight": 1},
    {"name": "memory", "weight": 1},
)


class FitCheck(Check):
    """Is there room for the pod beside what runs?"""

    __slots__ = ("_cpu", "_ephemeral", "_memory", "_nothing", "_scalars")

    def __init__(
        self,
        wanted: Amounts,
        ignored: Collection[str] = (),
        ignored_groups: Collection[str] = (),
    ) -> None:
        super().__init__()
        self._cpu, self._memory, self._ephemeral = wanted.cpu, wanted.memory, wanted.ephemeral
        self._nothing = wanted.nothing
        self._scalars = [
            (name, value)
            for name, value in wanted.scalars.items()
            if value
            and not (
                amounts.is_extended(name)
                and (name in ignored or name.partition("/")[0] in ignored_groups)
            )
        ]

    def __call__(self, node: NodeInfo) -> Status | None:
        room = node.allocatable
        if len(node.pods) + 1 > room.pods:
            return _FULL if self._nothing else self._rejection(node)
        if self._cpu and self._cpu > room.cpu - node.cpu:
            return self._rejection(node)
        if self._memory and self._memory > room.memory - node.memory:
            return self._rejection(node)
        if self._ephemeral and self._ephemeral > room.ephemeral - node.ephemeral:
            return self._rejection(node)
        for name, value in self._scalars:
            if value > room.scalars.get(name, 0) - node.scalars.get(name, 0):
                return self._rejection(node)
        return None

    def _rejection(self, node: NodeInfo) -> Status:
        """All that is lacking; hopeless when the empty node would not have it."""
        room = node.allocatable
        lacking = ["Too many pods"] if len(node.pods) + 1 > room.pods else []
        hopeless = False
        demands = [
            (CPU, self._cpu, room.cpu, node.cpu),
            (MEMORY, self._memory, room.memory, node.memory),
            (EPHEMERAL, self._ephemeral, room.ephemeral, node.ephemeral),
            *(
                (name, value, room.scalars.get(name, 0), node.scalars.get(name, 0))
                for name, value in self._scalars
            ),
        ]
        for name, wanted, capacity, used in demands:
            if wanted > 0 and wanted > capacity - used:
                lacking.append(f"Insufficient {name}")
                hopeless = hopeless or wanted > capacity
        code = Code.UNRESOLVABLE if hopeless else Code.UNSCHEDULABLE
        return Status(code, tuple(lacking), NAME)


def _strategy(config: dict[str, Any]) -> scoring.Scorer:
    weights = [resource["weight"] for resource in config["resources"]]
    if config["type"] == "LeastAllocated":
        return scoring.least_allocated(weights)
    if config["type"] == "MostAllocated":
        return scoring.most_allocated(weights)
    shape = scoring.shape_of(config["requestedToCapacityRatio"]["shape"])
    return scoring.requested_to_capacity(weights, shape)


def _used(node: NodeInfo, name: str, *, counted: bool) -> tuple[int, int]:
    """Allocatable and requested of one resource; `counted` with stand-ins for missing requests."""
    room = node.allocatable
    if name == CPU:
        return room.cpu, node.counted_cpu if counted else node.cpu
    if name == MEMORY:
        return room.memory, node.counted_memory if counted else node.memory
    if name == EPHEMERAL:
        return room.ephemeral, node.ephemeral
    if name in room.scalars:
        return room.scalars[name], node.scalars.get(name, 0)
    return 0, 0


def _relevant(resources: Sequence[str], wanted: Amounts) -> list[tuple[str, int]]:
    """Resources to compare by; extended ones only when the pod wants some. The others keep their
    place with a capacity of zero, which the scorers skip."""
    return [
        ("", 0) if not wanted.get(name) and amounts.is_scalar(name) else (name, wanted.get(name))
        for name in resources
    ]


class NodeResourcesFit(Plugin):
    name = NAME
    points = frozenset(("preFilter", "filter", "preScore", "score"))

    def __init__(self, args: dict[str, Any] | None = None) -> None:
        """`args` is a defaulted NodeResourcesFitArgs."""
        args = args or {}
        strategy = args.get("scoringStrategy") or {
            "type": "LeastAllocated",
            "resources": DEFAULT_RESOURCES,
        }
        self._ignored = frozenset(args.get("ignoredResources") or ())
        self._ignored_groups = frozenset(args.get("ignoredResourceGroups") or ())
        self._resources = [resource["name"] for resource in strategy["resources"]]
        self._scorer = _strategy(strategy)
        self._plain = strategy["type"] == "LeastAllocated" and [
            (resource["name"], resource["weight"]) for resource in strategy["resources"]
        ] == [(CPU, 1), (MEMORY, 1)]
        self.hints = {
            ("AssignedPod", "delete"): _after_delete,
            ("Node", "add"): _after_node,
            ("Node", "update-allocatable"): _after_node,
            ("AssignedPod", "update-scale-down"): _after_scale_down,
            ("TargetPod", "update-scale-down"): always,
        }

    def settled(self, pod: PodInfo) -> bool:
        return True

    def filter(self, cycle: Cycle) -> Check | Status | None:
        return FitCheck(cycle.pod.wanted, self._ignored, self._ignored_groups)

    rates = True

    def rating(self, pod: PodInfo) -> Rating | None:
        wanted = pod.shape.compared
        if self._plain:
            cpu, memory = wanted.cpu, wanted.memory
            return lambda node: _least_of_two(node, cpu, memory)
        return lambda node: self._score(node, wanted)

    def _score(self, node: NodeInfo, wanted: Amounts) -> int:
        requested, allocatable = [], []
        for name, value in _relevant(self._resources, wanted):
            capacity, used = _used(node, name, counted=True)
            allocatable.append(capacity)
            requested.append(used + value)
        return self._scorer(requested, allocatable)


def _least_of_two(node: NodeInfo, cpu: int, memory: int) -> int:
    """LeastAllocated over cpu and memory, written out because every decision asks every node."""
    room = node.allocatable
    total = weighed = 0
    if capacity := room.cpu:
        weighed = 1
        if (left := capacity - node.counted_cpu - cpu) > 0:
            total = left * 100 // capacity
    if capacity := room.memory:
        weighed += 1
        if (left := capacity - node.counted_memory - memory) > 0:
            total += left * 100 // capacity
    return total // weighed if weighed else 0


class BalancedAllocation(Plugin):
    name = "NodeResourcesBalancedAllocation"
    points = frozenset(("preScore", "score"))

    def __init__(self, args: dict[str, Any] | None = None) -> None:
        """`args` is a defaulted NodeResourcesBalancedAllocationArgs."""
        resources = (args or {}).get("resources") or DEFAULT_RESOURCES
        self._resources = [resource["name"] for resource in resources]
        self._plain = self._resources == [CPU, MEMORY]

    rates = True

    def rating(self, pod: PodInfo) -> Rating | None:
        wanted = pod.usage.requests
        if not any(wanted.get(name) for name in self._resources):
            return None
        relevant = _relevant(self._resources, wanted)
        plain, cpu, memory = self._plain, wanted.cpu, wanted.memory

        def rate(node: NodeInfo) -> int:
            room = node.allocatable
            if plain and room.cpu and room.memory:
                return _balance_of_two(node, cpu, memory)
            return _balance_score(node, relevant)

        return rate


def _balance_of_two(node: NodeInfo, cpu: int, memory: int) -> int:
    """The balance of cpu and memory, written out because every decision asks every node."""
    room = node.allocatable
    all_cpu, all_memory = room.cpu, room.memory
    first, second = node.cpu / all_cpu, node.memory / all_memory
    if first > 1:
        first = 1.0
    if second > 1:
        second = 1.0
    before = int((1 - abs((first - second) / 2)) * 100)
    first, second = (node.cpu + cpu) / all_cpu, (node.memory + memory) / all_memory
    if first > 1:
        first = 1.0
    if second > 1:
        second = 1.0
    gained = 50 + int((1 - abs((first - second) / 2)) * 100) - before
    return 50 + (gained // 2 if gained >= 0 else -(-gained // 2))


def _balance_score(node: NodeInfo, relevant: Sequence[tuple[str, int]]) -> int:
    before, after, allocatable = [], [], []
    for name, value in relevant:
        capacity, used = _used(node, name, counted=False)
        allocatable.append(capacity)
        before.append(used)
        after.append(used + value)
    gained = scoring.balance(after, allocatable), scoring.balance(before, allocatable)
    return scoring.balance_gained(*gained)


# What may make room


def _after_delete(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    if change.old is None:
        return True
    deleted = PodInfo(change.old)
    return bool(deleted.node_name or deleted.nominated_node)


def _after_scale_down(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    if change.old is None or change.new is None or not change.new["spec"].get("nodeName"):
        return False
    before = amounts.amounts(amounts.pod_requests(change.old, from_status=True))
    after = amounts.amounts(amounts.pod_requests(change.new, from_status=True))
    wanted = amounts.pod_requests(pod.pod, from_status=True)
    return any(value and before.get(name) > after.get(name) for name, value in wanted.items())


def _after_node(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    """Could the empty node take the pod, and has something that the pod wants become more?"""
    if change.new is None:
        return False
    node = _empty(change.new)
    if FitCheck(pod.wanted)(node) is not None:
        return False
    if change.old is None:
        return True
    now, before = node.allocatable, _empty(change.old).allocatable
    if now.pods > before.pods:
        return True
    wanted = pod.wanted
    names = (CPU, MEMORY, EPHEMERAL, *wanted.scalars)
    return any(wanted.get(name) and now.get(name) > before.get(name) for name in names)


def _empty(node: Obj) -> NodeInfo:
    info = NodeInfo(node["metadata"]["name"])
    info.set_node(node)
    return info
