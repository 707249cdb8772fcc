"""Quantity: exact decimal amounts with a suffix. Source: apimachinery pkg/api/resource.

An amount is `unscaled * 10**scale`; it also remembers which family of suffixes it was written
with, because that decides how it is printed.
"""

import re
from functools import lru_cache, total_ordering
from typing import Any, Final

DECIMAL_SI: Final = "DecimalSI"
BINARY_SI: Final = "BinarySI"
DECIMAL_EXPONENT: Final = "DecimalExponent"

NANO: Final = -9
MILLI: Final = -3

FORMAT_WRONG: Final = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
NUMERIC_WRONG: Final = "unable to parse numeric part of quantity"
SUFFIX_WRONG: Final = "unable to parse quantity's suffix"

_SHAPE: Final = re.compile(
    r"([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII
)
_EXPONENT: Final = re.compile(r"[eE][+-]?[0-9]+", re.ASCII)
_DECIMAL: Final = {
    "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
}  # fmt: skip
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX: Final = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX: Final = {exponent: suffix for suffix, exponent in _BINARY.items()}
_MAX_INT64: Final = 2**63 - 1
_FAST_DIGITS: Final = 18
_FAR: Final = 1000
"""Powers of ten beyond this are not worked out: no text may cost seconds."""


class QuantityError(ValueError):
    """The text is no quantity; str() is the real server's text."""


@total_ordering
class Quantity:
    """An immutable amount. `str()` is the canonical form that the real server writes."""

    __slots__ = ("_text", "format", "scale", "unscaled")

    def __init__(
        self, unscaled: int, scale: int = 0, format: str = DECIMAL_SI, text: str = ""
    ) -> None:
        self.unscaled = unscaled
        self.scale = scale
        self.format = format
        self._text = text

    @staticmethod
    def parse(text: str) -> "Quantity":
        """QuantityError when `text` is none."""
        return parse(text)

    @staticmethod
    def of_milli(value: int, format: str = DECIMAL_SI) -> "Quantity":
        return Quantity(value, MILLI, format)

    def __str__(self) -> str:
        if not self._text:
            self._text = self._canonical()
        return self._text

    def __repr__(self) -> str:
        return f"<Quantity {self}>"

    def __bool__(self) -> bool:
        return self.unscaled != 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.cmp(other) == 0

    def __lt__(self, other: "Quantity") -> bool:
        return self.cmp(other) < 0

    def __hash__(self) -> int:
        return hash(_without_zeros(self.unscaled, self.scale))

    def cmp(self, other: "Quantity") -> int:
        """-1, 0 or 1."""
        distance = self.scale - other.scale
        if abs(distance) > _FAR and self.unscaled and other.unscaled:
            return _compare_far(self, other)
        mine = self.unscaled * 10 ** max(distance, 0) if self.unscaled else 0
        theirs = other.unscaled * 10 ** max(-distance, 0) if other.unscaled else 0
        return (mine > theirs) - (mine < theirs)

    def add(self, other: "Quantity") -> "Quantity":
        """Zero takes on the other's family of suffixes."""
        format = self.format if self.unscaled else other.format
        if not other.unscaled:
            return Quantity(self.unscaled, self.scale, format)
        if not self.unscaled:
            return Quantity(other.unscaled, other.scale, format)
        scale = min(self.scale, other.scale)
        total = self.unscaled * 10 ** min(self.scale - scale, _FAR)
        total += other.unscaled * 10 ** min(other.scale - scale, _FAR)
        return Quantity(total, scale, format)

    def sub(self, other: "Quantity") -> "Quantity":
        return self.add(other.neg())

    def neg(self) -> "Quantity":
        return Quantity(-self.unscaled, self.scale, self.format)

    def mul(self, factor: int) -> "Quantity":
        return Quantity(self.unscaled * factor, self.scale, self.format)

    def __add__(self, other: "Quantity") -> "Quantity":
        return self.add(other)

    def __sub__(self, other: "Quantity") -> "Quantity":
        return self.sub(other)

    def __neg__(self) -> "Quantity":
        return self.neg()

    @property
    def sign(self) -> int:
        return (self.unscaled > 0) - (self.unscaled < 0)

    def scaled_value(self, scale: int) -> int:
        """In units of 10**scale, rounded away from zero."""
        shift = self.scale - scale
        if shift >= 0:
            return self.unscaled * int(10 ** min(shift, _FAR))
        if -shift > _FAR and len(str(self.unscaled)) < -shift:
            return self.sign
        magnitude = -(-abs(self.unscaled) // int(10**-shift))
        return magnitude if self.unscaled > 0 else -magnitude

    def value(self) -> int:
        """Rounded away from zero to an integer."""
        return self.scaled_value(0)

    def milli_value(self) -> int:
        return self.scaled_value(MILLI)

    def as_float(self) -> float:
        return float(self.unscaled) * 10.0**self.scale

    def round_up(self, scale: int) -> "Quantity":
        """Itself when it is no finer than 10**scale, else rounded away from zero."""
        if self.scale >= scale:
            return self
        return Quantity(self.scaled_value(scale), scale, self.format)

    def _canonical(self) -> str:
        if not self.unscaled:
            return "0"
        if self.format == BINARY_SI and (whole := self._whole_for_binary()) is not None:
            amount, exponent = _without_factors(whole, 1024)
            return f"{amount}{_BINARY_SUFFIX.get(exponent * 10, '')}"
        amount, exponent = _without_zeros(self.unscaled, self.scale)
        over = exponent % 3
        amount, exponent = amount * 10**over, exponent - over
        if self.format in (DECIMAL_SI, BINARY_SI):
            return f"{amount}{_DECIMAL_SUFFIX.get(exponent, '')}"
        return f"{amount}e{exponent}" if exponent else str(amount)

    def _whole_for_binary(self) -> int | None:
        """The amount, if a binary suffix neither rounds it nor is too large for it."""
        if self.scale < 0 and self.unscaled % 10**-self.scale:
            return None
        whole = self.value()
        return whole if abs(whole) >= 1024 else None


ZERO: Final = Quantity(0, 0, DECIMAL_SI, "0")


@lru_cache(maxsize=8192)
def parse(text: str) -> Quantity:
    """The quantity of a text as in `spec.containers[].resources`; QuantityError otherwise."""
    shape = _SHAPE.fullmatch(text)
    if shape is None or not text:
        raise QuantityError(FORMAT_WRONG)
    if len(text) > _FAR:
        raise QuantityError(NUMERIC_WRONG)
    if text == "0":
        return ZERO
    sign, whole, fraction, suffix = shape.groups("")
    format, exponent = _suffix(suffix)
    amount = int((whole + fraction) or "0")
    if sign == "-":
        amount = -amount
    whole = whole or "0"
    if format == BINARY_SI:
        return _parse_binary(amount, whole, fraction, exponent, text)
    return _parse_decimal(amount, whole + fraction, exponent - len(fraction), format, text)


@lru_cache(maxsize=8192)
def canonical(text: str) -> str:
    """The form in which the real server writes the quantity that `text` is."""
    return str(parse(text))


def is_quantity(text: Any) -> bool:
    try:
        parse(text)
    except (QuantityError, TypeError):
        return False
    return True


def _suffix(suffix: str) -> tuple[str, int]:
    if suffix in _DECIMAL:
        return DECIMAL_SI, _DECIMAL[suffix]
    if suffix in _BINARY:
        return BINARY_SI, _BINARY[suffix]
    if _EXPONENT.fullmatch(suffix) and abs(exponent := int(suffix[1:])) <= _MAX_INT64:
        return DECIMAL_EXPONENT, (exponent + 2**31) % 2**32 - 2**31
    raise QuantityError(SUFFIX_WRONG)


def _parse_decimal(amount: int, digits: str, scale: int, format: str, text: str) -> Quantity:
    """A text that is short and nearly canonical is kept as it was written."""
    if len(digits) <= _FAST_DIGITS and scale >= NANO:
        keeps = scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"
        return Quantity(amount, scale, format, text if keeps else "")
    return _rounded(amount, scale, format, text)


def _parse_binary(amount: int, whole: str, fraction: str, power: int, text: str) -> Quantity:
    precision = 14 - len(whole) - power * 3 // 10
    scaled = amount << power
    if not fraction and precision >= 0 and abs(scaled) <= _MAX_INT64:
        return Quantity(scaled, 0, BINARY_SI, text if abs(amount) & 7 else "")
    rounded = _rounded(scaled, -len(fraction), BINARY_SI, text)
    magnitude = Quantity(abs(rounded.unscaled), rounded.scale)
    if magnitude > Quantity(_MAX_INT64):
        return Quantity(_MAX_INT64 * rounded.sign, 0, BINARY_SI)
    if magnitude and magnitude < Quantity(1):
        return Quantity(rounded.unscaled, rounded.scale, DECIMAL_SI)
    return rounded


def _rounded(amount: int, scale: int, format: str, text: str) -> Quantity:
    if not text.lstrip("+-")[:2].strip(".")[:1].isdigit():
        raise QuantityError(NUMERIC_WRONG)
    return Quantity(amount, scale, format).round_up(NANO)


def _without_factors(value: int, base: int) -> tuple[int, int]:
    times = 0
    while value and value % base == 0:
        value //= base
        times += 1
    return value, times


def _without_zeros(unscaled: int, scale: int) -> tuple[int, int]:
    amount, times = _without_factors(unscaled, 10)
    return (amount, scale + times) if amount else (0, 0)


def _compare_far(a: Quantity, b: Quantity) -> int:
    """Without writing out numbers of a million digits."""
    if a.sign != b.sign:
        return 1 if a.sign > b.sign else -1
    longer = len(str(abs(a.unscaled))) + a.scale - len(str(abs(b.unscaled))) - b.scale
    return a.sign if longer > 0 else -a.sign
