"""Objects that expressions make: `Object{...}`, `Object.spec{...}` and `JSONPatch{...}`.

The runtime makes messages of known types only, and these have any field: they are made as maps
that carry their type's name. Source: apiserver pkg/cel/mutation.
"""

import base64
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from mockapi.base.clock import timestamp

_TYPE: Final = "\0type"
_TYPE_LITERAL: Final = '"\\u0000type"'
_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<string>
        [bB]?[rR][bB]?(?:'''.*?'''|\"\"\".*?\"\"\"|'[^'\n]*'|"[^"\n]*")
      | [bB]?(?:'''(?:\\.|.)*?'''|\"\"\"(?:\\.|.)*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")
    )
  | (?P<quoted>`[^`\n]*`)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<number>\d[\w.]*)
  | (?P<sign>.)
    """,
    re.X | re.S,
)
_MADE: Final = re.compile(r"(Object(?:\s*\.\s*[A-Za-z_]\w*)*|JSONPatch)\s*\{")
_CLOSING: Final = {"{": "}", "[": "]", "(": ")"}


class WrongType(Exception):
    """What was made does not have the type that its place asks for; str() says which."""


class NullValue:
    """A null in what was made, which is a value like others: nothing is removed by it."""

    def __str__(self) -> str:
        return "NULL_VALUE"


NULL: Final = NullValue()


# -- before the evaluation -------------------------------------------------------------------


def rewritten(expression: str) -> str:
    """The same expression with maps in place of made objects."""
    return "".join(text for text, _ in _parts(expression))


def places(expression: str) -> list[int]:
    """For each character of the rewritten expression, where it comes from."""
    found: list[int] = []
    for text, start in _parts(expression):
        found += range(start, start + len(text))
    return [*found, len(expression)]


def _parts(expression: str) -> Iterator[tuple[str, int]]:
    """Pieces of the rewritten expression, and where each begins in the other one."""
    if "Object" not in expression and "JSONPatch" not in expression:
        yield expression, 0
        return
    rewriting = _Rewriting(expression)
    while rewriting.at < len(expression):
        start = rewriting.at
        yield rewriting.next(), start


class _Rewriting:
    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0
        self._open: list[bool] = []
        """Of each open bracket, whether a made object is inside."""
        self._names_next = False
        """The next word is the name of a field."""
        self._last = ""

    def next(self) -> str:
        found = _TOKEN.match(self._text, self.at)
        assert found is not None
        made = _MADE.match(self._text, self.at) if self._last != "." else None
        if made is not None and found["word"]:
            return self._begin(made)
        self.at = found.end()
        if not found["space"]:
            self._last = found[0]
        return self._token(found)

    def _begin(self, made: re.Match[str]) -> str:
        """A map whose values may all be different."""
        name = re.sub(r"\s", "", made[1])
        self.at, self._last, self._names_next = made.end(), "{", True
        self._open.append(True)
        rest = _TOKEN.match(self._text, self.at)
        while rest is not None and rest["space"]:
            rest = _TOKEN.match(self._text, rest.end())
        comma = "" if rest is None or rest[0] == "}" else ", "
        return f'{{{_TYPE_LITERAL}: dyn("{name}"){comma}'

    def _token(self, found: re.Match[str]) -> str:
        text = found[0]
        if self._names_next and (found["word"] or found["quoted"]):
            self._names_next = False
            return '"' + text.strip("`") + '"'
        if found["sign"]:
            if text in _CLOSING:
                self._open.append(False)
                self._names_next = False
            elif text in _CLOSING.values() and self._open:
                self._open.pop()
                self._names_next = False
            elif text == ",":
                self._names_next = bool(self._open) and self._open[-1]
        return text


# -- after it --------------------------------------------------------------------------------


def type_of(value: Any) -> str:
    """`Object.spec` of a made object, "" of anything else."""
    return str(value.get(_TYPE, "")) if isinstance(value, dict) else ""


def check_names(made: Any) -> None:
    """Types have to be named like the path of the fields in which their objects are. Raises
    WrongType."""
    problems = list(_problems(made, type_of(made)))
    if problems:
        raise WrongType("\n".join(problems))


def _problems(value: Any, expected: str) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _problems(item, expected)
    elif isinstance(value, dict):
        name = type_of(value)
        if name and name != expected:
            yield (
                f'unexpected type name "{name}", expected "{expected}", which matches field name '
                "path from root Object type"
            )
        # The real server takes them as a Go map has them, in no order.
        for key, item in sorted(value.items(), key=lambda pair: str(pair[0])):
            if key != _TYPE:
                yield from _problems(item, f"{expected}.{key}" if name else expected)


def plain(value: Any, *, null: Any = None) -> Any:
    """As JSON, with `null` for nulls. Raises WrongType for a key that is no string."""
    if value is None:
        return null
    if isinstance(value, list):
        return [plain(item, null=null) for item in value]
    if isinstance(value, dict):
        wrong = next((key for key in value if not isinstance(key, str)), None)
        if wrong is not None:
            raise WrongType("invalid return type: *dynamic.ObjectVal")
        return {key: plain(item, null=null) for key, item in sorted(value.items()) if key != _TYPE}
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return timestamp(value.timestamp())
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
