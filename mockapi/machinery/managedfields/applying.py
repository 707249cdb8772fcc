"""Server-side apply: merge, take away what the applier left out, find conflicts.

Source: structured-merge-diff merge/update.go (Apply, prune), and structuredmerge.go,
skipnonapplied.go, lastappliedmanager.go, lastappliedupdater.go, conflict.go of apimachinery
pkg/util/managedfields/internal.
"""

import json
from typing import TYPE_CHECKING, Any, Final

from mockapi.machinery.managedfields import entries, fieldset, typed
from mockapi.machinery.managedfields.entries import Entries, Entry, Identity
from mockapi.machinery.managedfields.fieldset import LEAF, FieldSet
from mockapi.machinery.managedfields.nodes import TypedError
from mockapi.machinery.managedfields.shapes import NOBODYS
from mockapi.machinery.resource import Obj, Resource
from mockapi.meta import gofmt, gotime
from mockapi.meta.errors import ApiError, ApplyConflict, BadRequest
from mockapi.meta.names import split_api_version

if TYPE_CHECKING:
    from mockapi.machinery.managedfields.managers import Managers

BEFORE_FIRST_APPLY: Final = "before-first-apply"
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
MAX_ANNOTATIONS: Final = 256 * 1024
_NOBODYS: Final = fieldset.make(
    ("kind",), ("apiVersion",), ("metadata",), *(("metadata", name) for name in NOBODYS)
)

Conflicts = list[tuple[Entry, tuple[str, ...]]]
"""(whose field, its path)"""


class _Conflicting(Exception):
    def __init__(self, conflicts: Conflicts) -> None:
        self.conflicts = conflicts


class Applying:
    """One apply request."""

    def __init__(
        self, managers: "Managers", resource: Resource, manager: str, part: str, now: str
    ) -> None:
        self._managers = managers
        self._resource = resource
        self._manager = manager
        self._part = part
        self._now = now
        self._node, _ = managers.nodes(resource)
        self._api_version = resource.gvk.api_version

    def apply(self, live: Obj | None, patch: Obj, *, force: bool) -> Obj:
        self._check_kind(patch)
        base = live if live is not None else self._new()
        managed = entries.read((base.get("metadata") or {}).get("managedFields") or ())
        if not managed:
            managed = self._before_first_apply(live)
        try:
            merged, managed = self._apply(base, patch, managed, force=force)
        except _Conflicting as conflicting:
            merged, managed = self._despite(conflicting.conflicts, base, patch, managed)
        return self._finish(base, patch, merged, managed)

    def _finish(self, base: Obj, patch: Obj, merged: Obj | None, managed: Entries) -> Obj:
        result = dict(base if merged is None else merged)
        metadata = dict(result.get("metadata") or {})
        metadata.pop("managedFields", None)
        if self._manager == "kubectl":
            self._update_last_applied(metadata, patch)
        if managed:
            metadata["managedFields"] = entries.write(managed)
        given = (patch.get("metadata") or {}).get("managedFields")
        if given and not _have_times(given):
            metadata["managedFields"] = given  # no entries, and nothing that can be converted
        result["metadata"] = metadata
        return result

    def _new(self) -> Obj:
        return {"apiVersion": self._api_version, "kind": self._resource.kind, "metadata": {}}

    def _check_kind(self, patch: Obj) -> None:
        api_version, kind = _text(patch.get("apiVersion")), _text(patch.get("kind"))
        try:
            group, version = split_api_version(api_version)
        except ValueError:
            group, version, kind = "", "", ""
        gvk = self._resource.gvk
        if (group, version, kind) != tuple(gvk):
            shown = f"{group}/{version}, Kind={kind}"
            raise BadRequest(f"invalid object type: {shown}")
        metadata = patch.get("metadata")
        if isinstance(metadata, dict) and _are_entries(metadata.get("managedFields")):
            raise BadRequest("metadata.managedFields must be nil")

    def _before_first_apply(self, live: Obj | None) -> Entries:
        """An object that nobody tracked belongs to nobody in particular from now on."""
        if live is None or not live["metadata"].get("uid"):
            return {}
        return self._managers.updated(
            {},
            None,
            live,
            resource=self._resource,
            manager=BEFORE_FIRST_APPLY,
            part=self._part,
            now=self._now,
        )

    # -- the merge -----------------------------------------------------------------------------

    def _apply(
        self, live: Obj, patch: Obj, managed: Entries, *, force: bool
    ) -> tuple[Obj | None, Entries]:
        """(the new object, None: as it was; the entries). Raises _Conflicting."""
        node = self._node
        try:
            typed.check(node, patch)
        except TypedError as error:
            raise self._untypable("patch", patch, error) from None
        try:
            typed.check_keys(node, live)
        except TypedError as error:
            raise self._untypable("live", live, error) from None
        who = entries.identity(self._manager, "Apply", self._api_version, self._part)
        last = managed.get(who)
        merged = typed.merge(node, live, patch)
        fields = self._owned(node.field_set(patch) or LEAF)
        before = last.time if last is not None else ""
        managed = {**managed, who: Entry(who, self._api_version, before, fields)}
        if last is not None and last.fields:
            merged = self._prune(merged, managed, last)
        managed = self._settle(live, merged, managed, who, force=force)
        entry = managed.get(who)
        if entry is not None:
            rest = fieldset.difference(entry.fields, _NOBODYS)
            managed[who] = entry.with_fields(rest)
            if not rest:
                del managed[who]
        changed = merged != live
        if changed and who in managed:
            managed[who] = managed[who]._replace(time=self._now, raw=None)
        return (merged if changed else None), managed

    def _owned(self, fields: FieldSet) -> FieldSet:
        keep = self._managers.filter(self._resource, self._part)
        return keep(fields) if keep is not None else fields

    def _settle(
        self, live: Obj, merged: Obj, managed: Entries, who: Identity, *, force: bool
    ) -> Entries:
        """Others lose what changes; without force that is a conflict."""
        change = self._managers.changes(self._resource, live, merged, self._part)
        taken = fieldset.union(change.modified or LEAF, change.added or LEAF)
        others = {identity: entry for identity, entry in managed.items() if identity != who}
        if not force and taken:
            conflicts = [
                (entry, path)
                for entry in sorted(others.values(), key=lambda e: e.identity.text())
                for path in fieldset.paths(fieldset.intersection(entry.fields, taken))
            ]
            if conflicts:
                raise _Conflicting(conflicts)
        kept = self._managers.shrink(others, change, self._resource, live, merged, self._part)
        mine = managed[who]
        return {**kept, who: mine} if mine.fields else kept

    # -- what the applier left out -------------------------------------------------------------

    def _prune(self, merged: Obj, managed: Entries, last: Entry) -> Obj:
        """Without the fields that this applier had, no longer names, and nobody else owns."""
        node = self._node
        named = typed.with_named_fields
        pruned = typed.remove(node, merged, named(node, last.fields)) or {}
        everybody: FieldSet = LEAF
        for entry in managed.values():
            everybody = fieldset.union(everybody, entry.fields)
        merged_set = named(node, node.field_set(merged) or LEAF)
        pruned_set = named(node, node.field_set(pruned) or LEAF)
        keep = fieldset.union(pruned_set, named(node, everybody))
        pruned = typed.remove(node, merged, fieldset.difference(merged_set, keep)) or {}
        pruned_set = named(node, node.field_set(pruned) or LEAF)
        gone = fieldset.difference(merged_set, pruned_set)
        gone = fieldset.intersection(gone, named(node, last.fields))
        result: Obj = typed.remove(node, merged, gone) or {}
        return result

    # -- from client-side apply ----------------------------------------------------------------

    def _despite(
        self, conflicts: Conflicts, live: Obj, patch: Obj, managed: Entries
    ) -> tuple[Obj | None, Entries]:
        """`kubectl` takes over what its client-side apply has set; other conflicts stay."""
        allowed = self._from_last_applied(live) if self._manager == "kubectl" else None
        if allowed is None:
            raise conflict_error(conflicts)
        rest = [c for c in conflicts if not fieldset.has(allowed, c[1])]
        if rest:
            raise conflict_error(rest)
        return self._apply(live, patch, managed, force=True)

    def _from_last_applied(self, live: Obj) -> FieldSet | None:
        """The fields of the last-applied annotation that still are as it says."""
        annotations = (live.get("metadata") or {}).get("annotations") or {}
        try:
            last = json.loads(annotations.get(LAST_APPLIED) or "null")
        except ValueError:
            return None
        if not isinstance(last, dict) or last.get("apiVersion") != self._api_version:
            return None
        try:
            typed.check(self._node, last)
        except TypedError:
            return None
        fields = self._node.field_set(last) or LEAF
        for tree in self._node.compare(last, live):
            if tree:
                fields = fieldset.difference(fields, tree)
        return fields

    def _update_last_applied(self, metadata: Obj, patch: Obj) -> None:
        annotations = metadata.get("annotations") or {}
        if not annotations.get(LAST_APPLIED):
            return
        meta = dict(patch.get("metadata") or {})
        own = {k: v for k, v in (meta.get("annotations") or {}).items() if k != LAST_APPLIED}
        if meta.get("annotations") is not None:
            meta["annotations"] = own
            if not own:
                del meta["annotations"]
        text = go_json({**patch, "metadata": meta}) + "\n"
        updated = {**annotations, LAST_APPLIED: text}
        if sum(len(k.encode()) + len(v.encode()) for k, v in updated.items()) > MAX_ANNOTATIONS:
            del updated[LAST_APPLIED]
        metadata["annotations"] = updated

    # -- refusals ------------------------------------------------------------------------------

    def _untypable(self, what: str, obj: Obj, error: TypedError) -> ApiError:
        metadata = obj.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        name, namespace = (_text(metadata.get(key)) for key in ("name", "namespace"))
        gvk = self._resource.gvk
        kind = f"{gvk.group}/{gvk.version}, Kind={gvk.kind}"
        subject = f"{namespace}/{name}; {kind}"
        return ApiError(500, "", f"failed to create typed {what} object ({subject}): {error}")


_ENTRY_TEXTS: Final = ("manager", "operation", "apiVersion", "fieldsType", "subresource", "time")


def _are_entries(managed: Any) -> bool:
    """Whether a list can be read as managed fields: otherwise it counts as not given here."""
    if not isinstance(managed, list):
        return False
    return _have_times(managed) and all(
        isinstance(entry, dict)
        and all(isinstance(entry.get(name), str | None) for name in _ENTRY_TEXTS)
        for entry in managed
    )


def _have_times(managed: list[Any]) -> bool:
    try:
        for entry in managed:
            if isinstance(entry, dict) and entry.get("time") is not None:
                gotime.canonical(entry["time"])
    except (gotime.GoTimeError, AttributeError, TypeError):
        return False
    return True


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def go_json(tree: Any) -> str:
    """As Go writes unstructured objects: keys sorted, HTML escaped."""
    text = json.dumps(tree, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    for char, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        if char in text:
            text = text.replace(char, escape)
    return text


def conflict_error(conflicts: Conflicts) -> ApplyConflict:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {_manager_text(entry)}",
            "field": fieldset.text(path),
        }
        for entry, path in conflicts
    ]
    if len(conflicts) == 1:
        entry, path = conflicts[0]
        where = fieldset.text(path)
        message = f"Apply failed with 1 conflict: conflict with {_manager_text(entry)}: {where}"
        return ApplyConflict(message, causes)
    lines = []
    by_manager: dict[Identity, Conflicts] = {}
    for conflict in conflicts:
        by_manager.setdefault(conflict[0].identity, []).append(conflict)
    for own in by_manager.values():
        lines.append(f"conflicts with {_manager_text(own[0][0])}:")
        lines += [f"- {fieldset.text(path)}" for _, path in own]
    joined = "\n".join(lines)
    return ApplyConflict(f"Apply failed with {len(conflicts)} conflicts: {joined}", causes)


def _manager_text(entry: Entry) -> str:
    manager, operation, api_version, subresource = entry.identity
    text = gofmt.quote(manager)
    if subresource:
        text = f"{text} with subresource {gofmt.quote(subresource)}"
    return f"{text} using {api_version}" if operation == "Update" else text
