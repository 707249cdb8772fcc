"""PriorityClass."""

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_PREFIX = "system-"
_HIGHEST = 1_000_000_000
_SYSTEM = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}


def _system_mistake(obj: Obj) -> str:
    name = obj["metadata"]["name"]
    if name not in _SYSTEM:
        return f"{name} is not a known system priority class"
    if obj.get("value", 0) != _SYSTEM[name]:
        return f"value of {name} PriorityClass must be {_SYSTEM[name]}"
    if obj.get("globalDefault"):
        return f"globalDefault of {name} PriorityClass must be false"
    return ""


def _validate(obj: Obj) -> Errors:
    errors: Errors = []
    if (obj["metadata"].get("name") or "").startswith(_PREFIX):
        if mistake := _system_mistake(obj):
            detail = (
                f"priority class names with '{_PREFIX}' prefix are reserved for system use only"
            )
            where = Path("metadata", "name")
            errors.append(fields.forbidden(where, f"{detail}. error: {mistake}"))
    elif obj.get("value", 0) > _HIGHEST:
        detail = f"maximum allowed value of a user defined priority is {_HIGHEST}"
        errors.append(fields.forbidden(Path("value"), detail))
    policy = obj.get("preemptionPolicy")
    if policy is not None:
        valid = ("PreemptLowerPriority", "Never")
        errors += rules.required_one_of(policy, Path("preemptionPolicy"), valid)
    return errors


def _validate_update(obj: Obj, old: Obj) -> Errors:
    errors: Errors = []
    if obj.get("value", 0) != old.get("value", 0):
        errors.append(fields.forbidden(Path("value"), "may not be changed in an update."))
    now, was = obj.get("preemptionPolicy"), old.get("preemptionPolicy")
    return errors + rules.immutable(now, was, Path("preemptionPolicy"))


STRATEGY = Strategy(
    group="scheduling.k8s.io",
    kind="PriorityClass",
    validate=_validate,
    validate_update=_validate_update,
    has_generation=True,
    generation_counts=lambda obj, old: False,
)
