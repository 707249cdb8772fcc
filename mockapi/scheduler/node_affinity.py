"""Required and preferred node affinity of pods, compiled. See `meta.node_selection`."""

from collections.abc import Iterable, Mapping
from typing import Any

from mockapi.meta import node_selection
from mockapi.meta.node_selection import OPERATORS, NodeMatch, selector_match, term_match
from mockapi.scheduler.pods import PodInfo

__all__ = ["OPERATORS", "NodeMatch", "selector_match", "term_match"]


def required_affinity(pod: PodInfo) -> Mapping[str, Any] | None:
    return node_selection.required_affinity(pod.spec)


def required_match(pod: PodInfo) -> NodeMatch | None:
    """The pod's nodeSelector and required node affinity; None when it has neither."""
    return node_selection.required_match(pod.spec)


def preferred_matches(terms: Iterable[Mapping[str, Any]]) -> list[tuple[int, NodeMatch]]:
    """Weight and match of each preferred scheduling term."""
    return [
        (term["weight"], match)
        for term in terms
        if term.get("weight") and (match := term_match(term["preference"])) is not None
    ]


def node_names(selector: Mapping[str, Any]) -> frozenset[str] | None:
    """The only nodes that can match, when every term demands a name; None when one does not."""
    names: set[str] = set()
    for term in selector.get("nodeSelectorTerms") or ():
        named: set[str] | None = None
        for field in term.get("matchFields") or ():
            if field["key"] == "metadata.name" and field["operator"] == "In":
                values = set(field.get("values") or ())
                named = values if named is None else named & values
        if named is None:
            return None
        names |= named
    return frozenset(names)
