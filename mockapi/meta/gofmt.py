"""Values as Go prints them in messages: %q, %v and the JSON that field errors show."""

import json
import math
from decimal import Decimal
from typing import Any

_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def quote(text: str) -> str:
    """`%q` of a string."""
    out = ['"']
    for char in text:
        if char in _ESCAPES:
            out.append(_ESCAPES[char])
        elif char.isprintable():
            out.append(char)
        else:
            code = ord(char)
            if code < 0x80:
                out.append(f"\\x{code:02x}")
            else:
                out.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    out.append('"')
    return "".join(out)


def value(item: Any) -> str:
    """`%v` of a scalar, list of scalars or map."""
    if item is None:
        return "<nil>"
    if item is True:
        return "true"
    if item is False:
        return "false"
    if isinstance(item, list):
        return "[" + " ".join(value(i) for i in item) + "]"
    if isinstance(item, dict):
        return "map[" + " ".join(f"{k}:{value(item[k])}" for k in sorted(item)) + "]"
    return number(item) if isinstance(item, float) else str(item)


def as_text(item: Any) -> str:
    """`%s` of a value of parsed JSON: what is no text is told with its type."""
    if isinstance(item, str):
        return item
    if isinstance(item, list):
        return "[" + " ".join(as_text(i) for i in item) + "]"
    if isinstance(item, dict):
        return "map[" + " ".join(f"{k}:{as_text(item[k])}" for k in sorted(item)) + "]"
    if item is None:
        return "%!s(<nil>)"
    kind = {bool: "bool", float: "float64"}.get(type(item), "int64")
    return f"%!s({kind}={value(item)})"


def number(item: float) -> str:
    """The shortest digits that say it, with an exponent when it is large or small."""
    if not math.isfinite(item):
        return {math.inf: "+Inf", -math.inf: "-Inf"}.get(item, "NaN")
    exponent = int(f"{item:e}".partition("e")[2])
    plain = Decimal(repr(item))
    if -4 <= exponent < 6:
        return f"{plain.normalize():f}"
    digits = "".join(map(str, plain.normalize().as_tuple().digits))
    sign, fraction = "-" if item < 0 else "", f".{digits[1:]}" if digits[1:] else ""
    return f"{sign}{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


class Pointed(str):
    """A text behind a pointer, which field errors show as JSON."""


def bad_value(item: Any) -> str:
    """How a field error shows the value it complains about."""
    if item is None:
        return "null"
    if isinstance(item, str) and not isinstance(item, Pointed):
        return quote(item)
    if isinstance(item, bool | int | float):
        return value(item)
    text = json.dumps(item, separators=(",", ":"), ensure_ascii=False)
    for char, escape in _HTML:
        if char in text:
            text = text.replace(char, escape)
    return text


_HTML = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"))


def quote_rune(char: str) -> str:
    """A character as Go's JSON errors show it: in single quotes."""
    if char == "'":
        return "'\\''"
    if char == '"':
        return "'\"'"
    return "'" + quote(char)[1:-1] + "'"
