"""PodTopologySpread: pods that a selector picks are spread evenly over topology domains.

`DoNotSchedule` constraints filter, `ScheduleAnyway` ones score. A pod without constraints gets the
profile's: by default 3 for each host and 5 for each zone, over the pods of its services and owner.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson

from mockapi.meta import selectors
from mockapi.meta.selectors import EVERYTHING, NOTHING, LabelSelector, Requirement
from mockapi.meta.tolerations import untolerated
from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.node_affinity import NodeMatch, required_match
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import MAX_SCORE, Change, Check, Cycle, Plugin, Scores
from mockapi.scheduler.pods import NO_LABELS, Labels, PodInfo
from mockapi.scheduler.status import Status, unresolvable, unschedulable

NAME: Final = "PodTopologySpread"
_REASON: Final = "node(s) didn't match pod topology spread constraints"
_UNEVEN = unschedulable(NAME, _REASON)
_NO_LABEL = unresolvable(NAME, f"{_REASON} (missing required label)")

HOSTNAME: Final = "kubernetes.io/hostname"
_NO_MINIMUM: Final = 2**31 - 1
SYSTEM_DEFAULTS: Final[tuple[Mapping[str, Any], ...]] = (
    {"topologyKey": HOSTNAME, "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 3},
    {
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "maxSkew": 5,
    },
)


@dataclass(frozen=True, slots=True)
class Constraint:
    key: str
    max_skew: int
    selector: LabelSelector
    min_domains: int
    honor_affinity: bool
    honor_taints: bool

    def includes(
        self, node: NodeInfo, match: NodeMatch | None, tolerations: Sequence[Mapping[str, Any]]
    ) -> bool:
        """Do the pods of this node count?"""
        if self.honor_affinity and match is not None and not match(node.name, node.labels):
            return False
        return not (
            self.honor_taints and node.hard_taints and untolerated(node.hard_taints, tolerations)
        )

    def counts(self, cluster: Cluster, namespace: str) -> Mapping[str, int]:
        """Pods on each node. A selector of everything counts nothing, in the real scheduler too."""
        if self.selector.empty or self.selector is NOTHING:
            return {}
        return cluster.live_counts(namespace, self.selector)


def _constraint(given: Mapping[str, Any], labels: Labels) -> Constraint:
    selector = selectors.from_object(given.get("labelSelector"))
    keys = given.get("matchLabelKeys") or ()
    extra = [Requirement(key, "=", (labels[key],)) for key in keys if key in labels]
    if extra and selector is not NOTHING:
        selector = LabelSelector([*extra, *selector.requirements])
    return Constraint(
        given["topologyKey"],
        given["maxSkew"],
        selector,
        given.get("minDomains") or 1,
        (given.get("nodeAffinityPolicy") or "Honor") == "Honor",
        (given.get("nodeTaintsPolicy") or "Ignore") == "Honor",
    )


def default_selector(pod: PodInfo, cluster: Cluster) -> LabelSelector:
    """The pods of the pod's services and of its owner. Source: plugins/helper/spread.go."""
    listers = cluster.listers
    wanted: dict[str, str] = {}
    for service in listers.services.list(pod.namespace):
        chosen = service["spec"].get("selector")
        if chosen and all(pod.labels.get(key) == value for key, value in chosen.items()):
            wanted |= chosen
    owner = _controller(pod)
    if owner is None:
        return selectors.from_labels(wanted)
    if (owner["apiVersion"], owner["kind"]) == ("v1", "ReplicationController"):
        found = listers.replication_controllers.get(pod.namespace, owner["name"])
        return selectors.from_labels(wanted | ((found or {}).get("spec", {}).get("selector") or {}))
    lister = {
        ("apps/v1", "ReplicaSet"): listers.replica_sets,
        ("apps/v1", "StatefulSet"): listers.stateful_sets,
    }.get((owner["apiVersion"], owner["kind"]))
    found = lister.get(pod.namespace, owner["name"]) if lister is not None else None
    if found is None:
        return selectors.from_labels(wanted)
    other = _selector(orjson.dumps(found["spec"].get("selector")))
    services = [Requirement(key, "=", (value,)) for key, value in wanted.items()]
    return _all_of((*services, *other.requirements))


@lru_cache(maxsize=1024)
def _selector(text: bytes) -> LabelSelector:
    """Of the JSON of a metav1.LabelSelector."""
    return selectors.from_object(orjson.loads(text))


@lru_cache(maxsize=1024)
def _all_of(requirements: tuple[Requirement, ...]) -> LabelSelector:
    return LabelSelector(requirements) if requirements else EVERYTHING


def _controller(pod: PodInfo) -> Mapping[str, Any] | None:
    for reference in pod.pod["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            found: Mapping[str, Any] = reference
            return found
    return None


class _SpreadCheck(Check):
    __slots__ = ("_constraints", "_matching", "_minima", "_pod", "_required", "_tolerations")

    def __init__(self, pod: PodInfo, constraints: Sequence[Constraint], cluster: Cluster) -> None:
        super().__init__()
        self._pod = pod
        self._constraints = [
            (constraint, int(constraint.selector.matches(pod.labels))) for constraint in constraints
        ]
        self._required = required_match(pod)
        self._tolerations = pod.spec.get("tolerations") or ()
        keys = tuple(constraint.key for constraint in constraints)
        self._matching = [
            self._count(constraint, cluster, cluster.labelled(keys)) for constraint in constraints
        ]
        self._minima: list[int | None] = [None] * len(constraints)

    def _count(
        self, constraint: Constraint, cluster: Cluster, nodes: Sequence[NodeInfo]
    ) -> dict[str, int]:
        """Matching pods in each domain that has an eligible node."""
        counts = constraint.counts(cluster, self._pod.namespace)
        picky = constraint.honor_taints or (
            constraint.honor_affinity and self._required is not None
        )
        found: dict[str, int] = {}
        key = constraint.key
        for node in nodes:
            if picky and not constraint.includes(node, self._required, self._tolerations):
                continue
            value = node.labels[key]
            found[value] = found.get(value, 0) + counts.get(node.name, 0)
        return found

    def __call__(self, node: NodeInfo) -> Status | None:
        for index, (constraint, self_match) in enumerate(self._constraints):
            value = node.labels.get(constraint.key)
            if value is None:
                return _NO_LABEL
            count = self._matching[index].get(value, 0)
            if count + self_match - self._minimum(index, constraint) > constraint.max_skew:
                return _UNEVEN
        return None

    def _minimum(self, index: int, constraint: Constraint) -> int:
        known = self._minima[index]
        if known is None:
            domains = self._matching[index]
            known = min(domains.values(), default=_NO_MINIMUM)
            if len(domains) < constraint.min_domains:
                known = 0
            self._minima[index] = known
        return known

    def _imagine(self, pod: PodInfo, node: NodeInfo, by: int) -> None:
        if pod.namespace != self._pod.namespace:
            return
        if any(constraint.key not in node.labels for constraint, _ in self._constraints):
            return
        for index, (constraint, _) in enumerate(self._constraints):
            if not constraint.selector.matches(pod.labels):
                continue
            if constraint.includes(node, self._required, self._tolerations):
                domains = self._matching[index]
                value = node.labels[constraint.key]
                domains[value] = domains.get(value, 0) + by
                self._minima[index] = None

    def add(self, pod: PodInfo, node: NodeInfo) -> None:
        self._imagine(pod, node, 1)

    def remove(self, pod: PodInfo, node: NodeInfo) -> None:
        self._imagine(pod, node, -1)

    def copy(self) -> "_SpreadCheck":
        twin = _SpreadCheck.__new__(_SpreadCheck)
        twin.nodes = self.nodes
        for slot in _SpreadCheck.__slots__:
            setattr(twin, slot, getattr(self, slot))
        twin._matching = [dict(domains) for domains in self._matching]
        twin._minima = list(self._minima)
        return twin


class PodTopologySpread(Plugin):
    name = NAME
    points = frozenset(("preFilter", "filter", "preScore", "score"))

    def __init__(self, args: Mapping[str, Any] | None = None) -> None:
        """`args` is a defaulted PodTopologySpreadArgs."""
        args = args or {}
        self._system = (args.get("defaultingType") or "System") == "System"
        defaults = SYSTEM_DEFAULTS if self._system else args.get("defaultConstraints") or ()
        self._defaults = {
            action: [given for given in defaults if given["whenUnsatisfiable"] == action]
            for action in ("DoNotSchedule", "ScheduleAnyway")
        }
        self._of_selector = lru_cache(maxsize=1024)(self._default_constraints)
        self.hints = {
            ("AssignedPod", "add"): self._after_assigned,
            ("AssignedPod", "update-labels"): self._after_assigned,
            ("AssignedPod", "delete"): self._after_assigned,
            ("TargetPod", "update-tolerations"): self._after_target,
            ("TargetPod", "update-labels"): self._after_target,
            ("Node", "add"): self._after_node,
            ("Node", "delete"): self._after_node,
            ("Node", "update-labels"): self._after_node,
            ("Node", "update-taints"): self._after_node,
        }

    def _constraints(self, pod: PodInfo, cluster: Cluster, action: str) -> Sequence[Constraint]:
        own = pod.spec.get("topologySpreadConstraints")
        if own:
            return [_constraint(c, pod.labels) for c in own if c["whenUnsatisfiable"] == action]
        if not self._defaults[action]:
            return []
        selector = default_selector(pod, cluster)
        if selector.empty:
            return []
        return self._of_selector(selector, action)

    def _default_constraints(self, selector: LabelSelector, action: str) -> list[Constraint]:
        return [
            Constraint(given["topologyKey"], given["maxSkew"], selector, 1, True, False)
            for given in self._defaults[action]
        ]

    def settled(self, pod: PodInfo) -> bool:
        own = pod.spec.get("topologySpreadConstraints")
        if own:
            return all(given["whenUnsatisfiable"] != "DoNotSchedule" for given in own)
        return not self._defaults["DoNotSchedule"]

    def filter(self, cycle: Cycle) -> Check | Status | None:
        constraints = self._constraints(cycle.pod, cycle.cluster, "DoNotSchedule")
        return _SpreadCheck(cycle.pod, constraints, cycle.cluster) if constraints else None

    def score(self, cycle: Cycle, nodes: Sequence[NodeInfo]) -> Scores | None:
        pod = cycle.pod
        constraints = self._constraints(pod, cycle.cluster, "ScheduleAnyway")
        if not constraints:
            return None
        strict = bool(pod.spec.get("topologySpreadConstraints")) or not self._system
        return _Scoring(pod, constraints, cycle.cluster, nodes, strict=strict).scores()

    # What may make a rejected pod fit

    def _hard(self, pod: PodInfo, cluster: Cluster) -> Sequence[Constraint]:
        return self._constraints(pod, cluster, "DoNotSchedule")

    def _after_target(self, pod: PodInfo, change: Change, cluster: Cluster) -> bool:
        if change.old is None or change.new is None:
            return True
        constraints = self._hard(pod, cluster)
        tolerations = [obj["spec"].get("tolerations") for obj in (change.old, change.new)]
        if tolerations[0] != tolerations[1] and any(c.honor_taints for c in constraints):
            return True
        return _match_differs(constraints, PodInfo(change.old), PodInfo(change.new))

    def _after_assigned(self, pod: PodInfo, change: Change, cluster: Cluster) -> bool:
        before = PodInfo(change.old) if change.old is not None else None
        after = PodInfo(change.new) if change.new is not None else None
        others = [other for other in (before, after) if other is not None]
        if any(
            other.namespace != pod.namespace or not (other.node_name or other.nominated_node)
            for other in others
        ):
            return False
        constraints = self._hard(pod, cluster)
        if before is not None and after is not None:
            return _match_differs(constraints, before, after)
        return any(c.selector.matches(others[0].labels) for c in constraints)

    def _after_node(self, pod: PodInfo, change: Change, cluster: Cluster) -> bool:
        constraints = self._hard(pod, cluster)
        before, after = _labels(change.old), _labels(change.new)
        had = before is not None and _has_all(before, constraints)
        has = after is not None and _has_all(after, constraints)
        if before is None or after is None:
            return had or has
        if had != has:
            return True
        moved = any(before.get(c.key, "") != after.get(c.key, "") for c in constraints)
        taints = [(node or {})["spec"].get("taints") for node in (change.old, change.new)]
        return has and (moved or taints[0] != taints[1])


def _labels(node: Mapping[str, Any] | None) -> Labels | None:
    return None if node is None else node["metadata"].get("labels") or NO_LABELS


def _has_all(labels: Labels, constraints: Sequence[Constraint]) -> bool:
    return all(constraint.key in labels for constraint in constraints)


def _match_differs(constraints: Sequence[Constraint], before: PodInfo, after: PodInfo) -> bool:
    return before.labels != after.labels and any(
        c.selector.matches(before.labels) != c.selector.matches(after.labels) for c in constraints
    )


class _Scoring:
    """Domains with fewer matching pods are better; how much depends on the number of domains.

    With `strict` a node must have all topology labels to be compared at all.
    """

    def __init__(
        self,
        pod: PodInfo,
        constraints: Sequence[Constraint],
        cluster: Cluster,
        nodes: Sequence[NodeInfo],
        *,
        strict: bool,
    ) -> None:
        self._pod = pod
        self._constraints = constraints
        self._cluster = cluster
        self._all = nodes
        self._nodes = [n for n in nodes if _has_all(n.labels, constraints)] if strict else nodes
        self._strict = strict

    def scores(self) -> Scores:
        totals = [0.0] * len(self._nodes)
        selector = counts = None
        for constraint in self._constraints:
            if counts is None or constraint.selector is not selector:
                selector = constraint.selector
                counts = constraint.counts(self._cluster, self._pod.namespace)
            totals = self._plus(constraint, counts, totals)
        raw = [math.floor(total + 0.5) for total in totals]
        return Scores(self._with_others(raw), self._with_others(_normalized(raw)))

    def _with_others(self, scores: list[int]) -> list[int]:
        """Nodes that are not compared get nothing."""
        if len(scores) == len(self._all):
            return scores
        known = {node.name: score for node, score in zip(self._nodes, scores, strict=True)}
        return [known.get(node.name, 0) for node in self._all]

    def _plus(
        self, constraint: Constraint, counts: Mapping[str, int], totals: list[float]
    ) -> list[float]:
        """Nodes without the label stay as they are."""
        key, bonus = constraint.key, float(constraint.max_skew - 1)
        if key == HOSTNAME:
            weight = math.log(len(self._nodes) + 2)
            return [
                total + (counts.get(node.name, 0) * weight + bonus) if key in node.labels else total
                for total, node in zip(totals, self._nodes, strict=True)
            ]
        values = [node.labels.get(key) for node in self._nodes]
        if values.count(None) == len(values):
            return totals
        domains = dict.fromkeys((value or "" for value in values), 0)
        self._fill(constraint, counts, domains)
        weight = math.log(len(domains) + 2)
        return [
            total if value is None else total + (domains[value] * weight + bonus)
            for total, value in zip(totals, values, strict=True)
        ]

    def _fill(
        self, constraint: Constraint, counts: Mapping[str, int], domains: dict[str, int]
    ) -> None:
        match = required_match(self._pod)
        tolerations = self._pod.spec.get("tolerations") or ()
        for name, count in counts.items():
            node = self._cluster.nodes.get(name)
            if node is None or (self._strict and not _has_all(node.labels, self._constraints)):
                continue
            value = node.labels.get(constraint.key, "")
            if value in domains and constraint.includes(node, match, tolerations):
                domains[value] += count


def _normalized(raw: Sequence[int]) -> list[int]:
    lowest, highest = min(raw, default=0), max(raw, default=0)
    if highest == 0:
        return [MAX_SCORE] * len(raw)
    return [MAX_SCORE * (highest + lowest - score) // highest for score in raw]
