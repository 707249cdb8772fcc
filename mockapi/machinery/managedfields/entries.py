"""metadata.managedFields: entries in and out, their identity, order and number.

Source: managedfields.go, buildmanagerinfo.go and capmanagers.go of apimachinery
pkg/util/managedfields/internal.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from mockapi.machinery.managedfields.fieldset import BadFieldSet, FieldSet, canonical, union

Obj = dict[str, Any]

MAX_UPDATERS: Final = 10
OLD_UPDATES: Final = "ancient-changes"


class Identity(NamedTuple):
    """What makes two entries the same: an applier has one entry for all versions."""

    manager: str
    operation: str
    api_version: str
    subresource: str

    def text(self) -> str:
        """The identifier by which the real server sorts managers of conflicts."""
        parts = [f'"manager":"{self.manager}"'] if self.manager else []
        parts.append(f'"operation":"{self.operation}"')
        if self.api_version:
            parts.append(f'"apiVersion":"{self.api_version}"')
        if self.subresource:
            parts.append(f'"subresource":"{self.subresource}"')
        return "{" + ",".join(parts) + "}"


class Entry(NamedTuple):
    identity: Identity
    api_version: str
    time: str
    """"" when there is none."""
    fields: FieldSet
    raw: Obj | None = None
    """As it was read, if it is still so."""

    @property
    def applied(self) -> bool:
        return self.identity.operation == "Apply"

    def with_fields(self, fields: FieldSet) -> "Entry":
        if fields is self.fields:
            return self
        return Entry(self.identity, self.api_version, self.time, fields)

    def tree(self) -> Obj:
        if self.raw is not None:
            return self.raw
        manager, operation, _, subresource = self.identity
        tree: Obj = {"manager": manager} if manager else {}
        tree["operation"] = operation
        tree["apiVersion"] = self.api_version
        if self.time:
            tree["time"] = self.time
        tree["fieldsType"] = "FieldsV1"
        tree["fieldsV1"] = self.fields
        if subresource:
            tree["subresource"] = subresource
        return tree


Entries = dict[Identity, Entry]


def identity(manager: str, operation: str, api_version: str, subresource: str) -> Identity:
    name = manager or "unknown"
    return Identity(name, operation, "" if operation == "Apply" else api_version, subresource)


def read(trees: Iterable[Obj], *, check: bool = False) -> Entries:
    """Entries of a stored object, or (`check`) of one that a client sent: BadFieldSet when they
    cannot be understood."""
    entries: Entries = {}
    for tree in trees:
        operation, api_version = tree.get("operation", ""), tree.get("apiVersion", "")
        if check:
            _check(tree, operation, api_version)
        who = Identity(
            tree.get("manager", ""),
            operation,
            "" if operation == "Apply" else api_version,
            tree.get("subresource", ""),
        )
        fields = tree.get("fieldsV1") or {}
        raw: Obj | None = tree
        if check:
            fields, raw = canonical(fields), None
        entries[who] = Entry(who, api_version, tree.get("time") or "", fields, raw)
    return entries


def _check(tree: Obj, operation: str, api_version: str) -> None:
    if operation not in ("Apply", "Update"):
        raise BadFieldSet("operation must be `Apply` or `Update`")
    if not api_version:
        raise BadFieldSet("apiVersion must not be empty")
    if tree.get("fieldsType") != "FieldsV1":
        raise BadFieldSet("fieldsType must be FieldsV1")


def write(entries: Entries) -> list[Obj]:
    return [entry.tree() for entry in sorted(entries.values(), key=_order)]


def _order(entry: Entry) -> tuple[str, ...]:
    manager, operation, _, subresource = entry.identity
    return (operation, entry.time, manager, entry.api_version, subresource)


def cap(entries: Entries) -> Entries:
    """At most ten updaters: the oldest are put together, one entry per version."""
    updaters = [entry for entry in entries.values() if not entry.applied]
    if len(updaters) <= MAX_UPDATERS:
        return entries
    updaters.sort(key=lambda entry: (entry.time, entry.identity.text()))
    kept = dict(entries)
    return _merge_oldest(kept, updaters, len(updaters) - MAX_UPDATERS)


def _merge_oldest(kept: Entries, updaters: Sequence[Entry], surplus: int) -> Entries:
    first: dict[str, Identity] = {}
    for entry in updaters:
        if not surplus:
            break
        version = entry.api_version
        if version not in first:
            first[version] = entry.identity
            continue
        bucket = Identity(OLD_UPDATES, "Update", version, "")
        if bucket not in kept:
            kept[bucket] = kept.pop(first[version])
        fields = union(entry.fields, kept[bucket].fields)
        kept[bucket] = Entry(bucket, version, entry.time, fields)
        kept.pop(entry.identity, None)
        surplus -= 1
    return kept
