"""ConfigMap."""

from collections.abc import Iterable

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import formats, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

MAX_SIZE = 1024 * 1024
_FROZEN = "field is immutable when `immutable` is set"


def bytes_of(encoded: str) -> int:
    """How many bytes a base64 text stands for."""
    return len(encoded) * 3 // 4 - encoded.count("=", -2)


def validate_frozen(obj: Obj, old: Obj, names: Iterable[str]) -> Errors:
    """What `immutable: true` forbids, for ConfigMaps and Secrets."""
    if not old.get("immutable"):
        return []
    errors: Errors = []
    if not obj.get("immutable"):
        errors.append(fields.forbidden(Path("immutable"), _FROZEN))
    for name in names:
        if (obj.get(name) or {}) != (old.get(name) or {}):
            errors.append(fields.forbidden(Path(name), _FROZEN))
    return errors


def _validate(obj: Obj) -> Errors:
    errors: Errors = []
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    size = 0
    for key, value in data.items():
        errors += rules.each(formats.config_map_key, key, Path("data").key(key))
        if key in binary:
            detail = "duplicate of key present in binaryData"
            errors.append(fields.invalid(Path("data").key(key), key, detail))
        size += formats.size(value)
    for key, value in binary.items():
        errors += rules.each(formats.config_map_key, key, Path("binaryData").key(key))
        size += bytes_of(value)
    if size > MAX_SIZE:
        errors.append(fields.too_long("[]", MAX_SIZE))
    return errors


def _validate_update(obj: Obj, old: Obj) -> Errors:
    return validate_frozen(obj, old, ("data", "binaryData")) + _validate(obj)


STRATEGY = Strategy(
    group="", kind="ConfigMap", validate=_validate, validate_update=_validate_update
)
