"""Field paths and field errors. Source: apimachinery pkg/util/validation/field."""

from collections.abc import Iterable
from typing import Any, Final

from mockapi.meta import gofmt


class Path:
    """A path to a field, built by the way down: `Path("spec").child("ports").index(0)`.

    Kept as a linked list and rendered only when an error needs it: rules walk thousands of paths
    of valid objects.
    """

    __slots__ = ("_parent", "_step")

    _parent: "Path | None"
    _step: str | int | tuple[str]
    """A field's name, an index, or a key in a tuple."""

    def __init__(self, text: str, *more: str) -> None:
        self._parent = None
        self._step = ".".join((text, *more)) if more else text

    def child(self, name: str, *more: str) -> "Path":
        path = _new(Path)
        path._parent = self
        path._step = ".".join((name, *more)) if more else name
        return path

    def index(self, index: int) -> "Path":
        path = _new(Path)
        path._parent = self
        path._step = index
        return path

    def key(self, key: str) -> "Path":
        path = _new(Path)
        path._parent = self
        path._step = (key,)
        return path

    def __str__(self) -> str:
        parts: list[str] = []
        path: Path | None = self
        while path is not None:
            step = path._step
            if type(step) is str:
                parts.append(f".{step}" if step or path._parent is not None else "")
            else:
                parts.append(f"[{step[0] if isinstance(step, tuple) else step}]")
            path = path._parent
        text = "".join(reversed(parts))
        return text[1:] if text.startswith(".") else text


_new: Final = object.__new__


_REASONS: Final = {
    "FieldValueNotFound": "Not found",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueInvalid": "Invalid value",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueTooLong": "Too long",
    "FieldValueTooMany": "Too many",
    "FieldValueTooFew": "Too few",
    "FieldValueTooShort": "Too short",
    "InternalError": "Internal error",
    "FieldValueTypeInvalid": "Invalid value",
}
_WITHOUT_VALUE: Final = frozenset(
    (
        "FieldValueRequired",
        "FieldValueForbidden",
        "FieldValueTooLong",
        "FieldValueTooShort",
        "InternalError",
    )
)
OMITTED: Final = object()


class FieldError:
    """One mistake in one field. `reason` is the cause's reason (`FieldValueRequired`, ...).

    `origin` and `covered` are for errors that two rules may make, see validation/declared.py.
    """

    __slots__ = ("bad_value", "covered", "detail", "field", "origin", "reason")

    def __init__(self, reason: str, field: Path | str, bad_value: Any, detail: str) -> None:
        self.reason = reason
        self.field = str(field)
        self.bad_value = bad_value
        self.detail = detail
        self.origin = ""
        self.covered = False

    def body(self) -> str:
        """The text without the field, which is the cause's message."""
        text = _REASONS[self.reason]
        if self.reason not in _WITHOUT_VALUE and self.bad_value is not OMITTED:
            text = f"{text}: {gofmt.bad_value(self.bad_value)}"
        return f"{text}: {self.detail}" if self.detail else text

    def cause(self) -> dict[str, str]:
        return {"reason": self.reason, "message": self.body(), "field": self.field}

    def __str__(self) -> str:
        return f"{self.field}: {self.body()}"

    def __repr__(self) -> str:
        return f"<FieldError {self}>"


def required(field: Path | str, detail: str = "") -> FieldError:
    return FieldError("FieldValueRequired", field, "", detail)


def invalid(field: Path | str, value: Any, detail: str) -> FieldError:
    return FieldError("FieldValueInvalid", field, value, detail)


def type_invalid(field: Path | str, value: Any, detail: str) -> FieldError:
    return FieldError("FieldValueTypeInvalid", field, value, detail)


def forbidden(field: Path | str, detail: str = "") -> FieldError:
    return FieldError("FieldValueForbidden", field, "", detail)


def duplicate(field: Path | str, value: Any) -> FieldError:
    return FieldError("FieldValueDuplicate", field, value, "")


def not_found(field: Path | str, value: Any) -> FieldError:
    return FieldError("FieldValueNotFound", field, value, "")


def not_supported(field: Path | str, value: Any, valid: Iterable[str]) -> FieldError:
    """`valid` is listed as given; sort it where the real server sorts."""
    names = ", ".join(gofmt.quote(v) for v in valid)
    if type(value) is str:  # of a type with a name, nearly always
        value = gofmt.Pointed(value)
    return FieldError(
        "FieldValueNotSupported", field, value, f"supported values: {names}" if names else ""
    )


def too_long(field: Path | str, limit: int) -> FieldError:
    detail = "may not be more than 1 byte" if limit == 1 else f"may not be more than {limit} bytes"
    return FieldError("FieldValueTooLong", field, "", detail if limit >= 0 else "value is too long")


def too_long_characters(field: Path | str, limit: int) -> FieldError:
    unit = "character" if limit == 1 else "characters"
    return FieldError("FieldValueTooLong", field, "", f"may not be more than {limit} {unit}")


def too_many(field: Path | str, actual: int, limit: int) -> FieldError:
    detail = "must have at most 1 item" if limit == 1 else f"must have at most {limit} items"
    return FieldError(
        "FieldValueTooMany",
        field,
        actual if actual >= 0 else OMITTED,
        detail if limit >= 0 else "has too many items",
    )


def internal(field: Path | str, message: str) -> FieldError:
    return FieldError("InternalError", field, None, message)
