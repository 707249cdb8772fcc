"""DaemonSet. spec.templateGeneration is internal; its number is the annotation's in v1."""

from typing import Any

from mockapi.machinery.resource import Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import internal, labels, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError
from mockapi.resources.apps import rolling
from mockapi.resources.pods import workloads
from mockapi.resources.pods.spec import validate_template
from mockapi.resources.pods.workloads import SPEC, STATUS, TEMPLATE

Errors = list[FieldError]

GENERATION = "deprecated.daemonset.template.generation"
_STRATEGY = SPEC.child("updateStrategy")
_COUNTS = (
    "currentNumberScheduled",
    "numberMisscheduled",
    "desiredNumberScheduled",
    "numberReady",
    "observedGeneration",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberUnavailable",
    "collisionCount",
)


def _template_generation(obj: Obj) -> int:
    text = (obj["metadata"].get("annotations") or {}).get(GENERATION, "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def _set_template_generation(obj: Obj, generation: int) -> None:
    annotations = obj["metadata"].get("annotations") or {}
    obj["metadata"]["annotations"] = {**annotations, GENERATION: str(generation)}


def _prepare_create(obj: Obj, context: Context) -> None:
    workloads.prepare_create(obj, context)
    _set_template_generation(obj, max(1, _template_generation(obj)))


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    workloads.prepare_update(obj, old, context)
    generation = _template_generation(old)
    changed = obj["spec"].get("template") != old["spec"].get("template")
    _set_template_generation(obj, generation + 1 if changed else generation)


def _prepare_status(obj: Obj, old: Obj, context: Context) -> None:
    _set_template_generation(obj, _template_generation(old))


def _selector_and_template(spec: Any) -> Errors:
    given, template = spec.get("selector"), spec.get("template") or {}
    path = SPEC.child("selector")
    errors = labels.validate_selector(given, path)
    selector, _ = workloads.compile_selector(given)
    own = (template.get("metadata") or {}).get("labels")
    if selector is not None and not selector.matches(own or {}):
        detail = "`selector` does not match template `labels`"
        errors.append(
            fields.invalid(TEMPLATE.child("metadata", "labels"), internal.shown("{s", own), detail)
        )
    if given is not None and not given.get("matchLabels") and not given.get("matchExpressions"):
        errors.append(fields.invalid(path, given, "empty selector is invalid for daemonset"))
    errors += validate_template(template, TEMPLATE)
    return errors + workloads.runs_forever(template.get("spec") or {}, "DaemonSet")


def _strategy(strategy: Any) -> Errors:
    kind = strategy.get("type", "")
    if kind == "OnDelete":
        return []
    if kind != "RollingUpdate":
        shown = internal.shown("apps.DaemonSetUpdateStrategy", strategy)
        return [fields.not_supported(_STRATEGY, shown, ("RollingUpdate", "OnDelete"))]
    path = _STRATEGY.child("rollingUpdate")
    update = strategy.get("rollingUpdate")
    if update is None:
        return [fields.required(path)]
    unavailable, surge = update.get("maxUnavailable", 0), update.get("maxSurge", 0)
    at_unavailable, at_surge = path.child("maxUnavailable"), path.child("maxSurge")
    errors = rolling.int_or_percent(unavailable, at_unavailable)
    errors += rolling.int_or_percent(surge, at_surge)
    errors += rolling.at_most_all(unavailable, at_unavailable)
    errors += rolling.at_most_all(surge, at_surge)
    if rolling.amount(unavailable) and rolling.amount(surge):
        detail = "may not be set when maxUnavailable is non-zero"
        errors.append(fields.invalid(at_surge, surge, detail))
    elif not rolling.amount(unavailable) and not rolling.amount(surge):
        errors.append(fields.required(at_unavailable, "cannot be 0 when maxSurge is 0"))
    return errors


def _validate(obj: Obj) -> Errors:
    spec = obj["spec"]
    errors = _selector_and_template(spec)
    errors += workloads.not_negative(spec, ("minReadySeconds",), SPEC)
    errors += _strategy(spec.get("updateStrategy") or {})
    return errors + workloads.not_negative(spec, ("revisionHistoryLimit",), SPEC)


def _validate_update(obj: Obj, old: Obj) -> Errors:
    if obj["spec"] == old["spec"]:
        return []
    now, was = obj["spec"].get("selector"), old["spec"].get("selector")
    return rules.immutable(now, was, SPEC.child("selector")) + _validate(obj)


def _validate_status(obj: Obj, old: Obj) -> Errors:
    status = obj.get("status") or {}
    errors = workloads.not_negative(status, _COUNTS, STATUS)
    return errors + rolling.decremented_collisions(status, old.get("status") or {})


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    if old is not None and obj["spec"].get("template") == old["spec"].get("template"):
        return []
    return workloads.warnings(obj, None)


STRATEGY = Strategy(
    group="apps",
    kind="DaemonSet",
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    validate=_validate,
    validate_update=_validate_update,
    warnings=_warnings,
    has_generation=True,
    has_status=True,
    status=StatusStrategy(prepare_update=_prepare_status, validate_update=_validate_status),
)
