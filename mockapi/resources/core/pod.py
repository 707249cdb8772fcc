"""Pod: its strategy and those of its subresources that write it."""

from collections.abc import Iterator, Mapping
from typing import Any

from mockapi.base import tree
from mockapi.machinery.bookkeeping import keep
from mockapi.machinery.resource import Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import formats, rules
from mockapi.meta import fields as errors_of
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import fields
from mockapi.resources.pods import containers, gates, levels, security, update
from mockapi.resources.pods import status as pod_status
from mockapi.resources.pods import warnings as pod_warnings
from mockapi.resources.pods.qos import qos_class
from mockapi.resources.pods.spec import validate_pod_annotations, validate_pod_spec

Errors = list[FieldError]

SPEC = Path("spec")
ANNOTATIONS = Path("metadata", "annotations")
_EMPTY: Mapping[str, str] = {}


def _pod_ip(obj: Obj) -> str:
    ips = (obj.get("status") or {}).get("podIPs")
    return ips[0].get("ip", "") if ips else ""


SELECTABLE: Mapping[str, fields.Text] = {
    "spec.nodeName": fields.text("spec", "nodeName"),
    "spec.restartPolicy": fields.text("spec", "restartPolicy"),
    "spec.schedulerName": fields.text("spec", "schedulerName"),
    "spec.serviceAccountName": fields.text("spec", "serviceAccountName"),
    "spec.hostNetwork": fields.flag("spec", "hostNetwork"),
    "status.phase": fields.text("status", "phase"),
    "status.podIP": _pod_ip,
    "status.nominatedNodeName": fields.text("status", "nominatedNodeName"),
}


def prepare_create(obj: Obj, context: Context) -> None:
    spec = obj["spec"]
    obj["status"] = {"phase": "Pending"}
    gates.drop_disabled(spec)
    if spec.get("schedulingGates"):
        obj["status"]["conditions"] = [
            {
                "type": "PodScheduled",
                "status": "False",
                "lastProbeTime": None,
                "lastTransitionTime": context.now,
                "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty scheduling gates",
            }
        ]
    labels = obj["metadata"].get("labels") or _EMPTY
    if spec.get("affinity") or spec.get("topologySpreadConstraints"):
        for term in _label_key_terms(spec):
            _merge_label_keys(term, labels)
    _app_armor_fields(obj, context)
    levels.default_pod_level(spec)
    obj["status"]["qosClass"] = qos_class(spec)


def _label_key_terms(spec: Any) -> Iterator[Any]:
    affinity = spec.get("affinity") or {}
    for name in ("podAffinity", "podAntiAffinity"):
        own = affinity.get(name) or {}
        for weighted in own.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            yield weighted.get("podAffinityTerm") or {}
        yield from own.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
    yield from spec.get("topologySpreadConstraints") or ()


def _merge_label_keys(term: Any, labels: Mapping[str, str]) -> None:
    """matchLabelKeys become part of the selector, with the pod's own values."""
    selector = term.get("labelSelector")
    if selector is None:
        return
    for name, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
        for key in term.get(name) or ():
            if key in labels:
                expression = {"key": key, "operator": operator, "values": [labels[key]]}
                selector.setdefault("matchExpressions", []).append(expression)


def _app_armor_fields(obj: Obj, context: Context) -> None:
    """The old AppArmor annotations set the fields that replaced them."""
    annotations, spec = obj["metadata"].get("annotations"), obj["spec"]
    if not annotations or (spec.get("os") or {}).get("name") == "windows":
        return
    of_pod = (spec.get("securityContext") or {}).get("appArmorProfile")
    for container, _ in security.containers_of(spec, SPEC):
        key = security.APP_ARMOR + container.get("name", "")
        own = (container.get("securityContext") or {}).get("appArmorProfile")
        if key not in annotations or own is not None:
            continue
        profile = pod_warnings.app_armor_profile(annotations[key])
        if profile is None or profile != of_pod:
            context.warn(
                f"{ANNOTATIONS.key(key)}: deprecated since v1.30; use the "
                '"appArmorProfile" field instead'
            )
        if profile is not None and profile != of_pod:
            tree.ensure(container, "securityContext")["appArmorProfile"] = profile


def prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    spec, before = obj["spec"], old["spec"]
    if spec is not before:
        if "resources" not in spec and before.get("resources") is not None:
            spec["resources"] = before["resources"]
        gates.drop_disabled(spec)


def _metadata_and_spec(obj: Obj) -> Errors:
    annotations, spec = obj["metadata"].get("annotations"), obj["spec"]
    errors: Errors = []
    if annotations:
        errors += validate_pod_annotations(annotations, spec, ANNOTATIONS)
    errors += validate_pod_spec(spec, obj["metadata"], SPEC, is_pod=True)
    if not spec.get("serviceAccountName"):
        errors += _tokens_without_account(spec)
    period = spec.get("terminationGracePeriodSeconds")
    errors += rules.not_negative(period, SPEC.child("terminationGracePeriodSeconds"))
    for kind in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(kind) or ()):
            errors += containers.only_for_pod(container, SPEC.child(kind).index(index))
    return errors


def _tokens_without_account(spec: Any) -> Errors:
    detail = "must not be specified when serviceAccountName is not set"
    return [
        errors_of.forbidden(
            SPEC.child("volumes")
            .index(index)
            .child("projected", "sources")
            .index(position)
            .child("serviceAccountToken"),
            detail,
        )
        for index, volume in enumerate(spec.get("volumes") or ())
        for position, source in enumerate((volume.get("projected") or {}).get("sources") or ())
        if source.get("serviceAccountToken") is not None
    ]


def validate(obj: Obj) -> Errors:
    errors = _metadata_and_spec(obj)
    spec = obj["spec"]
    if spec.get("ephemeralContainers"):
        where = SPEC.child("ephemeralContainers")
        errors.append(errors_of.forbidden(where, "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        detail = "cannot be set until all schedulingGates have been cleared"
        errors.append(errors_of.forbidden(SPEC.child("nodeName"), detail))
    if annotations := obj["metadata"].get("annotations"):
        errors += security.validate_fields_match_annotations(annotations, spec, SPEC)
    return errors


def _same(obj: Obj, old: Obj) -> bool:
    """Nothing that these rules look at differs."""
    annotations: Any = obj["metadata"].get("annotations")
    return bool(obj["spec"] == old["spec"] and annotations == old["metadata"].get("annotations"))


def _annotations_update(obj: Obj, old: Obj) -> Errors:
    new = obj["metadata"].get("annotations") or _EMPTY
    before = old["metadata"].get("annotations") or _EMPTY
    if new == before:
        return []
    errors = update.validate_annotations_update(new, before, ANNOTATIONS)
    return errors + validate_pod_annotations(new, obj["spec"], ANNOTATIONS)


def validate_update(obj: Obj, old: Obj) -> Errors:
    if _same(obj, old):
        return []
    errors = _metadata_and_spec(obj)
    errors += _annotations_update(obj, old)
    return errors + update.validate_spec_update(obj["spec"], old["spec"])


def warnings(obj: Obj, old: Obj | None) -> list[str]:
    if old is not None:
        return []
    found = []
    if details := formats.dns1123_label(obj["metadata"].get("name", "")):
        found.append(
            "metadata.name: this is used in the Pod's hostname, which can result in surprising "
            f"behavior; a DNS label is recommended: [{' '.join(details)}]"
        )
    return found + pod_warnings.pod_warnings(obj)


def graceful_delete(obj: Obj, asked: int | None, context: Context) -> int:
    """How long a pod may take to end: not at all when no node knows of it, or when it has ended."""
    spec = obj["spec"]
    if not spec.get("nodeName") or obj.get("status", {}).get("phase") in ("Failed", "Succeeded"):
        return 0
    period: int = spec.get("terminationGracePeriodSeconds") or 0 if asked is None else asked
    return 1 if period < 0 else period


def _prepare_status(obj: Obj, old: Obj, context: Context) -> None:
    meta = obj["metadata"]
    meta.pop("deletionTimestamp", None)
    if "deletionTimestamp" in old["metadata"]:
        meta["deletionTimestamp"] = old["metadata"]["deletionTimestamp"]
    keep(meta, old["metadata"], "ownerReferences")
    before = old.get("status") or {}
    status = obj.setdefault("status", {})
    for name in ("qosClass", "resourceClaimStatuses", "extendedResourceClaimStatus"):
        if not status.get(name) and before.get(name) is not None:
            status[name] = before[name]
    _observed_generations(status, before)
    gates.drop_disabled_status(status)


def _observed_generations(status: Obj, before: Obj) -> None:
    """A writer that does not know the field does not clear it."""
    if not status.get("observedGeneration") and before.get("observedGeneration"):
        status["observedGeneration"] = before["observedGeneration"]
    known: dict[str, list[int]] = {}
    for condition in before.get("conditions") or ():
        if generation := condition.get("observedGeneration"):
            known.setdefault(condition.get("type", ""), []).append(generation)
    if not known:
        return
    conditions = []
    for condition in status.get("conditions") or ():
        generations = known.get(condition.get("type", ""))
        if generations and not condition.get("observedGeneration"):
            condition = {**condition, "observedGeneration": generations[0]}
        if generations:
            generations.pop(0)
        conditions.append(condition)
    if conditions:
        status["conditions"] = conditions


def _validate_status(obj: Obj, old: Obj) -> Errors:
    return _annotations_update(obj, old) + pod_status.validate_status_update(obj, old)


_FROM_OLD = (
    "deletionTimestamp",
    "generation",
    "labels",
    "annotations",
    "finalizers",
    "ownerReferences",
)


def _only_part_of_spec(obj: Obj, old: Obj, spec: Obj) -> None:
    """Everything of the old pod but `spec`, which was made from it."""
    for name in _FROM_OLD:
        keep(obj["metadata"], old["metadata"], name)
    obj["spec"] = spec
    obj["status"] = old.get("status") or {}
    if spec != old["spec"]:
        obj["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def _prepare_ephemeral(obj: Obj, old: Obj, context: Context) -> None:
    gates.drop_disabled(obj["spec"])
    spec = dict(old["spec"])
    keep(spec, obj["spec"], "ephemeralContainers")
    _only_part_of_spec(obj, old, spec)


def _validate_ephemeral(obj: Obj, old: Obj) -> Errors:
    errors = _metadata_and_spec(obj) + _annotations_update(obj, old)
    changes = update.validate_ephemeral_update(obj, old)
    if changes and not changes[0].field:
        return changes
    return errors + changes


def _prepare_resize(obj: Obj, old: Obj, context: Context) -> None:
    new, before = obj["spec"], old["spec"]
    kinds = ("containers", "initContainers")
    if any(len(new.get(kind) or ()) != len(before.get(kind) or ()) for kind in kinds):
        return
    spec = dict(before)
    for kind in kinds:
        if new.get(kind):
            spec[kind] = _resized(new[kind], before[kind])
    keep(spec, new, "resources")
    if "resources" not in spec and before.get("resources") is not None:
        spec["resources"] = before["resources"]
    if spec.get("resources"):
        spec["resources"] = tree.copy(spec["resources"])
        levels.default_pod_level(spec)
    _only_part_of_spec(obj, old, spec)


def _resized(new: list[Any], before: list[Any]) -> list[Any]:
    if [c.get("name") for c in new] != [c.get("name") for c in before]:
        return new
    merged = []
    for container, was in zip(new, before, strict=True):
        own = dict(was)
        for name in ("resources", "resizePolicy"):
            keep(own, container, name)
        merged.append(own)
    return merged


def _validate_resize(obj: Obj, old: Obj) -> Errors:
    changes = update.validate_resize(obj, old)
    if changes and not changes[0].field:
        return changes
    return _metadata_and_spec(obj) + changes


EPHEMERAL_CONTAINERS = StatusStrategy(
    prepare_update=_prepare_ephemeral, validate_update=_validate_ephemeral
)
RESIZE = StatusStrategy(
    prepare_update=_prepare_resize, validate_update=_validate_resize, is_whole=True
)


def validate_binding(binding: Obj) -> Errors:
    """Of a v1 Binding."""
    target = binding.get("target") or {}
    kind, name, path = target.get("kind", ""), target.get("name", ""), Path("target")
    errors: Errors = []
    if kind not in ("", "Node"):
        errors.append(errors_of.not_supported(path.child("kind"), kind, ("Node", "<empty>")))
    if not name:
        errors.append(errors_of.required(path.child("name")))
    elif kind in ("", "Node"):
        errors += rules.object_name(name, path.child("name"))
    return errors


STRATEGY = Strategy(
    group="",
    kind="Pod",
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    validate=validate,
    validate_update=validate_update,
    warnings=warnings,
    has_generation=True,
    has_status=True,
    status=StatusStrategy(prepare_update=_prepare_status, validate_update=_validate_status),
    parts={"ephemeralcontainers": ("spec", EPHEMERAL_CONTAINERS), "resize": ("spec", RESIZE)},
    graceful_delete=graceful_delete,
    selectable=SELECTABLE,
)
