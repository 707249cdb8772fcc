"""Node selectors and required or preferred node affinity, compiled to functions of a node.

Source: component-helpers scheduling/corev1/nodeaffinity. A term that cannot be parsed matches
nothing; a term without any requirement is left out.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from mockapi.meta import selectors
from mockapi.meta.selectors import SelectorError
from mockapi.scheduler.pods import Labels, PodInfo

NodeMatch = Callable[[str, Labels], bool]
"""Does a node with this name and these labels match? Without a name its fields match anything."""

OPERATORS: Final = {
    "In": "in",
    "NotIn": "notin",
    "Exists": "exists",
    "DoesNotExist": "!",
    "Gt": "gt",
    "Lt": "lt",
}


def term_match(term: Mapping[str, Any]) -> NodeMatch | None:
    """None for an empty term."""
    expressions = term.get("matchExpressions") or ()
    fields = term.get("matchFields") or ()
    if not expressions and not fields:
        return None
    try:
        labels = selectors.LabelSelector(
            selectors.requirement(e["key"], OPERATORS[e["operator"]], e.get("values") or ())
            for e in expressions
        ).matches
        names = [_name_match(field) for field in fields]
    except (SelectorError, KeyError, ValueError):
        return lambda name, labels: False
    return lambda name, given: labels(given) and (not name or all(match(name) for match in names))


def _name_match(field: Mapping[str, Any]) -> Callable[[str], bool]:
    (value,) = list(field.get("values") or ())
    if field["key"] != "metadata.name":
        return (
            (lambda name: value == "") if field["operator"] == "In" else (lambda name: value != "")
        )
    if field["operator"] == "In":
        return lambda name: name == value
    if field["operator"] == "NotIn":
        return lambda name: name != value
    raise ValueError(f"{field['operator']!r} is no operator for fields")


def selector_match(selector: Mapping[str, Any]) -> NodeMatch:
    """A v1.NodeSelector: one of the terms must match."""
    terms = [
        match
        for term in selector.get("nodeSelectorTerms") or ()
        if (match := term_match(term)) is not None
    ]
    return lambda name, labels: any(match(name, labels) for match in terms)


def required_affinity(pod: PodInfo) -> Mapping[str, Any] | None:
    affinity = (pod.spec.get("affinity") or {}).get("nodeAffinity") or {}
    found: Mapping[str, Any] | None = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return found


def required_match(pod: PodInfo) -> NodeMatch | None:
    """The pod's nodeSelector and required node affinity; None when it has neither."""
    wanted = pod.spec.get("nodeSelector")
    affinity = required_affinity(pod)
    by_labels = selectors.from_labels(wanted).matches if wanted else None
    if affinity is None:
        return None if by_labels is None else (lambda name, labels: by_labels(labels))
    by_terms = selector_match(affinity)
    if by_labels is None:
        return by_terms
    return lambda name, labels: by_labels(labels) and by_terms(name, labels)


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
