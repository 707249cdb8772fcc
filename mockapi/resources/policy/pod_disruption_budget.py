"""PodDisruptionBudget."""

from mockapi.machinery.resource import Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import conditions, internal, labels, names, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.apps import rolling

Errors = list[FieldError]

_SPEC = Path("spec")
_EVICTION = ("AlwaysAllow", "IfHealthyBudget")


def _validate(obj: Obj) -> Errors:
    spec = obj.get("spec") or {}
    errors: Errors = []
    if "minAvailable" in spec and "maxUnavailable" in spec:
        shown = internal.shown("policy.PodDisruptionBudgetSpec", spec)
        detail = "minAvailable and maxUnavailable cannot be both set"
        errors.append(fields.invalid(_SPEC, shown, detail))
    for name in ("minAvailable", "maxUnavailable"):
        if name in spec:
            errors += rolling.int_or_percent(spec[name], _SPEC.child(name))
            errors += rolling.at_most_all(spec[name], _SPEC.child(name))
    if "selector" in spec:
        errors += labels.validate_selector(spec["selector"], _SPEC.child("selector"))
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None:
        errors += rules.one_of(policy, _SPEC.child("unhealthyPodEvictionPolicy"), _EVICTION)
    return errors


def _validate_status(obj: Obj, old: Obj) -> Errors:
    status = obj.get("status") or {}
    counts = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    errors: Errors = []
    for name in counts:
        errors += rules.not_negative(status.get(name, 0), Path("status", name))
    return errors + conditions.validate(
        status.get("conditions") or (), Path("status", "conditions")
    )


STRATEGY = Strategy(
    group="policy",
    kind="PodDisruptionBudget",
    validate_name=names.path_segment,
    validate=_validate,
    validate_update=lambda obj, old: _validate(obj),
    metadata_last=True,
    has_generation=True,
    has_status=True,
    status=StatusStrategy(validate_update=_validate_status),
    unconditional_update=False,
)
