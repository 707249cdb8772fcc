"""The entry: which fields an ordinary write leaves to whom, and server-side apply.

An update gives its caller what it changes, and takes that from everybody else. Source:
structured-merge-diff merge/update.go, and the managers of apimachinery
pkg/util/managedfields/internal around it, whose order is kept: decode, skip what is not tracked,
build the identity, update, cap, encode.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mockapi.machinery.catalogue import Type
from mockapi.machinery.managedfields import applying, entries, fieldset, resets, scale
from mockapi.machinery.managedfields.entries import Entries, Entry
from mockapi.machinery.managedfields.fieldset import LEAF, BadFieldSet, FieldSet
from mockapi.machinery.managedfields.nodes import SAME, Change, MapNode, Node, TypedError
from mockapi.machinery.managedfields.remembered import LIMIT, Remembered
from mockapi.machinery.managedfields.shapes import DEDUCED, Shapes, tracked
from mockapi.machinery.resource import Obj, Resource
from mockapi.machinery.schema.compiled import Compiler
from mockapi.meta.names import GroupVersionKind

Converter = Callable[[Resource, Obj, str], Obj | None]
"""(resource, object of its version, another apiVersion) -> the object in that version; None when
there is no such version any more."""

Filter = Callable[[FieldSet], FieldSet]


def is_reset(tree: Any) -> bool:
    """Whether a body, not yet decoded, asks for the managed fields to be forgotten: its list is
    empty, or one empty entry."""
    metadata = tree.get("metadata") if isinstance(tree, dict) else None
    managed = metadata.get("managedFields") if isinstance(metadata, dict) else None
    return isinstance(managed, list) and managed in ([], [{}])


class Managers:
    """Keeps metadata.managedFields of all kinds."""

    def __init__(
        self,
        types: Mapping[str, Type],
        *,
        convert: Converter | None = None,
        custom: Callable[[Resource], Node | None] | None = None,
        version: Callable[[Resource, str], Resource | None] = lambda resource, text: None,
    ) -> None:
        """`convert` is asked for entries of other versions than the request's; without it they
        are compared as they are. `custom` gives the node of a custom resource's type (None:
        deduce it from the objects); `version` finds a custom resource in another apiVersion."""
        self.shapes = Shapes(types)
        self._types = types
        self._compiler = Compiler(types)
        self._convert = convert
        self._custom = custom
        self._version = version
        self._nodes: dict[tuple[str, ...], tuple[Node, MapNode]] = {}
        self._filters: dict[tuple[str, str, str], Filter | None] = {}
        self._zeroes: dict[str, Obj] = {}
        self.sets = Remembered()
        self._creations: dict[Any, FieldSet] = {}
        self._known = {gvk for row in types.values() for gvk in row.gvks}

    # -- ordinary writes -----------------------------------------------------------------------

    def update(
        self,
        new: Obj,
        old: Obj | None,
        *,
        resource: Resource,
        manager: str,
        subresource: str,
        now: str,
        reset: bool = False,
    ) -> None:
        """Set metadata.managedFields of `new` (its metadata is replaced by a copy). Both objects
        are in the resource's version; `old` is None for a creation. `reset`: see `is_reset`."""
        metadata = dict(new["metadata"])
        given = metadata.pop("managedFields", None)
        new["metadata"] = metadata
        live = old["metadata"].get("managedFields") if old is not None else None
        if subresource == "scale" and old is not None:
            self._scaled(metadata, old, new, resource=resource, manager=manager, now=now)
            return
        managed = self._decode(given, live, subresource=subresource, reset=reset)
        if not managed and old is not None:
            return
        try:
            managed = self.updated(
                managed, old, new, resource=resource, manager=manager, part=subresource, now=now
            )
        except TypedError:
            if live:
                metadata["managedFields"] = live
            return
        if managed:
            metadata["managedFields"] = entries.write(managed)

    def _scaled(
        self, metadata: Obj, old: Obj, new: Obj, *, resource: Resource, manager: str, now: str
    ) -> None:
        """A write through `scale` is one of the Scale, brought back to its object."""
        parent = entries.read(old["metadata"].get("managedFields") or ())
        path = scale.replicas_path(resource)
        mapped = scale.to_subresource(parent, path, self._is_known(resource))
        if mapped:
            before, after = scale.value_at(old, path), scale.value_at(new, path)
            change = scale.CHANGED if after else scale.GONE
            if before == after:
                change = SAME
            mapped = scale.updated(mapped, change, manager=manager, now=now)
        parent = scale.to_parent(parent, mapped, path, resource, self._is_known(resource))
        if parent:
            metadata["managedFields"] = entries.write(parent)

    def entries_of_scale(self, live: Obj, resource: Resource) -> list[Obj]:
        """The managed fields that the Scale of a live object has."""
        parent = entries.read(live["metadata"].get("managedFields") or ())
        path, known = scale.replicas_path(resource), self._is_known(resource)
        return entries.write(scale.to_subresource(parent, path, known))

    def apply_scale(
        self,
        live: Obj,
        seen: Obj,
        patch: Obj,
        *,
        resource: Resource,
        manager: str,
        force: bool,
        now: str,
    ) -> tuple[Obj, list[Obj]]:
        """Server-side apply of a Scale, which is `seen` of the live object, with its entries: (the
        merged Scale, not yet decoded; the object's entries after it). Raises as `apply` does."""
        parent = entries.read(live["metadata"].get("managedFields") or ())
        path, known = scale.replicas_path(resource), self._is_known(resource)
        run = applying.Applying(self, scale.resource_of(resource), manager, "scale", now)
        merged = run.apply(seen, patch, force=force)
        left = entries.read(merged["metadata"].get("managedFields") or ())
        after = scale.to_parent(parent, scale.of_replicas(left), path, resource, known)
        return merged, entries.write(after)

    def _is_known(self, resource: Resource) -> Callable[[str], bool]:
        """Whether the resource's kind is served in an apiVersion."""

        def known(api_version: str) -> bool:
            group, _, version = api_version.rpartition("/")
            gvk = GroupVersionKind(group, version, resource.kind)
            if resource.custom is not None:
                return self._version(resource, api_version) is not None
            return gvk in self._known or gvk == resource.gvk

        return known

    def _decode(self, given: Any, live: Any, *, subresource: str, reset: bool) -> Entries:
        """From the request if it has entries that make sense, else from the live object."""
        if reset and not subresource:
            return {}
        if given and not subresource and given is not live and given != live:
            if given == [{}]:
                return {}
            try:
                return entries.read(given, check=True)
            except BadFieldSet:
                pass
        return entries.read(live or ())

    def updated(
        self,
        managed: Entries,
        old: Obj | None,
        new: Obj,
        *,
        resource: Resource,
        manager: str,
        part: str,
        now: str,
    ) -> Entries:
        """The entries after a write by `manager` through the subresource `part`."""
        api_version = resource.gvk.api_version
        if old is None and not managed:
            own = self._created(resource, new, part)
        else:
            change = self.changes(resource, old, new, part)
            managed = self.shrink(managed, change, resource, old, new, part)
            own = self.sets.union(change.modified or LEAF, change.added or LEAF)
        if own:
            who = entries.identity(manager, "Update", api_version, part)
            before = managed.get(who)
            fields = self.sets.union(own, before.fields) if before is not None else own
            managed[who] = Entry(who, api_version, now, fields)
        return entries.cap(managed)

    def _created(self, resource: Resource, new: Obj, part: str) -> FieldSet:
        """What a creation gives its caller; remembered for objects of the same shape."""
        _, tracked_node = self.nodes(resource)
        key = (resource.gvk, part, tracked_node.shape(new))
        own = None if resource.custom is not None else self._creations.get(key)
        if own is None:
            change = self.changes(resource, None, new, part)
            own = self.sets.union(change.modified or LEAF, change.added or LEAF)
            if len(self._creations) >= LIMIT:
                self._creations.clear()
            self._creations[key] = own
        return own

    def changes(self, resource: Resource, old: Obj | None, new: Obj, part: str) -> Change:
        """What differs, without what the endpoint sets back."""
        _, tracked_node = self.nodes(resource)
        before = self._zero(resource) if old is None else old
        change = tracked_node.compare(before, new)
        keep = self.filter(resource, part)
        if keep is None:
            return change
        return Change(*(tree and (keep(tree) or None) for tree in change))

    def shrink(
        self,
        managed: Entries,
        change: Change,
        resource: Resource,
        old: Obj | None,
        new: Obj,
        part: str,
    ) -> Entries:
        """Without the fields that changed hands or are gone; empty entries disappear."""
        api_version = resource.gvk.api_version
        by_version: dict[str, Change | None] = {api_version: change}
        result: Entries = {}
        for who, entry in managed.items():
            version = entry.api_version
            if version not in by_version:
                by_version[version] = self._changes_in(version, resource, old, new, part)
            there = by_version[version]
            if there is None:
                continue
            fields = entry.fields
            for tree in there:
                if tree:
                    fields = self.sets.difference(fields, tree)
            if fields:
                result[who] = entry.with_fields(fields)
        return result

    def _changes_in(
        self, version: str, resource: Resource, old: Obj | None, new: Obj, part: str
    ) -> Change | None:
        """The same change seen in another version; None when that is not served any more."""
        if not self._is_known(resource)(version):
            return None
        group, _, name = version.rpartition("/")
        gvk = GroupVersionKind(group, name, resource.kind)
        if self._convert is None:
            return self.changes(resource, old, new, part)
        before = self._convert(resource, old, version) if old is not None else {}
        after = self._convert(resource, new, version)
        if before is None or after is None:
            return None
        change = self._tracked_in(resource, gvk).compare(before, after)
        keep = self.filter(resource, part)
        return Change(*((t and keep(t)) or None for t in change)) if keep else change

    def _tracked_in(self, resource: Resource, gvk: GroupVersionKind) -> MapNode:
        other = self._version(resource, gvk.api_version) if resource.custom is not None else None
        if other is not None:
            return self.nodes(other)[1]
        name = next(name for name, row in self._types.items() if gvk in row.gvks)
        return self.shapes.tracked(name)

    # -- apply ---------------------------------------------------------------------------------

    def apply(
        self,
        live: Obj | None,
        patch: Obj,
        *,
        resource: Resource,
        manager: str,
        force: bool,
        subresource: str,
        now: str,
    ) -> Obj:
        """The live object with the configuration merged in and its managed fields set; not yet
        decoded or defaulted. Raises ApplyConflict, or the real server's other refusals."""
        run = applying.Applying(self, resource, manager, subresource, now)
        return run.apply(live, patch, force=force)

    # -- what is known of a kind ---------------------------------------------------------------

    def nodes(self, resource: Resource) -> tuple[Node, MapNode]:
        """(the kind's node, the node of what is tracked of it)."""
        if resource.type_name in self._types:
            name = resource.type_name
            return self.shapes.node(name), self.shapes.tracked(name)
        node = self._custom(resource) if self._custom is not None else None
        node = DEDUCED if node is None else node
        known = self._nodes.get(tuple(resource.gvk))
        if known is None or known[0] is not node:
            known = self._nodes[tuple(resource.gvk)] = (node, self._tracked(node))
        return known

    def _tracked(self, node: Node) -> MapNode:
        found = tracked(node)
        if not found.fields:
            deduced = tracked(self.shapes.node("io.k8s.api.core.v1.ConfigMap"))
            found.fields["metadata"] = deduced.fields["metadata"]
            found.element, found.lenient = DEDUCED, False
        return found

    def _zero(self, resource: Resource) -> Obj:
        """The empty object that a creation is compared with."""
        name = resource.type_name
        if name not in self._types:
            return {"metadata": {}}
        zero = self._zeroes.get(name)
        if zero is None:
            zero = self._zeroes[name] = self._compiler.struct(name).zero()
        return zero

    def filter(self, resource: Resource, part: str) -> Filter | None:
        """What of a set may be owned through an endpoint; None: everything."""
        group, kind = resource.gvr.group, resource.kind
        key = (group, kind, part)
        if key not in self._filters:
            self._filters[key] = self._make_filter(resource, part)
        return self._filters[key]

    def _make_filter(self, resource: Resource, part: str) -> Filter | None:
        group, kind = resource.strategy.group, resource.kind
        gone = resets.reset_fields(group, kind, part, has_status=resource.strategy.has_status)
        return (lambda tree: fieldset.recursive_difference(tree, gone)) if gone else None
