"""Terms of pod affinity and anti-affinity, parsed.

Source: kube-scheduler/framework (AffinityTerm).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mockapi.meta import selectors
from mockapi.meta.selectors import LabelSelector

Labels = Mapping[str, str]


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
