"""PEM blocks, found as Go's encoding/pem finds them: what is between them is skipped."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

_BEGIN = re.compile(rb"(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t\r]*\n")
_HEADER = re.compile(rb"[^\n:]*:[^\n]*\n")
_SPACES = re.compile(rb"[ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class Block:
    kind: str
    has_headers: bool
    body: bytes


def blocks(data: bytes) -> Iterator[Block]:
    position = 0
    while (begin := _BEGIN.search(data, position)) is not None:
        start = begin.end()
        while (header := _HEADER.match(data, start)) is not None:
            start = header.end()
        ending = b"-----END " + begin[1] + b"-----"
        end = data.find(ending, start)
        body = None if end < 0 else _decoded(data[start:end])
        if body is None:
            position = begin.end() - 1
            continue
        yield Block(begin[1].decode(errors="replace"), start > begin.end(), body)
        position = end + len(ending)


def first(data: bytes) -> Block | None:
    return next(blocks(data), None)


def _decoded(text: bytes) -> bytes | None:
    try:
        return base64.b64decode(_SPACES.sub(b"", text), validate=True)
    except binascii.Error:
        return None
