"""A pod as the plugins need it: parsed once, at the latest when it is first asked for.

Sources: pkg/scheduler/framework/types.go (PodInfo), kube-scheduler/framework (AffinityTerm).
"""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import orjson

from mockapi.client.protocol import Obj
from mockapi.meta import host_ports, selectors
from mockapi.meta.selectors import LabelSelector
from mockapi.scheduler import amounts
from mockapi.scheduler.amounts import Amounts

Labels = Mapping[str, str]
NO_LABELS: Final[dict[str, str]] = {}


@dataclass(frozen=True, slots=True)
class AffinityTerm:
    """A pod affinity or anti-affinity term; `namespaces` and `namespace_selector` are alternatives,
    either one suffices."""

    namespaces: frozenset[str]
    namespace_selector: LabelSelector
    selector: LabelSelector
    topology_key: str
    weight: int = 0

    def matches(self, namespace: str, labels: Labels, namespace_labels: Labels) -> bool:
        if namespace in self.namespaces or self.namespace_selector.matches(namespace_labels):
            return self.selector.matches(labels)
        return False


@dataclass(frozen=True, slots=True)
class AffinityTerms:
    """All terms of one pod (or of all pods made from one template)."""

    required: tuple[AffinityTerm, ...] = ()
    required_anti: tuple[AffinityTerm, ...] = ()
    preferred: tuple[AffinityTerm, ...] = ()
    preferred_anti: tuple[AffinityTerm, ...] = ()


NO_TERMS: Final = AffinityTerms()


def affinity_terms(namespace: str, affinity: Mapping[str, Any] | None) -> AffinityTerms:
    if not affinity or not ("podAffinity" in affinity or "podAntiAffinity" in affinity):
        return NO_TERMS
    towards = affinity.get("podAffinity") or {}
    away = affinity.get("podAntiAffinity") or {}
    return AffinityTerms(
        _terms(namespace, towards.get(_REQUIRED)),
        _terms(namespace, away.get(_REQUIRED)),
        _weighted(namespace, towards.get(_PREFERRED)),
        _weighted(namespace, away.get(_PREFERRED)),
    )


_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"


def _terms(namespace: str, terms: Iterable[Mapping[str, Any]] | None) -> tuple[AffinityTerm, ...]:
    return tuple(_term(namespace, term) for term in terms or ())


def _weighted(
    namespace: str, terms: Iterable[Mapping[str, Any]] | None
) -> tuple[AffinityTerm, ...]:
    return tuple(_term(namespace, term["podAffinityTerm"], term["weight"]) for term in terms or ())


def _term(namespace: str, term: Mapping[str, Any], weight: int = 0) -> AffinityTerm:
    named = term.get("namespaces") or ()
    selector = term.get("namespaceSelector")
    return AffinityTerm(
        frozenset(named if named or selector is not None else (namespace,)),
        selectors.from_object(selector),
        selectors.from_object(term.get("labelSelector")),
        term["topologyKey"],
        weight,
    )


@dataclass(eq=False)
class PodInfo:
    """One pod. Compared by identity; `pod` is shared and never changed."""

    pod: Obj
    spec: Mapping[str, Any] = field(init=False)
    namespace: str = field(init=False)
    name: str = field(init=False)
    uid: str = field(init=False)
    labels: Labels = field(init=False)
    terminating: bool = field(init=False)
    priority: int = field(init=False)
    node_name: str = field(init=False)

    def __post_init__(self) -> None:
        metadata = self.pod["metadata"]
        self.spec = self.pod["spec"]
        self.namespace = metadata["namespace"]
        self.name = metadata["name"]
        self.uid = metadata.get("uid") or f"{self.namespace}/{self.name}"
        self.labels = metadata.get("labels") or NO_LABELS
        self.terminating = "deletionTimestamp" in metadata
        self.priority = self.spec.get("priority") or 0
        self.node_name = self.spec.get("nodeName") or ""

    def placed(self, node: str) -> "PodInfo":
        """The same pod as it will be once it is bound."""
        twin = copy(self)
        twin.spec = {**self.spec, "nodeName": node}
        twin.pod = {**self.pod, "spec": twin.spec}
        twin.node_name = node
        return twin

    def follows(self, pod: Obj) -> bool:
        """Does all that is known of this pod hold for its newer version too?"""
        metadata = pod["metadata"]
        status = pod.get("status") or {}
        return (
            self.spec == pod["spec"]
            and self.labels == (metadata.get("labels") or NO_LABELS)
            and self.terminating == ("deletionTimestamp" in metadata)
            and amounts.allocations(status) == amounts.allocations(self.pod.get("status") or {})
        )

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def nominated_node(self) -> str:
        return (self.pod.get("status") or {}).get("nominatedNodeName") or ""

    @property
    def scheduler_name(self) -> str:
        return self.spec.get("schedulerName") or "default-scheduler"

    @property
    def start_time(self) -> str | None:
        """RFC 3339 in whole seconds, so texts compare as moments do."""
        return (self.pod.get("status") or {}).get("startTime")

    @cached_property
    def wanted(self) -> Amounts:
        """What a node must have left (source: computePodResourceRequest)."""
        return amounts.amounts(amounts.pod_requests(self.pod))

    @cached_property
    def usage(self) -> tuple[Amounts, int, int]:
        """What the pod takes from its node, and cpu and memory with stand-ins for containers that
        name none (source: PodInfo.CalculateResource)."""
        requests = amounts.pod_requests(self.pod, from_status=True)
        fill = amounts.DEFAULTS
        if amounts.has_pod_level_requests(self.spec):
            fill = {name: value for name, value in fill.items() if name not in requests}
        filled = amounts.pod_requests(self.pod, from_status=True, defaults=fill)
        counted = amounts.amounts(filled)
        return amounts.amounts(requests), counted.cpu, counted.memory

    @cached_property
    def compared(self) -> Amounts:
        """What the pod counts for when nodes are compared by what would be left."""
        fill = amounts.DEFAULTS
        requests = amounts.pod_requests(self.pod, pod_level=False, defaults=fill)
        return amounts.amounts(requests)

    @cached_property
    def balanced(self) -> Amounts:
        """What the pod counts for when the balance of resources is compared."""
        return amounts.amounts(amounts.pod_requests(self.pod, from_status=True))

    @cached_property
    def host_ports(self) -> tuple[host_ports.HostPort, ...]:
        return host_ports.host_ports(self.spec)

    @cached_property
    def claims(self) -> tuple[str, ...]:
        """Names of the claims in its volumes, ephemeral ones apart."""
        return tuple(
            volume["persistentVolumeClaim"]["claimName"]
            for volume in self.spec.get("volumes") or ()
            if volume.get("persistentVolumeClaim")
        )

    @cached_property
    def terms(self) -> AffinityTerms:
        return affinity_terms(self.namespace, self.spec.get("affinity"))

    @cached_property
    def label_key(self) -> frozenset[tuple[str, str]]:
        """Pods of a namespace with the same key match the same selectors."""
        return frozenset(self.labels.items())

    @cached_property
    def affinity_key(self) -> tuple[str, bytes] | None:
        """Pods with the same key have the same terms; None when there are none."""
        affinity = self.spec.get("affinity")
        if not affinity or not ("podAffinity" in affinity or "podAntiAffinity" in affinity):
            return None
        parts = (affinity.get("podAffinity"), affinity.get("podAntiAffinity"))
        return self.namespace, orjson.dumps(parts)
