"""ControllerRevision."""

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_DATA = Path("data")


def _revision(obj: Obj) -> Errors:
    return rules.not_negative(obj.get("revision", 0), Path("revision"))


def _validate(obj: Obj) -> Errors:
    errors = _revision(obj)
    data = obj.get("data")
    if data is None:
        errors.append(fields.required(_DATA, "data is mandatory"))
    elif not isinstance(data, dict):
        errors.append(fields.required(_DATA, "data must be a valid JSON object"))
    return errors


def _validate_update(obj: Obj, old: Obj) -> Errors:
    return _revision(obj) + rules.immutable(obj.get("data"), old.get("data"), _DATA)


STRATEGY = Strategy(
    group="apps", kind="ControllerRevision", validate=_validate, validate_update=_validate_update
)
