"""Which writes a webhook or a policy is asked about: rules, scopes and selectors.

Source: apiserver pkg/admission/plugin/webhook/predicates, plugin/policy/matching.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.resource import Obj, Resource
from mockapi.meta import selectors
from mockapi.meta.errors import NotFound
from mockapi.meta.selectors import LabelSelector

GROUP = "admissionregistration.k8s.io"
Equivalents = Callable[[Resource], Sequence[Resource]]
"""The other served versions of a resource."""


@dataclass(frozen=True, slots=True)
class Matching:
    """What a configuration says of the writes that it is about."""

    rules: Sequence[Mapping[str, Any]]
    namespaces: LabelSelector
    objects: LabelSelector
    is_exact: bool
    excluded: Sequence[Mapping[str, Any]] = ()


def matching(said: Obj, *, rules: str = "rules", excluded: str = "") -> Matching:
    """Read from a webhook, or from the `matchConstraints` of a policy."""
    return Matching(
        said.get(rules) or (),
        selectors.from_object(said.get("namespaceSelector") or {}),
        selectors.from_object(said.get("objectSelector") or {}),
        said.get("matchPolicy") == "Exact",
        (said.get(excluded) or ()) if excluded else (),
    )


def of_anything(found: Matching) -> Matching:
    """Without rules: whatever the selectors let through."""
    rule = {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}
    return replace(found, rules=(rule,))


def is_exempt(attributes: Attributes) -> bool:
    """Configurations of admission are not themselves admitted by it."""
    return attributes.resource.gvr.group == GROUP


def match(wanted: Matching, attributes: Attributes, equivalents: Equivalents) -> Resource | None:
    """The version of the resource in which a write is to be shown; None: it is not."""
    if not _in_namespace(wanted, attributes) or not _selects(wanted, attributes):
        return None
    others = () if wanted.is_exact else equivalents(attributes.resource)
    if _first(wanted.excluded, attributes, others) is not None:
        return None
    return _first(wanted.rules, attributes, others)


def _first(
    rules: Sequence[Mapping[str, Any]], attributes: Attributes, others: Sequence[Resource]
) -> Resource | None:
    if any(_rule_matches(rule, attributes, attributes.resource) for rule in rules):
        return attributes.resource
    for rule in rules:
        for other in others:
            if _rule_matches(rule, attributes, other):
                return other
    return None


def _rule_matches(rule: Mapping[str, Any], attributes: Attributes, resource: Resource) -> bool:
    gvr, names = resource.gvr, rule.get("resourceNames")
    return (
        _in_scope(rule.get("scope") or "*", attributes)
        and _wanted(rule.get("operations") or (), attributes.operation)
        and _wanted(rule.get("apiGroups") or (), gvr.group)
        and _wanted(rule.get("apiVersions") or (), gvr.version)
        and any(
            _resource_matches(text, gvr.resource, attributes.subresource)
            for text in rule.get("resources") or ()
        )
        and (not names or attributes.name in names)
    )


def _wanted(words: Sequence[str], word: str) -> bool:
    return "*" in words or word in words


def _in_scope(scope: str, attributes: Attributes) -> bool:
    inside = bool(attributes.namespace) and attributes.resource.bucket != "namespaces"
    return scope == "*" or inside is (scope == "Namespaced")


def _resource_matches(text: str, resource: str, subresource: str) -> bool:
    wanted, _, part = text.partition("/")
    return wanted in ("*", resource) and part in ("*", subresource)


def _in_namespace(wanted: Matching, attributes: Attributes) -> bool:
    is_namespace = attributes.resource.bucket == "namespaces"
    if not attributes.namespace and not is_namespace:
        return True
    if wanted.namespaces.empty:
        return True
    if is_namespace and attributes.operation != "DELETE" and attributes.obj is not None:
        return wanted.namespaces.matches(attributes.obj["metadata"].get("labels"))
    name = attributes.name if is_namespace else attributes.namespace
    namespace = attributes.reader.get("namespaces", "", name)
    if namespace is None:
        raise NotFound("", "namespaces", name)
    return wanted.namespaces.matches(namespace["metadata"].get("labels"))


def _selects(wanted: Matching, attributes: Attributes) -> bool:
    """The object, or what it was, has the labels."""
    if wanted.objects.empty:
        return True
    return any(
        wanted.objects.matches(obj["metadata"].get("labels"))
        for obj in (attributes.obj, attributes.old)
        if obj is not None
    )
