"""VolumeAttachment."""

from typing import Any

from mockapi.machinery.resource import METADATA_OF_STATUS, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import declared, formats, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.core import persistent_volume

Errors = list[FieldError]

_SPEC, _STATUS = Path("spec"), Path("status")
_ATTACHER = _SPEC.child("attacher")
_VOLUME_NAME = Path("spec", "source", "persistentVolumeName")
_EITHER = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
_LARGEST_METADATA = 256 * 1024
_LONGEST_MESSAGE = 1024
_MAX_INT = 2**31 - 1


def _source(source: Any, path: Path) -> Errors:
    inline, name = source.get("inlineVolumeSpec"), source.get("persistentVolumeName")
    if inline is None and name is None:
        return [fields.required(path, _EITHER)]
    if inline is not None and name is not None:
        return [fields.forbidden(path, _EITHER)]
    if inline is not None:
        return persistent_volume.validate_inline_spec(inline, path.child("inlineVolumeSpec"))
    if name:
        return []
    return [fields.required(_VOLUME_NAME, "must specify non empty persistentVolumeName")]


def _status(status: Any) -> Errors:
    errors: Errors = []
    metadata = status.get("attachmentMetadata") or {}
    size = sum(formats.size(key) + formats.size(value) for key, value in metadata.items())
    if size > _LARGEST_METADATA:
        errors.append(fields.too_long(_STATUS.child("attachmentMetadata"), _LARGEST_METADATA))
    for name in ("attachError", "detachError"):
        if status.get(name) is not None:
            errors += _volume_error(status[name], _STATUS.child(name))
    return errors


def _volume_error(error: Any, path: Path) -> Errors:
    errors: Errors = []
    if formats.size(error.get("message", "")) > _LONGEST_MESSAGE:
        errors.append(fields.too_long(path.child("message"), _LONGEST_MESSAGE))
    if (code := error.get("errorCode", 0)) < 0:
        detail = formats.out_of_range(0, _MAX_INT)
        errors.append(fields.invalid(path.child("errorCode"), code, detail))
    return errors


def _written(obj: Obj) -> Errors:
    spec = obj["spec"]
    source, attacher = spec.get("source") or {}, spec.get("attacher", "")
    errors = declared.covered(rules.csi_driver_name(attacher, _ATTACHER))
    errors += _source(source, _SPEC.child("source"))
    errors += rules.object_name(spec.get("nodeName", ""), _SPEC.child("nodeName"))
    errors += _status(obj.get("status") or {})
    if (name := source.get("persistentVolumeName")) is not None:
        errors += rules.object_name(name, _VOLUME_NAME)
    return errors


def _validate(obj: Obj) -> Errors:
    named = declared.csi_driver_name(obj["spec"].get("attacher", ""), _ATTACHER)
    return declared.settle(_written(obj), named)


def _validate_update(obj: Obj, old: Obj) -> Errors:
    fixed = declared.immutable(obj["spec"], old["spec"], _SPEC)
    return declared.settle(_written(obj), fixed)


STRATEGY = Strategy(
    group="storage.k8s.io",
    kind="VolumeAttachment",
    validate=_validate,
    validate_update=_validate_update,
    has_status=True,
    status=StatusStrategy(validate_update=_validate_update, kept_metadata=METADATA_OF_STATUS),
    unconditional_update=False,
)
