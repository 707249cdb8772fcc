"""String formats of structural schemas, and Go's regular expressions.
Source: kube-openapi pkg/validation/strfmt; formats that are not listed are ignored, as there.
"""

import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import date
from email.utils import parseaddr
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from mockapi.meta import gotime

_HEX8: Final = r"[0-9a-f]{8}-?[0-9a-f]{4}-?"
_COLOR: Final = r"(?:\d{1,2}|1\d\d|2[0-4]\d|25[0-5])"
_CARD: Final = re.compile(
    r"(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}"
    r"|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})",
    re.ASCII,
)
_CLOCK: Final = re.compile(
    r"(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:z|[+-]\d{2}:\d{2})?", re.ASCII | re.IGNORECASE
)
_HOST: Final = re.compile(
    r"(?:[^\W_](?:-?[^\W_]{0,62})?|(?:[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?\.)+[^\W\d_]{2,63})"
)
_LONG_DURATION: Final = re.compile(
    r"(\d+)\s*(ns|nano\w*|us|micro\w*|µs|ms|milli\w*|s|sec\w*|m|min\w*|h|hr\w*|hour\w*"
    r"|d|day\w*|w|week\w*|wk\w*)",
    re.IGNORECASE,
)


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII | re.IGNORECASE)
    return lambda text: compiled.fullmatch(text) is not None


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return check


def _date(text: str) -> object:
    if len(text) != 10:
        raise ValueError(text)
    return date.fromisoformat(text)


def _datetime(text: str) -> bool:
    day, _, clock = text.lower().partition("t")
    match = _CLOCK.search(clock)
    if not FORMATS["date"](day) or match is None:
        return False
    return match[1] <= "23" and match[2] <= "59" and match[3] <= "59"


def _duration(text: str) -> bool:
    return _parses(gotime.parse_duration)(text) or _LONG_DURATION.search(text) is not None


def _cidr(text: str) -> object:
    if "/" not in text:
        raise ValueError(text)
    return ipaddress.ip_network(text, strict=False)


def _hostname(text: str) -> bool:
    labels = text.split(".")
    return _HOST.fullmatch(text) is not None and len(text) < 256 and max(map(len, labels)) < 64


def _email(text: str) -> bool:
    _, address = parseaddr(text)
    return "@" in address[1:-1]


def _uri(text: str) -> bool:
    return urlsplit(text).scheme != "" or text.startswith("/")


def _base64(text: str) -> object:
    return binascii.a2b_base64(text, strict_mode=True)


def _isbn(text: str) -> bool:
    return _isbn10(text) or _isbn13(text)


def _isbn10(text: str) -> bool:
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]{9}[0-9Xx]", digits):
        return False
    values = [10 if char in "Xx" else int(char) for char in digits]
    return sum(value * (index + 1) for index, value in enumerate(values)) % 11 == 0


def _isbn13(text: str) -> bool:
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]{13}", digits):
        return False
    return sum(int(char) * (3 if index % 2 else 1) for index, char in enumerate(digits)) % 10 == 0


def _card(text: str) -> bool:
    digits = re.sub(r"[^0-9]+", "", text)
    if _CARD.fullmatch(digits) is None:
        return False
    doubled = [int(d) * (1 + index % 2) for index, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


FORMATS: Final[dict[str, Callable[[str], bool]]] = {
    "bsonobjectid": _matches("[0-9a-f]{24}"),
    "byte": _parses(_base64),
    "cidr": _parses(_cidr),
    "creditcard": _card,
    "date": _parses(_date),
    "datetime": _datetime,
    "duration": _duration,
    "email": _email,
    "hexcolor": _matches("#?([0-9a-f]{3}|[0-9a-f]{6})"),
    "hostname": _hostname,
    "ipv4": _parses(ipaddress.IPv4Address),
    "ipv6": _parses(ipaddress.IPv6Address),
    "isbn": _isbn,
    "isbn10": _isbn10,
    "isbn13": _isbn13,
    "mac": _matches(
        r"(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4,18}[0-9a-f]{2}|[0-9a-f]{4}(\.[0-9a-f]{4}){2,9}"
    ),
    "password": lambda text: True,
    "rgbcolor": _matches(rf"rgb\(\s*{_COLOR}\s*(,\s*{_COLOR}\s*){{2}}\)"),
    "ssn": _matches(r"\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "uri": _uri,
    "uuid": _matches(rf"{_HEX8}[0-9a-f]{{4}}-?[0-9a-f]{{4}}-?[0-9a-f]{{12}}"),
    "uuid3": _matches(rf"{_HEX8}3[0-9a-f]{{3}}-?[0-9a-f]{{4}}-?[0-9a-f]{{12}}"),
    "uuid4": _matches(rf"{_HEX8}4[0-9a-f]{{3}}-?[89ab][0-9a-f]{{3}}-?[0-9a-f]{{12}}"),
    "uuid5": _matches(rf"{_HEX8}5[0-9a-f]{{3}}-?[89ab][0-9a-f]{{3}}-?[0-9a-f]{{12}}"),
}  # fmt: skip


def checker(format: str) -> Callable[[str], bool] | None:
    return FORMATS.get(format.replace("-", ""))


@lru_cache(maxsize=1024)
def go_pattern(pattern: str) -> re.Pattern[str]:
    """Go's syntax in Python's: ASCII classes, ends that are the very end. re.error if invalid."""
    out, inside, at = [], False, 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\" and at + 1 < len(pattern):
            step = pattern[at : at + 2]
            out.append({"\\z": "\\Z", "\\pL": "[^\\W\\d_]"}.get(step, step))
            at += 2
            continue
        if char == "[":
            inside = True
        elif char == "]":
            inside = False
        out.append("\\Z" if char == "$" and not inside else char)
        at += 1
    return re.compile("".join(out), re.ASCII)
