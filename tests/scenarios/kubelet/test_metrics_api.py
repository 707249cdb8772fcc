"""metrics.k8s.io over HTTP, for kubectl top, and in process, for autoscalers."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from mockapi.cluster import MockCluster

TABLE = {"Accept": "application/json;as=Table;g=meta.k8s.io;v=v1"}
RAMP = "usage: {cpu: {points: [{value: 100m}, {after: 100, value: '1'}], ramp: true}, memory: 64Mi}"
METRICS = "/apis/metrics.k8s.io/v1beta1"


def _pod(name: str, behaviour: str, **labels: str) -> dict[str, Any]:
    metadata = {
        "name": name,
        "labels": labels,
        "annotations": {"mockapi.dev/behaviour": behaviour},
    }
    containers = [{"name": "main", "image": "app:1"}, {"name": "side", "image": "app:1"}]
    return {"metadata": metadata, "spec": {"containers": containers}}


@pytest.fixture(scope="module")
def cluster() -> Iterator[MockCluster]:
    with MockCluster(clock="manual", seed=1, nodes=1) as running:
        pods = f"{running.url}/api/v1/namespaces/default/pods"
        requests.post(pods, json=_pod("ramp", RAMP, app="ramp"), timeout=10).raise_for_status()
        slow = _pod("slow", "pull: {seconds: 600}", app="slow")
        requests.post(pods, json=slow, timeout=10).raise_for_status()
        running.settle()
        running.advance(50)
        yield running


def _get(cluster: MockCluster, path: str, **options: Any) -> Any:
    return requests.get(f"{cluster.url}{path}", timeout=10, **options).json()


def test_pod_metrics_are_listed_while_something_runs(cluster: MockCluster) -> None:
    found = _get(cluster, f"{METRICS}/namespaces/default/pods")
    now = found["items"][0]["timestamp"]
    usage = {"cpu": "550m", "memory": "64Mi"}
    assert found == {
        "kind": "PodMetricsList",
        "apiVersion": "metrics.k8s.io/v1beta1",
        "metadata": {},
        "items": [
            {
                "metadata": {
                    "name": "ramp",
                    "namespace": "default",
                    "creationTimestamp": now,
                    "labels": {"app": "ramp"},
                },
                "timestamp": now,
                "window": "15s",
                "containers": [{"name": "main", "usage": usage}, {"name": "side", "usage": usage}],
            }
        ],
    }


def test_selectors_choose_by_labels_and_names(cluster: MockCluster) -> None:
    for query, names in (
        ("labelSelector=app%3Dramp", ["ramp"]),
        ("labelSelector=app%3Dslow", []),
        ("fieldSelector=metadata.name%3Dramp", ["ramp"]),
        ("fieldSelector=metadata.namespace%3Dother", []),
    ):
        found = _get(cluster, f"{METRICS}/pods?{query}")
        assert [item["metadata"]["name"] for item in found["items"]] == names, query


def test_a_node_has_metrics_of_its_pods_and_its_own(cluster: MockCluster) -> None:
    found = _get(cluster, f"{METRICS}/nodes/node-1")
    assert found["kind"] == "NodeMetrics"
    assert found["usage"] == {"cpu": "1150m", "memory": "428Mi"}


def test_a_table_sums_the_containers(cluster: MockCluster) -> None:
    found = _get(cluster, f"{METRICS}/pods", headers=TABLE)
    names = [column["name"] for column in found["columnDefinitions"]]
    assert names == ["Name", "cpu", "memory", "Window"]
    assert [row["cells"] for row in found["rows"]] == [["ramp", "1100m", "128Mi", "15s"]]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("namespaces/default/pods/none", 'pods "none" not found'),
        (
            "namespaces/default/pods/slow",
            'pods "slow" not found',
        ),
        ("nodes/none", 'node "none" not found'),
    ],
)
def test_what_has_no_metrics_is_not_found(cluster: MockCluster, path: str, message: str) -> None:
    found = _get(cluster, f"{METRICS}/{path}")
    assert (found["code"], found["reason"], found["message"]) == (404, "NotFound", message)


def test_controllers_read_the_same_through_their_client(cluster: MockCluster) -> None:
    client = cluster.cluster.clients.client("horizontal-pod-autoscaler")
    resource = "metrics.k8s.io/v1beta1/pods"
    listed = client.list(resource, "default", label_selector="app=ramp").items
    assert listed == [client.get(resource, "default", "ramp")]


def test_without_metrics_server_the_group_is_not_there() -> None:
    with MockCluster(nodes=0, metrics_server=False) as bare:
        groups = [group["name"] for group in _get(bare, "/apis")["groups"]]
        assert "metrics.k8s.io" not in groups
        answer = requests.get(f"{bare.url}{METRICS}/nodes", timeout=10)
        assert (answer.status_code, answer.text) == (404, "404 page not found\n")
