"""The protobuf content type: `k8s\\0` and a runtime.Unknown that holds the object's message."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from mockapi.machinery.catalogue import Type
from mockapi.machinery.protobuf import wire
from mockapi.machinery.protobuf.messages import Messages, Names, Numbers
from mockapi.machinery.protobuf.reading import Readers
from mockapi.machinery.protobuf.wire import ProtobufError, delimited
from mockapi.machinery.protobuf.writing import Writers
from mockapi.meta.names import GroupVersionKind, split_api_version

Obj = dict[str, Any]
MAGIC: Final = b"k8s\0"
_ONE: Final = wire.tag(1, wire.BYTES)
_TWO: Final = wire.tag(2, wire.BYTES)
_TAIL: Final = wire.tag(3, wire.BYTES) + b"\0" + wire.tag(4, wire.BYTES) + b"\0"
_NOTHING: Final = GroupVersionKind("", "", "")
NO_MAGIC: Final = (
    "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
)


class Codec:
    """`table` is protobuf.json, `names` gonames.json. Objects to encode are as `Schemas` leaves
    them: known fields, canonical scalars."""

    def __init__(self, types: Mapping[str, Type], table: Numbers, names: Names) -> None:
        self._messages = Messages(types, table, names)
        self._writers = Writers(self._messages)
        self._readers = Readers(self._messages)
        kinds = getattr(types, "kinds", None) or {
            gvk: name for name, type in types.items() for gvk in type.gvks
        }
        self._kinds: Mapping[GroupVersionKind, str] = kinds

    def encode(self, obj: Obj, gvk: GroupVersionKind, *, type_name: str = "") -> bytes:
        """A whole body. `type_name` for what is a kind of no group (PartialObjectMetadata)."""
        return self.envelope(self.message(obj, type_name or self._type(gvk)), gvk)

    def message(self, obj: Obj, type_name: str) -> bytes:
        """The object without the envelope, as it stands in a list's `items`."""
        return self._writers.of_type(type_name)(obj)

    def envelope(self, message: bytes, gvk: GroupVersionKind) -> bytes:
        kind = delimited(_ONE, gvk.api_version.encode()) + delimited(_TWO, gvk.kind.encode())
        return MAGIC + delimited(_ONE, kind) + delimited(_TWO, message) + _TAIL

    def list_message(self, metadata: Obj, items: Iterable[bytes], list_type: str) -> bytes:
        """A list of items that are messages already."""
        head = self.message({"metadata": metadata}, list_type)
        return head + b"".join([delimited(_TWO, item) for item in items])

    def watch_frame(self, event: str, body: bytes) -> bytes:
        """One event with its length before it; `body` is the object with envelope."""
        inner = delimited(_ONE, event.encode()) + delimited(_TWO, delimited(_ONE, body))
        return len(inner).to_bytes(4, "big") + inner

    def decode(
        self, body: bytes, *, expected: GroupVersionKind = _NOTHING
    ) -> tuple[GroupVersionKind, Obj]:
        """The kind and the tree of a body (hand it to `Schemas.decode`). What a body does not say
        is as expected; one of an unknown kind is read as nothing. Raises ProtobufError, which
        knows the kind when only the object itself cannot be read."""
        gvk, message = self.open(body)
        if not gvk.kind:
            gvk = gvk._replace(kind=expected.kind)
        if not (gvk.group or gvk.version):
            gvk = gvk._replace(group=expected.group, version=expected.version)
        name = self._kinds.get(gvk)
        try:
            return gvk, self.read(message, name) if name else {}
        except ProtobufError as error:
            error.kind = gvk
            raise

    def read(self, message: bytes, type_name: str) -> Obj:
        """The tree of a message without envelope."""
        return self._readers.of_type(type_name)(message)

    def open(self, body: bytes) -> tuple[GroupVersionKind, bytes]:
        """The kind a body says it is, and its message."""
        if not body:
            raise ProtobufError("empty data")
        if not body.startswith(MAGIC):
            raise ProtobufError(NO_MAGIC)
        if body == MAGIC:
            raise ProtobufError("empty body")
        try:
            found = {number: value for number, _, value in wire.fields(body[4:])}
            meta = {number: value for number, _, value in wire.fields(found.get(1, b""))}
        except wire.BadTag as error:
            raise error.of("Unknown") from None
        try:
            group, version = split_api_version(meta.get(1, b"").decode(errors="replace"))
        except ValueError as error:
            raise ProtobufError(str(error)) from None
        kind = GroupVersionKind(group, version, meta.get(2, b"").decode(errors="replace"))
        return kind, found.get(2, b"")

    def _type(self, gvk: GroupVersionKind) -> str:
        return self._kinds[gvk]
