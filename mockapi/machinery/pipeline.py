"""The request path. Read this file first: what a request goes through, in order.

    parse options -> decode the body -> convert -> default -> managed fields -> mutating admission
    -> prepare -> validate -> validating admission -> store

Faces of the server (HTTP, in-process clients) hand in a `Request` and get a `Result`, a
`ListResult` or a `WatchStream`; every refusal is an `ApiError`.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from mockapi.base import deep
from mockapi.base.clock import Clock
from mockapi.base.ids import Ids
from mockapi.machinery import options as option_rules
from mockapi.machinery import renewing
from mockapi.machinery.admission.chain import Chain
from mockapi.machinery.bodies import Bodies
from mockapi.machinery.bookkeeping import check_name, check_no_uid, drop_repeated_owners
from mockapi.machinery.deletion import Deleter
from mockapi.machinery.managedfields.managers import is_reset
from mockapi.machinery.objects import Objects
from mockapi.machinery.options import DeleteOptions, WriteOptions, parse_list
from mockapi.machinery.patch import conversion, patching
from mockapi.machinery.patch.failures import inconvertible
from mockapi.machinery.patch.two_way import PartPatch
from mockapi.machinery.reading import Reading, matcher, storage_revision
from mockapi.machinery.registry import Registry
from mockapi.machinery.request import ListResult, Request, Result
from mockapi.machinery.resource import Obj, Resource
from mockapi.machinery.schema.schemas import Decoded
from mockapi.machinery.schema.strict import DecodeError
from mockapi.machinery.subresources import Handler, Subresources
from mockapi.machinery.watching import WatchStream
from mockapi.machinery.writing import FieldManagers, Hook, UpdatePlan, Writer
from mockapi.meta import selectors
from mockapi.meta.errors import ApiError, Invalid, UnsupportedMediaType
from mockapi.meta.names import GroupVersionKind
from mockapi.store.protocol import Store

Answer = Result | ListResult
_PATCH_TYPES = (patching.JSON, patching.MERGE, patching.STRATEGIC, patching.APPLY)


class Pipeline:
    """All verbs on all resources of one cluster."""

    def __init__(
        self,
        *,
        registry: Registry,
        store: Store,
        objects: Objects,
        bodies: Bodies,
        clock: Clock,
        ids: Ids,
        admission: Chain,
        managers: FieldManagers,
        hooks: dict[str, Hook],
    ) -> None:
        self.registry = registry
        self.store = store
        self.objects = objects
        self.bodies = bodies
        self.clock = clock
        self.ids = ids
        self.reading = Reading(store, objects)
        self.writer = Writer(
            store=store,
            objects=objects,
            clock=clock,
            ids=ids,
            reader=self.reading,
            admission=admission,
            managers=managers,
            hooks=hooks,
        )
        self.deleter = Deleter(self.writer)
        self.subresources = Subresources(self)
        self._answered = {"bindings"}
        self._verbs: Mapping[str, Callable[[Request], Answer]] = {
            "get": self.reading.read,
            "list": self.reading.page,
            "create": self.create,
            "update": self.update,
            "patch": self.patch,
            "delete": self.delete,
            "deletecollection": self.delete_collection,
        }

    def handle(self, request: Request) -> Answer:
        """Answer any verb but watch; raises ApiError."""
        if request.subresource or request.resource.bucket in self._answered:
            return self.subresources.handle(request)
        return self._verbs[request.verb](request)

    def answer(self, bucket: str, handler: Handler) -> None:
        """Have the requests on a resource answered, and nothing stored."""
        self._answered.add(bucket)
        self.subresources.handlers[bucket, ""] = handler

    def list(self, request: Request) -> ListResult:
        return self.reading.page(request)

    @staticmethod
    def selector_of(selector: Obj) -> selectors.LabelSelector:
        return selectors.from_object(selector)

    # -- verbs ---------------------------------------------------------------------------------

    def create(self, request: Request) -> Result:
        options = option_rules.parse_write(request.query, "CreateOptions")
        resource = request.resource
        obj = self.bodies.decode(
            request, resource.gvk, resource.type_name, options.field_validation
        )
        return self.writer.create(request, obj, options)

    def update(self, request: Request, plan: UpdatePlan | None = None) -> Result:
        if request.resource.bucket == renewing.LEASES:
            known = renewing.renewed(self.writer, request)
            if known is not None:
                return known
        options = option_rules.parse_write(request.query, "UpdateOptions")
        plan = plan or UpdatePlan()
        resource = request.resource
        obj = self._own_part(request, plan.part) or self.bodies.decode(
            request, resource.gvk, resource.type_name, options.field_validation
        )
        check_name(request, obj)
        drop_repeated_owners(obj["metadata"], request.warnings)
        return self.writer.update(request, _once(obj), options, plan)

    def _own_part(self, request: Request, part: str) -> Obj | None:
        """What a component of ours hands in for a subresource that writes one part: the rest is
        the live object's whatever it says, so it is not read. None: read the whole."""
        resource = request.resource
        if not part or request.body is not None or not resource.is_storage_version:
            return None
        live = self.reading.get(resource.bucket, request.namespace, request.name)
        if live is None or not isinstance(request.obj, dict):
            return None
        return self.objects.decode_part(resource.type_name, request.obj, part, live)

    def patch(self, request: Request, plan: UpdatePlan | None = None) -> Result:
        form = request.content_type.partition(";")[0]
        if form not in patch_types(request.resource):
            raise unsupported_patch(request.resource)
        apply = form == patching.APPLY
        options = option_rules.parse_write(request.query, "PatchOptions", apply=apply)
        if apply:
            return self._apply(request, options, plan or UpdatePlan())
        if isinstance(request.obj, PartPatch):
            change = self._part_change(request, request.obj, options)
        else:
            body = request.obj if request.body is None else request.body
            patch = patching.Patch(form, body, validation=options.field_validation)
            change = self._patch_change(request, patch, options)
            self._must_exist(request)
        return self.writer.update(request, change, options, plan or UpdatePlan())

    def _patch_change(
        self, request: Request, patch: patching.Patch, options: WriteOptions
    ) -> Callable[[Obj | None], Obj]:
        def change(live: Obj | None) -> Obj:
            if live is None:
                raise AssertionError("a patch never creates")
            try:
                obj = self._patched(request, patch, live, options)
            except Invalid:  # which may show the object, in Go's order of fields
                live = self.objects.schemas.in_order(request.resource.type_name, live)
                obj = self._patched(request, patch, live, options)
            check_name(request, obj)
            return obj

        return change

    def _part_change(
        self, request: Request, patch: PartPatch, options: WriteOptions
    ) -> Callable[[Obj | None], Obj]:
        """What the patch makes is known where the object is as its writer has seen it."""
        type_name, part = request.resource.type_name, patch.part

        def change(live: Obj | None) -> Obj:
            if live is not None and patch.is_made_for(live):
                if patch.normal:
                    return {**live, "metadata": dict(live["metadata"]), part: dict(patch.wanted)}
                asked = {**live, part: patch.wanted}
                obj = self.objects.decode_part(type_name, asked, part, live)
                if obj is not None:
                    return obj
            by_steps = patching.Patch(
                patching.STRATEGIC, patch.tree(), validation=options.field_validation
            )
            return self._patch_change(request, by_steps, options)(live)

        return change

    def _must_exist(self, request: Request) -> None:
        """A patch of what is not there is NotFound even where an update would create."""
        self.reading.read(
            Request("get", request.resource, request.namespace, request.name, user=request.user)
        )

    def _patched(
        self, request: Request, patch: patching.Patch, live: Obj, options: WriteOptions
    ) -> Obj:
        type_name = request.resource.type_name
        tree = self._applied(request, patch, live, type_name)
        if request.subresource == "status" and not patch.problems and _only_status(tree, live):
            obj = self.objects.decode_part(type_name, tree, "status", live)
            if obj is not None:
                return obj
        decoded = self._decoded(request, patch, tree, type_name, options)
        self.objects.complete_decoded(type_name, decoded)
        return decoded.obj

    def _applied(self, request: Request, patch: patching.Patch, live: Obj, type_name: str) -> Any:
        types, judge = self.registry.catalogue.types, self.objects.schemas.wrong
        try:
            tree = patch.apply(live, type_name=type_name, types=types, judge=judge)
        except RecursionError:
            with deep.recursion():
                tree = patch.apply(live, type_name=type_name, types=types, judge=judge)
        request.resets_managers = is_reset(tree)
        return tree

    def patched(
        self,
        request: Request,
        patch: patching.Patch,
        live: Obj,
        type_name: str,
        options: WriteOptions,
    ) -> Obj:
        """The patched object of a type, decoded; what is unknown is warned of or refused."""
        tree = self._applied(request, patch, live, type_name)
        return self._decoded(request, patch, tree, type_name, options).obj

    def _decoded(
        self,
        request: Request,
        patch: patching.Patch,
        tree: Any,
        type_name: str,
        options: WriteOptions,
    ) -> Decoded:
        types, schemas = self.registry.catalogue.types, self.objects.schemas
        validation = options.field_validation
        try:
            decoded = self._restored(tree, type_name, validation, convert=patch.converts)
        except DecodeError as error:
            raise patch.undecodable(
                tree, str(error), type_name=type_name, types=types, names=schemas.names
            ) from None
        problems = [*patch.problems, *decoded.problems]
        if problems and validation == "Strict":
            raise patch.not_strict(tree, decoded.problems)
        if problems and validation == "Warn":
            request.warnings.extend(p for p in problems if p not in request.warnings)
        request.emptied = decoded.emptied
        return decoded

    def _restored(self, tree: Any, type_name: str, validation: str, *, convert: bool) -> Decoded:
        """A tree as an object of its type, without JSON between when it is to be converted: then
        numbers are made to fit. Raises DecodeError."""
        types, schemas = self.registry.catalogue.types, self.objects.schemas
        decode = partial(
            schemas.decode,
            type_name,
            validation=validation,  # type: ignore[arg-type]
            converts=convert,
        )
        try:
            return decode(tree)
        except DecodeError:
            if not convert or type_name not in types:
                raise
            if conversion.problem(tree, type_name, types, schemas.names):
                raise
            return decode(conversion.fitted(tree, {"ref": type_name}, types))

    def _apply(self, request: Request, options: WriteOptions, plan: UpdatePlan) -> Result:
        """Server-side apply: the field managers make the new object."""
        resource = request.resource
        self.bodies.check_apply(request)

        def change(live: Obj | None) -> Obj:
            patch, problems = self.bodies.parse_apply(request)
            merged = self.writer.managers.apply(
                live,
                patch,
                resource=resource,
                manager=options.field_manager,
                force=options.force,
                subresource=request.subresource,
                now=self.bodies.now(),
            )
            self.bodies.report_apply(problems, request, options.field_validation)
            decoded = self.converted(merged, resource.type_name, resource.gvk, patch)
            request.emptied = decoded.emptied
            obj = self.bodies.completed(resource, decoded)
            if live is None:
                check_no_uid(request, obj)
            check_name(request, obj)
            return obj

        creates = not plan.part or (plan.part == "status" and resource.strategy.status_creates)
        planned = UpdatePlan(plan.strategy, plan.part, create=creates, apply=True)
        return self.writer.update(request, change, options, planned)

    def converted(self, merged: Obj, type_name: str, gvk: GroupVersionKind, patch: Obj) -> Decoded:
        """What apply has merged, as an object of its type."""
        try:
            return self._restored(merged, type_name, "Ignore", convert=True)
        except DecodeError as error:
            types = self.registry.catalogue.types
            text = (
                conversion.problem(merged, type_name, types, self.objects.schemas.names)
                if type_name in types
                else ""
            )
            raise inconvertible(gvk, patch, text or conversion.without_field(str(error))) from None

    def delete(self, request: Request) -> Result:
        return self.deleter.delete(request, self._delete_options(request))

    def _delete_options(self, request: Request) -> DeleteOptions:
        if isinstance(request.obj, DeleteOptions):
            return request.obj
        if request.body:
            return option_rules.delete_from_object(self.bodies.delete_options(request))
        return option_rules.delete_from_query(request.query)

    def delete_collection(self, request: Request) -> ListResult:
        items = self.reading.page(request)
        options = self._delete_options(request)
        option_rules.check_collection(options)
        return self.deleter.delete_collection(request, items, options)

    def watch(self, request: Request) -> WatchStream:
        """Raises ApiError for bad options; what goes wrong later comes from the stream."""
        options = parse_list(request.query, watch=True)
        match = matcher(request.resource, options, request.name)
        revision = storage_revision(options.resource_version)
        if options.send_initial_events is False and not revision:
            revision = self.store.revision
        from_state = not revision or bool(options.send_initial_events)
        return WatchStream(
            store=self.store,
            objects=self.objects,
            resource=request.resource,
            namespace=request.namespace,
            options=options,
            match=match,
            revision=None if from_state else revision,
        )


def _only_status(tree: Any, live: Obj) -> bool:
    """Whether nothing but status and metadata was patched: patching shares what it leaves alone."""
    return isinstance(tree, dict) and all(
        value is live.get(key) for key, value in tree.items() if key not in ("metadata", "status")
    )


def _once(obj: Obj) -> Callable[[Obj | None], Obj]:
    """The change that a PUT makes; a second try needs the object as it was decoded."""
    tries: list[Obj] = []

    def change(live: Obj | None) -> Obj:
        fresh = {**obj, "metadata": dict(obj["metadata"])}
        tries.append(fresh)
        return fresh

    return change


def patch_types(resource: Resource) -> tuple[str, ...]:
    """Without a Go type there is no strategic merge."""
    if resource.custom is None:
        return _PATCH_TYPES
    return tuple(form for form in _PATCH_TYPES if form != patching.STRATEGIC)


def unsupported_patch(resource: Resource) -> ApiError:
    return UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(patch_types(resource))
    )
