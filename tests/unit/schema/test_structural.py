"""Custom resources as a real server read them."""

import json
from pathlib import Path
from typing import Any

import pytest

from mockapi.machinery import catalogue
from mockapi.machinery.schema.schemas import Schemas
from mockapi.machinery.schema.strict import DecodeError
from mockapi.machinery.schema.structural import Structural
from mockapi.meta.codec import CodecError
from tests.contract.record_custom import API_VERSION, SCHEMA, STRING, obj

RECORDINGS = Path(__file__).parents[2] / "contract/recordings/custom.json"
THING = "com.example.Thing"
SERVERS = ("uid", "creationTimestamp", "managedFields", "namespace", "generation")


def schemas(schema: dict[str, Any], *, preserve_unknown: bool = False) -> Schemas:
    tables = catalogue.load("1.37")
    found = Schemas(tables.types, names=lambda: tables.table("gonames"))
    found.register(THING, Structural(schema, preserve_unknown=preserve_unknown))
    return found


SCHEMAS = schemas(SCHEMA)


def cases() -> list[Any]:
    return [
        pytest.param(row, id=f"{index}-{row['validation']}")
        for index, row in enumerate(json.loads(RECORDINGS.read_text()))
    ]


@pytest.mark.parametrize("case", cases())
def test_custom_resources_are_read_as_by_the_real_server(case: dict[str, Any]) -> None:
    message = case["reply"].get("message", "")
    try:
        decoded = SCHEMAS.decode_body(THING, case["body"].encode(), validation=case["validation"])
    except CodecError as error:
        unrecognized = "the object provided is unrecognized (must be of type Thing)"
        assert message.startswith(f"{unrecognized}: {error} (")
        return
    except DecodeError as error:
        assert message == f'Thing in version "v1" cannot be handled as a Thing: {error}'
        return
    if decoded.problems:
        text = ", ".join(decoded.problems)
        assert message.endswith(f"cannot be handled as a Thing: strict decoding error: {text}")
        return
    if case["code"] == 422:  # read, and then found invalid
        return
    SCHEMAS.default(THING, decoded.obj)
    assert without_server(SCHEMAS.normal(THING, decoded.obj)) == without_server(case["reply"])


def without_server(tree: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in tree["metadata"].items() if key not in SERVERS}
    return {**tree, "metadata": metadata, "status": None}


def test_keys_come_out_sorted_everywhere() -> None:
    thing = {"spec": {"free": {"b": {"d": 1, "c": 2}, "a": 1}}, "metadata": {}, "kind": "Thing"}
    decoded = SCHEMAS.decode(THING, thing).obj
    assert json.dumps(decoded) == (
        '{"kind": "Thing", "metadata": {}, "spec": {"free": {"a": 1, "b": {"c": 2, "d": 1}}}}'
    )


def test_nothing_is_pruned_where_the_whole_schema_preserves() -> None:
    found = schemas(obj(spec=obj(a=STRING)), preserve_unknown=True)
    thing = {"apiVersion": API_VERSION, "kind": "Thing", "spec": {"b": 1}}
    assert found.decode(THING, thing).obj == thing


def test_a_forgotten_kind_is_unknown() -> None:
    found = schemas(SCHEMA)
    found.forget(THING)
    with pytest.raises(KeyError):
        found.decode(THING, {})
