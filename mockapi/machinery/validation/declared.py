"""Rules that the API's types declare, beside those that are written for a kind.

The real server runs both. Declared errors come last, and a written error that is marked as covered
gives way to a declared one of the same reason, field and origin. Source: apiserver
pkg/registry/rest/validate.go, apimachinery pkg/api/validate/errors.go.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from mockapi.machinery.validation import formats, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

IMMUTABLE = "immutable"


def covered(errors: Iterable[FieldError], origin: str = "") -> Errors:
    """Mark written errors: a declared rule says the same."""
    marked = list(errors)
    for error in marked:
        error.covered = True
        error.origin = origin or error.origin
    return marked


def by(origin: str, errors: Iterable[FieldError]) -> Errors:
    """Errors by the rule that made them."""
    marked = list(errors)
    for error in marked:
        error.origin = origin
    return marked


def immutable(new: Any, old: Any, path: Path) -> Errors:
    """The declared form does not show the value."""
    return [] if new == old else changed(path)


def changed(path: Path) -> Errors:
    return by(IMMUTABLE, [fields.invalid(path, None, "field is immutable")])


def csi_driver_name(name: str, path: Path) -> Errors:
    """The declared rules for a field that names a CSI driver (or a device driver)."""
    if not name:
        return [fields.required(path)]
    errors = by("format=k8s-long-name-caseless", rules.each(formats.long_name_caseless, name, path))
    if len(name) > 63:
        errors += by("maxLength", [fields.too_long_characters(path, 63)])
    return errors


def settle(written: Iterable[FieldError], declared: Sequence[FieldError]) -> Errors:
    """All errors, in the order in which they are told."""
    keys = {_key(error) for error in declared}
    return [*(e for e in written if not e.covered or _key(e) not in keys), *declared]


def _key(error: FieldError) -> tuple[str, str, str]:
    return error.reason, error.field, error.origin
