"""Usage figures: metrics.k8s.io, stats/summary, metrics/resource."""

from kubelet_fake import START, T0, Cluster

from mockapi.kubelet import usage
from mockapi.kubelet.behaviour import Curve, Point

RAMP = "usage: {cpu: {points: [{value: 100m}, {after: 100, value: '1'}], ramp: true}, memory: 64Mi}"


def test_pod_metrics_follow_the_behaviour() -> None:
    cluster = Cluster()
    cluster.run(annotation=RAMP)
    found = usage.pod_metrics(cluster.pod(), cluster.kubelet.behaviours, START + 50)
    assert found == {
        "kind": "PodMetrics",
        "apiVersion": "metrics.k8s.io/v1beta1",
        "metadata": {
            "name": "web",
            "namespace": "default",
            "creationTimestamp": "2023-11-14T22:14:10Z",
        },
        "timestamp": "2023-11-14T22:14:10Z",
        "window": "15s",
        "containers": [{"name": "main", "usage": {"cpu": "550m", "memory": "64Mi"}}],
    }


def test_a_pod_that_does_not_run_has_no_metrics() -> None:
    cluster = Cluster()
    cluster.run(annotation="pull: {seconds: 60}")
    assert usage.pod_metrics(cluster.pod(), cluster.kubelet.behaviours, START) is None


def test_a_node_uses_what_its_pods_use_and_its_own_part() -> None:
    cluster = Cluster()
    cluster.run(annotation="usage: {cpu: '1', memory: 1Gi}")
    node = cluster.api.get("v1/nodes", "", "node-1")
    found = usage.node_metrics(node, [cluster.pod()], cluster.kubelet.behaviours, START)
    assert found["usage"] == {"cpu": "1050m", "memory": "1324Mi"}


def test_the_summary_names_every_container() -> None:
    cluster = Cluster()
    cluster.run(annotation="usage: {cpu: '1', memory: 1Gi}")
    node = cluster.api.get("v1/nodes", "", "node-1")
    found = usage.summary(node, [cluster.pod()], cluster.kubelet.behaviours, START + 10)
    pod = found["pods"][0]
    assert pod["podRef"] == {"name": "web", "namespace": "default", "uid": "uid-web"}
    assert pod["containers"][0] == {
        "name": "main",
        "startTime": T0,
        "cpu": {
            "time": "2023-11-14T22:13:30Z",
            "usageNanoCores": 1000000000,
            "usageCoreNanoSeconds": 10000000000,
        },
        "memory": {
            "time": "2023-11-14T22:13:30Z",
            "usageBytes": 1073741824,
            "workingSetBytes": 1073741824,
            "rssBytes": 1073741824,
        },
    }


def test_resource_metrics_are_prometheus_text() -> None:
    cluster = Cluster()
    cluster.run(annotation="usage: {cpu: '1', memory: 1Ki}")
    node = cluster.api.get("v1/nodes", "", "node-1")
    text = usage.resource_metrics(node, [cluster.pod()], cluster.kubelet.behaviours, START + 2)
    labels = 'container="main",namespace="default",pod="web"'
    assert f"container_cpu_usage_seconds_total{{{labels}}} 2 1700000002000" in text
    assert f"container_memory_working_set_bytes{{{labels}}} 1024 1700000002000" in text


def test_curves() -> None:
    steps = Curve((Point(0, 1), Point(10, 2)), repeat=20)
    assert [steps.at(t) for t in (0, 9, 10, 19, 20, 31)] == [1, 1, 2, 2, 1, 2]
    assert [steps.total(t) for t in (0, 10, 15, 20, 45)] == [0, 10, 20, 30, 65]
    ramp = Curve((Point(0, 0), Point(10, 100)), ramp=True)
    assert [ramp.total(t) for t in (0, 5, 10, 20)] == [0, 125, 500, 1500]
    assert [ramp.at(t) for t in (0, 5, 10, 99)] == [0, 50, 100, 100]
