"""YAML as sigs.k8s.io/yaml turns it into JSON: the first document, YAML 1.1's words, repeated keys
and the errors of Go's parser, which is libyaml's as well.
"""

import binascii
import re
import struct
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import yaml

from mockapi.base import deep
from mockapi.meta import gofmt, gojson

_LOADER: Final[Any] = getattr(yaml, "CLoader", yaml.Loader)
_TAG: Final = "tag:yaml.org,2002:"
_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(
        ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True
    ),
    **dict.fromkeys(
        ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False
    ),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_INTEGER: Final = re.compile(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII
)
_DATE: Final = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt ]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?)?",
    re.ASCII,
)
_RESOLVED: Final = frozenset(
    f"{_TAG}{name}" for name in ("bool", "int", "float", "null", "timestamp")
)
_MANY: Final = 1000
_TOO_DEEP: Final = "exceeded maximum nesting depth"
_SLASH: Final = re.compile(r"(?<!\\)(?:\\\\)*\\/")
_SIGNIFICANT: Final = 6
"""Digits of a float key before it is written with an exponent."""


class GoYamlError(ValueError):
    """str() is Go's text, `yaml: ...`."""


class _Node:
    __slots__ = ("anchor", "items", "kind", "line", "plain", "tag", "value")

    def __init__(self, kind: str, line: int, tag: str = "") -> None:
        self.kind = kind
        self.line = line
        self.tag = tag
        self.value = ""
        self.plain = False
        self.anchor = ""
        self.items: list[_Node] = []


def parse(body: bytes) -> tuple[Any, list[str]]:
    """The first document as a JSON tree, and the one problem of a strict reader, if any."""
    with deep.recursion():
        root = _Composer(body).document()
        if root is None:
            return None, []
        builder = _Builder()
        tree = _jsonable(builder.build(root))
    if builder.repeated:
        lines = "\n  ".join(builder.repeated)
        return tree, [f"yaml: unmarshal errors:\n  {lines}"]
    return tree, []


class _Composer:
    """Events to nodes."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._events = self._read(body)
        self._anchors: dict[str, _Node] = {}

    def _read(self, body: bytes) -> Iterator[Any]:
        try:
            yield from yaml.parse(body, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            raise GoYamlError(_problem(error)) from None
        except yaml.reader.ReaderError as error:
            raise GoYamlError(f"yaml: {error.reason}") from None

    def document(self) -> _Node | None:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                root = self._node(next(self._events))
                next(self._events)
                return root
        return None

    def _node(self, event: Any) -> _Node:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise GoYamlError(f"yaml: unknown anchor '{event.anchor}' referenced")
            node = _Node("alias", line)
            node.anchor = event.anchor
            node.items = [self._anchors[event.anchor]]
            return node
        kind = type(event).__name__.removesuffix("Event").removesuffix("Start").lower()
        node = _Node(kind, line, event.tag or "")
        if event.anchor:
            self._anchors[event.anchor] = node
        if kind == "scalar":
            node.value, node.plain = event.value, event.implicit[0]
            if event.style == '"' and "/" in event.value:
                self._check_slashes(event)
            return node
        for inner in self._events:
            if isinstance(inner, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                break
            node.items.append(self._node(inner))
        return node

    def _check_slashes(self, event: Any) -> None:
        """Go's parser does not know the escape that JSON has for a slash."""
        text = self._body.decode(errors="replace")
        for found in _SLASH.finditer(text, event.start_mark.index, event.end_mark.index):
            line = text.count("\n", 0, found.start())
            where = f"line {line + 1}: " if line else ""
            raise GoYamlError(f"yaml: {where}found unknown escape character")


class _Builder:
    """Nodes to values. Mappings keep the types of their keys here."""

    def __init__(self) -> None:
        self.repeated: list[str] = []
        self._inside: set[int] = set()
        self._count = self._aliased = 0

    def build(self, node: _Node) -> Any:
        self._count += 1
        self._aliased += bool(self._inside)
        if self._aliased > 100 and self._count > _MANY and self._aliased > 0.99 * self._count:
            raise GoYamlError("yaml: document contains excessive aliasing")
        if node.kind == "alias":
            return self._alias(node)
        if node.kind == "scalar":
            return _scalar(node)
        if node.kind == "sequence":
            return [self.build(item) for item in node.items]
        mapping: dict[Any, Any] = {}
        self._fill(mapping, node)
        return mapping

    def _alias(self, node: _Node) -> Any:
        if id(node) in self._inside:
            raise GoYamlError(f"yaml: anchor '{node.anchor}' value contains itself")
        self._inside.add(id(node))
        value = self.build(node.items[0])
        self._inside.discard(id(node))
        return value

    def _fill(self, mapping: dict[Any, Any], node: _Node) -> None:
        for key_node, value_node in zip(node.items[::2], node.items[1::2], strict=True):
            if _is_merge(key_node):
                self._merge(mapping, value_node)
                continue
            key = _Key(self.build(key_node))
            value = self.build(value_node)
            if key in mapping:
                shown = gofmt.quote(key.value) if isinstance(key.value, str) else key.text()
                self.repeated.append(f"line {value_node.line}: key {shown} already set in map")
            mapping[key] = value

    def _merge(self, mapping: dict[Any, Any], node: _Node) -> None:
        """The last of several is the weakest."""
        parts = node.items[::-1] if node.kind == "sequence" else [node]
        for part in parts:
            target = part.items[0] if part.kind == "alias" else part
            if target.kind != "mapping":
                raise GoYamlError("yaml: map merge requires map or sequence of maps as the value")
            if id(part) in self._inside:
                raise GoYamlError(f"yaml: anchor '{part.anchor}' value contains itself")
            self._inside.add(id(part))
            self._fill(mapping, target)
            self._inside.discard(id(part))


class _Key:
    """A key that tells 1, 1.0 and true apart."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        if isinstance(value, dict | list):
            raise GoYamlError(f"yaml: invalid map key: {_go_syntax(value)}")
        self.value = value

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Key)
            and type(self.value) is type(other.value)
            and self.value == other.value
        )

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))

    def text(self) -> str:
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        return _float_text(self.value) if isinstance(self.value, float) else str(self.value)


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {_text(key, item): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            shown = {"inf": "+Inf", "-inf": "-Inf"}.get(str(value), "NaN")
            raise GoYamlError(f"json: unsupported value: {shown}")
        return int(gojson.number(value)) if value.is_integer() and abs(value) < 1e21 else value
    return value


def _text(key: _Key, item: Any) -> str:
    value = key.value
    if value is None or (type(value) is int and value >= 2**63):
        shown = "<nil>" if item is None else _go_syntax(item)
        said = "%!s(<nil>), key: <nil>" if value is None else f"uint64, key: {value:#x}"
        raise GoYamlError(f"unsupported map key of type: {said}, value: {shown}")
    return key.text()


def _float_text(value: float) -> str:
    """The fewest digits that are the same float32, as Go's format `g` writes them."""
    single = struct.unpack("f", struct.pack("f", value))[0] if abs(value) < 3.5e38 else value
    if single != single or single in (float("inf"), float("-inf")):
        return {"inf": ".inf", "-inf": "-.inf"}.get(str(single), ".nan")
    for digits in range(9):
        text = f"{single:.{digits}e}"
        if struct.pack("f", float(text)) == struct.pack("f", single):
            break
    mantissa, _, exponent = text.partition("e")
    if -5 < int(exponent) < max(_SIGNIFICANT, digits + 1 if int(exponent) <= digits else 0):
        return f"{float(text):.{max(0, digits - int(exponent))}f}"
    return f"{mantissa}e{exponent}"


def _scalar(node: _Node) -> Any:
    if not node.tag and not node.plain:
        return node.value
    if node.tag == f"{_TAG}binary":
        try:
            return binascii.a2b_base64(node.value, strict_mode=True).decode(errors="replace")
        except ValueError:
            raise GoYamlError("yaml: !!binary value contains invalid base64 data") from None
    if node.tag and node.tag not in _RESOLVED:
        return node.value
    value = resolve(node.value)
    return _tagged(node, value) if node.tag else value


def _tagged(node: _Node, value: Any) -> Any:
    found = {bool: "bool", int: "int", float: "float", str: "str"}.get(type(value), "null")
    wanted = node.tag.removeprefix(_TAG)
    if wanted == "timestamp" and _is_time(node.value):
        return node.value
    if found == wanted:
        return value
    if found == "int" and wanted == "float":
        return float(value)
    raise GoYamlError(f"yaml: cannot decode !!{found} `{node.value}` as a !!{wanted}")


def _is_time(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    year, month, day, hour, minute, second, zone = found.groups()
    if (zone is None) is ("T" in text.upper()):
        return False
    try:
        datetime(
            int(year) or 4, int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)
        )
    except ValueError:
        return False
    return True


def resolve(text: str) -> Any:
    """What a plain scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "0123456789+-.":
        return text
    plain = text if text[0] == "." else text.replace("_", "")
    if match := _INTEGER.fullmatch(plain):
        sign, hexadecimal, binary, octal, decimal = match.groups()
        digits, base = (hexadecimal, 16) if hexadecimal else (binary, 2) if binary else (octal, 8)
        number = int(decimal) if decimal else int(digits, base)
        if number < 2**63 or (number < 2**64 and not sign) or (number == 2**63 and sign == "-"):
            return -number if sign == "-" else number
    if not _FLOAT.fullmatch(plain):
        return text
    value = float(plain)
    return text if value in (float("inf"), float("-inf")) else value


def _is_merge(node: _Node) -> bool:
    return (
        node.kind == "scalar" and node.value == "<<" and (node.plain or node.tag.endswith("merge"))
    )


def _go_syntax(value: Any) -> str:
    """`%#v` of a map or list of interfaces."""
    if isinstance(value, dict):
        pairs = sorted(value.items(), key=lambda pair: _rank(pair[0].value))
        inner = ", ".join(f"{_go_syntax(key.value)}:{_go_syntax(item)}" for key, item in pairs)
        return f"map[interface {{}}]interface {{}}{{{inner}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(_go_syntax(item) for item in value)}}}"
    if value is None:
        return "interface {}(nil)"
    return gofmt.quote(value) if isinstance(value, str) else gofmt.value(value)


def _rank(key: Any) -> tuple[int, Any]:
    """Go's order of keys of several types."""
    return (0, key) if isinstance(key, str) else (1, key or 0)


def _problem(error: yaml.MarkedYAMLError) -> str:
    """Go counts lines from 0, but from 1 for the scanner, and does not name the first."""
    line = 0
    if error.problem_mark is not None and error.problem_mark.line:
        line = error.problem_mark.line + isinstance(error, yaml.scanner.ScannerError)
    elif error.context_mark is not None:
        line = error.context_mark.line
    where = f"line {line}: " if line else ""
    if error.problem == _TOO_DEEP:  # libyaml's own limit is lower
        return f"yaml: {where}exceeded max depth of 10000"
    return f"yaml: {where}{error.problem or 'unknown problem parsing YAML content'}"
