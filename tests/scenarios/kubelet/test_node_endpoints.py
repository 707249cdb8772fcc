"""What kubelets answer themselves, through nodes/NAME/proxy."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from mockapi.cluster import MockCluster

USAGE = "usage: {cpu: 250m, memory: 64Mi}"


@pytest.fixture(scope="module")
def cluster() -> Iterator[MockCluster]:
    with MockCluster(clock="manual", seed=1, nodes=2) as running:
        pod = {
            "metadata": {"name": "web", "annotations": {"mockapi.dev/behaviour": USAGE}},
            "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "app:1"}]},
        }
        pods = f"{running.url}/api/v1/namespaces/default/pods"
        requests.post(pods, json=pod, timeout=10).raise_for_status()
        running.settle()
        running.advance(40)
        yield running


def _get(cluster: MockCluster, node: str, path: str, **options: Any) -> requests.Response:
    url = f"{cluster.url}/api/v1/nodes/{node}/proxy{path}"
    return requests.get(url, timeout=10, allow_redirects=False, **options)


@pytest.mark.parametrize("node", ["node-1", "node-1:10250", "https:node-1:10250"])
def test_a_kubelet_is_healthy(cluster: MockCluster, node: str) -> None:
    answer = _get(cluster, node, "/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_the_summary_shows_node_pods_and_containers(cluster: MockCluster) -> None:
    answer = _get(cluster, "node-1", "/stats/summary")
    assert answer.text.startswith('{\n "node": {\n  "nodeName": "node-1",')
    found = answer.json()
    (pod,) = found["pods"]
    assert pod["podRef"]["name"] == "web"
    (container,) = pod["containers"]
    assert container["cpu"]["usageNanoCores"] == 250_000_000
    assert container["cpu"]["usageCoreNanoSeconds"] == 40 * 250_000_000
    assert container["memory"]["workingSetBytes"] == 64 * 1024 * 1024
    assert found["node"]["cpu"]["usageNanoCores"] == 300_000_000


def test_resource_and_container_metrics_are_prometheus_text(cluster: MockCluster) -> None:
    text = _get(cluster, "node-1", "/metrics/resource").text
    labels = '{container="main",namespace="default",pod="web"}'
    assert f"container_cpu_usage_seconds_total{labels} 10 " in text
    assert f"container_memory_working_set_bytes{labels} 6.7108864e+07 " in text
    assert "scrape_error 0\n" in text
    text = _get(cluster, "node-1", "/metrics/cadvisor").text
    assert 'container_cpu_usage_seconds_total{container="main",cpu="total",id="/kubepods/' in text


def test_pods_are_listed_with_where_they_came_from(cluster: MockCluster) -> None:
    found = _get(cluster, "node-1", "/pods").json()
    assert (found["kind"], found["apiVersion"]) == ("PodList", "v1")
    (pod,) = found["items"]
    assert pod["metadata"]["annotations"]["kubernetes.io/config.source"] == "api"
    assert _get(cluster, "node-2", "/pods").json()["items"] is None
    (running,) = _get(cluster, "node-1", "/runningpods/").json()["items"]
    assert running["spec"] == {"containers": [{"name": "main", "image": "app:1", "resources": {}}]}


def test_the_configuration_is_the_real_default(cluster: MockCluster) -> None:
    found = _get(cluster, "node-1", "/configz").json()["kubeletconfig"]
    assert (found["maxPods"], found["nodeLeaseDurationSeconds"]) == (110, 40)


def test_what_a_kubelet_does_not_have(cluster: MockCluster) -> None:
    answer = _get(cluster, "node-1", "/nothing")
    assert (answer.status_code, answer.text) == (404, "404 page not found\n")
    url = f"{cluster.url}/api/v1/nodes/node-1/proxy/pods"
    assert requests.post(url, timeout=10).status_code == 405


def test_a_path_without_its_slash_is_redirected(cluster: MockCluster) -> None:
    answer = _get(cluster, "node-1", "?a=b")
    assert answer.status_code == 301
    assert answer.headers["Location"] == "/api/v1/nodes/node-1/proxy/?a=b"


def test_other_ports_and_nodes(cluster: MockCluster) -> None:
    answer = _get(cluster, "node-1:9100", "/metrics").json()
    assert (answer["code"], answer["reason"]) == (503, "ServiceUnavailable")
    assert answer["message"] == (
        "error trying to reach service: dial tcp 172.18.0.2:9100: connect: connection refused"
    )
    answer = _get(cluster, "none", "/healthz").json()
    assert (answer["code"], answer["message"]) == (404, 'nodes "none" not found')
