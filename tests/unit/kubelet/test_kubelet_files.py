"""Nodes and rules by file, by environment, by settings file and in a program."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from mockapi.cluster import MockCluster
from mockapi.kubelet import files
from mockapi.settings import SettingsError, from_sources

SHAPES = """
- {name: worker, count: 2, labels: {zone: a}}
- name: gpu
  exactName: true
  capacity: {cpu: 64, nvidia.com/gpu: 8}
  allocatable: {cpu: 63}
  taints: [{key: gpu, value: 'true', effect: NoSchedule}]
"""
RULES = "rules: [{match: {image: 'bad*'}, behaviour: {state: ImagePullBackOff}}]"


def _nodes(cluster: MockCluster) -> dict[str, Any]:
    items = requests.get(f"{cluster.url}/api/v1/nodes", timeout=10).json()["items"]
    return {node["metadata"]["name"]: node for node in items}


def test_a_file_says_which_nodes_there_are(tmp_path: Path) -> None:
    path = tmp_path / "shapes.yaml"
    path.write_text(SHAPES)
    with MockCluster(nodes=path, clock="manual") as cluster:
        nodes = _nodes(cluster)
    assert sorted(nodes) == ["gpu", "worker-1", "worker-2"]
    assert nodes["worker-2"]["metadata"]["labels"]["zone"] == "a"
    assert nodes["gpu"]["spec"]["taints"] == [
        {"key": "gpu", "value": "true", "effect": "NoSchedule"}
    ]
    status = nodes["gpu"]["status"]
    assert (status["capacity"]["cpu"], status["allocatable"]["cpu"]) == ("64", "63")
    assert status["allocatable"]["nvidia.com/gpu"] == "8"


def test_a_program_gives_shapes_and_rules_as_they_are() -> None:
    rules = [{"behaviour": {"state": "OOMKilled"}}]
    shapes = [{"name": "a", "count": 2}]
    with MockCluster(nodes=shapes, behaviours=rules, mode="subprocess") as cluster:
        assert sorted(_nodes(cluster)) == ["a-1", "a-2"]
        found = requests.get(f"{cluster.url}/mockapi/v1/behaviours", timeout=10).json()
        assert found == {"rules": rules}


def test_reset_brings_the_first_rules_back() -> None:
    rules = [{"behaviour": {"state": "OOMKilled"}}]
    with MockCluster(nodes=1, behaviours=rules, clock="manual") as cluster:
        path = f"{cluster.url}/mockapi/v1/behaviours"
        requests.put(path, json={"rules": []}, timeout=10).raise_for_status()
        cluster.reset()
        assert requests.get(path, timeout=10).json() == {"rules": rules}


def test_environment_and_settings_file_name_files_or_hold_the_tree(tmp_path: Path) -> None:
    found = from_sources({}, {"MOCKAPI_NODES": "shapes.yaml", "MOCKAPI_BEHAVIOURS": "r.yaml"})
    assert (found.nodes, found.behaviours) == ("shapes.yaml", "r.yaml")
    config = tmp_path / "mockapi.yaml"
    config.write_text("nodes: [{name: a, count: 2}]")
    shapes = files.shapes(from_sources({}, {}, config).nodes)
    assert [shape.names() for shape in shapes] == [["a-1", "a-2"]]
    assert from_sources({}, {"MOCKAPI_NODES": "12"}).nodes == 12


@pytest.mark.parametrize(
    ("option", "content", "line"),
    [
        ("nodes", "[{cont: 3}]", "--nodes: {}: [0].cont: unknown field, did you mean count?"),
        (
            "behaviours",
            "rules: [{match: {imag: x}, behaviour: {}}]",
            "--behaviours: {}: [0].match.imag: unknown field, did you mean image?",
        ),
        (
            "behaviours",
            "[{behaviour: {state: OOM}}]",
            "--behaviours: {}: [0].behaviour.state: unknown state OOM, did you mean oom-killed?",
        ),
        ("behaviours", "rule: []", "--behaviours: {}: must be a list of rules"),
        ("nodes", "[{name: Bad_}]", '--nodes: Node "Bad_-1" is invalid: metadata.name: Invalid'),
    ],
)
def test_a_mistake_is_one_line_on_the_command_line(
    option: str, content: str, line: str, tmp_path: Path
) -> None:
    path = tmp_path / "given.yaml"
    path.write_text(content)
    command = [sys.executable, "-m", "mockapi", "serve", "--port=0", f"--{option}={path}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"mockapi: {line.format(path)}")
    assert done.stderr.count("\n") == 1


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"
    with pytest.raises(SettingsError, match=f"--nodes: {missing}: neither a number nor a file"):
        MockCluster(nodes=str(missing)).start()
    with pytest.raises(SettingsError, match="must be between 0 and 20000"):
        MockCluster(nodes=30000)


def test_the_content_itself_may_be_given() -> None:
    assert files.rules(RULES.partition(": ")[2])[0]["match"] == {"image": "bad*"}
