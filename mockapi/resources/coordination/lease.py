"""Lease."""

from mockapi.machinery.resource import Context, Obj, Strategy
from mockapi.machinery.validation import rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_SPEC = Path("spec")


_COORDINATED = ("strategy", "preferredHolder")


def _prepare_create(obj: Obj, context: Context) -> None:
    """Coordinated election is off."""
    spec = obj.get("spec") or {}
    for name in _COORDINATED:
        spec.pop(name, None)


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    was = old.get("spec") or {}
    if not any(name in was for name in _COORDINATED):
        _prepare_create(obj, context)


def _strategy(strategy: str) -> Errors:
    where = _SPEC.child("strategy", "strategy")
    if "/" in strategy:
        return rules.qualified_name(strategy, where)
    return rules.one_of(strategy, where, ("OldestEmulationVersion",))


def _validate(obj: Obj) -> Errors:
    spec = obj.get("spec") or {}
    errors: Errors = []
    duration = spec.get("leaseDurationSeconds")
    if duration is not None and duration <= 0:
        where = _SPEC.child("leaseDurationSeconds")
        errors.append(fields.invalid(where, duration, "must be greater than 0"))
    errors += rules.not_negative(spec.get("leaseTransitions"), _SPEC.child("leaseTransitions"))
    strategy = spec.get("strategy")
    if strategy is not None:
        errors += _strategy(strategy)
    if spec.get("preferredHolder") and not strategy:
        detail = "may only be specified if `strategy` is defined"
        errors.append(fields.forbidden(_SPEC.child("preferredHolder"), detail))
    return errors


STRATEGY = Strategy(
    group="coordination.k8s.io",
    kind="Lease",
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    validate=_validate,
    validate_update=lambda obj, old: _validate(obj),
    create_on_update=True,
    unconditional_update=False,
)
