"""Create and update: what happens between a decoded object and the store's entry.

The order of the steps is the real one: managed fields, mutating admission, preparation by the
kind's strategy, validation, validating admission, store. Source: apiserver
pkg/registry/generic/registry/store.go and pkg/registry/rest/{create,update}.go.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from mockapi.base import tree
from mockapi.base.clock import Clock, timestamp
from mockapi.base.ids import Ids
from mockapi.machinery.admission.chain import Attributes, Chain
from mockapi.machinery.bookkeeping import (
    check_no_version,
    check_version_text,
    drop_repeated_owners,
    is_bookkeeping,
    keep,
    keep_other_parts,
    keep_system_fields,
    manager_of,
    match_namespace,
    registry_key,
    same,
    wipe_system_fields,
    wrong_uid,
)
from mockapi.machinery.objects import Objects
from mockapi.machinery.options import WriteOptions
from mockapi.machinery.request import Normal, Request, Result
from mockapi.machinery.resource import (
    Context,
    Obj,
    Reader,
    Refusal,
    Resource,
    StatusStrategy,
    no_refusal,
)
from mockapi.machinery.schema import empties
from mockapi.machinery.validation import metadata as metadata_rules
from mockapi.machinery.validation import names
from mockapi.meta import codec, fields, messages
from mockapi.meta.errors import (
    AlreadyExists,
    Conflict,
    GenerateNameConflict,
    Invalid,
    NotFound,
)
from mockapi.meta.fields import FieldError
from mockapi.meta.names import GroupVersionKind
from mockapi.store.protocol import Conflict as StoreConflict
from mockapi.store.protocol import Entry, Store

MAX_GENERATED_BASE = 58
GENERATE_NAME_TRIES = 8
CONFLICT_TRIES = 5
_NOT_COUNTED = frozenset(("kind", "apiVersion", "metadata", "status"))


class FieldManagers(Protocol):
    """Keeps metadata.managedFields."""

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
    ) -> None: ...

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
    ) -> Obj: ...

    def entries_of_scale(self, live: Obj, resource: Resource) -> list[Obj]: ...

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
    ) -> tuple[Obj, list[Obj]]: ...


class Hook(Protocol):
    """Runs around the storage of a kind: allocators of addresses and ports, and the like."""

    def before_create(self, obj: Obj, context: Context) -> None: ...

    def before_update(self, obj: Obj, old: Obj, context: Context) -> None: ...


Change = Callable[[Obj | None], Obj]
"""From the live object (None: there is none) to the new one, decoded and defaulted."""


class View(Protocol):
    """What admission is shown of an object that is written through a kind of its own."""

    @property
    def kind(self) -> GroupVersionKind: ...

    @property
    def type_name(self) -> str: ...

    def of(self, obj: Obj) -> Obj: ...

    def back(self, obj: Obj, shown: Obj) -> Obj:
        """The object as what was shown wants it."""


@dataclass(frozen=True, slots=True)
class UpdatePlan:
    """How one update differs from the ordinary one."""

    strategy: StatusStrategy | None = None
    """Set for subresources that write their own part only."""
    part: str = ""
    """That part's top-level key (`status`); the other parts stay as they are."""
    create: bool = False
    """A missing object is created (apply)."""
    apply: bool = False
    """The change keeps the managed fields itself."""
    view: View | None = None


class Writer:
    """Writes objects for the pipeline."""

    def __init__(
        self,
        *,
        store: Store,
        objects: Objects,
        clock: Clock,
        ids: Ids,
        reader: Reader,
        admission: Chain,
        managers: FieldManagers,
        hooks: dict[str, Hook],
    ) -> None:
        self.store = store
        self.objects = objects
        self.clock = clock
        self.ids = ids
        self.reader = reader
        self.admission = admission
        self.managers = managers
        self.hooks = hooks
        self.refusal: Refusal = no_refusal
        self._empty_status: dict[str, Any] = {}
        self._unsettled: set[int] = set()
        """Revisions of objects that the real server reads back otherwise than it stored them: the
        next update writes them even if it changes nothing."""

    # -- create --------------------------------------------------------------------------------

    def create(self, request: Request, obj: Obj, options: WriteOptions) -> Result:
        """Store a decoded object of the request's version."""
        resource = request.resource
        metadata = obj.setdefault("metadata", {})
        if resource.bucket == "namespaces" and not request.namespace:
            namespace = metadata.get("name", "")
        else:
            namespace = request.namespace
        wipe_system_fields(metadata)
        match_namespace(metadata, request.namespace if resource.namespaced else "")
        if not isinstance(request.obj, Normal):
            obj = self.objects.as_converted(resource, obj)
        metadata = obj["metadata"]
        context = self._context(request, options)
        generated = not metadata.get("name") and bool(metadata.get("generateName"))
        attributes = self._attributes("CREATE", request, obj, None, context, namespace)
        drop_repeated_owners(metadata, request.warnings)
        attributes.options = options
        manager = options.field_manager or manager_of(request.user_agent)
        self.managers.update(
            obj, None, resource=resource, manager=manager, subresource="", now=context.now
        )
        self._forget_emptied(request, obj, context)
        obj = attributes.obj = self.objects.to_storage(resource, obj)
        self.admission.admit(attributes)
        return self._store_new(request, obj, context, attributes, options, generated=generated)

    def _store_new(
        self,
        request: Request,
        obj: Obj,
        context: Context,
        attributes: Attributes,
        options: WriteOptions,
        *,
        generated: bool = False,
        updating: bool = False,
    ) -> Result:
        """`updating`: it is an update of what is not there."""
        resource, metadata = request.resource, obj["metadata"]
        if attributes.changed_by_hooks:
            match_namespace(metadata, request.namespace if resource.namespaced else "")
        base = metadata.get("generateName", "")
        for _ in range(GENERATE_NAME_TRIES if generated else 1):
            if generated:
                metadata["name"] = base[:MAX_GENERATED_BASE] + self.ids.suffix()
            self._before_create(resource, obj, context)
            attributes.name = metadata["name"]
            self.admission.validate(attributes)
            key = resource.path(metadata.get("namespace", ""), metadata["name"])
            if not (updating or options.dry_run):
                check_no_version(metadata.get("resourceVersion"))
            known = self.store.get(key)
            if known is None:
                return self._insert(request, key, obj, context, options)
        assert known is not None
        gvr, name = resource.gvr, metadata["name"]
        leaving = bool(self.objects.parsed(known)["metadata"].get("deletionTimestamp"))
        if base:
            raise GenerateNameConflict(resource.strategy.group, gvr.resource, name, leaving=leaving)
        raise AlreadyExists(gvr.group, gvr.resource, name, leaving=leaving)

    def _before_create(self, resource: Resource, obj: Obj, context: Context) -> None:
        strategy, metadata = resource.strategy, obj["metadata"]
        metadata["uid"] = self.ids.uid()
        metadata["creationTimestamp"] = context.now
        if strategy.has_status:
            self._reset_status(resource, obj)
        strategy.prepare_create(obj, context)
        if strategy.has_generation:
            metadata["generation"] = 1
        hook = self.hooks.get(resource.bucket)
        if hook is not None and not context.subresource:
            hook.before_create(obj, context)
        self._refuse(resource, obj, context, lambda: self._create_errors(resource, obj))
        for text in strategy.warnings(obj, None):
            context.warn(text)
        if strategy.complete is not None:
            strategy.complete(obj)

    @staticmethod
    def _create_errors(resource: Resource, obj: Obj) -> list[FieldError]:
        strategy = resource.strategy
        rule = strategy.name_rule(obj) if strategy.name_rule else strategy.validate_name
        errors = metadata_rules.validate_object_meta(
            obj["metadata"], namespaced=resource.namespaced, validate_name=rule
        )
        own = strategy.validate(obj)
        errors = own if own and strategy.metadata_last else errors + own
        return strategy.before_metadata(obj) + errors

    @staticmethod
    def _refuse(
        resource: Resource, obj: Obj, context: Context, judge: Callable[[], list[FieldError]]
    ) -> None:
        """Raise Invalid for the errors, if any, in the words of the object as it was given."""
        if context.emptied and resource.strategy.judges_emptied:
            empties.put_empty(obj, context.emptied)
            errors = judge()
            empties.drop(obj, context.emptied)
        else:
            errors = judge()
        if errors and context.emptied:
            empties.put_shown(obj, context.emptied)
            errors = empties.told(errors, judge())
        if errors:
            raise _invalid(resource, obj, errors)

    def _reset_status(self, resource: Resource, obj: Obj) -> None:
        """What Go writes for a zero status: nothing, {} or a few zeroes."""
        name = resource.storage_type_name
        if name not in self._empty_status:
            decoded = self.objects.schemas.decode(name, {}, validation="Ignore")
            self._empty_status[name] = decoded.obj.get("status")
        empty = self._empty_status[name]
        if empty is None:
            obj.pop("status", None)
        else:
            obj["status"] = tree.copy(empty)

    def _insert(
        self, request: Request, key: str, obj: Obj, context: Context, options: WriteOptions
    ) -> Result:
        if options.dry_run:
            return self._answer(request, 201, obj)
        obj = self.objects.at_rest(request.resource, obj)
        entry = self._put(key, obj, expected=0)
        if context.unsettled or request.resource.strategy.settles(obj):
            self._unsettled.add(entry.revision)
        if request.resource.strategy.after_create is not None:
            request.resource.strategy.after_create(obj, context)
        return self._answer(request, 201, obj, entry)

    # -- update --------------------------------------------------------------------------------

    def update(
        self,
        request: Request,
        change: Change,
        options: WriteOptions,
        plan: UpdatePlan = UpdatePlan(),
    ) -> Result:
        """Store what `change` makes of the live object; tried again when it changed meanwhile."""
        resource = request.resource
        key = resource.path(request.namespace, request.name)
        for attempt in range(CONFLICT_TRIES):
            entry = self.store.get(key)
            context = self._context(request, options)
            if entry is None:
                return self._create_on_update(request, change, options, plan)
            try:
                return self._update_entry(request, entry, change, options, plan, context)
            except StoreConflict:
                if attempt == CONFLICT_TRIES - 1:
                    raise self._conflict(request) from None
        raise AssertionError("not reached")

    def _create_on_update(
        self, request: Request, change: Change, options: WriteOptions, plan: UpdatePlan
    ) -> Result:
        resource = request.resource
        if not (resource.strategy.create_on_update or plan.create):
            raise NotFound(resource.gvr.group, resource.gvr.resource, request.name)
        obj = self.objects.as_converted(resource, change(None))
        check_version_text(obj["metadata"].get("resourceVersion"))
        if obj["metadata"].get("uid"):
            key = registry_key(request, dry_run=options.dry_run)
            message = wrong_uid(key, obj["metadata"]["uid"], "")
            raise Conflict(resource.gvr.group, resource.gvr.resource, request.name, message)
        context = self._context(request, options)
        match_namespace(obj["metadata"], request.namespace if resource.namespaced else "")
        if not plan.apply:
            self.managers.update(
                obj,
                None,
                resource=resource,
                manager=options.field_manager or manager_of(request.user_agent),
                subresource=request.subresource,
                now=context.now,
            )
        self._forget_emptied(request, obj, context)
        wipe_system_fields(obj["metadata"])
        attributes = self._attributes("CREATE", request, obj, None, context, request.namespace)
        attributes.options = options
        obj = attributes.obj = self.objects.to_storage(resource, obj)
        self.admission.admit(attributes)
        return self._store_new(request, obj, context, attributes, options, updating=True)

    def _update_entry(
        self,
        request: Request,
        entry: Entry,
        change: Change,
        options: WriteOptions,
        plan: UpdatePlan,
        context: Context,
    ) -> Result:
        resource = request.resource
        old = self.objects.current(resource, self.objects.parsed(entry))
        seen = self.objects.from_storage(resource, old)
        if resource.custom is not None:
            old = seen
        obj = self.objects.as_converted(resource, change(seen))
        metadata = obj["metadata"]
        if request.verb != "patch":  # where it is a change of the uid, not a precondition
            self._check_uid(request, metadata, old["metadata"], dry_run=options.dry_run)
        if not plan.apply:
            manager = options.field_manager or manager_of(request.user_agent)
            self.managers.update(
                obj,
                seen,
                resource=resource,
                manager=manager,
                subresource=request.subresource,
                now=context.now,
                reset=request.resets_managers,
            )
        self._forget_emptied(request, obj, context)
        drop_repeated_owners(obj["metadata"], request.warnings, late=request.verb == "patch")
        obj = self.objects.to_storage(resource, obj)
        attributes = self._attributes("UPDATE", request, obj, old, context, request.namespace)
        attributes.options = options
        if plan.view is not None:
            _show(attributes, plan.view)
        self.admission.admit(attributes)
        if plan.view is not None and attributes.changed_by_hooks:
            obj = plan.view.back(obj, attributes.obj or {})
        self._check_version(request, obj["metadata"], entry)
        self._before_update(resource, obj, old, context, plan)
        self.admission.validate(attributes)
        if self._finished_deleting(obj, old):
            return self._delete_now(request, obj, entry, options)
        if plan.strategy is not None:
            self._default_labels(resource, obj, old, context)
        if not options.dry_run:
            obj["metadata"].pop("selfLink", None)
        if same(obj, old) and entry.revision not in self._unsettled:
            return self._answer(request, 200, old, entry)
        if options.dry_run:
            return self._answer(request, 200, obj)
        obj = self.objects.at_rest(resource, obj)
        written = self._put(entry.key, obj, expected=entry.revision)
        if context.unsettled:
            self._unsettled.add(written.revision)
        return self._answer(request, 200, obj, written)

    @staticmethod
    def _forget_emptied(request: Request, obj: Obj, context: Context) -> None:
        """The object becomes what is stored; of what it is then without, texts may still tell."""
        if request.emptied:
            empties.drop(obj, request.emptied)
            if request.resource.is_storage_version:
                context.emptied = request.emptied

    def _check_uid(self, request: Request, new: Obj, old: Obj, *, dry_run: bool) -> None:
        uid = new.get("uid")
        if uid and uid != old["uid"]:
            gvr = request.resource.gvr
            key = registry_key(request, dry_run=dry_run)
            raise Conflict(gvr.group, gvr.resource, request.name, wrong_uid(key, uid, old["uid"]))

    def _check_version(self, request: Request, metadata: Obj, entry: Entry) -> None:
        version = metadata.get("resourceVersion")
        if not version or version == "0":
            if request.resource.strategy.unconditional_update:
                metadata["resourceVersion"] = str(entry.revision)
                return
            gvr = request.resource.gvr
            errors = [
                fields.invalid("metadata.resourceVersion", 0, "must be specified for an update")
            ]
            raise Invalid(gvr.group, gvr.resource, request.name, errors)
        check_version_text(version)
        if version != str(entry.revision):
            raise self._conflict(request)

    def _conflict(self, request: Request) -> Conflict:
        gvr = request.resource.gvr
        return Conflict(gvr.group, gvr.resource, request.name, messages.OBJECT_MODIFIED)

    def _before_update(
        self, resource: Resource, obj: Obj, old: Obj, context: Context, plan: UpdatePlan
    ) -> None:
        strategy, metadata, before = resource.strategy, obj["metadata"], old["metadata"]
        match_namespace(metadata, before.get("namespace", "") if resource.namespaced else "")
        keep(metadata, before, "generation")
        self._prepare_update(resource, obj, old, context, plan)
        keep_system_fields(metadata, before)
        self._refuse(
            resource,
            obj,
            context,
            lambda: self._update_errors(resource, obj, old, plan, context),
        )
        if plan.strategy is None:
            for text in strategy.warnings(obj, old):
                context.warn(text)

    def _prepare_update(
        self, resource: Resource, obj: Obj, old: Obj, context: Context, plan: UpdatePlan
    ) -> None:
        strategy = resource.strategy
        grows = (
            strategy.counts_as_sent and plan.strategy is None and self._grows(resource, obj, old)
        )
        if plan.strategy is not None:
            if plan.part and not plan.strategy.is_whole:
                keep_other_parts(obj, old, plan.part)
            for key in plan.strategy.kept_metadata:
                keep(obj["metadata"], old["metadata"], key)
            plan.strategy.prepare_update(obj, old, context)
            return
        if strategy.has_status:
            keep(obj, old, "status")
        hook = self.hooks.get(resource.bucket)
        if hook is not None:
            hook.before_update(obj, old, context)
        strategy.prepare_update(obj, old, context)
        grows = grows or (strategy.counts_emptied and empties.has_any(context.emptied))
        if strategy.has_generation and (grows or self._grows(resource, obj, old)):
            obj["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1

    def _default_labels(self, resource: Resource, obj: Obj, old: Obj, context: Context) -> None:
        """Kinds that take their labels from a template do so again when they are read back."""
        if old["metadata"].get("labels") and not obj["metadata"].get("labels"):
            self.objects.complete(resource.storage_type_name, obj)
            context.unsettled = bool(obj["metadata"].get("labels"))

    def _grows(self, resource: Resource, obj: Obj, old: Obj) -> bool:
        counts = resource.strategy.generation_counts
        if counts is not None:
            return counts(obj, old)
        keys = (obj.keys() | old.keys()) - _NOT_COUNTED
        return any(obj.get(key) != old.get(key) for key in keys)

    def _update_errors(
        self, resource: Resource, obj: Obj, old: Obj, plan: UpdatePlan, context: Context
    ) -> list[FieldError]:
        metadata, before = obj["metadata"], old["metadata"]
        errors: list[FieldError] = []
        if is_bookkeeping(metadata, before):
            managed = metadata.get("managedFields") or ()
            where = metadata_rules.METADATA.child("managedFields")
            errors.extend(metadata_rules.validate_managed_fields(managed, where))
        else:
            errors.extend(
                metadata_rules.validate_object_meta(
                    metadata, namespaced=resource.namespaced, validate_name=names.path_segment
                )
            )
            changes = metadata_rules.validate_object_meta_update(metadata, before)
            errors.extend(changes)
            if not resource.strategy.metadata_last:
                # The kinds' own rules begin with the same check: the real server says it twice.
                errors.extend(changes)
        own = self._own_update_errors(resource, obj, old, plan, context)
        return errors + resource.strategy.before_metadata(obj) + own

    @staticmethod
    def _own_update_errors(
        resource: Resource, obj: Obj, old: Obj, plan: UpdatePlan, context: Context
    ) -> list[FieldError]:
        if plan.strategy is None:
            return resource.strategy.validate_update(obj, old)
        if plan.strategy.judge_update is not None:
            return plan.strategy.judge_update(obj, old, context)
        return plan.strategy.validate_update(obj, old)

    @staticmethod
    def _finished_deleting(obj: Obj, old: Obj) -> bool:
        """The last finalizer went, and nothing else is waited for."""
        before = old["metadata"]
        if obj["metadata"].get("finalizers") or not before.get("deletionTimestamp"):
            return False
        if obj["kind"] == "Namespace" and (obj.get("spec") or {}).get("finalizers"):
            return False
        return not before.get("deletionGracePeriodSeconds")

    def _delete_now(
        self, request: Request, obj: Obj, entry: Entry, options: WriteOptions
    ) -> Result:
        if options.dry_run:
            return self._answer(request, 200, obj)
        self.remove(entry)
        return self._answer(request, 200, obj)

    # -- store ---------------------------------------------------------------------------------

    def _put(self, key: str, obj: Obj, *, expected: int) -> Entry:
        metadata = obj["metadata"]

        def encode(revision: int) -> bytes:
            metadata["resourceVersion"] = str(revision)
            return codec.stored(obj)

        self._unsettled.discard(expected)
        entry = self.store.put(key, encode, expected=expected)
        self.objects.remember(entry, obj)
        return entry

    def put_over(self, entry: Entry, obj: Obj) -> Entry:
        """Replace an entry with an object that is ready; raises the store's Conflict.

        `obj` may share parts with the old object, but not its metadata.
        """
        return self._put(entry.key, obj, expected=entry.revision)

    def put_new(self, key: str, obj: Obj) -> Entry:
        """Store an object that is ready under a free key; raises the store's Conflict."""
        return self._put(key, obj, expected=0)

    def remove(self, entry: Entry) -> Entry:
        """Delete an entry; the deletion carries the last state with the deletion's revision."""
        last = dict(self.objects.parsed(entry))
        last["metadata"] = dict(last["metadata"])

        def encode(revision: int) -> bytes:
            last["metadata"]["resourceVersion"] = str(revision)
            return codec.stored(last)

        self._unsettled.discard(entry.revision)
        gone = self.store.delete(entry.key, encode, expected=entry.revision)
        self.objects.remember(gone, last)
        return gone

    def _answer(self, request: Request, code: int, obj: Obj, entry: Entry | None = None) -> Result:
        resource = request.resource
        if resource.is_storage_version:
            return Result(code, obj, entry)
        return Result(code, self.objects.from_storage(resource, obj))

    def _context(self, request: Request, options: WriteOptions) -> Context:
        return Context(
            now=timestamp(self.clock.now()),
            user=request.user,
            ids=self.ids,
            reader=self.reader,
            dry_run=options.dry_run,
            subresource=request.subresource,
            warnings=request.warnings,
            verb=request.verb,
            refusal=self.refusal,
        )

    def _attributes(
        self,
        operation: str,
        request: Request,
        obj: Obj | None,
        old: Obj | None,
        context: Context,
        namespace: str,
    ) -> Attributes:
        name = request.name
        if not name and obj is not None:
            name = obj["metadata"].get("name", "")
        return Attributes(
            operation=operation,
            resource=request.resource,
            subresource=request.subresource,
            namespace=namespace,
            name=name,
            obj=obj,
            old=old,
            user=request.user,
            reader=self.reader,
            ids=self.ids,
            now=context.now,
            dry_run=context.dry_run,
            warnings=request.warnings,
        )


def _show(attributes: Attributes, view: View) -> None:
    attributes.own_kind, attributes.own_type = view.kind, view.type_name
    assert attributes.obj is not None
    assert attributes.old is not None
    attributes.obj, attributes.old = view.of(attributes.obj), view.of(attributes.old)


def _invalid(resource: Resource, obj: Obj, errors: list[FieldError]) -> Invalid:
    strategy = resource.strategy
    if not strategy.repeats_errors:
        errors = list({str(error): error for error in errors}.values())
    return Invalid(strategy.group, obj["kind"], obj["metadata"].get("name", ""), errors)
