"""Node selectors and required node affinity, compiled to functions of a node.

Source: component-helpers scheduling/corev1/nodeaffinity. A term that cannot be parsed matches
nothing; a term without any requirement is left out.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from mockapi.meta import selectors
from mockapi.meta.selectors import SelectorError

Labels = Mapping[str, str]
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


def required_affinity(spec: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Of a pod's spec."""
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    found: Mapping[str, Any] | None = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return found


def required_match(spec: Mapping[str, Any]) -> NodeMatch | None:
    """A pod's nodeSelector and required node affinity; None when it has neither."""
    wanted = spec.get("nodeSelector")
    affinity = required_affinity(spec)
    by_labels = selectors.from_labels(wanted).matches if wanted else None
    if affinity is None:
        return None if by_labels is None else (lambda name, labels: by_labels(labels))
    by_terms = selector_match(affinity)
    if by_labels is None:
        return by_terms
    return lambda name, labels: by_labels(labels) and by_terms(name, labels)
