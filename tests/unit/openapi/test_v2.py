"""OpenAPI v2 equals the real server's but for descriptions.

The recordings are digests of the document of kube-apiserver 1.37.2, one per member: SHA-256 of
the JSON with sorted keys, without `description`.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from mockapi.machinery import catalogue, discovery, openapi
from mockapi.machinery.openapi import custom, gnostic, v2
from mockapi.machinery.openapi.schemas import Schemas

RECORDINGS = Path(__file__).parents[2] / "contract/recordings"
DIGESTS: dict[str, Any] = json.loads((RECORDINGS / "openapi/v2-digests.json").read_text())
DEFINITIONS = json.loads((RECORDINGS / "discovery/definitions.json").read_text())
TABLES = catalogue.load()


def without_descriptions(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {
            key: without_descriptions(value)
            for key, value in tree.items()
            if not (key == "description" and isinstance(value, str))
        }
    if isinstance(tree, list):
        return [without_descriptions(value) for value in tree]
    return tree


def documents(definitions: list[Any]) -> openapi.Documents:
    served = discovery.served(TABLES, definitions)
    return openapi.Documents(TABLES.types, served, openapi.NoDescriptions(), "1.37")


@pytest.mark.parametrize(("state", "definitions"), [("builtin", []), ("custom", DEFINITIONS)])
def test_document_is_the_real_servers(state: str, definitions: list[Any]) -> None:
    document = without_descriptions(v2.document(documents(definitions)))
    assert {
        key: hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
        for key, value in document.items()
    } == DIGESTS[state]


@pytest.mark.parametrize("name", DIGESTS["protobuf"])
def test_definitions_are_the_real_servers_bytes_in_protobuf(name: str) -> None:
    pytest.importorskip("kubernetes_validate")
    schema = Schemas(TABLES.types, openapi.installed("1.37"), v2=True).schema(name)
    whole = gnostic.document({"definitions": {name: schema}})
    header = 2 if len(whole) < 130 else 3
    assert hashlib.sha256(whole[header:]).hexdigest() == DIGESTS["protobuf"][name]


def test_every_form_is_written_once() -> None:
    found = documents([])
    assert v2.encoded(found) is v2.encoded(found)
    assert v2.protobuf(found) is v2.protobuf(found)
    assert v2.hash(found) == hashlib.sha512(v2.encoded(found)).hexdigest().upper()


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ({"type": "string", "default": "a"}, {"type": "string"}),
        ({"type": "string", "nullable": True}, {}),
        ({"type": "array", "items": {"type": "string"}, "nullable": True}, {}),
        (
            {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {}},
            {"x-kubernetes-preserve-unknown-fields": True},
        ),
        (
            {
                "type": "object",
                "required": ["a", "b"],
                "properties": {"a": {"nullable": True}, "b": {"type": "string"}},
            },
            {"type": "object", "required": ["b"], "properties": {"a": {}, "b": {"type": "string"}}},
        ),
        ({"type": "string", "anyOf": [{"minLength": 1}]}, {"type": "string"}),
    ],
)
def test_custom_schemas_are_simplified(declared: Any, shown: Any) -> None:
    """The cases of apiextensions-apiserver pkg/controller/openapi/v2 ToStructuralOpenAPIV2."""
    assert custom.simplified(declared) == shown
