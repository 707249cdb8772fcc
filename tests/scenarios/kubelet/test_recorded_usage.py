"""metrics.k8s.io against metrics-server v0.8.0 behind a real kube-apiserver, reply by reply."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from metrics_cases import CASES, Reply, ask

from mockapi.cluster import MockCluster
from mockapi.meta.quantity import Quantity, parse

RECORDED = json.loads((Path(__file__).parent / "recordings/metrics_server.json").read_text())
NODES = [
    {"name": name, "exactName": True, "labels": {"tier": name}, "capacity": {"cpu": 4}}
    for name in ("n1", "n2")
]
SIDE = "containers: {side: {usage: {cpu: 250m, memory: '1000000'}}}"
PODS = (
    ("default", "web", "n1", ("main", "side"), f"{{usage: {{cpu: 550m, memory: 64Mi}}, {SIDE}}}"),
    ("other", "db", "n1", ("db",), "usage: {cpu: 1500m, memory: 3Gi}"),
    ("default", "quiet", "n2", ("main",), "run: {seconds: 1, exitCode: 1}"),
    ("default", "off", "n2", ("main",), "pull: {seconds: 600}"),
)


def _pod(namespace: str, name: str, node: str, containers: tuple[str, ...], text: str) -> Reply:
    metadata = {
        "name": name,
        "namespace": namespace,
        "labels": {"app": name},
        "annotations": {"mockapi.dev/behaviour": text},
    }
    spec = {"nodeName": node, "containers": [{"name": n, "image": "x:1"} for n in containers]}
    return {"metadata": metadata, "spec": spec}


@pytest.fixture(scope="module")
def replies() -> Iterator[list[Reply]]:
    with MockCluster(clock="manual", seed=1, nodes=NODES) as cluster:
        api = f"{cluster.url}/api/v1/namespaces"
        requests.post(api, json={"metadata": {"name": "other"}}, timeout=10).raise_for_status()
        cluster.settle()
        for pod in PODS:
            answer = requests.post(f"{api}/{pod[0]}/pods", json=_pod(*pod), timeout=10)
            answer.raise_for_status()
        cluster.settle()
        cluster.advance(40)
        yield ask(requests.Session(), cluster.url)


@pytest.mark.parametrize("index", range(len(CASES)), ids=[f"{m} {p}" for m, p, _ in CASES])
def test_replies_are_metrics_server_s(index: int, replies: list[Reply]) -> None:
    assert _comparable(replies[index]) == _comparable(RECORDED[index])


def _comparable(tree: Any) -> Any:
    """Without times and the noise of measuring; of nodes, the labels that were given."""
    if isinstance(tree, list):
        if tree and isinstance(tree[0], dict) and "usage" in tree[0]:
            tree = sorted(tree, key=lambda one: str(one.get("name") or one["metadata"]["name"]))
        return [_comparable(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    out = {key: _comparable(value) for key, value in tree.items()}
    for key in ("timestamp", "window", "creationTimestamp"):
        if key in out:
            out[key] = f"some {key}"
    if "usage" in out:
        out["usage"] = {key: _rounded(text) for key, text in out["usage"].items()}
    if "usage" in out and "containers" not in tree and "metadata" in tree:
        out["usage"] = sorted(out["usage"])
    if "description" in out:
        out["description"] = ""
    if "cells" in out:
        out["cells"] = _cells(out["cells"])
    if "tier" in out:
        out = {"tier": out["tier"]}
    return out


def _rounded(text: str) -> str:
    """To milli cores or bytes: the measured figures differ by nanos."""
    value = parse(text)
    return str(Quantity(round(value.as_float() * 1000), -3, value.format))


def _cells(cells: list[str]) -> list[str]:
    name, cpu, memory, _ = cells
    return [name] if name.startswith("n") else [name, _rounded(cpu), _rounded(memory)]
