"""Subresources: the parts of an object that are written on their own.

Source: the REST types in kubernetes pkg/registry, apiserver pkg/registry/rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mockapi.base.clock import timestamp
from mockapi.machinery import options as option_rules
from mockapi.machinery.admission.topology import labels_of
from mockapi.machinery.bookkeeping import check_name, match_namespace, wipe_system_fields
from mockapi.machinery.eviction import Evictions
from mockapi.machinery.managedfields import scale as scale_type
from mockapi.machinery.options import WriteOptions
from mockapi.machinery.patch import patching
from mockapi.machinery.request import ListResult, Request, Result
from mockapi.machinery.resource import Obj, Resource, ScaleStrategy
from mockapi.machinery.validation import formats
from mockapi.machinery.writing import UpdatePlan
from mockapi.meta import fields, gofmt
from mockapi.meta.errors import (
    ApiError,
    BadRequest,
    Conflict,
    InternalError,
    Invalid,
    MethodNotAllowed,
    NotFound,
    PathNotFound,
)
from mockapi.meta.names import GroupVersionKind

if TYPE_CHECKING:
    from mockapi.machinery.pipeline import Pipeline

SCALE = GroupVersionKind("autoscaling", "v1", "Scale")
_SCALE_TYPE = scale_type.TYPE
_BINDING_TYPE = "io.k8s.api.core.v1.Binding"

Handler = Callable[[Request], Result | ListResult]


class Subresources:
    """Answers requests on subresources. `handlers` may be added to (connect verbs, tokens)."""

    def __init__(self, pipeline: "Pipeline") -> None:
        self.pipeline = pipeline
        self.handlers: dict[tuple[str, str], Handler] = {
            ("pods", "binding"): self.bind,
            ("bindings", ""): self.bind,
            ("pods", "eviction"): Evictions(pipeline).evict,
        }

    def handle(self, request: Request) -> Result | ListResult:
        resource, name = request.resource, request.subresource
        handler = self.handlers.get((resource.bucket, name))
        if handler is not None:
            return handler(request)
        if name not in resource.subresources:
            raise PathNotFound()
        if name == "scale" and resource.strategy.scale is not None:
            return self._scale(request, resource.strategy.scale)
        if request.verb == "get":
            return self.pipeline.reading.read(request)
        plan = self._plan(resource, name)
        if request.verb == "update":
            return self.pipeline.update(request, plan)
        if request.verb == "patch":
            return self.pipeline.patch(request, plan)
        raise MethodNotAllowed()

    def _plan(self, resource: Resource, name: str) -> UpdatePlan:
        if name == "status":
            return UpdatePlan(resource.strategy.status, "status")
        if name not in resource.strategy.parts:
            raise PathNotFound()
        part, strategy = resource.strategy.parts[name]
        return UpdatePlan(strategy, part)

    # -- scale ---------------------------------------------------------------------------------

    def _scale(self, request: Request, scale: ScaleStrategy) -> Result:
        if request.verb == "get":
            live = self.pipeline.reading.read(self._parent(request)).obj
            if not scale.has_replicas(live):
                raise InternalError(f"the spec replicas field {_go_path(scale)} does not exist")
            return Result(200, scale_of(live, scale))
        query, verb = request.query, request.verb
        apply = request.content_type.startswith(patching.APPLY)
        kind = "UpdateOptions" if verb == "update" else "PatchOptions"
        options = option_rules.parse_write(query, kind, apply=apply)
        if apply:
            return self._apply_scale(request, scale, options)
        read = self._read_scale(request, options)

        def change(live: Obj | None) -> Obj:
            assert live is not None
            return _scaled(live, read(self._seen_scale(live, request.resource)), request, scale)

        self.pipeline.reading.read(self._parent(request))
        plan = UpdatePlan(view=_ScaleView(scale))
        result = self.pipeline.writer.update(request, change, options, plan)
        return Result(result.code, scale_of(result.obj, scale))

    def _apply_scale(self, request: Request, scale: ScaleStrategy, options: WriteOptions) -> Result:
        self.pipeline.bodies.check_apply(request)
        writer = self.pipeline.writer

        def change(live: Obj | None) -> Obj:
            assert live is not None
            patch, problems = self.pipeline.bodies.parse_apply(request)
            merged, managed = writer.managers.apply_scale(
                live,
                self._seen_scale(live, request.resource),
                patch,
                resource=request.resource,
                manager=options.field_manager,
                force=options.force,
                now=self.pipeline.bodies.now(),
            )
            self.pipeline.bodies.report_apply(problems, request, options.field_validation)
            asked = self.pipeline.converted(merged, _SCALE_TYPE, SCALE, patch).obj
            check_name(request, asked)
            changed = _scaled(live, asked, request, scale)
            changed["metadata"]["managedFields"] = managed
            return changed

        self.pipeline.reading.read(self._parent(request))
        plan = UpdatePlan(apply=True, view=_ScaleView(scale))
        result = writer.update(request, change, options, plan)
        return Result(result.code, scale_of(result.obj, scale))

    def _seen_scale(self, live: Obj, resource: Resource) -> Obj:
        """The Scale of an object with its managed fields, which patches show and merge into."""
        assert resource.strategy.scale is not None
        seen = scale_of(live, resource.strategy.scale)
        managed = self.pipeline.writer.managers.entries_of_scale(live, resource)
        if managed:
            seen["metadata"]["managedFields"] = managed
        return seen

    def _parent(self, request: Request) -> Request:
        return Request("get", request.resource, request.namespace, request.name)

    def _read_scale(self, request: Request, options: WriteOptions) -> Callable[[Obj], Obj]:
        """How the new Scale comes from the live one."""
        bodies = self.pipeline.bodies
        if request.verb == "update":
            obj = bodies.decode(request, SCALE, _SCALE_TYPE, options.field_validation)
            check_name(request, obj)
            return lambda live: obj
        form = request.content_type.partition(";")[0].strip()
        body = request.obj if request.body is None else request.body
        patch = patching.Patch(form, body, validation=options.field_validation)

        def patched(live: Obj) -> Obj:
            obj = self.pipeline.patched(request, patch, live, _SCALE_TYPE, options)
            check_name(request, obj)
            return obj

        return patched

    # -- pods ----------------------------------------------------------------------------------

    def bind(self, request: Request) -> Result:
        """Assign a pod to a node. Source: pkg/registry/core/pod/storage (BindingREST)."""
        options = option_rules.parse_write(request.query, "CreateOptions")
        kind = GroupVersionKind("", "v1", "Binding")
        binding = self.pipeline.bodies.decode(
            request, kind, _BINDING_TYPE, options.field_validation
        )
        said = binding["metadata"]
        match_namespace(said, request.namespace)
        name = said.get("name", "")
        if request.name not in ("", name):
            raise BadRequest("name in URL does not match name in Binding object")
        if not request.name:
            wipe_system_fields(said)
        _check_binding(binding)
        if not name:
            raise BadRequest("Name parameter required.")
        node = binding["target"]["name"]

        def change(pod: Obj) -> Obj:
            _check_preconditions(binding["metadata"], pod["metadata"], dry_run=options.dry_run)
            return self._bound(pod, node, binding, name)

        self._rewrite(request, name, change, dry_run=options.dry_run)
        return Result(201, _success(201))

    def _bound(self, pod: Obj, node: str, binding: Obj, name: str) -> Obj:
        metadata, spec = pod["metadata"], pod["spec"]
        if metadata.get("deletionTimestamp"):
            raise Conflict(
                "",
                "pods/binding",
                name,
                f"pod {name} is being deleted, cannot be assigned to a host",
            )
        if spec.get("nodeName"):
            message = f'pod {name} is already assigned to node "{spec["nodeName"]}"'
            raise Conflict("", "pods/binding", name, message)
        if spec.get("schedulingGates"):
            raise Conflict(
                "", "pods/binding", name, f"pod {name} has non-empty .spec.schedulingGates"
            )
        said = dict(binding["metadata"])
        if zone := labels_of(self.pipeline.reading, node):
            said["labels"] = {**(said.get("labels") or {}), **zone}
        return self._assigned(pod, node, said)

    def _assigned(self, pod: Obj, node: str, said: Obj) -> Obj:
        metadata = dict(pod["metadata"])
        for key in ("annotations", "labels"):
            if said.get(key):
                metadata[key] = {**(metadata.get(key) or {}), **said[key]}
        status = dict(pod.get("status") or {})
        status.pop("nominatedNodeName", None)
        others = [c for c in status.get("conditions", ()) if c["type"] != "PodScheduled"]
        now = timestamp(self.pipeline.clock.now())
        condition: Obj = {
            "type": "PodScheduled",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": now,
        }
        status["conditions"] = [*others, condition]
        return {
            **pod,
            "metadata": metadata,
            "spec": {**pod["spec"], "nodeName": node},
            "status": status,
        }

    def _rewrite(
        self, request: Request, name: str, change: Callable[[Obj], Obj], *, dry_run: bool
    ) -> None:
        """Change a stored object past the strategies, as the real storage-level updates do."""
        resource = request.resource
        if resource.bucket == "bindings":
            found = self.pipeline.registry.find("", "v1", "pods")
            assert found is not None
            resource = found
        entry = self.pipeline.store.get(resource.path(request.namespace, name))
        if entry is None:
            raise NotFound("", "pods", name)
        changed = change(self.pipeline.objects.parsed(entry))
        if not dry_run:
            self.pipeline.writer.put_over(entry, changed)


def _scaled(live: Obj, asked: Obj, request: Request, scale: ScaleStrategy) -> Obj:
    """The live object as a Scale wants it."""
    _check_scale(asked, request.name, request.resource)
    if not scale.has_replicas(live) and "replicas" not in (asked.get("spec") or {}):
        raise BadRequest(f"the spec replicas field {_go_path(scale)} cannot be empty")
    changed = {**live, "metadata": dict(live["metadata"])}
    for key in ("resourceVersion", "uid"):
        value = (asked.get("metadata") or {}).get(key)
        if value:
            changed["metadata"][key] = value
    scale.set_replicas(changed, (asked.get("spec") or {}).get("replicas", 0))
    return changed


@dataclass(frozen=True, slots=True)
class _ScaleView:
    """Admission is shown the Scale."""

    scale: ScaleStrategy
    kind: GroupVersionKind = SCALE
    type_name: str = _SCALE_TYPE

    def of(self, obj: Obj) -> Obj:
        return scale_of(obj, self.scale)

    def back(self, obj: Obj, shown: Obj) -> Obj:
        changed = dict(obj)
        self.scale.set_replicas(changed, (shown.get("spec") or {}).get("replicas", 0))
        return changed


def scale_of(obj: Obj, scale: ScaleStrategy) -> Obj:
    """The Scale of a scalable object."""
    metadata = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: Obj = {"replicas": scale.status_replicas(obj)}
    selector = scale.selector(obj)
    if selector:
        status["selector"] = selector
    replicas = scale.replicas(obj)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def _go_path(scale: ScaleStrategy) -> str:
    return gofmt.quote("." + ".".join(scale.path))


def _check_scale(scale: Mapping[str, Any], name: str, resource: Resource) -> None:
    """Custom resources are judged by their own rules."""
    if resource.custom is not None:
        return
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if replicas < 0:
        errors = [fields.invalid("spec.replicas", replicas, "must be greater than or equal to 0")]
        raise Invalid("autoscaling", "Scale", name, errors)


def _check_preconditions(asked: Obj, metadata: Obj, *, dry_run: bool) -> None:
    """In the storage's words."""
    name, root = metadata["name"], "" if dry_run else "/registry"
    for key, what in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        if asked.get(key) and asked[key] != metadata[key]:
            message = (
                f"StorageError: invalid object, Code: 4, Key: {root}/pods/"
                f"{metadata['namespace']}/{name}, ResourceVersion: 0, AdditionalErrorMsg: "
                f"Precondition failed: {what} in precondition: {asked[key]}, "
                f"{what} in object meta: {metadata[key]}"
            )
            raise Conflict("", "pods", name, message)


def _check_binding(binding: Obj) -> None:
    target = binding.get("target") or {}
    errors = []
    if target.get("kind") and target["kind"] != "Node":
        errors.append(fields.not_supported("target.kind", target["kind"], ("Node", "<empty>")))
    if not target.get("name"):
        errors.append(fields.required("target.name"))
    else:
        wrong = formats.dns1123_subdomain(target["name"])
        errors += [fields.invalid("target.name", target["name"], text) for text in wrong]
    if errors:
        # The real handler hands the bare list on, which makes it a failure without a reason.
        texts = [str(error) for error in errors]
        raise ApiError(500, "", texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")


def _success(code: int) -> Obj:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "code": code,
    }
