"""docs/behaviours.md: every example on the page is run."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from mockapi.cluster import MockCluster
from mockapi.kubelet import json_schemas, node_shapes
from mockapi.kubelet.behaviours import Behaviours, check_rules

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "behaviours.md").read_text()
BLOCKS = re.findall(r"^```(\w+) ?(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
KUBECTL = Path(sys.executable).parent / "kubectl"


def _blocks(language: str, kind: str = "") -> list[str]:
    return [text for lang, what, text in BLOCKS if (lang, what) == (language, kind)]


def _validate(name: str, tree: Any) -> None:
    jsonschema.Draft202012Validator(json_schemas.ALL[name]()).validate(tree)


@pytest.mark.parametrize("text", _blocks("yaml", "behaviour"))
def test_behaviours_are_valid(text: str) -> None:
    tree = Behaviours().annotation(text)
    _validate("behaviour", tree)
    pod = {"metadata": {"name": "p", "annotations": {"mockapi.dev/behaviour": text}}, "spec": {}}
    behaviours = Behaviours()
    behaviours.of_pod(pod)
    for name in ("main", "sidecar"):
        behaviours.of_container(pod, {"name": name, "image": "app"}, 0)


def test_rules_and_nodes_are_valid() -> None:
    for text in _blocks("yaml", "rules"):
        check_rules(yaml.safe_load(text))
        _validate("rules", yaml.safe_load(text))
    for text in _blocks("yaml", "nodes"):
        shapes = node_shapes.read(text)
        _validate("nodes", yaml.safe_load(text))
    with MockCluster(nodes=yaml.safe_load(text), clock="manual") as cluster:
        client = cluster.cluster.clients.client("test")
        assert len(client.list("v1/nodes").items) == sum(len(shape.names()) for shape in shapes)
        mirror = client.get("v1/pods", "kube-system", "etcd-control-plane")
        assert mirror["status"]["phase"] == "Running"


@pytest.mark.parametrize("number", range(len(_blocks("python"))))
def test_programs_run(number: int) -> None:
    exec(compile(_blocks("python")[number], f"behaviours.md block {number}", "exec"), {})


@pytest.mark.skipif(not KUBECTL.exists(), reason="no kubectl in this environment")
def test_the_pod_is_made_and_a_mistake_is_refused_as_shown() -> None:
    (manifest,), (shown,) = _blocks("yaml", "pod"), _blocks("console")
    command, _, expected = shown.partition("\n")
    with MockCluster(clock="manual", nodes=1) as cluster:

        def kubectl(*words: str, stdin: str = "") -> str:
            line = [str(KUBECTL), "--kubeconfig", cluster.kubeconfig, *words]
            done = subprocess.run(line, input=stdin, capture_output=True, text=True, timeout=60)
            return done.stdout + done.stderr

        assert kubectl("apply", "-f", "-", stdin=manifest) == "pod/flaky created\n"
        refused = kubectl(*shlex.split(command)[2:])
        assert refused.replace("\n", "") == expected.replace("\n", "")
