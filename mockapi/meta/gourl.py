"""URLs as Go's net/url parses them, with its errors."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from mockapi.meta import gofmt

_HEX = re.compile("[0-9A-Fa-f]{2}")
_IN_HOST = re.compile(r"[A-Za-z0-9!$&'()*+,;=:\[\]<>\"._~\x80-\U0010ffff-]")
_USER = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*")


class UrlError(ValueError):
    """Says what Go says, with the URL in quotes before it."""


@dataclass(frozen=True, slots=True)
class Url:
    scheme: str
    user: str | None
    host: str
    path: str
    query: str
    fragment: str


def parse(text: str) -> Url:
    try:
        return _parse(text)
    except UrlError as error:
        raise UrlError(f"parse {gofmt.quote(text)}: {error}") from None


def _parse(text: str) -> Url:
    before, _, fragment = text.partition("#")
    if any(char < " " or char == "\x7f" for char in before):
        raise UrlError("net/url: invalid control character in URL")
    scheme, rest = _scheme(before)
    rest, _, query = rest.partition("?")
    if not rest.startswith("/"):
        if scheme:
            return Url(scheme, None, "", "", query, fragment)
        if ":" in rest.partition("/")[0]:
            raise UrlError("first path segment in URL cannot contain colon")
    user, host = None, ""
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, tail = rest[2:].partition("/")
        rest = slash + tail
        user, host = _authority(authority)
    _check_escapes(rest)
    _check_escapes(fragment)
    return Url(scheme, user, host, unquote(rest), query, unquote(fragment))


def _scheme(text: str) -> tuple[str, str]:
    for index, char in enumerate(text):
        if char.isascii() and char.isalpha():
            continue
        if char in "0123456789+-.":
            if index == 0:
                return "", text
        elif char == ":":
            if index == 0:
                raise UrlError("missing protocol scheme")
            return text[:index].lower(), text[index + 1 :]
        else:
            return "", text
    return "", text


def _authority(text: str) -> tuple[str | None, str]:
    user, at, host = text.rpartition("@")
    if not at:
        return None, _host(text)
    parsed = _host(host)
    if not _USER.fullmatch(user):
        raise UrlError("net/url: invalid userinfo")
    _check_escapes(user)
    return user, parsed


def _host(text: str) -> str:
    if text.startswith("["):
        end = text.rfind("]")
        if end < 0:
            raise UrlError("missing ']' in host")
        _port(text[end + 1 :])
    elif (colon := text.rfind(":")) >= 0:
        _port(text[colon:])
    for match in re.finditer("%(..)?", text):
        if match[1] is None or not _HEX.fullmatch(match[1]) or int(match[1], 16) < 0x80:
            shown = text[match.start() : match.start() + 3]
            raise UrlError(f"invalid URL escape {gofmt.quote(shown)}")
    for char in text:
        if char != "%" and not _IN_HOST.fullmatch(char):
            raise UrlError(f"invalid character {gofmt.quote(char)} in host name")
    return text


def _port(text: str) -> None:
    if text and not (text[0] == ":" and (text[1:] == "" or text[1:].isdecimal())):
        raise UrlError(f"invalid port {gofmt.quote(text)} after host")


def _check_escapes(text: str) -> None:
    index = text.find("%")
    while index >= 0:
        if not _HEX.fullmatch(text[index + 1 : index + 3]):
            raise UrlError(f"invalid URL escape {gofmt.quote(text[index : index + 3])}")
        index = text.find("%", index + 3)
