"""Protobuf bodies, byte for byte as the real server's serializer writes them."""

import base64
import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from mockapi.machinery import catalogue
from mockapi.machinery.protobuf import Codec, ProtobufError
from mockapi.machinery.schema.schemas import Schemas
from mockapi.meta.names import GroupVersionKind

RECORDINGS = Path(__file__).parents[2] / "contract/recordings/serializers/protobuf.json"
TABLES = catalogue.load("1.37")
SCHEMAS = Schemas(TABLES.types)
NUMBERS = orjson.loads((catalogue.openapi_directory() / "protobuf.json").read_bytes())
CODEC = Codec(TABLES.types, NUMBERS, TABLES.table("gonames"))
POD = GroupVersionKind("", "v1", "Pod")


def cases() -> list[Any]:
    rows = json.loads(RECORDINGS.read_text())
    return [pytest.param(row, id=f"{i}-{row['kind'][2]}") for i, row in enumerate(rows)]


@pytest.mark.parametrize("case", cases())
def test_bytes_are_those_of_the_real_server_both_ways(case: dict[str, Any]) -> None:
    gvk = GroupVersionKind(*case["kind"])
    name, body = TABLES.type_name(gvk), base64.b64decode(case["protobuf"])
    obj = SCHEMAS.decode(name, case["object"]).obj
    assert CODEC.encode(obj, gvk) == body
    said, tree = CODEC.decode(body)
    tree |= {"kind": gvk.kind, "apiVersion": gvk.api_version}
    assert (said, SCHEMAS.decode(name, tree).obj) == (gvk, obj)


def test_a_list_is_joined_from_messages_of_its_items() -> None:
    pod = {"metadata": {"name": "a"}, "spec": {"containers": None}, "status": {}}
    metadata = {"resourceVersion": "7"}
    listed = {"metadata": metadata, "items": [pod, pod]}
    item = CODEC.message(pod, TABLES.type_name(POD))
    name = TABLES.type_name(GroupVersionKind("", "v1", "PodList"))
    assert CODEC.list_message(metadata, [item, item], name) == CODEC.message(listed, name)


def test_a_watch_frame_has_its_length_before_it() -> None:
    frame = CODEC.watch_frame("ADDED", b"k8s\0body")
    assert frame == b"\0\0\0\x13\n\x05ADDED\x12\x0a\n\x08k8s\0body"


def test_bytes_without_the_magic_are_refused_in_the_servers_words() -> None:
    with pytest.raises(ProtobufError) as refused:
        CODEC.decode(b"abc")
    assert str(refused.value) == (
        "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
    )


@pytest.mark.parametrize("size", range(8, 60, 3))
def test_a_body_cut_short_is_refused_or_read_never_worse(size: int) -> None:
    obj = {"metadata": {"name": "a" * 20, "labels": {"x": "y"}}, "spec": {}, "status": {}}
    body = CODEC.encode(obj, POD)[:size]
    try:
        CODEC.decode(body)
    except ProtobufError:
        return


def test_a_body_that_names_no_kind_is_read_as_the_expected_one() -> None:
    body = CODEC.envelope(CODEC.message({"metadata": {"name": "a"}}, TABLES.type_name(POD)), POD)
    nameless = b"k8s\0" + body[body.index(b"\x12", 4 + body[5]) :]
    gvk, tree = CODEC.decode(nameless, expected=POD)
    assert (gvk, tree["metadata"]["name"]) == (POD, "a")
