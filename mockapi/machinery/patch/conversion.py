"""What the real server says when a strategic merge patch leaves a value of the wrong type.

There the patched map goes to the Go type without JSON between, with other texts than the JSON
decoder's. Source: apimachinery pkg/runtime/converter.go.
"""

import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mockapi.machinery.catalogue import Shape, Type
from mockapi.machinery.schema import gobase64, strict
from mockapi.machinery.schema.strict import Names

_IN_STRUCT = re.compile(
    r"^json: cannot unmarshal (.*) into Go struct field (?!JSONSchemaProps\.)\S+ of type (\S+)$"
)
"""Where schemas may stand for something else, their decoder reads them whole: they are named."""
_BITS = {"int32": 32, "int64": 64}
_NUMBERS = ("int32", "int64", "float64", "uint8")


def problem(value: Any, type_name: str, types: Mapping[str, Type], names: Names) -> str:
    """The first problem of a tree, or ""."""
    return _Conversion(types, names).problem(value, {"ref": type_name}, ())


def fitted(value: Any, shape: Shape, types: Mapping[str, Type]) -> Any:
    """A tree without a `problem`, with its numbers made to fit their types: whole floats become
    integers, and what is too large for those is cut off."""
    if shape == "bytes" and isinstance(value, list):
        cut = bytes(_cut(item or 0, 8) & 0xFF for item in value)
        return binascii.b2a_base64(cut, newline=False).decode()
    if isinstance(shape, str):
        bits = _BITS.get(shape)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return _cut(value, bits) if bits and is_number else value
    if "ref" in shape:
        owner = types[shape["ref"]]
        if owner.scalar or not isinstance(value, dict):
            return value
        fields = owner.fields
        return {
            key: fitted(item, fields[key].type, types) if key in fields else item
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [fitted(item, shape["list"], types) for item in value]
    if isinstance(value, dict):
        return {key: fitted(item, shape["map"], types) for key, item in value.items()}
    return value


def _cut(value: float, bits: int) -> int:
    """Floats that are no int64 become the least one."""
    whole = int(value) if abs(value) < 2**63 else -(2**63)
    return (whole + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def without_field(error: str) -> str:
    """The JSON decoder's text for a value that has a decoder of its own, which is handed it
    without the struct around."""
    return _IN_STRUCT.sub(r"json: cannot unmarshal \1 into Go value of type \2", error)


class _Conversion:
    def __init__(self, types: Mapping[str, Type], names: Names) -> None:
        self._types = types
        self._names = names

    def problem(self, value: Any, shape: Shape, go: Sequence[str]) -> str:
        """`go` are Go's names of the value's type, of its elements', of theirs, as far as they
        are not what one would think."""
        if value is None or shape == "any":
            return ""
        if isinstance(shape, str):
            return _scalar_problem(value, shape, go[0] if go else shape)
        if "ref" in shape:
            return self._struct_problem(value, shape["ref"])
        expected, what = (list, "slice") if "list" in shape else (dict, "map")
        if not isinstance(value, expected):
            return f"cannot restore {what} from {_kind(value)}"
        inner = shape["list"] if expected is list else shape["map"]
        items = value if isinstance(value, list) else value.values()
        return next(filter(None, (self.problem(item, inner, go[1:]) for item in items)), "")

    def _struct_problem(self, value: Any, name: str) -> str:
        owner = self._types[name]
        if owner.scalar:
            return strict.scalar_problem(owner.scalar, value)
        if not isinstance(value, dict):
            return f"cannot restore struct from: {_kind(value)}"
        known = self._names.get(name, {})
        found = (
            self.problem(value.get(key), field.type, known.get(key, ())[1:])
            for key, field in owner.fields.items()
            if key in value
        )
        return next(filter(None, found), "")


def _scalar_problem(value: Any, shape: str, go: str) -> str:
    if shape == "bytes":
        return _bytes_problem(value)
    kind = _kind(value)
    if kind == shape or (kind == "int64" and shape in _NUMBERS):
        return ""
    if kind == "float64" and shape in _NUMBERS:
        return "" if value == int(value) else f"cannot convert float64 to {shape}"
    if kind == "int64" and shape == "string":
        return f"cannot convert int64 to {go}"
    return f"unrecognized type: {shape}"


def _bytes_problem(value: Any) -> str:
    if isinstance(value, list):
        found = (_scalar_problem(item, "uint8", "uint8") for item in value if item is not None)
        return next(filter(None, found), "")
    if not isinstance(value, str):
        return f"cannot restore slice from {_kind(value)}"
    try:
        gobase64.decode(value)
    except gobase64.CorruptInput as error:
        return f"error decoding from json: {error}"
    return ""


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int64"
    if isinstance(value, float):
        return "float64"
    if isinstance(value, str):
        return "string"
    return "slice" if isinstance(value, list) else "map"
