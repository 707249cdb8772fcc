"""ConfigMap."""

from collections.abc import Iterable
from typing import Any

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


def validate_frozen(
    obj: Obj, old: Obj, names: Iterable[str], *, filled: Iterable[str] = ()
) -> Errors:
    """What `immutable: true` forbids, for ConfigMaps and Secrets. `filled`: what is made an empty
    map by default, so that one that is given empty is no change."""
    if not old.get("immutable"):
        return []
    errors: Errors = []
    if not obj.get("immutable"):
        errors.append(fields.forbidden(Path("immutable"), _FROZEN))
    for name in names:
        was: Any = {} if name in filled else None
        if obj.get(name, was) != old.get(name, was):
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
    frozen = validate_frozen(obj, old, ("data", "binaryData"), filled=("data",))
    return frozen + _validate(obj)


STRATEGY = Strategy(
    group="",
    kind="ConfigMap",
    validate=_validate,
    validate_update=_validate_update,
    judges_emptied=True,
)
