"""Objects whose spec is fixed, and what both kinds' statuses must be."""

from functools import cache
from typing import Any

from mockapi.machinery import catalogue
from mockapi.machinery.resource import METADATA_OF_STATUS, Obj, StatusStrategy
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_NAMES = frozenset(("exempt", "catch-all"))
_CONDITIONS = Path("status", "conditions")


@cache
def _specs() -> dict[tuple[str, str], Any]:
    table = catalogue.load().table("bootstrap")
    return {(obj["kind"], obj["metadata"]["name"]): obj.get("spec") for obj in table}


def spec_of(kind: str, name: str) -> Any:
    """The spec that the object must have; None: it is free."""
    return _specs().get((kind, name)) if name in _NAMES else None


def validate_status(obj: Obj, old: Obj | None = None) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, condition in enumerate((obj.get("status") or {}).get("conditions") or ()):
        path, kind = _CONDITIONS.index(index).child("type"), condition.get("type", "")
        if kind in seen:
            errors.append(fields.duplicate(path, kind))
        seen.add(kind)
        if not kind:
            errors.append(fields.required(path))
    return errors


STATUS = StatusStrategy(
    validate_update=validate_status,
    kept_metadata=(*METADATA_OF_STATUS, "generateName"),
)
