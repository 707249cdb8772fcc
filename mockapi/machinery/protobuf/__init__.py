"""Objects as protobuf, between JSON trees and bytes without a protobuf runtime: per message one
function that writes and one that reads, compiled on first use from the type and number tables.

`Codec` has the envelope (`k8s\\0` and runtime.Unknown), watch frames and lists.
"""

from functools import cache
from typing import Any

import orjson

from mockapi.machinery import catalogue
from mockapi.machinery.protobuf.codec import Codec
from mockapi.machinery.protobuf.wire import ProtobufError
from mockapi.meta.names import GroupVersionKind, split_api_version

__all__ = ["Codec", "ProtobufError", "decode_body", "encode_tree", "standard"]


@cache
def standard() -> Codec:
    """For the built-in kinds. Field numbers never change, so the newest tables serve all minors."""
    tables = catalogue.load()
    numbers = orjson.loads((catalogue.openapi_directory() / "protobuf.json").read_bytes())
    return Codec(tables.types, numbers, tables.table("gonames"))


def encode_tree(tree: dict[str, Any]) -> bytes:
    """A whole body of the kind that the tree says it is."""
    group, version = split_api_version(tree["apiVersion"])
    return standard().encode(tree, GroupVersionKind(group, version, tree["kind"]))


def decode_body(body: bytes) -> tuple[GroupVersionKind, dict[str, Any]]:
    """The kind and the tree of a body. Raises ProtobufError."""
    try:
        return standard().decode(body)
    except KeyError as error:
        gvk = standard().open(body)[0]
        raise ProtobufError(
            f'no kind "{gvk.kind}" is registered for version "{gvk.api_version}"'
        ) from error
