"""Deletion: at once, gracefully, or when the finalizers are gone.

Source: apiserver pkg/registry/rest/delete.go and pkg/registry/generic/registry/store.go.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mockapi.base import tree
from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.bookkeeping import registry_key
from mockapi.machinery.options import DeleteOptions
from mockapi.machinery.request import Item, ListResult, Request, Result
from mockapi.machinery.resource import Context, Obj, Resource
from mockapi.machinery.writing import Writer
from mockapi.meta.errors import Conflict, NotFound
from mockapi.store.protocol import Conflict as StoreConflict
from mockapi.store.protocol import Entry

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"
_TRIES = 5


@dataclass(frozen=True, slots=True)
class _Decision:
    """What to do with one object: remove it, write `obj`, or leave it (already on its way)."""

    action: str
    """delete, update, update-then-delete or pending."""
    obj: Obj | None = None
    looked_twice: bool = False
    """Finalizers were to be changed before it could be deleted after all."""


class Deleter:
    """Deletes objects for the pipeline."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.store = writer.store
        self.objects = writer.objects

    def delete(self, request: Request, options: DeleteOptions) -> Result:
        resource = request.resource
        _warn_of_orphans(request, options)
        key = resource.path(request.namespace, request.name)
        for attempt in range(_TRIES):
            entry = self.store.get(key)
            if entry is None:
                raise NotFound(resource.gvr.group, resource.gvr.resource, request.name)
            if options.ignore_read_error:
                raise self._readable(request)
            try:
                return self._delete_entry(request, entry, replace(options))
            except StoreConflict:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError("not reached")

    def _delete_entry(self, request: Request, entry: Entry, options: DeleteOptions) -> Result:
        resource = request.resource
        old = self.objects.parsed(entry)
        self._check_preconditions(resource, old, options)
        self._admit(request, old, options)
        decision = self._decide(request, old, options)
        if decision.action == "pending":
            return self._answer(request, self._code(options), old, gone=False)
        if options.dry_run:
            return self._answer_dry(request, old, decision, options)
        if decision.obj is not None:
            entry = self.writer.put_over(entry, decision.obj)
            if decision.action == "update":
                return self._answer(request, self._code(options), decision.obj, gone=False)
        if options.resource_version is not None and decision.looked_twice:
            raise self._lost_version(request, entry)
        last = self.objects.parsed(self.writer.remove(entry))
        return self._answer(request, 200, last, gone=True)

    @staticmethod
    def _readable(request: Request) -> Conflict:
        """Here everything that is stored can be read."""
        gvr = request.resource.gvr
        message = (
            f"StorageError: invalid object, Code: 4, Key: {registry_key(request)}, "
            "ResourceVersion: 0, AdditionalErrorMsg: unsafe deletion is not allowed because the "
            "object is decodable from storage"
        )
        return Conflict(gvr.group, gvr.resource, request.name, message)

    def _answer_dry(
        self, request: Request, old: Obj, decision: _Decision, options: DeleteOptions
    ) -> Result:
        if decision.looked_twice:
            return Result(200, self._nothing(request.resource))
        code = self._code(options) if decision.action == "update" else 200
        gone = decision.action == "delete"
        return self._answer(request, code, decision.obj or old, gone=gone)

    def _nothing(self, resource: Resource) -> Obj:
        """What a dry run answers that would first take a finalizer away: an empty object."""
        empty = self.objects.schemas.decode(resource.type_name, {}, validation="Ignore").obj
        if resource.strategy.scale is not None and isinstance(empty.get("spec"), dict):
            empty["spec"]["replicas"] = 0
        return empty

    @staticmethod
    def _lost_version(request: Request, entry: Entry) -> Conflict:
        """The real server forgets the version that was asked for on its way through finalizers."""
        resource = request.resource
        key = registry_key(request)
        message = (
            f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, "
            "AdditionalErrorMsg: Precondition failed: ResourceVersion in precondition: , "
            f"ResourceVersion in object meta: {entry.revision}"
        )
        return Conflict(resource.gvr.group, resource.gvr.resource, request.name, message)

    @staticmethod
    def _code(options: DeleteOptions) -> int:
        """Only the old orphanDependents=false form says Accepted."""
        return 202 if options.orphan_dependents is False else 200

    def _check_preconditions(self, resource: Resource, old: Obj, options: DeleteOptions) -> None:
        """Only the UID is named in the storage's words; see the real Preconditions.Check."""
        metadata = old["metadata"]
        kind, group = resource.kind, resource.strategy.group
        if options.uid is not None and options.uid != metadata["uid"]:
            raise self._precondition(resource, kind, group, metadata, "UID", options.uid)
        version = options.resource_version
        if version is not None and version != metadata["resourceVersion"]:
            raise self._precondition(resource, kind, group, metadata, "ResourceVersion", version)

    def _precondition(
        self, resource: Resource, kind: str, group: str, metadata: Obj, what: str, asked: str
    ) -> Conflict:
        recorded = metadata["uid"] if what == "UID" else metadata["resourceVersion"]
        if resource.bucket == "namespaces":
            message = (
                f"Precondition failed: {what} in precondition: {asked}, "
                f"{what} in object meta: {recorded}"
            )
            return Conflict(group, resource.gvr.resource, metadata["name"], message)
        hint = (
            "The object might have been deleted and then recreated"
            if what == "UID"
            else "The object might have been modified"
        )
        message = (
            f"the {what} in the precondition ({asked}) does not match the {what} in record "
            f"({recorded}). {hint}"
        )
        return Conflict(group, kind, metadata["name"], message)

    def _admit(self, request: Request, old: Obj, options: DeleteOptions) -> None:
        attributes = Attributes(
            operation="DELETE",
            resource=request.resource,
            subresource="",
            namespace=request.namespace,
            name="" if request.verb == "deletecollection" else request.name,
            obj=None,
            old=old,
            user=request.user,
            reader=self.writer.reader,
            ids=self.writer.ids,
            now=timestamp(self.writer.clock.now()),
            dry_run=options.dry_run,
            options=options,
            warnings=request.warnings,
        )
        self.writer.admission.admit(attributes)
        self.writer.admission.validate(attributes)

    def _decide(self, request: Request, old: Obj, options: DeleteOptions) -> _Decision:
        if request.resource.bucket == "namespaces":
            decision = self._decide_namespace(old, request.resource, options)
            if decision is not None:
                return decision
        mark = request.resource.strategy.mark_deleted
        if mark is not None and not old["metadata"].get("deletionTimestamp"):
            return self._marked_first(old, mark)
        obj = {**old, "metadata": dict(old["metadata"])}
        grace = self._grace(request, obj, options)
        if grace == "pending":
            return _Decision("pending")
        changed = _set_collection_finalizers(obj["metadata"], request.resource, options)
        waiting = bool(obj["metadata"].get("finalizers"))
        if isinstance(grace, int):
            if waiting or grace > 0:
                return _Decision("update", obj)
            return _Decision("update-then-delete", obj)
        if waiting:
            if not changed and old["metadata"].get("deletionTimestamp"):
                return self._marked(obj, old)
            self._mark(obj)
            return _Decision("update", obj)
        return _Decision("delete", looked_twice=changed or bool(old["metadata"].get("finalizers")))

    def _marked_first(self, old: Obj, mark: Callable[[Obj, str], None]) -> _Decision:
        obj: Obj = tree.copy(old)
        now = timestamp(self.writer.clock.now())
        obj["metadata"]["deletionTimestamp"] = now
        mark(obj, now)
        return _Decision("update", obj)

    def _marked(self, obj: Obj, old: Obj) -> _Decision:
        """Deleting again what waits for finalizers changes nothing but a later timestamp."""
        self._mark(obj)
        if obj["metadata"] == old["metadata"]:
            return _Decision("pending")
        return _Decision("update", obj)

    def _mark(self, obj: Obj) -> None:
        metadata, now = obj["metadata"], self.writer.clock.now()
        known = metadata.get("deletionTimestamp")
        if known is None and metadata.get("generation"):
            metadata["generation"] += 1
        if known is None or parse_timestamp(known) > now:
            metadata["deletionTimestamp"] = timestamp(now)
        metadata["deletionGracePeriodSeconds"] = 0

    def _grace(self, request: Request, obj: Obj, options: DeleteOptions) -> int | str | None:
        """Seconds of grace that begin now, "pending" when they run already, None: no grace."""
        metadata, strategy = obj["metadata"], request.resource.strategy
        asked = options.grace_period_seconds
        if asked is not None and asked < 0:
            asked = 1
        if strategy.graceful_delete is None:
            return None
        now = self.writer.clock.now()
        if metadata.get("deletionTimestamp"):
            running = metadata.get("deletionGracePeriodSeconds") or 0
            if not running:
                return None
            if asked is None or asked >= running:
                return "pending"
            return _shorten(metadata, asked, running, now)
        context = Context(
            now=timestamp(now),
            user=request.user,
            ids=self.writer.ids,
            reader=self.writer.reader,
            warnings=request.warnings,
        )
        seconds = strategy.graceful_delete(obj, asked, context)
        if seconds is None:
            return None
        metadata["deletionTimestamp"] = timestamp(now + seconds)
        metadata["deletionGracePeriodSeconds"] = seconds
        if metadata.get("generation"):
            metadata["generation"] += 1
        return seconds

    def _decide_namespace(
        self, old: Obj, resource: Resource, options: DeleteOptions
    ) -> _Decision | None:
        """A namespace first turns Terminating; it goes when its spec.finalizers are gone."""
        if not old["metadata"].get("deletionTimestamp"):
            obj: Obj = tree.copy(old)
            metadata = obj["metadata"]
            metadata["deletionTimestamp"] = timestamp(self.writer.clock.now())
            obj.setdefault("status", {})["phase"] = "Terminating"
            _set_namespace_finalizers(metadata, options)
            return _Decision("update", obj)
        if (old.get("spec") or {}).get("finalizers"):
            return _Decision("pending")
        return None

    def _answer(self, request: Request, code: int, obj: Obj, *, gone: bool) -> Result:
        resource = request.resource
        # Namespaces answer with the object, though the OpenAPI document says Status.
        if gone and not (resource.delete_returns_object or resource.bucket == "namespaces"):
            return Result(code, deleted_status(resource, obj))
        return Result(code, self.objects.from_storage(resource, obj))

    # -- deletecollection ----------------------------------------------------------------------

    def delete_collection(
        self, request: Request, items: ListResult, options: DeleteOptions
    ) -> ListResult:
        """Delete what was listed; answers with the list as it was."""
        _warn_of_orphans(request, options)
        listed: Sequence[Any] = items.items
        result = [Item(item.obj, item.raw) for item in listed]
        for item in result:
            metadata = item.obj["metadata"]
            one = Request(
                verb="deletecollection",
                resource=request.resource,
                namespace=metadata.get("namespace", ""),
                name=metadata["name"],
                user=request.user,
                user_agent=request.user_agent,
                warnings=request.warnings,
            )
            try:
                self.delete(one, options)
            except NotFound:
                continue
        return ListResult(request.resource, result, items.metadata)


def _warn_of_orphans(request: Request, options: DeleteOptions) -> None:
    text = request.resource.strategy.orphan_warning
    silent = options.propagation_policy is None and options.orphan_dependents is None
    if text and silent and text not in request.warnings:
        request.warnings.append(text)


def deleted_status(resource: Resource, obj: Obj) -> Obj:
    """The Status that stands for a removed object."""
    metadata = obj["metadata"]
    details = {"name": metadata["name"]}
    if resource.gvr.group:
        details["group"] = resource.gvr.group
    details["kind"] = resource.gvr.resource
    details["uid"] = metadata["uid"]
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    }


def _shorten(metadata: Obj, asked: int, running: int, now: float) -> int:
    """A later deletion may shorten the grace period, never lengthen it."""
    moment = parse_timestamp(metadata["deletionTimestamp"]) - running + asked
    if moment < now:
        moment = now
        if asked:
            asked = 1
    metadata["deletionTimestamp"] = timestamp(moment)
    metadata["deletionGracePeriodSeconds"] = asked
    return asked


def _set_namespace_finalizers(metadata: Obj, options: DeleteOptions) -> None:
    """What the options say of dependents; what they say nothing of stays."""
    orphans, policy = options.orphan_dependents, options.propagation_policy
    known = metadata.get("finalizers") or []
    if orphans is None and policy is None:
        return
    wanted = {
        ORPHAN: policy == "Orphan" if orphans is None else orphans,
        FOREGROUND: policy == "Foreground" if orphans is None else not orphans,
    }
    kept = [name for name in known if wanted.get(name, True)]
    kept += [name for name, should in wanted.items() if should and name not in known]
    if kept:
        metadata["finalizers"] = kept
    else:
        metadata.pop("finalizers", None)


def _set_collection_finalizers(metadata: Obj, resource: Resource, options: DeleteOptions) -> bool:
    """Add or drop `orphan` and `foregroundDeletion`; True when that changed anything."""
    finalizers = list(metadata.get("finalizers") or ())
    kept = [f for f in finalizers if f not in (ORPHAN, FOREGROUND)]
    if resource.strategy.default_propagation != "Unsupported":
        if _orphans(finalizers, resource, options):
            kept.append(ORPHAN)
        if _foreground(finalizers, options):
            kept.append(FOREGROUND)
    if set(kept) == set(finalizers):
        return False
    if kept:
        metadata["finalizers"] = kept
    else:
        metadata.pop("finalizers", None)
    return True


def _orphans(finalizers: Sequence[str], resource: Resource, options: DeleteOptions) -> bool:
    if options.orphan_dependents is not None:
        return options.orphan_dependents
    if options.propagation_policy is not None:
        return options.propagation_policy == "Orphan"
    for finalizer in finalizers:
        if finalizer in (ORPHAN, FOREGROUND):
            return finalizer == ORPHAN
    return resource.strategy.default_propagation == "Orphan"


def _foreground(finalizers: Sequence[str], options: DeleteOptions) -> bool:
    if options.orphan_dependents is not None:
        return False
    if options.propagation_policy is not None:
        return options.propagation_policy == "Foreground"
    for finalizer in finalizers:
        if finalizer in (ORPHAN, FOREGROUND):
            return finalizer == FOREGROUND
    return False
