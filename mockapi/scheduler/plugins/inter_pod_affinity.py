"""InterPodAffinity: near the pods of a topology domain, or away from them, in both directions.

Required terms filter; preferred terms score, and so do the required affinity terms of pods that
run already (with the weight that the profile gives them).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from mockapi.scheduler.affinity import AffinityTerm
from mockapi.scheduler.cluster import Cluster, Lookalikes
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import (
    MAX_SCORE,
    Change,
    Check,
    Cycle,
    Plugin,
    Scores,
    always,
)
from mockapi.scheduler.pods import NO_LABELS, Labels, PodInfo
from mockapi.scheduler.status import Status, unresolvable, unschedulable

NAME: Final = "InterPodAffinity"
_NOT_NEAR = unresolvable(NAME, "node(s) didn't match pod affinity rules")
_NOT_AWAY = unschedulable(NAME, "node(s) didn't match pod anti-affinity rules")
_UNWANTED = unschedulable(NAME, "node(s) didn't satisfy existing pods anti-affinity rules")

Terms = tuple[AffinityTerm, ...]
Counts = dict[tuple[str, str], int]
"""Matching pods in each topology domain, by label and value."""


def resolved(terms: Terms, cluster: Cluster) -> Terms:
    """With namespace selectors replaced by the namespaces that they select now."""
    return tuple(_resolved(term, cluster) for term in terms)


def _resolved(term: AffinityTerm, cluster: Cluster) -> AffinityTerm:
    selector = term.namespace_selector
    if not selector.requirements:
        return term
    found = {
        namespace["metadata"]["name"]
        for namespace in cluster.listers.namespaces.list()
        if selector.matches(namespace["metadata"].get("labels") or NO_LABELS)
    }
    return replace(term, namespaces=term.namespaces | found)


def _matches(term: AffinityTerm, namespace: str, labels: Labels) -> bool:
    """Of a resolved term."""
    return term.matches(namespace, labels, NO_LABELS)


def _matches_all(terms: Terms, namespace: str, labels: Labels) -> bool:
    return bool(terms) and all(_matches(term, namespace, labels) for term in terms)


def _shift(counts: Counts, node: NodeInfo, key: str, by: int) -> None:
    value = node.labels.get(key)
    if value is None:
        return
    count = counts.get((key, value), 0) + by
    if count:
        counts[key, value] = count
    else:
        counts.pop((key, value), None)


def _candidates(terms: Iterable[AffinityTerm], cluster: Cluster) -> Iterable[Lookalikes]:
    """Kinds of pods that some of the resolved terms may be about."""
    listed = list(terms)
    if any(term.namespace_selector.empty for term in listed):
        return cluster.lookalikes()
    namespaces = sorted(set[str]().union(*(term.namespaces for term in listed)))
    return [alike for name in namespaces for alike in cluster.lookalikes(name)]


class _AffinityCheck(Check):
    __slots__ = (
        "_anti_terms",
        "_away",
        "_namespace_labels",
        "_near",
        "_pod",
        "_terms",
        "_unwanted",
    )

    def __init__(self, pod: PodInfo, cluster: Cluster) -> None:
        super().__init__()
        self._pod = pod
        self._terms = resolved(pod.terms.required, cluster)
        self._anti_terms = resolved(pod.terms.required_anti, cluster)
        self._namespace_labels = cluster.namespace_labels(pod.namespace)
        self._near: Counts = {}
        self._away: Counts = {}
        self._unwanted: Counts = {}
        self._count_existing(cluster)
        if self._terms or self._anti_terms:
            self._count_incoming(cluster)

    @property
    def idle(self) -> bool:
        return not (self._unwanted or self._terms or self._anti_terms)

    def _count_existing(self, cluster: Cluster) -> None:
        for minded in cluster.likeminded.values():
            for term in minded.terms.required_anti:
                if not self._concerns(term):
                    continue
                for name, count in minded.nodes.items():
                    if name in cluster.nodes:
                        _shift(self._unwanted, cluster.nodes[name], term.topology_key, count)

    def _concerns(self, term: AffinityTerm) -> bool:
        return term.matches(self._pod.namespace, self._pod.labels, self._namespace_labels)

    def _count_incoming(self, cluster: Cluster) -> None:
        for alike in _candidates((*self._terms, *self._anti_terms), cluster):
            near, away = self._keys(alike.namespace, alike.labels)
            if not near and not away:
                continue
            for name, count in alike.total.items():
                node = cluster.nodes.get(name)
                if node is not None:
                    self._move(near, away, node, count)

    def _keys(self, namespace: str, labels: Labels) -> tuple[list[str], list[str]]:
        """Topology keys of the terms that a pod counts for."""
        near: list[str] = []
        if _matches_all(self._terms, namespace, labels):
            near = [term.topology_key for term in self._terms]
        away = [t.topology_key for t in self._anti_terms if _matches(t, namespace, labels)]
        return near, away

    def _move(self, near: list[str], away: list[str], node: NodeInfo, by: int) -> None:
        for key in near:
            _shift(self._near, node, key, by)
        for key in away:
            _shift(self._away, node, key, by)

    def _imagine(self, pod: PodInfo, node: NodeInfo, by: int) -> None:
        for term in pod.terms.required_anti:
            if self._concerns(term):
                _shift(self._unwanted, node, term.topology_key, by)
        near, away = self._keys(pod.namespace, pod.labels)
        self._move(near, away, node, by)

    def add(self, pod: PodInfo, node: NodeInfo) -> None:
        self._imagine(pod, node, 1)

    def remove(self, pod: PodInfo, node: NodeInfo) -> None:
        self._imagine(pod, node, -1)

    def copy(self) -> "_AffinityCheck":
        twin = _AffinityCheck.__new__(_AffinityCheck)
        twin.nodes = self.nodes
        for slot in _AffinityCheck.__slots__:
            setattr(twin, slot, getattr(self, slot))
        twin._near, twin._away = dict(self._near), dict(self._away)
        twin._unwanted = dict(self._unwanted)
        return twin

    def __call__(self, node: NodeInfo) -> Status | None:
        if self._terms and not self._is_near(node):
            return _NOT_NEAR
        labels = node.labels
        if self._away:
            for term in self._anti_terms:
                key = term.topology_key
                if key in labels and self._away.get((key, labels[key]), 0) > 0:
                    return _NOT_AWAY
        if self._unwanted and any(self._unwanted.get(pair, 0) > 0 for pair in labels.items()):
            return _UNWANTED
        return None

    def _is_near(self, node: NodeInfo) -> bool:
        """The first pod of a group that wants to be together may start anywhere."""
        exist = True
        for term in self._terms:
            value = node.labels.get(term.topology_key)
            if value is None:
                return False
            exist = exist and self._near.get((term.topology_key, value), 0) > 0
        if exist:
            return True
        return not self._near and _matches_all(self._terms, self._pod.namespace, self._pod.labels)


class InterPodAffinity(Plugin):
    name = NAME
    points = frozenset(("preFilter", "filter", "preScore", "score"))

    def __init__(self, args: Mapping[str, Any] | None = None) -> None:
        """`args` is a defaulted InterPodAffinityArgs."""
        args = args or {}
        self._hard_weight = args.get("hardPodAffinityWeight", 1)
        self._ignore_existing = args.get("ignorePreferredTermsOfExistingPods", False)
        self.hints = {
            ("AssignedPod", "add"): _after_assigned,
            ("AssignedPod", "update-labels"): _after_assigned,
            ("AssignedPod", "delete"): _after_assigned,
            ("TargetPod", "update-labels"): always,
            ("Node", "add"): _after_node,
            ("Node", "update-labels"): _after_node,
        }

    def filter(self, cycle: Cycle) -> Check | Status | None:
        pod = cycle.pod
        if pod.affinity_key is None and not cycle.cluster.likeminded:
            return None
        check = _AffinityCheck(pod, cycle.cluster)
        return None if check.idle else check

    def score(self, cycle: Cycle, nodes: Sequence[NodeInfo]) -> Scores | None:
        pod, cluster = cycle.pod, cycle.cluster
        wishes = bool(pod.terms.preferred or pod.terms.preferred_anti)
        if not wishes and (self._ignore_existing or not cluster.likeminded):
            return None
        worth: dict[str, dict[str, int]] = {}
        if wishes:
            _weigh_wishes(pod, cluster, worth)
        self._weigh_existing(pod, cluster, worth)
        if not worth:
            return None
        raw = [
            sum(
                values.get(node.labels[key], 0)
                for key, values in worth.items()
                if key in node.labels
            )
            for node in nodes
        ]
        return Scores(raw, _spread_out(raw))

    def _weigh_existing(
        self, pod: PodInfo, cluster: Cluster, worth: dict[str, dict[str, int]]
    ) -> None:
        namespace_labels = cluster.namespace_labels(pod.namespace)
        for minded in cluster.likeminded.values():
            for term, weight in self._weighted(minded.terms):
                if term.matches(pod.namespace, pod.labels, namespace_labels):
                    _weigh(worth, term.topology_key, weight, minded.nodes, cluster)

    def _weighted(self, terms: Any) -> Iterable[tuple[AffinityTerm, int]]:
        if self._hard_weight > 0:
            for term in terms.required:
                yield term, self._hard_weight
        for term in terms.preferred:
            yield term, term.weight
        for term in terms.preferred_anti:
            yield term, -term.weight


def _weigh_wishes(pod: PodInfo, cluster: Cluster, worth: dict[str, dict[str, int]]) -> None:
    weighted = [(term, term.weight) for term in resolved(pod.terms.preferred, cluster)]
    weighted += [(term, -term.weight) for term in resolved(pod.terms.preferred_anti, cluster)]
    for alike in _candidates([term for term, _ in weighted], cluster):
        for term, weight in weighted:
            if _matches(term, alike.namespace, alike.labels):
                _weigh(worth, term.topology_key, weight, alike.total, cluster)


def _weigh(
    worth: dict[str, dict[str, int]],
    key: str,
    weight: int,
    counts: Mapping[str, int],
    cluster: Cluster,
) -> None:
    for name, count in counts.items():
        node = cluster.nodes.get(name)
        if node is not None and key in node.labels:
            values = worth.setdefault(key, {})
            value = node.labels[key]
            values[value] = values.get(value, 0) + weight * count


def _spread_out(raw: Sequence[int]) -> list[int]:
    """The worst node 0, the best 100."""
    lowest, highest = min(raw, default=0), max(raw, default=0)
    width = highest - lowest
    if width <= 0:
        return [0] * len(raw)
    return [int(MAX_SCORE * ((score - lowest) / width)) for score in raw]


# What may make a rejected pod fit


def _placed(pod: PodInfo) -> bool:
    return bool(pod.node_name or pod.nominated_node)


def _any(terms: Terms, pod: PodInfo) -> bool:
    return any(_matches(term, pod.namespace, pod.labels) for term in terms)


def _after_assigned(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    before = PodInfo(change.old) if change.old is not None else None
    after = PodInfo(change.new) if change.new is not None else None
    if any(other is not None and not _placed(other) for other in (before, after)):
        return False
    terms, anti = pod.terms.required, pod.terms.required_anti
    if after is not None:
        near = _matches_all(terms, after.namespace, after.labels)
        if before is None:
            return near
        was_near = _matches_all(terms, before.namespace, before.labels)
        return (near and not was_near) or (_any(anti, before) and not _any(anti, after))
    return before is not None and (_any(anti, before) or _any(before.terms.required_anti, pod))


def _after_node(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    new = (change.new or {}).get("metadata", {}).get("labels") or NO_LABELS
    if change.old is None:
        return bool(pod.terms.required_anti) or any(
            term.topology_key in new for term in pod.terms.required
        )
    old = change.old["metadata"].get("labels") or NO_LABELS

    def moved(key: str) -> bool:
        return key in old and key in new and old[key] != new[key]

    return any(
        (term.topology_key in new and term.topology_key not in old) or moved(term.topology_key)
        for term in pod.terms.required
    ) or any(
        (term.topology_key in old and term.topology_key not in new) or moved(term.topology_key)
        for term in pod.terms.required_anti
    )
