"""StorageVersionMigration."""

import re

from mockapi.machinery.resource import METADATA_OF_STATUS, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import conditions, formats, internal, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_SPEC = Path("spec")
_RESOURCE, _GROUP = Path("spec", "resource", "resource"), Path("spec", "resource", "group")
_CONDITIONS = Path("status", "conditions")
_VERSION = Path("status", "resourceVersion")
_is_version = re.compile("[1-9][0-9]*").fullmatch


def _validate(obj: Obj) -> Errors:
    resource = obj["spec"].get("resource") or {}
    errors: Errors = []
    if not (name := resource.get("resource")):
        errors.append(fields.required(_RESOURCE, "resource is required to be set"))
    elif details := formats.dns1035_label(name):
        errors.append(fields.invalid(_RESOURCE, name, ",".join(details)))
    group = resource.get("group")
    if group and (details := formats.dns1123_subdomain(group)):
        errors.append(fields.invalid(_GROUP, group, ",".join(details)))
    return errors


def _validate_update(obj: Obj, old: Obj) -> Errors:
    shown = internal.shown("storagemigration.StorageVersionMigrationSpec", obj["spec"])
    return _validate(obj) + rules.immutable(obj["spec"], old["spec"], _SPEC, shown=shown)


def _is_true(obj: Obj, kind: str) -> bool:
    listed = (obj.get("status") or {}).get("conditions") or ()
    statuses = [c.get("status") for c in listed if c.get("type") == kind]
    return statuses[:1] == ["True"]


def _validate_status(obj: Obj, old: Obj) -> Errors:
    status = obj.get("status") or {}
    version, before = status.get("resourceVersion", ""), (old.get("status") or {})
    listed = status.get("conditions")
    errors: Errors = []
    if version and not _is_version(version):
        detail = f"resource version is not well formed: {version}"
        errors.append(fields.invalid(_VERSION, version, detail))
    errors += conditions.validate(listed or (), _CONDITIONS)
    if before.get("resourceVersion") and before["resourceVersion"] != version:
        errors.append(fields.invalid(_VERSION, version, rules.IMMUTABLE))
    if _is_true(obj, "Succeeded") and _is_true(obj, "Failed"):
        detail = "Both success and failed conditions cannot be true at the same time"
        errors.append(fields.invalid(_CONDITIONS, listed, detail))
    for kind, shown in (("Succeeded", "Success"), ("Failed", "Failed")):
        if _is_true(old, kind) and not _is_true(obj, kind):
            detail = f"{shown} condition cannot be set to false once it is true"
            errors.append(fields.invalid(_CONDITIONS, listed, detail))
    return errors


STRATEGY = Strategy(
    group="storagemigration.k8s.io",
    kind="StorageVersionMigration",
    validate=_validate,
    validate_update=_validate_update,
    has_status=True,
    status=StatusStrategy(validate_update=_validate_status, kept_metadata=METADATA_OF_STATUS),
    unconditional_update=False,
)
