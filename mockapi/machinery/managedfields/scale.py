"""Managed fields of the scale subresource: the entries of an object seen as those of its Scale,
and brought back. Source: apimachinery pkg/util/managedfields/scalehandler.go.

An updater's entry is told apart by its apiVersion, which is another for the Scale; so its
replicas always move to an entry of their own, without a time. That is what the real one does.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from mockapi.machinery.managedfields import entries, fieldset
from mockapi.machinery.managedfields.entries import Entries, Entry
from mockapi.machinery.managedfields.fieldset import LEAF, FieldSet
from mockapi.machinery.managedfields.nodes import SAME, Change
from mockapi.machinery.resource import Resource, Strategy
from mockapi.meta.names import GroupVersionResource

Path = tuple[str, ...]

API_VERSION: Final = "autoscaling/v1"
TYPE: Final = "io.k8s.api.autoscaling.v1.Scale"
REPLICAS: Final[Path] = ("f:spec", "f:replicas")
OWNED: Final = fieldset.make(("spec", "replicas"))
CHANGED: Final = Change(None, OWNED, None)
GONE: Final = Change(OWNED, None, None)
"""A Scale to zero says nothing of replicas: nobody owns them then."""


def replicas_path(resource: Resource) -> Path:
    """Where the replicas are in the object."""
    strategy = resource.strategy.scale
    return REPLICAS if strategy is None else tuple(f"f:{step}" for step in strategy.path)


def value_at(obj: Any, path: Path) -> Any:
    for key in path:
        obj = obj.get(key[2:]) if isinstance(obj, dict) else None
    return obj


def to_subresource(parent: Entries, path: Path, known: Callable[[str], bool]) -> Entries:
    """The entries that own the replicas, as those of the Scale."""
    found: Entries = {}
    for entry in parent.values():
        if known(entry.api_version) and fieldset.has(entry.fields, path):
            manager, operation, _, subresource = entry.identity
            who = entries.identity(manager, operation, API_VERSION, subresource)
            found[who] = Entry(who, API_VERSION, entry.time, OWNED)
    return found


def updated(mapped: Entries, change: Change, *, manager: str, now: str) -> Entries:
    """After an ordinary write of the Scale."""
    if change is SAME:
        return mapped
    if change is GONE:
        return {}
    who = entries.identity(manager, "Update", API_VERSION, "scale")
    return {who: Entry(who, API_VERSION, now, OWNED)}


def resource_of(parent: Resource) -> Resource:
    """The Scale of a resource, as a kind of its own."""
    gvr = GroupVersionResource("autoscaling", "v1", "scales")
    strategy = Strategy(gvr.group, "Scale")
    return replace(
        parent, gvr=gvr, kind="Scale", type_name=TYPE, storage_type_name=TYPE, strategy=strategy
    )


def of_replicas(mapped: Entries) -> Entries:
    """Without the entries that do not own them, which the object has no place for."""
    return {who: entry for who, entry in mapped.items() if fieldset.has(entry.fields, REPLICAS)}


def to_parent(
    parent: Entries, mapped: Entries, path: Path, resource: Resource, known: Callable[[str], bool]
) -> Entries:
    """The object's entries after those of its Scale."""
    rest = dict(mapped)
    result: Entries = {}
    replicas = _set_of(path)
    for who, entry in parent.items():
        if not known(entry.api_version):
            continue
        if not fieldset.has(entry.fields, path) or who in rest:
            result[who] = entry
            rest.pop(who, None)
            continue
        fields = fieldset.difference(entry.fields, replicas)
        if fields:
            result[who] = entry.with_fields(fields)
    api_version = resource.gvk.api_version
    for who in rest:
        known_before = parent.get(who)
        time = known_before.time if known_before is not None else ""
        result[who] = Entry(who, api_version, time, replicas)
    return result


def _set_of(path: Path) -> FieldSet:
    tree: FieldSet = LEAF
    for key in reversed(path):
        tree = {key: tree}
    return tree
