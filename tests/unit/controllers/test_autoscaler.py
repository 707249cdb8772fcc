"""The horizontal pod autoscaler on a manual clock: what it does when, and how long it waits."""

from collections.abc import Iterator
from typing import Any

import pytest

from mockapi.client.protocol import Client
from mockapi.composition import Cluster
from mockapi.harness.metrics import CustomValue, ExternalValue
from mockapi.settings import Settings

Obj = dict[str, Any]
AUTOSCALERS = "autoscaling/v2/horizontalpodautoscalers"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster(Settings(clock="manual", nodes=1, seed=1))
    made.start(listen=False)
    yield made
    made.stop()


@pytest.fixture
def client(cluster: Cluster) -> Client:
    return cluster.clients.client("test")


def deployment(client: Client, replicas: int = 2) -> None:
    labels = {"app": "web"}
    resources = {"requests": {"cpu": "100m"}}
    pod = {"containers": [{"name": "c", "image": "nginx", "resources": resources}]}
    client.create(
        "apps/v1/deployments",
        "default",
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        },
    )


def autoscaler(client: Client, metric: Obj, **spec: Any) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    client.create(
        AUTOSCALERS,
        "default",
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web"},
            "spec": {"scaleTargetRef": target, "maxReplicas": 10, "metrics": [metric], **spec},
        },
    )


def external(value: str) -> Obj:
    target = {"type": "AverageValue", "averageValue": value}
    return {"type": "External", "external": {"metric": {"name": "queue"}, "target": target}}


def replicas(client: Client) -> int:
    return int(client.get("apps/v1/deployments", "default", "web")["spec"]["replicas"])


def load(cluster: Cluster, value: str) -> None:
    cluster.metrics.set((), [ExternalValue("queue", value)])


def test_it_scales_down_when_five_minutes_of_lower_load_are_over(
    cluster: Cluster, client: Client
) -> None:
    deployment(client)
    load(cluster, "8")
    cluster.settle()
    autoscaler(client, external("2"))
    cluster.settle()
    assert replicas(client) == 4
    cluster.advance(60)
    load(cluster, "2")
    cluster.advance(285)
    assert replicas(client) == 4
    found = client.get(AUTOSCALERS, "default", "web")["status"]["conditions"][0]
    assert (found["type"], found["reason"]) == ("AbleToScale", "ScaleDownStabilized")
    cluster.advance(30)
    assert replicas(client) == 1


def test_a_window_of_its_own_counts_instead(cluster: Cluster, client: Client) -> None:
    deployment(client)
    load(cluster, "8")
    autoscaler(client, external("2"), behavior={"scaleDown": {"stabilizationWindowSeconds": 30}})
    cluster.settle()
    assert replicas(client) == 4
    cluster.advance(10)
    load(cluster, "2")
    cluster.advance(15)
    assert replicas(client) == 4
    cluster.advance(15)
    assert replicas(client) == 1


def test_policies_limit_each_step(cluster: Cluster, client: Client) -> None:
    deployment(client, replicas=1)
    load(cluster, "20")
    policies = [{"type": "Pods", "value": 1, "periodSeconds": 60}]
    autoscaler(client, external("2"), behavior={"scaleUp": {"policies": policies}})
    seen = []
    for seconds in (50, 60, 60, 60):
        cluster.advance(seconds)
        seen.append(replicas(client))
    assert seen == [2, 3, 4, 5]
    found = {c["type"]: c["reason"] for c in _conditions(client)}
    assert found["ScalingLimited"] == "ScaleUpLimit"


def _conditions(client: Client) -> list[Obj]:
    found: list[Obj] = client.get(AUTOSCALERS, "default", "web")["status"]["conditions"]
    return found


def test_pods_usage_comes_from_what_behaviours_say(cluster: Cluster, client: Client) -> None:
    assert cluster.kubelet is not None
    cluster.kubelet.behaviours.set_rules(
        [{"match": {"image": "nginx"}, "behaviour": {"usage": {"cpu": "150m"}}}]
    )
    deployment(client)
    target = {"type": "Utilization", "averageUtilization": 50}
    cluster.advance(60)
    autoscaler(client, {"type": "Resource", "resource": {"name": "cpu", "target": target}})
    cluster.settle()
    assert replicas(client) == 4
    cluster.advance(60)
    assert replicas(client) == 10


def test_custom_metrics_of_pods_and_objects(cluster: Cluster, client: Client) -> None:
    deployment(client)
    cluster.metrics.set([CustomValue("rps", "30", selector={"app": "web"})], ())
    cluster.advance(60)
    target = {"type": "AverageValue", "averageValue": "10"}
    autoscaler(client, {"type": "Pods", "pods": {"metric": {"name": "rps"}, "target": target}})
    cluster.settle()
    assert replicas(client) == 4
    cluster.advance(15)
    assert replicas(client) == 8


def test_a_cluster_without_autoscalers_has_no_timer_for_them(cluster: Cluster) -> None:
    cluster.advance(60)
    before = cluster.runtime.synced
    queues = [queue for queue in cluster.runtime._queues if "autoscaler" in queue.name]
    assert [len(queue) for queue in queues] == [0]
    assert cluster.runtime.synced == before
