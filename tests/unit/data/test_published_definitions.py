"""The type tables agree with the definitions published in the kubernetes-validate package."""

import json
from pathlib import Path
from typing import Any

import pytest

from mockapi.machinery import catalogue

validate = pytest.importorskip("kubernetes_validate")


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    root = Path(validate.__file__).parent / "kubernetes-json-schema"
    (path, *_) = sorted(root.glob("v1.37.*-local/_definitions.json"))
    found: dict[str, Any] = json.loads(path.read_text())["$defs"]
    return found


def test_every_type_has_the_published_fields(published: dict[str, Any]) -> None:
    types = catalogue.load("1.37").types
    differing = {
        name: set(types[name].fields) ^ set(definition["properties"])
        for name, definition in published.items()
        if name in types and "properties" in definition
    }
    assert {name: fields for name, fields in differing.items() if fields} == {}


def test_every_field_is_required_where_it_is_published_so(published: dict[str, Any]) -> None:
    types = catalogue.load("1.37").types
    differing = {
        name
        for name, definition in published.items()
        if name in types and "properties" in definition
        if {f.name for f in types[name].fields.values() if f.required}
        != set(definition.get("required", ()))
    }
    assert differing == set()
