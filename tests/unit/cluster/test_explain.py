"""`mockapi explain pod` and the control API behind it, as a user meets them.

The words of verdicts and their order are compared with the real scheduler's elsewhere.
"""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from mockapi import cli
from mockapi.cluster import MockCluster

NODES = ("node-1", "node-2", "node-3")
MESSAGE = (
    "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), "
    "1 node(s) were unschedulable. preemption: 0/3 nodes are available: 3 Preemption is not "
    "helpful for scheduling."
)
BIG = """
apiVersion: v1
kind: Pod
metadata: {name: big}
spec:
  containers:
  - name: c
    image: nginx
    resources: {requests: {cpu: "1000"}}
"""
WEB = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: c, image: nginx, resources: {requests: {cpu: "1"}}}]
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[MockCluster]:
    """Three nodes: one is tainted, one cordoned, one takes pods."""
    with MockCluster(nodes=3, seed=1, clock="manual") as made:
        taints = [{"key": "dedicated", "value": "x", "effect": "NoSchedule"}]
        _patch(made, "node-1", {"taints": taints})
        _patch(made, "node-2", {"unschedulable": True})
        pod = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
        pods = f"{made.url}/api/v1/namespaces/default/pods"
        assert requests.post(pods, json=pod, timeout=10).status_code == 201
        big = requests.post(pods, data=BIG, headers={"Content-Type": "application/yaml"}, timeout=9)
        assert big.status_code == 201
        made.settle()
        yield made


def _patch(cluster: MockCluster, node: str, spec: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    url = f"{cluster.url}/api/v1/nodes/{node}"
    assert requests.patch(url, json={"spec": spec}, headers=headers, timeout=10).status_code == 200


class Said:
    def __init__(self, cluster: MockCluster, capsys: pytest.CaptureFixture[str]) -> None:
        self._server = cluster.url
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, list[str], list[str]]:
        code = cli.main(["explain", "pod", *words, "--server", self._server])
        output = self._capsys.readouterr()
        return code, output.out.splitlines(), output.err.splitlines()


@pytest.fixture
def explain(cluster: MockCluster, capsys: pytest.CaptureFixture[str]) -> Said:
    return Said(cluster, capsys)


def test_scheduled_pod_is_on_its_node(explain: Said) -> None:
    code, out, err = explain("a")
    assert (code, err) == (0, [])
    assert out == [
        "pod default/a, scheduler default-scheduler",
        "",
        "NODE      FITS  NodeUnschedulable  TaintToleration  NodeResourcesFit"
        "  ImageLocality  TOTAL",
        "node-1    no    ok                 refused          ok                -              -",
        "node-2    no    refused            refused          ok                -              -",
        "node-3 *  yes   ok                 100x3            98x1              0x1            398",
        "",
        "node-1: TaintToleration: node(s) had untolerated taint(s)",
        "node-2: NodeUnschedulable: node(s) were unschedulable",
        "node-2: TaintToleration: node(s) had untolerated taint(s)",
        "it is on node-3",
    ]


def test_pending_pod_has_all_its_refusals(explain: Said) -> None:
    code, out, err = explain("big")
    assert (code, err) == (0, [])
    assert out == [
        "pod default/big, scheduler default-scheduler",
        "",
        "NODE    FITS  NodeUnschedulable  TaintToleration  NodeResourcesFit  TOTAL",
        "node-1  no    ok                 refused          refused           -",
        "node-2  no    refused            refused          refused           -",
        "node-3  no    ok                 ok               refused           -",
        "",
        "node-1: TaintToleration: node(s) had untolerated taint(s)",
        "node-1: NodeResourcesFit: Insufficient cpu",
        "node-2: NodeUnschedulable: node(s) were unschedulable",
        "node-2: TaintToleration: node(s) had untolerated taint(s)",
        "node-2: NodeResourcesFit: Insufficient cpu",
        "node-3: NodeResourcesFit: Insufficient cpu",
        MESSAGE,
    ]


def test_proposed_pod_is_explained_and_not_stored(
    explain: Said, cluster: MockCluster, tmp_path: Path
) -> None:
    path = tmp_path / "web.yaml"
    path.write_text(WEB)
    code, out, _ = explain("web", "-f", str(path))
    assert (code, out[0], out[-1]) == (
        0,
        "pod default/web, scheduler default-scheduler",
        "best: node-3",
    )
    pods = requests.get(f"{cluster.url}/api/v1/namespaces/default/pods", timeout=10).json()["items"]
    assert [pod["metadata"]["name"] for pod in pods] == ["a", "big"]


def test_proposal_stands_in_the_place_of_the_pod_of_its_name(
    explain: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(BIG.replace('"1000"', '"1"')))
    code, out, _ = explain("-f", "-")
    assert (code, out[0], out[-1]) == (
        0,
        "pod default/big, scheduler default-scheduler",
        "best: node-3",
    )


def test_json_is_what_the_server_says(explain: Said, cluster: MockCluster) -> None:
    code, out, _ = explain("big", "-o", "json")
    url = f"{cluster.url}/mockapi/v1/explain/pods/default/big"
    assert json.loads("\n".join(out)) == requests.get(url, timeout=10).json()
    assert code == 0


def test_kubeconfig_names_the_server(
    cluster: MockCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["explain", "pod", "a", "--kubeconfig", cluster.kubeconfig]) == 0
    assert capsys.readouterr().out.endswith("it is on node-3\n")


@pytest.mark.parametrize(
    ("words", "text", "line"),
    [
        (["none"], "", 'pods "none" not found'),
        ([], "", "name a pod, or a file with -f"),
        (["x", "-f", "FILE"], BIG, "FILE has no pod x; it has big"),
        (["-f", "FILE"], "a: [b", "FILE is not YAML, line 1"),
        (
            ["-f", "FILE"],
            "kind: Service",
            "FILE has no pod (Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, Job)",
        ),
        (["-f", "none.yaml"], "", "none.yaml: No such file or directory"),
        (
            ["-f", "FILE"],
            BIG.replace("image:", "imag:"),
            'Pod in version "v1" cannot be handled as a Pod: strict decoding error: '
            'unknown field "spec.containers[0].imag"',
        ),
        (["a", "--kubeconfig", "none"], "", "--kubeconfig: none: No such file or directory"),
    ],
)
def test_mistake_is_one_line(
    explain: Said, tmp_path: Path, words: list[str], text: str, line: str
) -> None:
    path = tmp_path / "pod.yaml"
    path.write_text(text)
    code, out, err = explain(*(str(path) if word == "FILE" else word for word in words))
    assert (code, out, err) == (1, [], [f"mockapi: {line}".replace("FILE", str(path))])


def test_cluster_without_its_own_scheduler_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with MockCluster(nodes=0, scheduler=False) as cluster:
        assert cli.main(["explain", "pod", "a", "--kubeconfig", cluster.kubeconfig]) == 1
    assert capsys.readouterr().err == ("mockapi: the cluster runs without its own scheduler\n")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"x: [", "the body is neither JSON nor YAML"),
        (b"[]", "the body must be a Pod"),
        (b'{"kind": "Service"}', "the body must be a Pod"),
    ],
)
def test_wrong_proposal_is_a_bad_request(cluster: MockCluster, body: bytes, message: str) -> None:
    reply = requests.post(f"{cluster.url}/mockapi/v1/explain/pods", data=body, timeout=10)
    assert (reply.status_code, reply.json()["reason"]) == (400, "BadRequest")
    assert reply.json()["message"].startswith(message)
