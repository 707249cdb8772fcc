"""Objects as protobuf, between JSON trees and bytes without a protobuf runtime: per message one
function that writes and one that reads, compiled on first use from the type and number tables.

`Codec` has the envelope (`k8s\\0` and runtime.Unknown), watch frames and lists. Field numbers never
change between minors, so one codec serves all; it is made by the first that needs it.
"""

from functools import cache
from typing import Any

import orjson

from mockapi.machinery import catalogue
from mockapi.machinery.protobuf.codec import Codec
from mockapi.machinery.protobuf.wire import ProtobufError
from mockapi.meta.names import GroupVersionKind, split_api_version

__all__ = ["Codec", "ProtobufError", "builtin", "decode_body", "encode_tree"]

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"


@cache
def builtin() -> Codec:
    """The codec of all built-in kinds."""
    tables = catalogue.load()
    numbers = orjson.loads((catalogue.openapi_directory() / "protobuf.json").read_bytes())
    return Codec(tables.types, numbers, tables.table("gonames"))


def encode_tree(tree: dict[str, Any]) -> bytes:
    """A body for an object that says its kind. KeyError for a kind that is not built in.

    The legacy group's discovery says no version; its kinds are those of meta/v1."""
    kind = tree["kind"]
    if "apiVersion" not in tree:
        return builtin().encode(tree, GroupVersionKind("", "", kind), type_name=f"{_META}.{kind}")
    group, version = split_api_version(tree["apiVersion"])
    return builtin().encode(tree, GroupVersionKind(group, version, kind))


def decode_body(body: bytes, expected: GroupVersionKind) -> tuple[GroupVersionKind, dict[str, Any]]:
    """The kind that a body says it is, as expected where it does not say, and its tree, empty for
    an unknown kind. Raises ProtobufError."""
    return builtin().decode(body, expected=expected)
