"""OpenAPI v3 documents equal the real server's but for descriptions.

The recordings are digests of the documents of kube-apiserver 1.37.2: SHA-256 of the JSON with
sorted keys and without `description`.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from mockapi.machinery import catalogue, discovery, openapi
from mockapi.machinery.openapi import gnostic3

RECORDINGS = Path(__file__).parents[2] / "contract/recordings"
DIGESTS: dict[str, str] = json.loads((RECORDINGS / "openapi/v3-digests.json").read_text())
CUSTOM_DIGESTS: dict[str, str] = json.loads(
    (RECORDINGS / "openapi/v3-custom-digests.json").read_text()
)
TABLES = catalogue.load()


@pytest.fixture(scope="module")
def documents() -> openapi.Documents:
    served = discovery.served(TABLES)
    return openapi.Documents(TABLES.types, served, openapi.NoDescriptions(), "1.37")


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


def digest(document: Any) -> str:
    text = json.dumps(without_descriptions(document), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("name", DIGESTS)
def test_document_is_the_real_servers(documents: openapi.Documents, name: str) -> None:
    assert digest(documents.document(name)) == DIGESTS[name]


@pytest.mark.parametrize("name", CUSTOM_DIGESTS)
def test_document_of_custom_resources_is_the_real_servers(name: str) -> None:
    definitions = json.loads((RECORDINGS / "discovery/definitions.json").read_text())
    served = discovery.served(TABLES, definitions)
    documents = openapi.Documents(TABLES.types, served, openapi.NoDescriptions(), "1.37")
    assert digest(documents.document(name)) == CUSTOM_DIGESTS[name]


def test_the_index_names_every_document_with_the_hash_of_its_bytes(
    documents: openapi.Documents,
) -> None:
    paths = documents.index()["paths"]
    recorded = json.loads((RECORDINGS / "discovery/builtin.json").read_text())["/openapi/v3"]
    assert set(paths) == set(recorded["paths"])
    expected = hashlib.sha512(documents.encoded("apis/apps/v1")).hexdigest().upper()
    assert paths["apis/apps/v1"] == {
        "serverRelativeURL": f"/openapi/v3/apis/apps/v1?hash={expected}"
    }


def test_an_unknown_document_is_a_key_error(documents: openapi.Documents) -> None:
    with pytest.raises(KeyError):
        documents.encoded("apis/nosuch/v1")


def test_descriptions_come_from_the_optional_package() -> None:
    pytest.importorskip("kubernetes_validate")
    served = discovery.served(TABLES)
    documents = openapi.Documents(TABLES.types, served, openapi.installed("1.37"), "1.37")
    schemas = documents.document("api/v1")["components"]["schemas"]
    port = schemas["io.k8s.api.core.v1.ContainerPort"]
    assert port["description"].startswith("ContainerPort represents")
    assert port["properties"]["hostIP"]["description"]


def test_a_minor_that_the_package_does_not_know_has_no_descriptions() -> None:
    assert openapi.installed("1.2").type("io.k8s.api.core.v1.Pod") == ""


def test_protobuf_carries_every_part_of_a_document(documents: openapi.Documents) -> None:
    """The bytes of a document of the real server, made from its JSON."""
    recorded = json.loads((RECORDINGS / "openapi/v3-protobuf.json").read_text())
    for pair in recorded.values():
        assert gnostic3.document(json.loads(pair["json"])).hex() == pair["protobuf"]
