"""Numbers or percentages of rolling updates."""

from typing import Any

from mockapi.machinery.validation import formats, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]
IntOrPercent = int | str


def int_or_percent(value: IntOrPercent, path: Path) -> Errors:
    if isinstance(value, str):
        return rules.each(formats.percent, value, path)
    return rules.not_negative(value, path)


def percent_of(value: IntOrPercent) -> int | None:
    if isinstance(value, str) and not formats.percent(value):
        return int(value[:-1])
    return None


def amount(value: IntOrPercent) -> int:
    """The number, of a percentage as well; 0 when it is neither."""
    percent = percent_of(value)
    if percent is not None:
        return percent
    if isinstance(value, int):
        return value
    digits = value.lstrip("+-")
    return int(value) if digits.isascii() and digits.isdigit() else 0


def at_most_all(value: IntOrPercent, path: Path) -> Errors:
    percent = percent_of(value)
    if percent is None or percent <= 100:
        return []
    return [fields.invalid(path, value, "must not be greater than 100%")]


def decremented_collisions(status: Any, before: Any) -> Errors:
    """status.collisionCount only grows."""
    now, was = status.get("collisionCount"), before.get("collisionCount")
    if was is None or (now is not None and now >= was):
        return []
    where = Path("status", "collisionCount")
    return [fields.invalid(where, now or 0, "cannot be decremented")]
