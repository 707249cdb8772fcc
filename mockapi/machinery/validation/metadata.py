"""Rules for metadata, the same for every kind. Source: apimachinery pkg/api/validation."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from mockapi.machinery.validation import formats, names
from mockapi.machinery.validation.names import NameRule
from mockapi.meta import fields, gofmt
from mockapi.meta.fields import FieldError, Path

IMMUTABLE = "field is immutable"
NOT_NEGATIVE = "must be greater than or equal to 0"
MAX_ANNOTATIONS = 256 * 1024
METADATA = Path("metadata")
GO_ORDER = (
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
)
"""The fields of metadata as Go has them."""

_ORPHAN = "orphan"
_FOREGROUND = "foregroundDeletion"


def validate_object_meta(
    meta: Mapping[str, Any],
    *,
    namespaced: bool,
    validate_name: NameRule | None = None,
    path: Path = METADATA,
) -> list[FieldError]:
    """The errors of metadata at creation, in the real order."""
    rule = validate_name or names.dns_subdomain
    errors: list[FieldError] = []
    prefix = meta.get("generateName")
    if prefix:
        for detail in rule(prefix, True):
            errors.append(fields.invalid(path.child("generateName"), prefix, detail))
    name = meta.get("name")
    if not name:
        errors.append(fields.required(path.child("name"), "name or generateName is required"))
    else:
        for detail in rule(name, False):
            errors.append(fields.invalid(path.child("name"), name, detail))
    errors.extend(_namespace(meta.get("namespace"), namespaced, path))
    _generation(meta, path, errors)
    if meta.get("labels"):
        errors.extend(validate_labels(meta["labels"], path.child("labels")))
    if meta.get("annotations"):
        errors.extend(validate_annotations(meta["annotations"], path.child("annotations")))
    if meta.get("ownerReferences"):
        owners = path.child("ownerReferences")
        errors.extend(validate_owner_references(meta["ownerReferences"], owners))
    if meta.get("finalizers"):
        errors.extend(validate_finalizers(meta["finalizers"], path.child("finalizers")))
    if meta.get("managedFields"):
        errors.extend(validate_managed_fields(meta["managedFields"], path.child("managedFields")))
    return errors


def _namespace(namespace: str | None, namespaced: bool, path: Path) -> list[FieldError]:
    if not namespaced:
        if not namespace:
            return []
        return [fields.forbidden(path.child("namespace"), "not allowed on this type")]
    if not namespace:
        return [fields.required(path.child("namespace"))]
    details = formats.dns1123_label(namespace)
    return [fields.invalid(path.child("namespace"), namespace, d) for d in details]


def _generation(meta: Mapping[str, Any], path: Path, errors: list[FieldError]) -> None:
    if (generation := meta.get("generation", 0)) < 0:
        errors.append(fields.invalid(path.child("generation"), generation, NOT_NEGATIVE))


_NEVER_CHANGED = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)
_ZERO = {"name": "", "namespace": "", "uid": ""}


def validate_object_meta_update(
    new: Mapping[str, Any], old: Mapping[str, Any], *, path: Path = METADATA
) -> list[FieldError]:
    """The errors of metadata at an update, in the real order."""
    errors: list[FieldError] = []
    if old.get("deletionTimestamp"):
        errors.extend(_new_finalizers(new, old, path))
    if not new.get("resourceVersion"):
        version = path.child("resourceVersion")
        errors.append(fields.invalid(version, "", "must be specified for an update"))
    _generation(new, path, errors)
    generation = new.get("generation", 0)
    if generation < old.get("generation", 0):
        errors.append(
            fields.invalid(path.child("generation"), generation, "must not be decremented")
        )
    for name in _NEVER_CHANGED:
        value = new.get(name)
        if value != old.get(name):
            shown = _ZERO.get(name) if value is None else value
            errors.append(fields.invalid(path.child(name), shown, IMMUTABLE))
    if new.get("labels") and new["labels"] != old.get("labels"):
        errors.extend(validate_labels(new["labels"], path.child("labels")))
    if new.get("annotations") and new["annotations"] != old.get("annotations"):
        errors.extend(validate_annotations(new["annotations"], path.child("annotations")))
    if new.get("ownerReferences") and new["ownerReferences"] != old.get("ownerReferences"):
        owners = path.child("ownerReferences")
        errors.extend(validate_owner_references(new["ownerReferences"], owners))
    if new.get("managedFields") and new["managedFields"] is not old.get("managedFields"):
        errors.extend(validate_managed_fields(new["managedFields"], path.child("managedFields")))
    return errors


def _new_finalizers(new: Mapping[str, Any], old: Mapping[str, Any], path: Path) -> list[FieldError]:
    extra = sorted(set(new.get("finalizers") or ()) - set(old.get("finalizers") or ()))
    if not extra:
        return []
    shown = ", ".join(gofmt.quote(e) for e in extra)
    return [
        fields.forbidden(
            path.child("finalizers"),
            "no new finalizers can be added if the object is being deleted, "
            f"found new finalizers []string{{{shown}}}",
        )
    ]


def validate_label_name(name: str, path: Path) -> list[FieldError]:
    return [fields.invalid(path, name, detail) for detail in formats.qualified_name(name)]


def validate_labels(labels: Mapping[str, str], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for key, value in labels.items():
        for detail in formats.qualified_name(key):
            errors.append(fields.invalid(path, key, detail))
        for detail in formats.label_value(value):
            errors.append(fields.invalid(path, value, detail))
    return errors


def validate_annotations(annotations: Mapping[str, str], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    total = 0
    for key, value in annotations.items():
        total += formats.size(key) + formats.size(value)
        for detail in formats.qualified_name(key.lower()):
            errors.append(fields.invalid(path, key, detail))
    if total > MAX_ANNOTATIONS:
        errors.append(fields.too_long(path, MAX_ANNOTATIONS))
    return errors


def validate_finalizer_name(name: str, path: Path) -> list[FieldError]:
    return [fields.invalid(path, name, detail) for detail in formats.qualified_name(name)]


def validate_finalizers(finalizers: Sequence[str], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for name in finalizers:
        errors.extend(validate_finalizer_name(name, path))
    if _ORPHAN in finalizers and _FOREGROUND in finalizers:
        detail = f"finalizer {_ORPHAN} and {_FOREGROUND} cannot be both set"
        errors.append(fields.invalid(path, list(finalizers), detail))
    return errors


def validate_owner_references(
    references: Sequence[Mapping[str, Any]], path: Path
) -> list[FieldError]:
    errors: list[FieldError] = []
    controller = ""
    for index, reference in enumerate(references):
        _owner_reference(reference, path.index(index), errors)
        if not reference.get("controller"):
            continue
        name = f"{reference.get('kind', '')}/{reference.get('name', '')}"
        if controller:
            detail = (
                'Only one reference can have Controller set to true. Found "true" in '
                f"references for {controller} and {name}"
            )
            errors.append(fields.invalid(path, list(references), detail))
        else:
            controller = name
    return errors


def _owner_reference(reference: Mapping[str, Any], path: Path, errors: list[FieldError]) -> None:
    api_version = reference.get("apiVersion", "")
    if not api_version:
        errors.append(fields.required(path.child("apiVersion"), "must not be empty"))
    elif api_version.count("/") > 1 or api_version.endswith("/"):
        detail = "must be <group>/<version> or <version>"
        errors.append(fields.invalid(path.child("apiVersion"), api_version, detail))
    for name in ("kind", "name", "uid"):
        if not reference.get(name):
            errors.append(fields.required(path.child(name), "must not be empty"))
    if api_version == "v1" and reference.get("kind") == "Event":
        detail = "/v1, Kind=Event is disallowed from being an owner"
        errors.append(fields.invalid(path, dict(reference), detail))


@lru_cache(maxsize=1024)
def _is_usual(operation: str, manager: str | None, part: str | None) -> bool:
    """Nothing is wrong with an entry of FieldsV1 that says this of itself."""
    if operation not in ("Apply", "Update") or formats.size(part or "") > 256:
        return False
    return not manager or not validate_field_manager(manager, METADATA)


def validate_managed_fields(entries: Sequence[Mapping[str, Any]], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, entry in enumerate(entries):
        operation = entry.get("operation", "")
        manager, part = entry.get("manager"), entry.get("subresource")
        if entry.get("fieldsType") == "FieldsV1" and _is_usual(operation, manager, part):
            continue
        if operation not in ("Apply", "Update"):
            where = path.index(index).child("operation")
            errors.append(
                fields.not_supported(where, operation, ("Apply", "Update"))
                if operation
                else fields.required(where, "must not be empty")
            )
        if entry.get("fieldsType", "FieldsV1") not in ("FieldsV1", ""):
            where = path.index(index).child("fieldsType")
            errors.append(fields.invalid(where, entry["fieldsType"], "must be `FieldsV1`"))
        if manager := entry.get("manager"):
            where = path.index(index).child("manager")
            errors.extend(validate_field_manager(manager, where))
        if formats.size(entry.get("subresource", "")) > 256:
            errors.append(fields.too_long(path.index(index).child("subresource"), 256))
    return errors


def validate_field_manager(manager: str, path: Path | str) -> list[FieldError]:
    if len(manager) <= 128 and manager.isascii() and manager.isprintable():
        return []
    errors = [fields.too_long(path, 128)] if formats.size(manager) > 128 else []
    position = 0
    for char in manager:
        if not (char == " " or (char.isprintable() and not char.isspace())):
            shown = f"U+{ord(char):04X}"
            detail = f"invalid character {shown} (at position {position})"
            errors.append(fields.invalid(path, manager, detail))
        position += formats.size(char)
    return errors
