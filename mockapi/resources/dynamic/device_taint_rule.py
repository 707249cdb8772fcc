"""DeviceTaintRule."""

from mockapi.machinery.resource import METADATA_OF_STATUS, Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import rules
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.dynamic import claims, declarations
from mockapi.resources.dynamic import formats as own

Errors = list[FieldError]

_SPEC = Path("spec")
_MOST_CONDITIONS = 8


def _check(obj: Obj, old: Obj | None) -> Errors:
    spec = obj.get("spec") or {}
    before = ((old or {}).get("spec") or {}) if old is not None else None
    selector, path = spec.get("deviceSelector") or {}, _SPEC.child("deviceSelector")
    errors: Errors = []
    if (driver := selector.get("driver")) is not None:
        errors += rules.csi_driver_name(driver, path.child("driver"))
    if (pool := selector.get("pool")) is not None:
        errors += own.pool_name(pool, path.child("pool"))
    if (device := selector.get("device")) is not None:
        errors += rules.dns_label(device, path.child("device"))
    was = before.get("taint") or {} if before is not None else None
    errors += claims.taint(spec.get("taint") or {}, _SPEC.child("taint"), was)
    return declarations.TABLES.settle(errors, "DeviceTaintRuleSpec", spec, before, _SPEC)


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    """The time tells since when the effect is what it is."""
    taint, was = (part["spec"].get("taint") or {} for part in (obj, old))
    if taint.get("effect") != was.get("effect") and taint.get("timeAdded") == was.get("timeAdded"):
        obj["spec"]["taint"] = {**taint, "timeAdded": context.now}


def _validate_status(obj: Obj, old: Obj) -> Errors:
    given = (obj.get("status") or {}).get("conditions")
    path = Path("status", "conditions")
    return declarations.conditions(given, _MOST_CONDITIONS, path, count_first=False)


STRATEGY = Strategy(
    group="resource.k8s.io",
    kind="DeviceTaintRule",
    prepare_update=_prepare_update,
    validate=lambda obj: _check(obj, None),
    validate_update=_check,
    has_generation=True,
    has_status=True,
    status=StatusStrategy(validate_update=_validate_status, kept_metadata=METADATA_OF_STATUS),
    unconditional_update=False,
)
