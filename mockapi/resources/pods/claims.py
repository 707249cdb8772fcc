"""The spec of a PersistentVolumeClaim, wherever it stands."""

from typing import Any

from mockapi.machinery.validation import formats, labels, rules
from mockapi.meta import fields
from mockapi.meta.fields import Path

Errors = rules.Errors

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES = ("Block", "Filesystem")


def access_modes(modes: Any, path: Path) -> Errors:
    errors: Errors = []
    for mode in modes:
        errors += rules.one_of(mode, path, ACCESS_MODES)
    if "ReadWriteOncePod" in modes and set(modes) & set(ACCESS_MODES[:3]):
        detail = "may not use ReadWriteOncePod with other access modes"
        errors.append(fields.forbidden(path, detail))
    return errors


def validate_claim_spec(spec: Any, path: Path) -> Errors:
    errors: Errors = []
    modes = spec.get("accessModes") or ()
    if not modes:
        detail = "at least 1 access mode is required"
        errors.append(fields.required(path.child("accessModes"), detail))
    errors += labels.validate_selector(spec.get("selector"), path.child("selector"))
    errors += access_modes(modes, path.child("accessModes"))
    errors += _storage(spec, path.child("resources").key("storage"))
    if spec.get("storageClassName"):
        errors += rules.object_name(spec["storageClassName"], path.child("storageClassName"))
    if (mode := spec.get("volumeMode")) is not None:
        errors += rules.one_of(mode, path.child("volumeMode"), VOLUME_MODES)
    errors += _sources(spec, path)
    if spec.get("volumeAttributesClassName"):
        where = path.child("volumeAttributesClassName")
        errors += rules.object_name(spec["volumeAttributesClassName"], where)
    return errors


def _storage(spec: Any, path: Path) -> Errors:
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if storage is None:
        return [fields.required(path)]
    return rules.positive_quantity(storage, path)


def _sources(spec: Any, path: Path) -> Errors:
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    errors: Errors = []
    if source is not None:
        errors += _data_source(source, path.child("dataSource"))
    if reference is not None:
        errors += _data_source(reference, path.child("dataSourceRef"))
        if namespace := reference.get("namespace"):
            errors += rules.dns_label(namespace, path.child("dataSourceRef", "namespace"))
    if source is None or reference is None:
        return errors
    same = all(source.get(n) == reference.get(n) for n in ("apiGroup", "kind", "name"))
    if reference.get("namespace"):
        detail = "may not be specified when dataSourceRef.namespace is specified"
        errors.append(fields.invalid(path, {}, detail))
    elif not same:
        errors.append(fields.invalid(path, {}, "must match dataSourceRef"))
    return errors


def _data_source(source: Any, path: Path) -> Errors:
    errors: Errors = []
    rules.required(source, "name", path, errors)
    rules.required(source, "kind", path, errors)
    group, kind = source.get("apiGroup") or "", source.get("kind", "")
    if not group and kind != "PersistentVolumeClaim":
        detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        errors.append(fields.invalid(path, kind, detail))
    if group:
        errors += rules.each(formats.dns1123_subdomain, group, path.child("apiGroup"))
    return errors
