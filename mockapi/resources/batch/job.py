"""Job."""

from typing import Any

from mockapi.base import tree
from mockapi.machinery.resource import Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import formats, internal, labels, rules
from mockapi.meta import fields as errors_of
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import fields
from mockapi.resources.apps.replica_set import name_warnings
from mockapi.resources.batch.job_spec import INDEXED, spec_warnings, validate_spec
from mockapi.resources.batch.job_status import validate_status_update
from mockapi.resources.pods import workloads
from mockapi.resources.pods.workloads import SPEC, TEMPLATE

Errors = list[FieldError]

UID_LABEL = "batch.kubernetes.io/controller-uid"
NAME_LABEL = "batch.kubernetes.io/job-name"
_UID_LABELS = ("controller-uid", UID_LABEL)
_NAME_LABELS = ("job-name", NAME_LABEL)
_SELECTOR = SPEC.child("selector")


def _prepare_create(obj: Obj, context: Context) -> None:
    spec, metadata = obj["spec"], obj["metadata"]
    spec.pop("scheduling", None)
    # Go shares the map of a Job's labels with its template when it takes them from there.
    template = spec["template"].get("metadata") or {}
    shared = metadata.get("labels") and metadata["labels"] == template.get("labels")
    if not spec.get("manualSelector"):
        own = tree.ensure(spec, "template", "metadata", "labels")
        for name in _NAME_LABELS:
            own.setdefault(name, metadata.get("name", ""))
        for name in _UID_LABELS:
            own.setdefault(name, metadata.get("uid", ""))
        matched = tree.ensure(spec, "selector", "matchLabels")
        matched.setdefault(UID_LABEL, metadata.get("uid", ""))
        if shared:
            metadata["labels"] = dict(own)
        elif not metadata.get("labels") and not _gives_labels(context):
            context.unsettled = True  # stored with the first update, till then every reader's
    workloads.prepare_create(obj, context)


def _gives_labels(context: Context) -> bool:
    """The template has labels, though none are in them."""
    way = ("spec", "template", "metadata")
    return any(place.way == way and place.key == "labels" for place in context.emptied)


def _complete(obj: Obj) -> None:
    """A Job without labels of its own has its template's whenever it is read."""
    if not obj["metadata"].get("labels"):
        template = obj["spec"]["template"].get("metadata") or {}
        if template.get("labels"):
            obj["metadata"]["labels"] = dict(template["labels"])


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    if obj["spec"] is not old["spec"]:
        obj["spec"].pop("scheduling", None)
    workloads.prepare_update(obj, old, context)


def _generated_selector(obj: Obj) -> Errors:
    """Who does not choose the selector cannot choose the labels that it is made of."""
    spec, metadata = obj["spec"], obj["metadata"]
    selector = spec.get("selector")
    if spec.get("manualSelector") or selector is None:
        return []
    uid, name = metadata.get("uid", ""), metadata.get("name", "")
    expected = {"controller-uid": uid, "job-name": name, UID_LABEL: uid, NAME_LABEL: name}
    own = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    errors: Errors = []
    for label, value in expected.items():
        where = TEMPLATE.child("metadata", "labels").key(label)
        if label not in own:
            errors.append(errors_of.required(where, f"must be '{value}'"))
        elif own[label] != value:
            errors.append(errors_of.invalid(where, own, f"must be '{value}'"))
    compiled, _ = workloads.compile_selector(selector)
    if compiled is not None and not compiled.matches(expected):
        errors.append(errors_of.invalid(_SELECTOR, selector, "`selector` not auto-generated"))
    return errors


def _spec_and_selector(spec: Any) -> Errors:
    errors = validate_spec(spec, SPEC)
    selector = spec.get("selector")
    if selector is None:
        errors.append(errors_of.required(_SELECTOR))
    errors += labels.validate_selector(selector, _SELECTOR)
    compiled, _ = workloads.compile_selector(selector)
    own = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if compiled is not None and not compiled.matches(own or {}):
        detail = "`selector` does not match template `labels`"
        errors.append(
            errors_of.invalid(
                TEMPLATE.child("metadata", "labels"), internal.shown("{s", own), detail
            )
        )
    return errors


def _name_allows_completions(obj: Obj) -> Errors:
    spec, name = obj["spec"], obj["metadata"].get("name", "")
    completions = spec.get("completions") or 0
    if spec.get("completionMode") != INDEXED or completions <= 0:
        return []
    host = f"{name}-{completions - 1}"
    if not formats.dns1123_label(host):
        return []
    detail = f"will not able to create pod with invalid DNS label: {host}"
    return [errors_of.invalid(Path("metadata", "name"), name, detail)]


def _validate(obj: Obj) -> Errors:
    errors = _generated_selector(obj) + _spec_and_selector(obj["spec"])
    return errors + _name_allows_completions(obj)


_FIXED = (
    ("completionMode", "s"),
    ("podFailurePolicy", "batch.PodFailurePolicy"),
    ("backoffLimitPerIndex", "n"),
    ("managedBy", "s"),
    ("successPolicy", "batch.SuccessPolicy"),
)


def _validate_update(obj: Obj, old: Obj) -> Errors:
    spec, before = obj["spec"], old["spec"]
    if spec == before:
        return []
    errors = _spec_and_selector(spec)
    errors += _completions(spec, before)
    errors += rules.immutable(spec.get("selector"), before.get("selector"), _SELECTOR)
    errors += _template_update(spec, before, old)
    for name, layout in _FIXED:
        if spec.get(name) != before.get(name):
            shown = internal.shown(f"*{layout}", spec.get(name))
            errors.append(errors_of.invalid(SPEC.child(name), shown, rules.IMMUTABLE))
    return errors + _name_allows_completions(obj)


def _completions(spec: Any, before: Any) -> Errors:
    now, was = spec.get("completions"), before.get("completions")
    where = SPEC.child("completions")
    if spec.get("completionMode") != INDEXED:
        return rules.immutable(now, was, where)
    if now in (None, was) or now == spec.get("parallelism"):
        return []
    detail = "can only be modified in tandem with spec.parallelism"
    return [errors_of.invalid(where, now, detail)]


def _is_open(old: Obj) -> bool:
    """Suspended and without pods: its template may still change in part."""
    status = old.get("status") or {}
    suspended = any(
        condition.get("type") == "Suspended" and condition.get("status") == "True"
        for condition in status.get("conditions") or ()
    )
    waits = not status.get("startTime") or suspended
    return bool(old["spec"].get("suspend")) and waits and not status.get("active")


_DIRECTIVES = ("nodeSelector", "tolerations", "schedulingGates")


def _template_update(spec: Any, before: Any, old: Obj) -> Errors:
    template, was = spec.get("template") or {}, before.get("template") or {}
    if template == was:
        return []
    if not _is_open(old):
        shown = internal.shown("core.PodTemplateSpec", template)
        return [errors_of.invalid(TEMPLATE, shown, rules.IMMUTABLE)]
    pod, old_pod = template.get("spec") or {}, dict(was.get("spec") or {})
    for name in _DIRECTIVES:
        _take(old_pod, pod, name)
    affinity = dict(old_pod.get("affinity") or {})
    _take(affinity, pod.get("affinity") or {}, "nodeAffinity")
    if affinity or pod.get("affinity") is not None:
        old_pod["affinity"] = affinity
    else:
        old_pod.pop("affinity", None)
    for kind in ("containers", "initContainers"):
        if len(pod.get(kind) or ()) == len(old_pod.get(kind) or ()) and pod.get(kind):
            old_pod[kind] = [_resized(c, w) for c, w in zip(pod[kind], old_pod[kind], strict=True)]
    if pod == old_pod:
        return []
    shown = internal.shown("core.PodSpec", pod)
    return [errors_of.invalid(SPEC.child("template.spec"), shown, rules.IMMUTABLE)]


def _take(holder: dict[str, Any], source: Any, name: str) -> None:
    if name in source:
        holder[name] = source[name]
    else:
        holder.pop(name, None)


def _resized(container: Any, was: Any) -> Any:
    if container.get("name") != was.get("name"):
        return was
    changed = dict(was)
    _take(changed, container, "resources")
    return changed


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    if old is None:
        return name_warnings(obj) + spec_warnings(obj["spec"], SPEC)
    return [] if obj["spec"] == old["spec"] else spec_warnings(obj["spec"], SPEC)


STRATEGY = Strategy(
    group="batch",
    kind="Job",
    prepare_create=_prepare_create,
    complete=_complete,
    prepare_update=_prepare_update,
    validate=_validate,
    validate_update=_validate_update,
    warnings=_warnings,
    has_generation=True,
    has_status=True,
    status=StatusStrategy(validate_update=validate_status_update),
    default_propagation="Orphan",
    orphan_warning="child pods are preserved by default when jobs are deleted; set "
    "propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this "
    "warning",
    selectable={"status.successful": fields.number("status", "succeeded")},
)
