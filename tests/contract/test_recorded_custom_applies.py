"""Managed fields of a custom resource, by its schema, are those that a real server recorded."""

import json
from pathlib import Path
from typing import Any

import pytest

from mockapi.machinery import catalogue
from mockapi.machinery.managedfields.managers import Managers
from mockapi.machinery.managedfields.shapes import CustomShapes, Shapes
from mockapi.machinery.resource import Resource, Strategy
from mockapi.meta.errors import ApiError
from mockapi.meta.names import GroupVersionResource
from tests.contract.record_custom_applies import GROUP, SCHEMA

TYPES = catalogue.load().types
THINGS = Resource(
    gvr=GroupVersionResource(GROUP, "v1", "things"),
    kind="Thing",
    singular="thing",
    namespaced=True,
    verbs=(),
    short_names=(),
    categories=(),
    subresources={},
    type_name="Thing",
    storage_version="v1",
    storage_type_name="Thing",
    storage_version_hash="",
    strategy=Strategy(GROUP, "Thing", has_status=True),
)
NODE = CustomShapes(Shapes(TYPES)).node(SCHEMA)
MANAGERS = Managers(TYPES, custom=lambda resource: NODE)
SCENARIOS = json.loads((Path(__file__).parent / "recordings/custom_applies.json").read_text())
NOW = "2026-01-01T00:00:00Z"


def entries(obj: dict[str, Any]) -> list[dict[str, Any]]:
    found = [{**e, "time": "time" in e} for e in obj["metadata"].get("managedFields", [])]
    return sorted(found, key=lambda e: [e["operation"], e["manager"], e.get("subresource", "")])


def after(step: dict[str, Any]) -> dict[str, Any]:
    """The object with the managed fields that ours leave."""
    live, how = step["live"], {"resource": THINGS, "manager": step["manager"], "now": NOW}
    if step["verb"] == "apply":
        return MANAGERS.apply(live, step["body"], force=False, subresource=step["part"], **how)
    new = {**step["stored"], "metadata": dict(step["stored"]["metadata"])}
    new["metadata"].pop("managedFields", None)
    MANAGERS.update(new, live, subresource=step["part"], **how)
    return new


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["name"])
def test_managers_of_a_custom_resource(scenario: dict[str, Any]) -> None:
    for step in scenario["steps"]:
        if step["code"] == 422:  # the merged object is judged by others
            continue
        if step["code"] >= 400:
            with pytest.raises(ApiError) as refused:
                after(step)
            status, recorded = refused.value.status(), step["reply"]
            for tree in (status, recorded):
                tree.get("details", {}).get("causes", []).sort(key=json.dumps)
                tree["message"] = sorted(tree["message"].split("\n"))
            assert status == recorded
        else:
            assert entries(after(step)) == entries(step["stored"])


def test_a_map_that_lost_everything_is_null() -> None:
    scenario = next(s for s in SCENARIOS if s["name"] == "apply-leaves-null")
    merged = after(scenario["steps"][-1])
    assert 'spec.map: Invalid value: "null"' in scenario["steps"][-1]["reply"]["message"]
    assert merged["spec"] == {"map": None}
