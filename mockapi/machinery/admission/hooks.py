"""Webhook configurations as matchers: which hooks a write is shown to.

Source: apiserver pkg/admission/plugin/webhook (generic/webhook.go, predicates).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.resource import Obj, Reader, Resource
from mockapi.meta import selectors
from mockapi.meta.errors import NotFound
from mockapi.meta.selectors import LabelSelector
from mockapi.store.protocol import Store

GROUP = "admissionregistration.k8s.io"
Equivalents = Callable[[Resource], Sequence[Resource]]
"""The other served versions of a resource."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook of one configuration."""

    configuration: str
    said: Obj
    namespaces: LabelSelector
    objects: LabelSelector

    @property
    def name(self) -> str:
        return str(self.said["name"])

    @property
    def ignores_failures(self) -> bool:
        return bool(self.said.get("failurePolicy") == "Ignore")

    @property
    def allows_dry_run(self) -> bool:
        return self.said.get("sideEffects") in ("None", "NoneOnDryRun")


def hooks(configurations: Iterable[Obj]) -> list[Hook]:
    """By the names of their configurations, then in their order."""
    ordered = sorted(configurations, key=lambda config: str(config["metadata"]["name"]))
    return [
        Hook(
            config["metadata"]["name"],
            said,
            selectors.from_object(said.get("namespaceSelector") or {}),
            selectors.from_object(said.get("objectSelector") or {}),
        )
        for config in ordered
        for said in config.get("webhooks") or ()
    ]


class Configured:
    """The webhooks of one kind of configuration, read anew when one has changed."""

    def __init__(self, reader: Reader, store: Store, kind: str) -> None:
        """`kind` is `mutating` or `validating`."""
        self._reader = reader
        self._bucket = f"{kind}webhookconfigurations.{GROUP}"
        self._known: list[Hook] | None = None
        store.watch(f"{self._bucket}/", after=store.revision).listen(self._forget)

    def __call__(self) -> Sequence[Hook]:
        if self._known is None:
            self._known = hooks(self._reader.list(self._bucket))
        return self._known

    def _forget(self) -> None:
        self._known = None


def is_exempt(attributes: Attributes) -> bool:
    """Configurations of admission are not themselves admitted by it."""
    return attributes.resource.gvr.group == GROUP


def match(hook: Hook, attributes: Attributes, equivalents: Equivalents) -> Resource | None:
    """The version of the resource in which the hook wants to see a write; None: it does not."""
    if not _in_namespace(hook, attributes) or not _selects(hook, attributes):
        return None
    rules = hook.said.get("rules") or ()
    if any(_rule_matches(rule, attributes, attributes.resource) for rule in rules):
        return attributes.resource
    if hook.said.get("matchPolicy") != "Equivalent":
        return None
    others = equivalents(attributes.resource)
    for rule in rules:
        for other in others:
            if _rule_matches(rule, attributes, other):
                return other
    return None


def _rule_matches(rule: Mapping[str, Any], attributes: Attributes, resource: Resource) -> bool:
    gvr = resource.gvr
    return (
        _in_scope(rule.get("scope") or "*", attributes)
        and _wanted(rule.get("operations") or (), attributes.operation)
        and _wanted(rule.get("apiGroups") or (), gvr.group)
        and _wanted(rule.get("apiVersions") or (), gvr.version)
        and any(
            _resource_matches(text, gvr.resource, attributes.subresource)
            for text in rule.get("resources") or ()
        )
    )


def _wanted(words: Sequence[str], word: str) -> bool:
    return "*" in words or word in words


def _in_scope(scope: str, attributes: Attributes) -> bool:
    inside = bool(attributes.namespace) and attributes.resource.bucket != "namespaces"
    return scope == "*" or inside is (scope == "Namespaced")


def _resource_matches(text: str, resource: str, subresource: str) -> bool:
    wanted, _, part = text.partition("/")
    return wanted in ("*", resource) and part in ("*", subresource)


def _in_namespace(hook: Hook, attributes: Attributes) -> bool:
    is_namespace = attributes.resource.bucket == "namespaces"
    if not attributes.namespace and not is_namespace:
        return True
    if hook.namespaces.empty:
        return True
    if is_namespace and attributes.operation != "DELETE" and attributes.obj is not None:
        return hook.namespaces.matches(attributes.obj["metadata"].get("labels"))
    name = attributes.name if is_namespace else attributes.namespace
    namespace = attributes.reader.get("namespaces", "", name)
    if namespace is None:
        raise NotFound("", "namespaces", name)
    return hook.namespaces.matches(namespace["metadata"].get("labels"))


def _selects(hook: Hook, attributes: Attributes) -> bool:
    """The object, or what it was, has the labels."""
    if hook.objects.empty:
        return True
    return any(
        hook.objects.matches(obj["metadata"].get("labels"))
        for obj in (attributes.obj, attributes.old)
        if obj is not None
    )
