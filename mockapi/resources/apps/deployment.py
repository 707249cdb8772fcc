"""Deployment."""

from typing import Any

from mockapi.machinery.resource import Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import internal, rules
from mockapi.meta import fields as errors_of
from mockapi.meta.fields import FieldError
from mockapi.resources import fields
from mockapi.resources.apps import rolling
from mockapi.resources.apps.replica_set import (
    name_warnings,
    selector_and_template,
    selector_update,
)
from mockapi.resources.pods import workloads
from mockapi.resources.pods.workloads import SPEC, STATUS

Errors = list[FieldError]

_STRATEGY = SPEC.child("strategy")


def _strategy(strategy: Any) -> Errors:
    kind, update = strategy.get("type", ""), strategy.get("rollingUpdate")
    where = _STRATEGY.child("rollingUpdate")
    if kind == "Recreate":
        if update is None:
            return []
        detail = "may not be specified when strategy `type` is 'Recreate'"
        return [errors_of.forbidden(where, detail)]
    if kind != "RollingUpdate":
        shown = internal.shown("apps.DeploymentStrategy", strategy)
        return [errors_of.not_supported(_STRATEGY, shown, ("Recreate", "RollingUpdate"))]
    if update is None:
        detail = "this should be defaulted and never be nil"
        return [errors_of.required(where, detail)]
    unavailable, surge = update.get("maxUnavailable", 0), update.get("maxSurge", 0)
    at = where.child("maxUnavailable")
    errors = rolling.int_or_percent(unavailable, at)
    errors += rolling.int_or_percent(surge, where.child("maxSurge"))
    if not rolling.amount(unavailable) and not rolling.amount(surge):
        detail = "may not be 0 when `maxSurge` is 0"
        errors.append(errors_of.invalid(at, unavailable, detail))
    return errors + rolling.at_most_all(unavailable, at)


def _validate(obj: Obj) -> Errors:
    spec = obj["spec"]
    errors = workloads.not_negative(spec, ("replicas",), SPEC)
    errors += selector_and_template(spec)
    errors += _strategy(spec.get("strategy") or {})
    errors += workloads.not_negative(spec, ("minReadySeconds", "revisionHistoryLimit"), SPEC)
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None:
        where = SPEC.child("progressDeadlineSeconds")
        errors += rules.not_negative(deadline, where)
        if deadline <= spec.get("minReadySeconds", 0):
            detail = "must be greater than minReadySeconds"
            errors.append(errors_of.invalid(where, deadline, detail))
    return errors


def _validate_update(obj: Obj, old: Obj) -> Errors:
    if obj["spec"] == old["spec"]:
        return []
    return _validate(obj) + selector_update(obj, old)


def _counts(obj: Obj, old: Obj) -> bool:
    """Annotations count as well: rollouts once were asked for by them."""
    now, was = obj["metadata"].get("annotations"), old["metadata"].get("annotations")
    return bool(obj["spec"] != old["spec"] or (now or {}) != (was or {}))


def _prepare_status(obj: Obj, old: Obj, context: Context) -> None:
    if "labels" in old["metadata"]:
        obj["metadata"]["labels"] = old["metadata"]["labels"]
    else:
        obj["metadata"].pop("labels", None)


def _validate_status(obj: Obj, old: Obj) -> Errors:
    status = obj.get("status") or {}
    names = (
        "observedGeneration",
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
        "unavailableReplicas",
        "terminatingReplicas",
        "collisionCount",
    )
    errors = workloads.not_negative(status, names, STATUS)
    for name in ("updatedReplicas", "readyReplicas", "availableReplicas"):
        detail = "cannot be greater than status.replicas"
        errors += workloads.not_above(status, name, "replicas", detail)
    detail = "cannot be greater than readyReplicas"
    errors += workloads.not_above(status, "availableReplicas", "readyReplicas", detail)
    return errors + rolling.decremented_collisions(status, old.get("status") or {})


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    if old is None:
        return name_warnings(obj) + workloads.warnings(obj, None)
    return workloads.warnings(obj, None) if _counts(obj, old) else []


STRATEGY = Strategy(
    group="apps",
    kind="Deployment",
    prepare_create=workloads.prepare_create,
    prepare_update=workloads.prepare_update,
    validate=_validate,
    validate_update=_validate_update,
    warnings=_warnings,
    has_generation=True,
    generation_counts=_counts,
    has_status=True,
    status=StatusStrategy(prepare_update=_prepare_status, validate_update=_validate_status),
    scale=fields.scale(),
)
