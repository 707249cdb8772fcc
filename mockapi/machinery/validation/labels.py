"""Label selectors inside objects. Source: apimachinery pkg/apis/meta/v1/validation."""

from typing import Any

from mockapi.machinery.validation import formats
from mockapi.machinery.validation.metadata import validate_label_name, validate_labels
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

_NEEDS_VALUES = "must be specified when `operator` is 'In' or 'NotIn'"
_NO_VALUES = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"


def validate_selector(selector: Any, path: Path) -> list[FieldError]:
    """A metav1.LabelSelector; None is fine."""
    if not selector:
        return []
    errors: list[FieldError] = []
    if labels := selector.get("matchLabels"):
        errors.extend(validate_labels(labels, path.child("matchLabels")))
    for index, requirement in enumerate(selector.get("matchExpressions") or ()):
        where = path.child("matchExpressions").index(index)
        errors.extend(validate_requirement(requirement, where))
    return errors


def validate_requirement(requirement: Any, path: Path) -> list[FieldError]:
    errors = operator_errors(requirement, path)
    errors.extend(validate_label_name(requirement.get("key", ""), path.child("key")))
    for index, value in enumerate(requirement.get("values") or ()):
        for detail in formats.label_value(value):
            errors.append(fields.invalid(path.child("values").index(index), value, detail))
    return errors


def operator_errors(requirement: Any, path: Path) -> list[FieldError]:
    operator = requirement.get("operator", "")
    values = requirement.get("values")
    if operator in ("In", "NotIn"):
        return [] if values else [fields.required(path.child("values"), _NEEDS_VALUES)]
    if operator in ("Exists", "DoesNotExist"):
        return [fields.forbidden(path.child("values"), _NO_VALUES)] if values else []
    return [fields.invalid(path.child("operator"), operator, "not a valid selector operator")]
