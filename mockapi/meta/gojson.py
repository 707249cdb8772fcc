"""JSON as Go's encoding/json reads it: its syntax errors, its tolerance of bad UTF-8, duplicate
keys and the text of numbers. Slow; for bodies about which the fast parser has no good answer.
"""

import re
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


def parse(body: bytes) -> Any:
    """Objects are `Object`, numbers `Number`. Raises GoSyntaxError."""
    parser = _Parser(body)
    try:
        return parser.document()
    except RecursionError:
        raise GoSyntaxError("exceeded max depth", parser.at) from None


def plain(node: Any) -> Any:
    """The tree without the marks: dict, list, str, int, float, bool, None."""
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    return node.plain() if isinstance(node, Number) else node


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
        char = self.peek()
        if char == 0x7B:
            return self.object()
        if char == 0x5B:
            return self.array()
        if char == 0x22:
            return self.string()
        if char in _LITERALS:
            return self.literal(*_LITERALS[char])
        if char == 0x2D or char in _DIGITS:
            return self.number()
        raise self.wrong("looking for beginning of value")

    def object(self) -> Object:
        self.at += 1
        pairs: list[tuple[str, Any]] = []
        if self.peek() == 0x7D:
            self.at += 1
            return Object(pairs)
        while True:
            if self.peek() != 0x22:
                raise self.wrong("looking for beginning of object key string")
            key = self.string()
            if self.peek() != 0x3A:
                raise self.wrong("after object key")
            self.at += 1
            pairs.append((key, self.value()))
            if not self.more(0x7D, "after object key:value pair"):
                return Object(pairs)

    def array(self) -> list[Any]:
        self.at += 1
        items: list[Any] = []
        if self.peek() == 0x5D:
            self.at += 1
            return items
        while True:
            items.append(self.value())
            if not self.more(0x5D, "after array element"):
                return items

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
