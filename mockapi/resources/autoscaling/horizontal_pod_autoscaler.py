"""HorizontalPodAutoscaler."""

from typing import Any

from mockapi.machinery.resource import Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import declared, rules
from mockapi.machinery.validation.declarations import Declarations, Field, at_least
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.autoscaling import metrics

Errors = list[FieldError]

_SPEC = Path("spec")
_TARGET = _SPEC.child("scaleTargetRef")
_LONGEST_WINDOW = 3600
_LONGEST_PERIOD = 1800


def _policy(policy: Any, path: Path) -> Errors:
    errors = rules.one_of(policy.get("type", ""), path.child("type"), ("Percent", "Pods"))
    errors += rules.positive(policy.get("value", 0), path.child("value"))
    period, where = policy.get("periodSeconds", 0), path.child("periodSeconds")
    errors += rules.positive(period, where)
    if period > _LONGEST_PERIOD:
        detail = f"must be less than or equal to {_LONGEST_PERIOD}"
        errors.append(fields.invalid(where, period, detail))
    return errors


def _scaling(scaling: Any, path: Path) -> Errors:
    errors: Errors = []
    window, where = scaling.get("stabilizationWindowSeconds"), "stabilizationWindowSeconds"
    if window is not None and window < 0:
        detail = "must be greater than or equal to zero"
        errors.append(fields.invalid(path.child(where), window, detail))
    if window is not None and window > _LONGEST_WINDOW:
        detail = f"must be less than or equal to {_LONGEST_WINDOW}"
        errors.append(fields.invalid(path.child(where), window, detail))
    if "selectPolicy" in scaling:
        valid = ("Disabled", "Max", "Min")
        errors += rules.one_of(scaling["selectPolicy"], path.child("selectPolicy"), valid)
    policies = scaling.get("policies") or ()
    if not policies:
        detail = "must specify at least one Policy"
        errors.append(fields.required(path.child("policies"), detail))
    for index, policy in enumerate(policies):
        errors += _policy(policy, path.child("policies").index(index))
    if "tolerance" in scaling:
        errors += rules.not_negative_quantity(scaling["tolerance"], path.child("tolerance"))
    return errors


def _target(spec: Any, before: Any) -> Errors:
    target = spec.get("scaleTargetRef") or {}
    errors: Errors = []
    for name in ("kind", "name"):
        if rules.required(target, name, _TARGET, errors):
            errors += metrics.path_segment(target[name], _TARGET.child(name))
    was = (before or {}).get("scaleTargetRef") or {}
    same = all(target.get(name, "") == was.get(name, "") for name in ("apiVersion", "kind"))
    if before is not None and same:
        return errors
    in_core = target.get("kind") == "ReplicationController"
    return errors + metrics.api_version(target, _TARGET, empty_group=in_core)


def _metrics(spec: Any) -> Errors:
    where, errors = _SPEC.child("metrics"), []
    watched = spec.get("metrics") or ()
    for index, metric in enumerate(watched):
        errors += metrics.validate(metric, where.index(index))
    outside = any(metric.get("type") in ("Object", "External") for metric in watched)
    if spec.get("minReplicas") == 0 and not outside:
        detail = "must specify at least one Object or External metric to support scaling to zero"
        errors.append(fields.forbidden(where, f"{detail} replicas"))
    return errors


def _numbers(spec: Any) -> Errors:
    least, most = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    where = _SPEC.child("maxReplicas")
    errors: Errors = []
    if least is not None:
        errors += declared.covered(at_least(0)(least, _SPEC.child("minReplicas")))
    if most == 0:
        errors += declared.covered([fields.required(where, "must be set and greater than 0")])
    else:
        errors += declared.covered(at_least(1)(most, where))
    if least is not None and most < least:
        detail = "must be greater than or equal to `minReplicas`"
        errors.append(fields.invalid(where, most, detail))
    return errors


def _written(spec: Any, before: Any) -> Errors:
    errors = _numbers(spec) + _target(spec, before) + _metrics(spec)
    behavior = spec.get("behavior") or {}
    for name in ("scaleUp", "scaleDown"):
        if behavior.get(name) is not None:
            errors += _scaling(behavior[name], _SPEC.child("behavior", name))
    return errors


_DECLARED = Declarations(
    {
        "Spec": (
            Field("minReplicas", is_pointer=True, judges=(at_least(0),)),
            Field("maxReplicas", is_required=True, judges=(at_least(1),)),
        ),
    }
)


def _check(obj: Obj, old: Obj | None = None) -> Errors:
    spec, before = obj.get("spec") or {}, None if old is None else old.get("spec") or {}
    return _DECLARED.settle(_written(spec, before), "Spec", spec, before, _SPEC)


def _validate_status(obj: Obj, old: Obj) -> Errors:
    status = obj.get("status") or {}
    errors: Errors = []
    for index, condition in enumerate(status.get("conditions") or ()):
        where = Path("status", "conditions").index(index).child("observedGeneration")
        errors += rules.not_negative(condition.get("observedGeneration"), where)
    for name in ("currentReplicas", "desiredReplicas"):
        errors += rules.not_negative(status.get(name, 0), Path("status", name))
    return errors


STRATEGY = Strategy(
    group="autoscaling",
    kind="HorizontalPodAutoscaler",
    validate=_check,
    validate_update=_check,
    has_generation=True,
    has_status=True,
    status=StatusStrategy(validate_update=_validate_status),
)
