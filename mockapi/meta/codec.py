"""Bodies to trees and back: JSON here, YAML in `goyaml`.

The fast parser answers for nearly every body. What it cannot (errors in Go's words, repeated keys,
bad UTF-8, numbers as written) is left to `gojson`.
"""

import re
from typing import Any, Final

import orjson

from mockapi.meta import gojson, goyaml

_SPACE_BEFORE_COLON: Final = (b" :", b"\t:", b"\n:", b"\r:")
_JSON_ONLY: Final = (b"\\/", b"\\ud", b"\\uD", b"\x7f")
"""What Go's YAML reader does not take from JSON."""
_NUMBERS: Final = re.compile(rb"[:\[,]\s*-?[0-9]+(?:[.eE]|[0-9]{18})")
"""What it reads otherwise: fractions, exponents, integers that may not be int64."""
_HTML: Final = ((b"<", b"\\u003c"), (b">", b"\\u003e"), (b"&", b"\\u0026"))
_LINES: Final = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))


class CodecError(ValueError):
    """The body is no JSON or YAML; str() is the real server's text."""


def parse_json(body: bytes) -> Any:
    """The tree of a JSON text; CodecError with Go's text otherwise."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return gojson.plain(parse_json_exactly(body))


def parse_json_exactly(body: bytes) -> Any:
    """As `gojson.parse`: keeps repeated keys and the text of numbers."""
    try:
        return gojson.parse(body)
    except gojson.GoSyntaxError as error:
        raise CodecError(str(error)) from None


def parse_yaml(body: bytes) -> Any:
    """The tree of the first document; CodecError with the real server's text otherwise."""
    return parse_yaml_strictly(body)[0]


def parse_yaml_strictly(body: bytes) -> tuple[Any, list[str]]:
    """The tree, and what a strict reader has to say about repeated keys."""
    try:
        if not (any(sign in body for sign in _JSON_ONLY) or _NUMBERS.search(body)):
            tree = orjson.loads(body)
            if not may_repeat_keys(body, tree):
                return tree, []
    except orjson.JSONDecodeError:
        pass
    try:
        return goyaml.parse(body)
    except goyaml.GoYamlError as error:
        raise CodecError(str(error)) from None


def may_repeat_keys(body: bytes, tree: Any) -> bool:
    """False only if no object of the JSON text has a key twice.

    Every key ends in `":`, so the text and the tree written anew show the same number of those,
    unless a key was lost. Texts in which that is not certain count as suspect.
    """
    if any(sign in body for sign in _SPACE_BEFORE_COLON) or b'\\\\":' in body:
        return True
    try:
        return _keys(body) != _keys(orjson.dumps(tree))
    except orjson.JSONEncodeError:
        return True


def _keys(text: bytes) -> int:
    return text.count(b'":') - text.count(b'\\":')


def stored(obj: dict[str, Any]) -> bytes:
    """An object as bytes. What has no Go type has its keys sorted, apiVersion first.

    What orjson gives keeps its whole working buffer (8 KB and more) alive, hence the copy.
    """
    sort = orjson.OPT_SORT_KEYS if next(iter(obj)) == "apiVersion" else None
    try:
        return bytes(memoryview(orjson.dumps(obj, option=sort)))
    except orjson.JSONEncodeError:  # deeper than it cares for
        return gojson.dumps(obj, sort=sort is not None).encode()


def dumps(tree: Any) -> bytes:
    """Compact JSON with Go's escapes, without the newline that ends the server's replies."""
    try:
        text = orjson.dumps(tree)
    except orjson.JSONEncodeError:  # deeper than it cares for
        return gojson.dumps(tree).encode()
    for char, escape in _HTML:
        if char in text:
            text = text.replace(char, escape)
    if b"\xe2\x80" in text:
        for char, escape in _LINES:
            text = text.replace(char, escape)
    return text
