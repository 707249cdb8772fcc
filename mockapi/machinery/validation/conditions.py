"""metav1.Condition. Source: apimachinery pkg/apis/meta/v1/validation."""

from collections.abc import Sequence
from typing import Any

from mockapi.machinery.validation import declared, formats, metadata
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

STATUSES = ("False", "True", "Unknown")
_LONGEST_REASON = 1024
_LONGEST_MESSAGE = 32 * 1024


def validate(conditions: Sequence[Any], path: Path) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        kind = condition.get("type", "")
        if kind in seen:
            errors += declared.covered([fields.duplicate(path.index(index), kind)])
        seen.add(kind)
        errors += _condition(condition, path.index(index))
    return errors


def _condition(condition: Any, path: Path) -> Errors:
    errors: Errors = []
    if kind := condition.get("type"):
        errors += metadata.validate_label_name(kind, path.child("type"))
    else:
        errors += declared.covered([fields.required(path.child("type"), "is required")])
    status, where = condition.get("status"), path.child("status")
    if not status:
        errors += declared.covered([fields.required(where)])
    elif status not in STATUSES:
        errors += declared.covered([fields.not_supported(where, status, STATUSES)])
    if (generation := condition.get("observedGeneration", 0)) < 0:
        where = path.child("observedGeneration")
        error = fields.invalid(where, generation, "must be greater than or equal to zero")
        errors += declared.covered([error], "minimum")
    if not condition.get("lastTransitionTime"):
        errors += declared.covered([fields.required(path.child("lastTransitionTime"))])
    return errors + _reason(condition, path)


def _reason(condition: Any, path: Path) -> Errors:
    reason, where = condition.get("reason", ""), path.child("reason")
    errors: Errors = []
    if not reason:
        errors += declared.covered([fields.required(where)])
    for detail in formats.condition_reason(reason) if reason else ():
        errors.append(fields.invalid(where, reason, detail))
    if formats.size(reason) > _LONGEST_REASON:
        errors += declared.covered([fields.too_long(where, _LONGEST_REASON)], "maxBytes")
    if formats.size(condition.get("message", "")) > _LONGEST_MESSAGE:
        errors.append(fields.too_long(path.child("message"), _LONGEST_MESSAGE))
    return errors
