"""JSON as Go's encoding/json reads it: its syntax errors, its tolerance of bad UTF-8, duplicate
keys and the text of numbers. Slow; for bodies about which the fast parser has no good answer.
"""

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final

from mockapi.meta import gofmt

MAX_DEPTH: Final = 10000

_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_PLAIN: Final = re.compile(rb'[^"\\\x00-\x1f]*')
_NUMBER: Final = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_ESCAPES: Final = {
    ord('"'): '"', ord("\\"): "\\", ord("/"): "/", ord("b"): "\b", ord("f"): "\f",
    ord("n"): "\n", ord("r"): "\r", ord("t"): "\t",
}  # fmt: skip
_LITERALS: Final = {
    ord("t"): (b"true", True),
    ord("f"): (b"false", False),
    ord("n"): (b"null", None),
}
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")
_DIGITS: Final = frozenset(b"0123456789")
_INT64: Final = range(-(2**63), 2**63)
_INSIDE_TOKEN: Final = (
    "in numeric",
    "after decimal",
    "in exponent",
    "in literal",
    "in string escape",
    "in \\u",
)
"""At the end of the input Go tries a blank first, and here it is what is wrong."""
_OPENED: Final = object()
TOO_EARLY: Final = "unexpected end of JSON input"


class GoSyntaxError(ValueError):
    """str() is Go's text. `offset` counts bytes."""

    def __init__(self, text: str, offset: int) -> None:
        super().__init__(text)
        self.offset = offset


class Number(str):
    """A number as it was written."""

    __slots__ = ()

    def plain(self) -> int | float:
        """int64 where it is one without a point, else a float."""
        if "." not in self:
            try:
                whole = int(self)
            except ValueError:
                whole = 2**64
            if whole in _INT64:
                return whole
        return float(self)


class Object(dict[str, Any]):
    """An object with the keys in their order, repeated ones included. As a dict the last wins."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def pairs_of(tree: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """Of any object; of an `Object` the repeated ones too."""
    return tree.pairs if isinstance(tree, Object) else tree.items()


def parse(body: bytes) -> Any:
    """Objects are `Object`, numbers `Number`. Raises GoSyntaxError."""
    return _Parser(body).document()


def number(value: float) -> str:
    """A float as Go writes it: without an exponent from 1e-6 up to 1e21."""
    text = repr(value)
    if 1e-6 <= abs(value) < 1e21 or not value:
        plain = format(Decimal(text), "f")
        return plain.removesuffix(".0")
    mantissa, _, exponent = text.partition("e")
    sign = "-" if exponent.startswith("-") else "+"
    return f"{mantissa.removesuffix('.0')}e{sign}{exponent.lstrip('+-').lstrip('0')}"


def plain(node: Any) -> Any:
    """The tree without the marks: dict, list, str, int, float, bool, None."""
    found: list[Any] = []
    waiting: list[tuple[Any, Any]] = [([node], found)]
    while waiting:  # without recursion: it may be ten thousand deep
        source, target = waiting.pop()
        pairs = source.items() if isinstance(source, dict) else enumerate(source)
        for key, value in pairs:
            inner: Any = value.plain() if isinstance(value, Number) else value
            if isinstance(value, dict | list):
                inner = {} if isinstance(value, dict) else []
                waiting.append((value, inner))
            if isinstance(target, list):
                target.append(inner)
            else:
                target[key] = inner
    return found[0]


def dumps(node: Any, *, sort: bool = False) -> str:
    """Compact JSON with Go's escapes. Numbers stand as they were written, repeated keys as often;
    the order of keys is the tree's unless sorted."""
    out: list[str] = []
    waiting: list[Any] = [node]
    while waiting:  # without recursion, as above
        item = waiting.pop()
        if type(item) is _Text or isinstance(item, Number):
            out.append(item)
        elif isinstance(item, dict):
            pairs = pairs_of(item)
            if sort:
                pairs = sorted(pairs, key=itemgetter(0))
            waiting.append(_END_OBJECT)
            for index, (key, value) in reversed([*enumerate(pairs)]):
                waiting += (value, _Text(f"{',' if index else ''}{_quoted(key)}:"))
            out.append("{")
        elif isinstance(item, list):
            waiting.append(_END_LIST)
            for index, value in reversed([*enumerate(item)]):
                waiting += (value, _COMMA) if index else (value,)
            out.append("[")
        else:
            out.append(_quoted(item))
    return "".join(out)


class _Text(str):
    """What goes out as it is."""

    __slots__ = ()


_END_OBJECT: Final = _Text("}")
_END_LIST: Final = _Text("]")
_COMMA: Final = _Text(",")
_HTML: Final = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


def _quoted(scalar: Any) -> str:
    text = json.dumps(scalar, ensure_ascii=False)
    for char, escape in _HTML.items():
        if char in text:
            text = text.replace(char, escape)
    return text


def utf8(raw: bytes) -> str:
    """Each byte that does not belong to a character becomes U+FFFD."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        text = raw.decode(errors="surrogateescape")
        return "".join("\ufffd" if "\udc80" <= c <= "\udcff" else c for c in text)


class _Parser:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def document(self) -> Any:
        value = self.value()
        self.space()
        if self.at < len(self.data):
            raise self.wrong("after top-level value")
        return value

    def wrong(self, context: str) -> GoSyntaxError:
        ended = self.at >= len(self.data)
        if ended and not context.startswith(_INSIDE_TOKEN):
            return GoSyntaxError(TOO_EARLY, len(self.data))
        char = " " if ended else chr(self.data[self.at])
        shown = {"'": r"'\''", '"': "'\"'"}.get(char) or "'" + gofmt.quote(char)[1:-1] + "'"
        return GoSyntaxError(f"invalid character {shown} {context}", self.at + 1)

    def space(self) -> None:
        match = _SPACE.match(self.data, self.at)
        assert match is not None, "A pattern of zero or more always matches."
        self.at = match.end()

    def peek(self) -> int:
        self.space()
        return self.data[self.at] if self.at < len(self.data) else -1

    def value(self) -> Any:
        """Without recursion, for Go reads values ten thousand deep."""
        outer: list[tuple[list[Any], str | None]] = []
        """What is not closed yet: its elements and, in objects, the key of the next one."""
        while True:
            value = self.begin(outer)
            if value is _OPENED:
                continue
            while outer:
                items, key = outer[-1]
                items.append(value if key is None else (key, value))
                if key is None:
                    if self.more(0x5D, "after array element"):
                        break
                elif self.more(0x7D, "after object key:value pair"):
                    outer[-1] = (items, self.key())
                    break
                value = items if key is None else Object(items)
                outer.pop()
            else:
                return value

    def begin(self, outer: list[tuple[list[Any], str | None]]) -> Any:
        """A scalar or an empty container; others are opened only."""
        char = self.peek()
        if char not in (0x7B, 0x5B):
            return self.scalar(char)
        if len(outer) >= MAX_DEPTH:
            raise self.wrong("exceeded max depth")
        self.at += 1
        if self.peek() == char + 2:  # the brackets' ends are the next but one
            self.at += 1
            return Object([]) if char == 0x7B else []
        outer.append(([], self.key() if char == 0x7B else None))
        return _OPENED

    def key(self) -> str:
        if self.peek() != 0x22:
            raise self.wrong("looking for beginning of object key string")
        key = self.string()
        if self.peek() != 0x3A:
            raise self.wrong("after object key")
        self.at += 1
        return key

    def scalar(self, char: int) -> Any:
        if char == 0x22:
            return self.string()
        if char in _LITERALS:
            return self.literal(*_LITERALS[char])
        if char == 0x2D or char in _DIGITS:
            return self.number()
        raise self.wrong("looking for beginning of value")

    def more(self, end: int, context: str) -> bool:
        char = self.peek()
        if char not in (0x2C, end):
            raise self.wrong(context)
        self.at += 1
        return char == 0x2C

    def literal(self, text: bytes, value: Any) -> Any:
        for index, expected in enumerate(text):
            if self.at >= len(self.data) or self.data[self.at] != expected:
                word = text.decode()
                raise self.wrong(f"in literal {word} (expecting '{word[index]}')")
            self.at += 1
        return value

    def number(self) -> Number:
        match = _NUMBER.match(self.data, self.at)
        if match is None:
            self.at += 1
            raise self.wrong("in numeric literal")
        self.at = match.end()
        rest = self.data[self.at : self.at + 2]
        if rest[:1] == b"." and b"." not in match[0] and b"e" not in match[0].lower():
            self.at += 1
            raise self.wrong("after decimal point in numeric literal")
        if rest[:1] in (b"e", b"E") and b"e" not in match[0].lower():
            self.at += 2 if rest[1:] in (b"+", b"-") else 1
            raise self.wrong("in exponent of numeric literal")
        return Number(match[0].decode())

    def string(self) -> str:
        self.at += 1
        parts: list[str] = []
        while True:
            match = _PLAIN.match(self.data, self.at)
            assert match is not None, "A pattern of zero or more always matches."
            if match.end() > self.at:
                parts.append(utf8(match[0]))
            self.at = match.end()
            char = self.data[self.at] if self.at < len(self.data) else -1
            if char == 0x22:
                self.at += 1
                return "".join(parts)
            if char != 0x5C:
                raise self.wrong("in string literal")
            parts.append(self.escape())

    def escape(self) -> str:
        self.at += 1
        char = self.data[self.at] if self.at < len(self.data) else -1
        if char == ord("u"):
            return self.unicode()
        if char not in _ESCAPES:
            raise self.wrong("in string escape code")
        self.at += 1
        return _ESCAPES[char]

    def unicode(self) -> str:
        """A pair of surrogates is one character; half a pair is U+FFFD."""
        code = self.hex()
        if not 0xD800 <= code < 0xE000:
            return chr(code)
        if code < 0xDC00 and self.data[self.at : self.at + 2] == b"\\u":
            before = self.at
            self.at += 1
            low = self.hex()
            if 0xDC00 <= low < 0xE000:
                return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00))
            self.at = before
        return "\ufffd"

    def hex(self) -> int:
        self.at += 1
        start = self.at
        while self.at < start + 4:
            if self.at >= len(self.data) or self.data[self.at] not in _HEX:
                raise self.wrong("in \\u hexadecimal character escape")
            self.at += 1
        return int(self.data[start : self.at], 16)
