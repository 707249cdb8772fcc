"""What controllers see of pods that run for a time, use what they use, and are evicted."""

from collections.abc import Iterator
from typing import Any

import pytest

from mockapi.base.clock import ManualTime
from mockapi.composition import Cluster
from mockapi.settings import Settings

Obj = dict[str, Any]
BEHAVIOUR = "mockapi.dev/behaviour"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    cluster = Cluster(Settings(port=0, clock="manual", seed=1, nodes=2))
    cluster.clock.source = ManualTime(1_800_000_000.0)
    cluster.start(listen=False)
    yield cluster
    cluster.stop()


def _template(behaviour: str, **spec: Any) -> Obj:
    resources = {"requests": {"cpu": "100m"}}
    containers = [{"name": "main", "image": "app:1", "resources": resources}]
    metadata = {"labels": {"app": "web"}, "annotations": {BEHAVIOUR: behaviour}}
    return {"metadata": metadata, "spec": {"containers": containers, **spec}}


def _create(cluster: Cluster, resource: str, kind: str, name: str, spec: Obj) -> None:
    api_version = resource.rpartition("/")[0]
    obj = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}
    cluster.clients.client("test").create(resource, "default", obj)
    cluster.settle()


def _get(cluster: Cluster, resource: str, name: str) -> Obj:
    return cluster.clients.client("test").get(resource, "default", name)


def _pods(cluster: Cluster) -> list[Obj]:
    return list(cluster.clients.client("test").list("v1/pods", "default").items)


def _finished(job: Obj) -> dict[str, str]:
    conditions = job["status"].get("conditions") or ()
    return {c["type"]: c.get("reason", "") for c in conditions if c["status"] == "True"}


def test_an_autoscaler_follows_what_the_pods_use(cluster: Cluster) -> None:
    """Half of the request at first, from 2 minutes on four times as much, from 10 minutes nothing:
    50m, 200m and 5m of 100m, where 50% are wanted."""
    points = "[{value: 50m}, {after: 120, value: 200m}, {after: 600, value: 5m}]"
    deployment = {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "template": _template(f"usage: {{cpu: {{points: {points}}}}}"),
    }
    _create(cluster, "apps/v1/deployments", "Deployment", "web", deployment)
    target = {"type": "Utilization", "averageUtilization": 50}
    autoscaler = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 1,
        "maxReplicas": 6,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
    resource = "autoscaling/v2/horizontalpodautoscalers"
    _create(cluster, resource, "HorizontalPodAutoscaler", "web", autoscaler)
    cluster.advance(100)
    assert _get(cluster, "apps/v1/deployments", "web")["spec"]["replicas"] == 1
    (metric,) = _get(cluster, resource, "web")["status"]["currentMetrics"]
    assert metric["resource"]["current"] == {"averageUtilization": 50, "averageValue": "50m"}
    cluster.advance(60)
    assert _get(cluster, "apps/v1/deployments", "web")["spec"]["replicas"] > 1
    cluster.advance(300)
    assert _get(cluster, "apps/v1/deployments", "web")["spec"]["replicas"] == 6
    cluster.advance(1800)
    assert _get(cluster, "apps/v1/deployments", "web")["spec"]["replicas"] == 1


def test_a_job_s_pods_run_for_their_time(cluster: Cluster) -> None:
    template = _template("run: {seconds: 10}", restartPolicy="Never")
    spec = {"completions": 3, "parallelism": 1, "template": template}
    _create(cluster, "batch/v1/jobs", "Job", "work", spec)
    cluster.advance(25)
    status = _get(cluster, "batch/v1/jobs", "work")["status"]
    assert (status["succeeded"], status["active"]) == (2, 1)
    cluster.advance(15)
    assert _get(cluster, "batch/v1/jobs", "work")["status"]["succeeded"] == 3
    assert _finished(_get(cluster, "batch/v1/jobs", "work"))["Complete"] == "CompletionsReached"


def test_an_evicted_pod_need_not_count_against_its_job(cluster: Cluster) -> None:
    pattern = [{"type": "DisruptionTarget", "status": "True"}]
    spec = {
        "backoffLimit": 0,
        "podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": pattern}]},
        "template": _template("run: {seconds: 30}", restartPolicy="Never"),
    }
    _create(cluster, "batch/v1/jobs", "Job", "work", spec)
    cluster.advance(5)
    (pod,) = _pods(cluster)
    node, client = pod["spec"]["nodeName"], cluster.clients.client("test")
    patch = {"metadata": {"annotations": {BEHAVIOUR: "pressure: memory"}}}
    client.patch("v1/nodes", "", node, patch)
    cluster.advance(20)
    evicted = _get(cluster, "v1/pods", pod["metadata"]["name"])["status"]
    assert (evicted["phase"], evicted["reason"]) == ("Failed", "Evicted")
    reasons = {c["type"]: c.get("reason") for c in evicted["conditions"]}
    assert reasons["DisruptionTarget"] == "TerminationByKubelet"
    cluster.advance(60)
    job = _get(cluster, "batch/v1/jobs", "work")
    assert _finished(job)["Complete"] == "CompletionsReached"
    others = [p for p in _pods(cluster) if p["metadata"]["uid"] != pod["metadata"]["uid"]]
    assert [p["spec"]["nodeName"] != node for p in others] == [True]


@pytest.mark.parametrize(
    ("behaviour", "reason", "exit_code"),
    [
        ("run: {seconds: 1, exitCode: 3}", "Error", 3),
        ("state: OOMKilled", "OOMKilled", 137),
        ("{run: {}, evict: {after: 2}}", "", 0),
    ],
)
def test_every_failure_counts_against_the_back_off_limit(
    behaviour: str, reason: str, exit_code: int, cluster: Cluster
) -> None:
    template = _template(behaviour, restartPolicy="Never")
    _create(cluster, "batch/v1/jobs", "Job", "work", {"backoffLimit": 1, "template": template})
    cluster.advance(60)
    job = _get(cluster, "batch/v1/jobs", "work")
    assert (job["status"]["failed"], _finished(job)["Failed"]) == (2, "BackoffLimitExceeded")
    for pod in _pods(cluster):
        assert pod["status"]["phase"] == "Failed"
        if reason:
            ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
            assert (ended["reason"], ended["exitCode"]) == (reason, exit_code)
        else:
            assert pod["status"]["reason"] == "Evicted"


def test_pressure_evicts_by_quality_of_service(cluster: Cluster) -> None:
    """All use 200Mi: what asked for nothing goes first, what asked for enough stays longest."""
    client = cluster.clients.client("test")
    asked: dict[str, Obj] = {
        "guaranteed": {"memory": "300Mi", "cpu": "100m"},
        "burstable": {"memory": "150Mi"},
        "besteffort": {},
    }
    for name, requests in asked.items():
        limits = requests if name == "guaranteed" else {}
        resources = {"requests": requests, "limits": limits}
        pod: Obj = {
            "metadata": {"name": name, "annotations": {BEHAVIOUR: "usage: {memory: 200Mi}"}},
            "spec": {
                "nodeName": "node-1",
                "containers": [{"name": "main", "image": "app:1", "resources": resources}],
            },
        }
        client.create("v1/pods", "default", pod)
    cluster.advance(5)
    classes = {p["metadata"]["name"]: p["status"]["qosClass"] for p in _pods(cluster)}
    expected = {"guaranteed": "Guaranteed", "burstable": "Burstable", "besteffort": "BestEffort"}
    assert classes == expected
    patch = {"metadata": {"annotations": {BEHAVIOUR: "pressure: memory"}}}
    client.patch("v1/nodes", "", "node-1", patch)
    order: list[str] = []
    for _ in range(60):
        cluster.advance(1)
        evicted = (p for p in _pods(cluster) if p["status"].get("reason") == "Evicted")
        order += [n for p in evicted if (n := p["metadata"]["name"]) not in order]
    assert order == ["besteffort", "burstable", "guaranteed"]


def test_a_status_belongs_to_the_kubelet(cluster: Cluster) -> None:
    pod = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "main", "image": "x"}]}}
    cluster.clients.client("test").create("v1/pods", "default", pod)
    cluster.advance(1)
    managers = _get(cluster, "v1/pods", "web")["metadata"]["managedFields"]
    entry = next(e for e in managers if e["manager"] == "kubelet")
    assert (entry["operation"], entry["subresource"]) == ("Update", "status")
    owned = entry["fieldsV1"]["f:status"]
    assert {"f:phase", "f:podIP", "f:startTime", "f:containerStatuses"} <= set(owned)
    assert 'k:{"type":"Ready"}' in owned["f:conditions"]
