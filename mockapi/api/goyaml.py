"""YAML as the real server writes it (sigs.k8s.io/yaml over go-yaml v2): keys sorted as people
sort them, lists not indented below their key, double quotes where plain text would be misread.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

# What the YAML 1.1 resolver would take for something else than text.
_WORDS = ("y", "yes", "on", "n", "no", "off", "true", "false", "null")
_KEYWORDS = (
    {form for word in _WORDS for form in (word, word.capitalize(), word.upper())}
    | {sign + form for sign in ("", "+", "-") for form in (".inf", ".Inf", ".INF")}
    | {"", "~", "<<", ".nan", ".NaN", ".NAN"}
)
_NUMBER = re.compile(
    r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?)\Z"
)
_BASE60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)?"
    r"([0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\.[0-9]*)?[ \t]*(Z|[-+][0-9]{1,2}(:?[0-9]{2})?)?)?\Z"
)
_WIDTH = 80
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`")
_ESCAPES = {
    "\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f",
    "\r": "\\r", "\x1b": "\\e", '"': '\\"', "\\": "\\\\", "\x85": "\\N", "\xa0": "\\_",
    "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip


def dump(tree: Any) -> bytes:
    return ("\n".join(_node(tree, 0)) + "\n").encode()


def _node(value: Any, indent: int) -> Iterator[str]:
    if isinstance(value, dict) and value:
        yield from _mapping(value, indent)
    elif isinstance(value, list) and value:
        yield from _sequence(value, indent)
    else:
        yield " " * indent + _inline(value, indent, indent)


def _mapping(tree: dict[str, Any], indent: int) -> Iterator[str]:
    pad = " " * indent
    for key in sorted(tree, key=_natural):
        value, name = tree[key], _scalar(key)
        if isinstance(value, dict) and value:
            yield f"{pad}{name}:"
            yield from _mapping(value, indent + 2)
        elif isinstance(value, list) and value:
            yield f"{pad}{name}:"
            yield from _sequence(value, indent)
        else:
            head = f"{pad}{name}: "
            yield head + _inline(value, indent + 2, len(head))


def _sequence(items: list[Any], indent: int) -> Iterator[str]:
    pad = " " * indent
    for item in items:
        if isinstance(item, (dict, list)) and item:
            lines = _node(item, indent + 2)
            yield f"{pad}- {next(lines)[indent + 2 :]}"
            yield from lines
        else:
            yield f"{pad}- {_inline(item, indent + 2, indent + 2)}"


def _inline(value: Any, indent: int, column: int) -> str:
    """`column` is where the value begins."""
    if isinstance(value, str):
        return _block(value, indent) if _is_block(value) else _folded(value, indent, column)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list):
        return "[]"
    return _number(value)


def _folded(text: str, indent: int, column: int) -> str:
    """Long text goes on in the next line at the first single space past the width."""
    scalar = _scalar(text)
    if column + len(scalar) <= _WIDTH or " " not in scalar:
        return scalar
    lines, line = [], ""
    quoted = scalar[0] in "'\""
    for index, char in enumerate(scalar):
        alone = char == " " and scalar[index + 1 : index + 2] not in (" ", "") and line[-1:] != " "
        inside = not quoted or 1 < index < len(scalar) - 2
        if alone and inside and column + len(line) > _WIDTH:
            lines.append(line)
            line, column = "", indent
        else:
            line += char
    return ("\n" + " " * indent).join([*lines, line])


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    text = repr(value)
    return text if "e" not in text else f"{value:g}"


def _is_block(text: str) -> bool:
    """Several lines of printable text are written as a literal block."""
    return "\n" in text and not text.startswith((" ", "\t")) and _printable(text.replace("\n", ""))


def _block(text: str, indent: int) -> str:
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    if not body:
        return _double_quoted(text)
    chomp = "|-" if ends == 0 else "|" if ends == 1 else "|+"
    pad = " " * indent
    lines = body.split("\n") + [""] * max(0, ends - 1)
    if any(line.endswith((" ", "\t")) and line.strip() == "" for line in lines):
        return _double_quoted(text)
    return "\n".join([chomp, *(pad + line if line else "" for line in lines)])


@lru_cache(maxsize=4096)
def _scalar(text: str) -> str:
    if _resolves_to_other(text):
        return f'"{text}"'
    if _plain_allowed(text):
        return text
    if _printable(text) and "\n" not in text:
        return "'" + text.replace("'", "''") + "'"
    return _double_quoted(text)


def _resolves_to_other(text: str) -> bool:
    if text in _KEYWORDS:
        return True
    if text[0] not in "0123456789+-.":
        return False
    return bool(_NUMBER.match(text) or _BASE60.match(text) or _DATE.match(text))


def _plain_allowed(text: str) -> bool:
    if text[0] in " \t" or text[-1] in " \t" or not _printable(text):
        return False
    first_is_safe = text[0] not in _INDICATORS or (
        text[0] in "-?:" and len(text) > 1 and text[1] not in " \t"
    )
    if not first_is_safe or text.startswith(("---", "...")):
        return False
    return ": " not in text and " #" not in text and not text.endswith(":")


def _printable(text: str) -> bool:
    return text.isprintable() and "\ufeff" not in text and "\xa0" not in text


def _double_quoted(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(c) or _escaped(c) for c in text) + '"'


def _escaped(char: str) -> str:
    if char.isprintable():
        return char
    point = ord(char)
    if point < 0x100:
        return f"\\x{point:02X}"
    return f"\\u{point:04X}" if point < 0x10000 else f"\\U{point:08X}"


def _natural(key: str) -> list[tuple[int, int, str]]:
    """go-yaml's order of keys: letters after other characters, digits by their number."""
    return [
        (1, int(part), "") if part[0] in "0123456789" else (2 if part.isalpha() else 0, 0, part)
        for part in re.findall(r"[0-9]+|.", key, re.DOTALL)
    ]
