"""The slow path: walks a tree as Go's JSON decoder (sigs.k8s.io/json) walks a body into a struct,
to find what it finds, in its order and words: unknown and repeated fields, type errors.

What it returns holds known fields and values of the right types only; `compiled` does the rest.
"""

import binascii
import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

from mockapi.machinery.catalogue import Shape, Type
from mockapi.machinery.schema import gobase64
from mockapi.meta import gofmt, gojson, gotime, quantity
from mockapi.meta.gojson import Number, plain

MAX_PROBLEMS: Final = 100
_LONGEST: Final = 20
"""Of an int64 with its sign."""
_IN_FIELD: Final = re.compile(
    r"^json: cannot unmarshal (.*) into Go (?:struct field \w+\.(\S+)|value) of type (\S+)$"
)
_KEEP: Final = object()
"""The Go variable stays as it was."""
Names = Mapping[str, Mapping[str, list[str]]]
"""The gonames table: type name -> field -> [embedded structs, Go type, element's Go type, ...]."""


class DecodeError(ValueError):
    """The body does not fit the type; str() is Go's text."""


class _TypeMismatch(Exception):
    """json.UnmarshalTypeError before it knows where it is."""

    def __init__(self, value: str, go_type: str, field: str = "") -> None:
        self.value, self.go_type, self.field = value, go_type, field


class Walk:
    """One decoding of one body."""

    def __init__(
        self, types: Mapping[str, Type], names: Names, *, strict: bool, converts: bool = False
    ) -> None:
        """`converts`: not JSON but a tree is read, as Go's converter does it, whose paths leave out
        the keys of maps."""
        self.types = types
        self.names = names
        self.strict = strict
        self.converts = converts
        self.problems: list[str] = []
        self.saved: str = ""
        self._fields: list[str] = []
        self._struct = ""
        self._path: list[str] = []

    def decode(self, name: str, node: Any) -> Any:
        """The known part of the tree; DecodeError with the first mistake."""
        if node is None:
            return {}
        try:
            result = self._named(name, node, {})
        except _TypeMismatch as mismatch:
            raise DecodeError(self._text(mismatch)) from None
        if self.saved:
            raise DecodeError(self.saved)
        return {} if result is _KEEP else result

    def untyped(self, node: Any) -> Any:
        """A tree without a type, of which only repeated keys can be said to be wrong."""
        result = self._any(node)
        if self.saved:
            raise DecodeError(self.saved)
        return result

    def _save(self, mismatch: _TypeMismatch) -> Any:
        self.saved = self.saved or self._text(mismatch)
        return _KEEP

    def _text(self, mismatch: _TypeMismatch) -> str:
        fields = [*self._fields, mismatch.field] if mismatch.field else self._fields
        if not fields and not self._struct:
            return (
                f"json: cannot unmarshal {mismatch.value} into Go value of type {mismatch.go_type}"
            )
        return (
            f"json: cannot unmarshal {mismatch.value} into Go struct field "
            f"{self._struct}.{'.'.join(fields)} of type {mismatch.go_type}"
        )

    def _report(self, problem: str, field: str) -> None:
        path = f"{''.join(self._path)}.{field}" if self._path else field
        text = f"{problem} field {gofmt.quote(path)}"
        if self.strict and len(self.problems) < MAX_PROBLEMS and text not in self.problems:
            self.problems.append(text)

    def _value(self, shape: Shape, node: Any, into: Any, go: list[str]) -> Any:
        """`go` has the Go types of the value, its elements, their elements."""
        if isinstance(shape, dict) and "ref" in shape:
            return self._named(shape["ref"], node, into)
        if shape == "any":
            return self._any(node)
        if node is None:
            return None if isinstance(shape, dict) or shape == "bytes" else _KEEP
        if isinstance(shape, str):
            return self._basic(shape, node, go)
        if "list" in shape:
            return self._list(shape["list"], node, into, go)
        return self._map(shape["map"], node, into, go)

    def _basic(self, shape: str, node: Any, go: list[str]) -> Any:
        try:
            return _BASIC[shape](node, go[0])
        except _TypeMismatch as mismatch:
            return self._save(mismatch)
        except gobase64.CorruptInput as error:
            self.saved = self.saved or str(error)
            return _KEEP

    def _list(self, element: Shape, node: Any, into: Any, go: list[str]) -> Any:
        if not isinstance(node, list):
            return self._save(_TypeMismatch(_word(node), go[0]))
        known = into if isinstance(into, list) else []
        depth, items = len(self._path), []
        for index, item in enumerate(node):
            self._path += ("[", str(index), "]")
            before = known[index] if index < len(known) else _zero(element)
            after = _KEEP if item is None else self._value(element, item, before, go[1:])
            items.append(before if after is _KEEP else after)
            del self._path[depth:]
        return items

    def _map(self, element: Shape, node: Any, into: Any, go: list[str]) -> Any:
        if not isinstance(node, dict):
            return self._save(_TypeMismatch(_word(node), go[0]))
        result = dict(into) if isinstance(into, dict) else {}
        depth, seen = len(self._path), set()
        for key, item in gojson.pairs_of(node):
            if key in seen:
                self._report("duplicate", key)
            seen.add(key)
            if not self.converts:
                self._path += (".", key) if self._path else (key,)
            zero = _zero(element)
            value = _KEEP if item is None else self._value(element, item, zero, go[1:])
            result[key] = zero if value is _KEEP else value
            del self._path[depth:]
        return result

    def _named(self, name: str, node: Any, into: Any) -> Any:
        type = self.types[name]
        if type.scalar.startswith("schemaor"):
            return self._schema_or(type, node)
        if type.scalar:
            return _CUSTOM[type.scalar](node)
        if node is None:
            return None
        if not isinstance(node, dict):
            return self._save(_TypeMismatch(_word(node), go_name(name)))
        return self._object(type, node, into)

    def _object(self, type: Type, node: Any, into: Any) -> Any:
        result = dict(into) if isinstance(into, dict) else {}
        outer, depth, path = self._struct, len(self._fields), len(self._path)
        seen = set()
        for key, item in gojson.pairs_of(node):
            field = type.fields.get(key)
            if field is None:
                self._report("unknown", key)
                continue
            if key in seen:
                self._report("duplicate", key)
            seen.add(key)
            embedded, go = self._go(type.name, key, field.type)
            self._fields += (embedded, key) if embedded else (key,)
            self._struct = type.go
            self._path += (".", key) if self._path else (key,)
            value = self._value(field.type, item, result.get(key), go)
            if value is not _KEEP:
                result[key] = value
            self._struct = outer
            del self._fields[depth:]
            del self._path[path:]
        return result

    def _go(self, name: str, key: str, shape: Shape) -> tuple[str, list[str]]:
        facts = self.names.get(name, {}).get(key)
        if facts is None:
            return "", go_types(shape)
        return facts[0], facts[1:] if len(facts) > 1 else go_types(shape)

    def _any(self, node: Any) -> Any:
        """Repeated keys are found here as well, unknown ones cannot be."""
        if isinstance(node, dict):
            return self._map("any", node, None, ["interface {}"] * 2)
        if isinstance(node, list):
            return self._list("any", node, None, ["interface {}"] * 2)
        value = plain(node)
        if isinstance(value, float) and not isfinite(value):
            return self._save(_TypeMismatch(f"number {_literal(node)}", "float64"))
        return value

    def _schema_or(self, type: Type, node: Any) -> Any:
        """A reader of its own in Go, which is not strict about what is inside."""
        if node is None:
            return None
        inner = Walk(self.types, self.names, strict=False)
        schema = type.name.rpartition(".")[0] + ".JSONSchemaProps"
        if isinstance(node, dict):
            return self._within(lambda: inner._inside(schema, node))
        if type.scalar == "schemaorbool":
            if isinstance(node, bool):
                return node
            raise DecodeError("boolean or JSON schema expected")
        if not isinstance(node, list):
            return None
        if type.scalar == "schemaorarray":
            return self._within(lambda: [inner._inside(schema, item) for item in node])
        return [_BASIC["string"](item, "string") for item in node]

    def _within(self, read: Callable[[], Any]) -> Any:
        """Go's decoder tells where it stands, and then what the reader inside of it has told; the
        converter of unstructured objects stands nowhere."""
        try:
            return read()
        except DecodeError as error:
            found = None if self.converts else _IN_FIELD.match(str(error))
            if found is None:
                raise
            value, path, go = found.groups()
            where = ".".join([self._struct, *self._fields, *([path] if path else [])])
            text = f"json: cannot unmarshal {value} into Go struct field {where} of type {go}"
            raise DecodeError(text) from None

    def _inside(self, name: str, node: Any) -> Any:
        result = self._named(name, node, {})
        if self.saved:
            raise DecodeError(self.saved)
        return {} if result in (_KEEP, None) else result


def scalar_problem(scalar: str, node: Any) -> str:
    """What a decoder of its own has against a value, "" when nothing."""
    read = _CUSTOM.get(scalar)
    try:
        if read is not None:
            read(node)
    except DecodeError as error:
        return str(error)
    except _TypeMismatch as mismatch:
        what = f"json: cannot unmarshal {mismatch.value} into Go value of type"
        return f"{what} {mismatch.go_type}"
    return ""


def go_name(type_name: str) -> str:
    """`io.k8s.api.core.v1.Pod` -> `v1.Pod`."""
    return ".".join(type_name.rsplit(".", 2)[1:])


def go_types(shape: Shape) -> list[str]:
    """The Go types of a shape without named types: its own, its element's, and so on."""
    if isinstance(shape, str):
        return [{"bytes": "[]uint8", "any": "interface {}"}.get(shape, shape)]
    if "ref" in shape:
        return [go_name(shape["ref"])]
    inner = go_types(shape.get("list") or shape["map"])
    return [("[]" if "list" in shape else "map[string]") + inner[0], *inner]


def _word(node: Any) -> str:
    if isinstance(node, bool):
        return "bool"
    if isinstance(node, Number | int | float):
        return "number"
    if isinstance(node, str):
        return "string"
    return "array" if isinstance(node, list) else "object"


def _literal(node: Any) -> str:
    return str(node) if isinstance(node, Number | int) else gojson.number(node)


def _zero(shape: Shape) -> Any:
    if isinstance(shape, dict):
        return {} if "ref" in shape and not _is_scalar(shape["ref"]) else None
    return {"string": "", "bool": False, "bytes": None, "any": None}.get(shape, 0)


def _is_scalar(name: str) -> bool:
    return name.rpartition(".")[2] in _SCALAR_NAMES


_SCALAR_NAMES: Final = frozenset(
    ("Quantity", "Time", "MicroTime", "Duration", "IntOrString", "RawExtension", "JSON")
)


def _string(node: Any, go: str) -> str:
    if isinstance(node, str) and not isinstance(node, Number):
        return node
    raise _TypeMismatch(_word(node), go)


def _bool(node: Any, go: str) -> bool:
    if isinstance(node, bool):
        return node
    raise _TypeMismatch(_word(node), go)


def _integer(bits: int) -> Callable[[Any, str], int]:
    limit = 1 << (bits - 1)

    def read(node: Any, go: str) -> int:
        if isinstance(node, bool) or not isinstance(node, Number | int | float):
            raise _TypeMismatch(_word(node), go)
        literal = _literal(node)
        whole = len(literal) <= _LONGEST and literal.lstrip("-").isdigit()
        if not whole or not -limit <= int(literal) < limit:
            raise _TypeMismatch(f"number {literal}", go)
        return int(literal)

    return read


def _float(node: Any, go: str) -> float:
    if isinstance(node, bool) or not isinstance(node, Number | int | float):
        raise _TypeMismatch(_word(node), go)
    value = float(node)
    if value in (float("inf"), float("-inf")):
        raise _TypeMismatch(f"number {_literal(node)}", go)
    return value


def _bytes(node: Any, go: str) -> str:
    """Base64, or an array of numbers."""
    if isinstance(node, str) and not isinstance(node, Number):
        return binascii.b2a_base64(gobase64.decode(node), newline=False).decode()
    if not isinstance(node, list):
        raise _TypeMismatch(_word(node), go)
    values = bytearray()
    for item in node:
        if item is None:
            values.append(0)
            continue
        if isinstance(item, bool) or not isinstance(item, Number | int | float):
            raise _TypeMismatch(_word(item), "uint8")
        if not _literal(item).isdigit() or len(_literal(item)) > 3 or int(_literal(item)) > 255:
            raise _TypeMismatch(f"number {_literal(item)}", "uint8")
        values.append(int(_literal(item)))
    return binascii.b2a_base64(bytes(values), newline=False).decode()


_BASIC: Final[dict[str, Callable[[Any, str], Any]]] = {
    "string": _string,
    "bool": _bool,
    "int32": _integer(32),
    "int64": _integer(64),
    "float64": _float,
    "bytes": _bytes,
}


def _quantity(node: Any) -> Any:
    if node is None:
        return None
    if isinstance(node, bool | dict | list):
        raise DecodeError(quantity.FORMAT_WRONG)
    text = node if isinstance(node, str) else _literal(node)
    try:
        quantity.parse(text.strip())
    except quantity.QuantityError as error:
        raise DecodeError(str(error)) from None
    return str(text.strip())


def _text_by(check: Callable[[str], Any]) -> Callable[[Any], Any]:
    def read(node: Any) -> Any:
        if node is None:
            return None
        text = _string(node, "string")
        try:
            check(text)
        except gotime.GoTimeError as error:
            raise DecodeError(str(error)) from None
        return text

    return read


def _int_or_string(node: Any) -> Any:
    if node is None or (isinstance(node, str) and not isinstance(node, Number)):
        return node
    return _BASIC["int32"](node, "int32")


_CUSTOM: Final[dict[str, Callable[[Any], Any]]] = {
    "quantity": _quantity,
    "time": _text_by(gotime.canonical),
    "microtime": _text_by(gotime.canonical_micro),
    "duration": _text_by(gotime.parse_duration),
    "intorstring": _int_or_string,
    "raw": plain,
    "fieldsv1": plain,
    "json": plain,
}
