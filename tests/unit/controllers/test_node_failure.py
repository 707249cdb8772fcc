"""A node's failure on a manual clock: lost after its leases, evicted after five minutes."""

from collections.abc import Iterator

import pytest

from mockapi.composition import Cluster
from mockapi.settings import Settings


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster(Settings(clock="manual", nodes=2, seed=1))
    made.start(listen=False)
    yield made
    made.stop()


def test_pods_of_a_lost_node_are_evicted_after_five_minutes(cluster: Cluster) -> None:
    client = cluster.clients.client("test")
    labels = {"app": "web"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    client.create("apps/v1/deployments", "default", {**deployment, "spec": spec})
    cluster.advance(30)
    (pod,) = client.list("v1/pods", "default").items
    lost = pod["spec"]["nodeName"]
    patch = {"metadata": {"annotations": {"mockapi.dev/behaviour": "heartbeat: false"}}}
    client.patch("v1/nodes", "", lost, patch)
    begun = cluster.clock.now()
    while _ready(cluster, lost) == "True":
        cluster.advance(5)
        assert cluster.clock.now() - begun < 120
    unknown_after = cluster.clock.now() - begun
    assert 35 <= unknown_after <= 60
    cluster.advance(290)
    assert "deletionTimestamp" not in client.get("v1/pods", "default", _name(pod))["metadata"]
    cluster.advance(20)
    assert "deletionTimestamp" in client.get("v1/pods", "default", _name(pod))["metadata"]
    others = [p for p in client.list("v1/pods", "default").items if _name(p) != _name(pod)]
    assert [p["spec"]["nodeName"] != lost for p in others] == [True]


def _name(obj: dict[str, dict[str, str]]) -> str:
    return obj["metadata"]["name"]


def _ready(cluster: Cluster, name: str) -> str:
    node = cluster.clients.client("test").get("v1/nodes", "", name)
    conditions = {c["type"]: c["status"] for c in node["status"]["conditions"]}
    return str(conditions["Ready"])
