"""VolumeAttributesClass."""

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.storage import storage_class

Errors = list[FieldError]

_ROOT = Path("")
_DRIVER, _PARAMETERS = Path("driverName"), Path("parameters")


def _check(obj: Obj) -> Errors:
    errors: Errors = []
    if rules.required(obj, "driverName", _ROOT, errors):
        errors += rules.qualified_name(obj["driverName"].lower(), _DRIVER)
    parameters = obj.get("parameters") or {}
    errors += storage_class.parameters(parameters)
    if not parameters:
        detail = "must contain at least one key/value pair"
        errors.append(fields.required(_PARAMETERS, detail))
    return errors


def _validate_update(obj: Obj, old: Obj) -> Errors:
    errors = [
        fields.forbidden(path, f"updates to {path} are forbidden.")
        for path in (_DRIVER, _PARAMETERS)
        if obj.get(str(path)) != old.get(str(path))
    ]
    return errors + _check(obj)


STRATEGY = Strategy(
    group="storage.k8s.io",
    kind="VolumeAttributesClass",
    validate=_check,
    validate_update=_validate_update,
)
