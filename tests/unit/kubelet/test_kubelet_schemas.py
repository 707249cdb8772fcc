"""The published JSON schemas: as files, over HTTP, and what they take and refuse."""

from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import requests

from mockapi.cluster import MockCluster
from mockapi.kubelet import json_schemas, node_shapes
from mockapi.kubelet.behaviour_schema import BadBehaviour
from mockapi.machinery.catalogue import openapi_directory
from scripts.data.schemas import text


@pytest.mark.parametrize("name", sorted(json_schemas.ALL))
def test_the_file_is_what_the_code_says(name: str) -> None:
    schema = json_schemas.ALL[name]()
    jsonschema.Draft202012Validator.check_schema(schema)
    path = Path(openapi_directory()) / f"{name}.schema.json"
    assert path.read_text() == text(schema), "run python -m scripts.data.schemas"


@pytest.mark.parametrize(
    ("shapes", "taken"),
    [
        ([{"name": "a", "count": 3, "capacity": {"cpu": 4, "memory": "8Gi"}}], True),
        ([{"taints": [{"key": "a", "effect": "NoSchedule"}]}], True),
        ([{"taints": [{"key": "a", "effect": "Never"}]}], False),
        ([{"count": -1}], False),
        ([{"cont": 1}], False),
        ({"name": "a"}, False),
    ],
)
def test_the_schema_of_nodes_takes_what_we_take(shapes: Any, taken: bool) -> None:
    validator = jsonschema.Draft202012Validator(json_schemas.nodes())
    assert validator.is_valid(shapes) is taken
    if taken:
        node_shapes.read(text(shapes))
    else:
        with pytest.raises(BadBehaviour):
            node_shapes.read(text(shapes))


def test_rules_may_be_a_list_or_lie_under_their_name() -> None:
    validator = jsonschema.Draft202012Validator(json_schemas.rules())
    rules = [{"match": {"image": "nginx*"}, "behaviour": {"state": "OOMKilled"}}]
    assert validator.is_valid(rules) and validator.is_valid({"rules": rules})
    assert not validator.is_valid([{"match": {"imag": "x"}, "behaviour": {}}])


def test_the_server_gives_its_schemas() -> None:
    with MockCluster(nodes=0) as cluster:
        base = f"{cluster.url}/mockapi/v1/schemas"
        for name, make in json_schemas.ALL.items():
            assert requests.get(f"{base}/{name}.json", timeout=10).json() == make()
        assert requests.get(f"{base}/none", timeout=10).status_code == 404
        assert requests.put(f"{base}/rules", timeout=10).status_code == 405
