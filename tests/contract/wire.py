"""Objects in protobuf's wire format, without what differs from run to run."""

from collections.abc import Iterator

from mockapi.machinery.protobuf.wire import read_varint, varint

MAGIC = b"k8s\0"
_RAW = 2
_METADATA = 1
_UID, _REVISION, _CREATED, _MANAGED = 5, 6, 8, 17
_TIME = 4
_BYTES = 2

Field = tuple[int, bytes, bytes | None]
"""(number, the field as it stands, its content if it has a length)"""


def steady(body: bytes) -> bytes:
    """The object inside, without its uid, revision, creation and the times of its managers."""
    (raw,) = (content for number, _, content in _fields(body[len(MAGIC) :]) if number == _RAW)
    assert raw is not None
    return b"".join(
        _written(number, _metadata(content)) if number == _METADATA and content else field
        for number, field, content in _fields(raw)
    )


def _metadata(raw: bytes) -> bytes:
    found = []
    for number, field, content in _fields(raw):
        if number == _MANAGED and content is not None:
            kept = b"".join(text for inner, text, _ in _fields(content) if inner != _TIME)
            found.append(_written(number, kept))
        elif number not in (_UID, _REVISION, _CREATED):
            found.append(field)
    return b"".join(found)


def _fields(raw: bytes) -> Iterator[Field]:
    at = 0
    while at < len(raw):
        begin = at
        key, at = read_varint(raw, at)
        content = None
        match key & 7:
            case 0:
                _, at = read_varint(raw, at)
            case 1:
                at += 8
            case 2:
                size, at = read_varint(raw, at)
                content, at = raw[at : at + size], at + size
            case 5:
                at += 4
            case other:
                raise AssertionError(f"wire type {other}")
        yield key >> 3, raw[begin:at], content


def _written(number: int, content: bytes) -> bytes:
    return varint(number << 3 | _BYTES) + varint(len(content)) + content
