"""Small helpers of the defaulting functions."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from mockapi.meta import quantity

Obj = dict[str, Any]
Defaulter = Callable[[Obj], None]


def fill(obj: Obj, key: str, value: Any) -> None:
    """For what is no pointer in Go: absent and the zero value are the same."""
    if not obj.get(key):
        obj[key] = value


def filler(**values: Any) -> Defaulter:
    """A function that fills these fields; values are immutable."""

    def fill_all(obj: Obj) -> None:
        for key, value in values.items():
            fill(obj, key, value)

    return fill_all


def pointers(**values: Any) -> Defaulter:
    """The same for pointers in Go, of which zero and an empty text are values."""

    def fill_all(obj: Obj) -> None:
        for key, value in values.items():
            if obj.get(key) is None:
                obj[key] = value

    return fill_all


def inner(obj: Obj, key: str) -> Obj:
    """The object at a field, made where it is missing."""
    value = obj.get(key)
    if not isinstance(value, dict):
        value = obj[key] = {}
    return value


@lru_cache(maxsize=8192)
def _milli(text: str) -> str:
    return str(quantity.parse(text).round_up(quantity.MILLI))


def rounds(*keys: str) -> Defaulter:
    """Amounts finer than a thousandth are rounded up, in these resource lists."""

    def round_all(obj: Obj) -> None:
        for key in keys:
            amounts = obj.get(key)
            if amounts:
                for name, amount in amounts.items():
                    rounded = _milli(amount)
                    if rounded != amount:
                        amounts[name] = rounded

    return round_all


def both(first: Defaulter, second: Defaulter) -> Defaulter:
    def fill_both(obj: Obj) -> None:
        first(obj)
        second(obj)

    return fill_both
