"""Write `recordings/`: the journey against a real control plane.

    MOCKAPI_ORACLE=kubeconfig python -m tests.journey.record [chapter ...]

The cluster needs kube-controller-manager, kube-scheduler and kwok (which manages all nodes), and no
nodes but ours: they are made here, described as our kubelets describe theirs.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from mockapi.cluster import MockCluster
from tests.journey.journey import (
    Chapter,
    Outcome,
    Traveller,
    chapters,
    held,
    kubectl,
    recording_of,
)


def _make_nodes(program: str, oracle: str, folder: Path) -> None:
    with MockCluster() as cluster:
        (folder / "ours").mkdir()
        ours = Traveller(program, cluster.kubeconfig, folder / "ours", "nodes")
        nodes = json.loads(ours.kubectl(["get", "nodes", "-o", "json"]).stdout)
    for node in nodes["items"]:
        node["metadata"] = {
            "name": node["metadata"]["name"],
            "labels": node["metadata"]["labels"],
            "annotations": {
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        }
        del node["status"]["conditions"]
    (folder / "theirs").mkdir()
    real = Traveller(program, oracle, folder / "theirs", "nodes")
    names = [node["metadata"]["name"] for node in nodes["items"]]
    real.kubectl(["delete", "nodes", "--ignore-not-found", *names])
    made = real.kubectl(["create", "-f", "-"], stdin=json.dumps(nodes))
    print(made.stdout, made.stderr)
    real.kubectl(["wait", "--for=condition=Ready", "nodes", *names, "--timeout=15s"])


def _recorded(program: str, oracle: str, chapter: Chapter) -> list[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        traveller = Traveller(program, oracle, Path(folder), chapter["chapter"])
        traveller.kubectl(["delete", "namespace", traveller.namespace, "--timeout=18s"])
        outcomes = traveller.chapter(chapter)
        traveller.kubectl(["delete", "namespace", traveller.namespace, "--wait=false"])
    return [held(*both) for both in zip(outcomes, chapter["steps"], strict=True)]


def main(names: list[str]) -> None:
    program, oracle = kubectl(), os.environ["MOCKAPI_ORACLE"]
    if program is None:
        raise RuntimeError("there is no kubectl in this environment")
    with tempfile.TemporaryDirectory() as folder:
        _make_nodes(program, oracle, Path(folder))
    for chapter in chapters():
        if not names or chapter["chapter"] in names:
            print(chapter["chapter"], flush=True)
            outcomes = _recorded(program, oracle, chapter)
            recording_of(chapter["chapter"]).write_text(json.dumps(outcomes, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
