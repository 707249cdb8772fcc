"""Custom and external metrics over HTTP: set by the control API, served as by an adapter."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from mockapi.cluster import MockCluster

Obj = dict[str, Any]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with MockCluster(nodes=0, clock="manual") as cluster:
        yield cluster.url


@pytest.fixture(autouse=True)
def nothing_set(url: str) -> None:
    put(url, {})


def put(url: str, body: Any) -> requests.Response:
    return requests.put(f"{url}/mockapi/v1/metrics", json=body, timeout=10)


def get(url: str, path: str, **query: str) -> requests.Response:
    return requests.get(url + path, params=query, timeout=10)


def test_without_values_the_groups_are_not_served(url: str) -> None:
    assert get(url, "/apis/custom.metrics.k8s.io/v1beta2").status_code == 404
    path = "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue"
    assert (get(url, path).status_code, get(url, path).text) == (404, "404 page not found\n")


def test_external_samples_are_selected_by_their_labels(url: str) -> None:
    rows = [{"metric": "queue", "value": "7", "labels": {"of": name}} for name in ("a", "b")]
    assert put(url, {"external": rows}).status_code == 200
    path = "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue"
    body = get(url, path, labelSelector="of=b").json()
    moment = body["items"][0]["timestamp"]
    assert body == {
        "kind": "ExternalMetricValueList",
        "apiVersion": "external.metrics.k8s.io/v1beta1",
        "metadata": {},
        "items": [
            {
                "metricName": "queue",
                "metricLabels": {"of": "b"},
                "timestamp": moment,
                "value": "7",
            }
        ],
    }
    names = [row["name"] for row in get(url, path.partition("/namespaces")[0]).json()["resources"]]
    assert names == ["queue"]


def test_metrics_of_the_namespace_and_of_what_is_not_there(url: str) -> None:
    put(url, {"custom": [{"metric": "rps", "resource": "namespaces", "value": "3"}]})
    base = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default"
    (item,) = get(url, f"{base}/metrics/rps").json()["items"]
    about = {"kind": "Namespace", "name": "default", "apiVersion": "v1"}
    assert (item["describedObject"], item["value"]) == (about, "3")
    missing = get(url, f"{base}/services/front/rps")
    text = "the server could not find the metric rps for services front"
    assert (missing.status_code, missing.json()["message"]) == (404, text)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"external": [{"metric": "q"}]}, "external.0.value: Missing data for required field."),
        ({"external": [{"metric": "q", "value": "x"}]}, "'x' is not a quantity"),
        ({"other": []}, "other: Unknown field."),
    ],
)
def test_a_wrong_body_is_refused_with_the_path(url: str, body: Obj, told: str) -> None:
    reply = put(url, body)
    assert reply.status_code == 400
    assert told in reply.json()["message"]


def test_only_reads_are_answered(url: str) -> None:
    put(url, {"external": [{"metric": "queue", "value": "7"}]})
    path = "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue"
    assert requests.post(url + path, timeout=10).status_code == 405
