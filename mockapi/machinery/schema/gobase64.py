"""Base64 as Go's StdEncoding reads it: line ends are skipped, and errors name the byte."""

import binascii
from typing import Final

_ALPHABET: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_LINE_ENDS: Final = frozenset(b"\r\n")
_PAD: Final = ord("=")


class CorruptInput(ValueError):
    def __init__(self, offset: int) -> None:
        super().__init__(f"illegal base64 data at input byte {offset}")


def decode(text: str) -> bytes:
    source = text.encode()
    kept = bytearray()
    at = 0
    while at < len(source):
        quantum, at, last = _quantum(source, at)
        kept += quantum
        if last:
            break
    return binascii.a2b_base64(bytes(kept))


def _quantum(source: bytes, at: int) -> tuple[bytes, int, bool]:
    """Four letters with their padding, where the next begin, and whether they were the last."""
    letters = bytearray()
    while len(letters) < 4:
        if at >= len(source):
            if not letters:
                return b"", at, True
            raise CorruptInput(at - len(letters))
        char = source[at]
        at += 1
        if char in _LINE_ENDS:
            continue
        if char in _ALPHABET:
            letters.append(char)
            continue
        if char != _PAD:
            raise CorruptInput(at - 1)
        return _padding(source, at, letters)
    return bytes(letters), at, False


def _padding(source: bytes, at: int, letters: bytearray) -> tuple[bytes, int, bool]:
    """The first pad has been read; nothing but line ends may follow the last."""
    if len(letters) < 2:
        raise CorruptInput(at - 1)
    if len(letters) == 2:
        at = _after_line_ends(source, at)
        if at >= len(source):
            raise CorruptInput(len(source))
        if source[at] != _PAD:
            raise CorruptInput(at - 1)
        at += 1
    at = _after_line_ends(source, at)
    if at < len(source):
        raise CorruptInput(at)
    return bytes(letters).ljust(4, b"="), at, True


def _after_line_ends(source: bytes, at: int) -> int:
    while at < len(source) and source[at] in _LINE_ENDS:
        at += 1
    return at
