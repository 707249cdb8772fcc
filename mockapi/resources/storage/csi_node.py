"""CSINode."""

from typing import Any

from mockapi.machinery.resource import METADATA_OF_STATUS, Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import formats, internal, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_DRIVERS = Path("spec", "drivers")
_LONGEST_ID = 256


def _check(obj: Obj) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, driver in enumerate(obj["spec"].get("drivers") or ()):
        path, name = _DRIVERS.index(index), driver.get("name", "")
        errors += rules.csi_driver_name(name, path.child("name"))
        errors += _node_id(driver.get("nodeID", ""), path.child("nodeID"))
        count = (driver.get("allocatable") or {}).get("count")
        errors += rules.not_negative(count, path.child("allocatable", "count"))
        if name in seen:
            errors.append(fields.duplicate(path.child("name"), name))
        seen.add(name)
        errors += _topology_keys(driver.get("topologyKeys") or (), path)
    return errors


def _node_id(text: str, path: Path) -> Errors:
    if not text:
        return [fields.required(path)]
    if formats.size(text) > _LONGEST_ID:
        return [fields.invalid(path, text, f"must be {_LONGEST_ID} characters or less")]
    return []


def _topology_keys(keys: Any, path: Path) -> Errors:
    errors: Errors = []
    for index, key in enumerate(keys):
        if not key:
            errors.append(fields.required(path))
        if key in keys[:index]:
            errors.append(fields.duplicate(path, key))
        errors += rules.qualified_name(key, path)
    return errors


def _validate_update(obj: Obj, old: Obj) -> Errors:
    """A driver that stays may change its allocatable count only."""
    errors = _check(obj)
    for was in old["spec"].get("drivers") or ():
        for driver in obj["spec"].get("drivers") or ():
            if driver.get("name") == was.get("name"):
                now = _without_allocatable(driver)
                shown = internal.shown("storage.CSINodeDriver", now)
                errors += rules.immutable(now, _without_allocatable(was), _DRIVERS, shown=shown)
    return errors


def _without_allocatable(driver: Obj) -> Obj:
    return {key: value for key, value in driver.items() if key != "allocatable"}


def _prepare_status(obj: Obj, old: Obj, context: Context) -> None:
    """Volumes' health has a feature gate that is off by default."""
    (obj.get("status") or {}).pop("storageHealth", None)


STRATEGY = Strategy(
    group="storage.k8s.io",
    kind="CSINode",
    validate=_check,
    validate_update=_validate_update,
    has_status=True,
    status=StatusStrategy(prepare_update=_prepare_status, kept_metadata=METADATA_OF_STATUS),
    unconditional_update=False,
)
