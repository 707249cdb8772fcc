"""Discovery's bodies equal those recorded from kube-apiserver 1.37.2, without and with CRDs."""

import json
from pathlib import Path
from typing import Any

import pytest

from mockapi.machinery import catalogue, discovery
from mockapi.machinery.discovery import Served

RECORDINGS = Path(__file__).parents[2] / "contract/recordings/discovery"
BUILTIN: dict[str, Any] = json.loads((RECORDINGS / "builtin.json").read_text())
CUSTOM: dict[str, Any] = json.loads((RECORDINGS / "custom.json").read_text())
DEFINITIONS = json.loads((RECORDINGS / "definitions.json").read_text())
TABLES = catalogue.load()
CASES = [("builtin", path) for path in BUILTIN] + [("custom", path) for path in CUSTOM]


@pytest.fixture(scope="module")
def served() -> dict[str, Served]:
    return {
        "builtin": discovery.served(TABLES),
        "custom": discovery.served(TABLES, DEFINITIONS),
    }


def body(served: Served, path: str) -> Any:
    match path.strip("/").split("/"):
        case [""]:
            return discovery.root_paths(served, TABLES.paths)
        case ["version"]:
            return discovery.version(TABLES)
        case ["api"]:
            return discovery.api_versions("192.0.2.2:6471")
        case ["apis"]:
            return discovery.api_group_list(served)
        case ["aggregated ", "api"]:
            return discovery.aggregated(served, core=True)
        case ["aggregated ", "apis"]:
            return discovery.aggregated(served, core=False)
        case ["api", version]:
            return discovery.api_resource_list(served, "", version)
        case ["apis", group]:
            return discovery.api_group(served, group)
        case ["apis", group, version]:
            return discovery.api_resource_list(served, group, version)
    raise AssertionError(f"No function for {path}.")


@pytest.mark.parametrize(("state", "path"), [c for c in CASES if "openapi" not in c[1]])
def test_body_is_the_real_servers(served: dict[str, Served], state: str, path: str) -> None:
    recorded = (BUILTIN if state == "builtin" else CUSTOM)[path]
    if path == "/version":
        recorded = recorded | {"gitCommit": "", "gitTreeState": ""}
    answer = body(served[state], path)
    assert json.dumps(answer) == json.dumps(recorded)


def test_unknown_groups_and_versions_have_no_body(served: dict[str, Served]) -> None:
    assert discovery.api_group(served["builtin"], "example.com") is None
    assert discovery.api_resource_list(served["builtin"], "apps", "v9") is None


def test_etag_of_aggregated_discovery(served: dict[str, Served]) -> None:
    assert discovery.etag(discovery.aggregated(served["builtin"], core=True)) == (
        '"4D7E1BED90B364BC86049DD9E636494980AEF65B7F8CFAA267616FA062B514A8'
        'A3CC2C2851CC9337B8D28B4C80960E2353DE5E0B152E87CC223E02EA3C5C37AC"'
    )


def test_a_version_that_is_not_served_is_not_listed() -> None:
    definition = json.loads(json.dumps(DEFINITIONS[0]))
    beta = next(v for v in definition["spec"]["versions"] if v["name"] == "v1beta1")
    beta["served"] = False
    assert [row.gvr.version for row in discovery.custom_resources(definition)] == ["v1"]


def test_a_terminating_definition_takes_no_writes() -> None:
    definition = json.loads(json.dumps(DEFINITIONS[1]))
    definition["status"]["conditions"].append({"type": "Terminating", "status": "True"})
    (row,) = discovery.custom_resources(definition)
    assert row.verbs == ("delete", "deletecollection", "get", "list", "watch")


def test_versions_are_listed_by_stability_and_number() -> None:
    """The order documented for CustomResourceDefinition versions."""
    ordered = ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2"]
    ordered += ["foo1", "foo10"]
    found = sorted(sorted(ordered), key=discovery.version_priority, reverse=True)
    assert found == ordered
