"""The kubelet together with scheduler and controllers, on a manual clock."""

from collections.abc import Iterator
from typing import Any

import pytest

from mockapi.base.clock import ManualTime
from mockapi.composition import Cluster
from mockapi.meta.errors import ApiError
from mockapi.settings import Settings

Obj = dict[str, Any]
BEHAVIOUR = "mockapi.dev/behaviour"


class Setup:
    def __init__(self, nodes: int = 2) -> None:
        self.cluster = Cluster(Settings(port=0, clock="manual", seed=1, nodes=nodes))
        self.cluster.clock.source = ManualTime(1_800_000_000.0)
        self.cluster.start(listen=False)
        self.client = self.cluster.clients.client("kubectl", user="kubernetes-admin")

    def pods(self, phase: str = "") -> list[Obj]:
        found = self.client.list("v1/pods", "default").items
        return [p for p in found if not phase or p["status"]["phase"] == phase]

    def ready(self) -> int:
        return sum(
            c["type"] == "Ready" and c["status"] == "True"
            for p in self.pods()
            for c in p["status"].get("conditions") or ()
        )

    def deploy(self, replicas: int, image: str = "web:1") -> None:
        probe = {"httpGet": {"port": 80}, "periodSeconds": 1}
        container = {"name": "main", "image": image, "readinessProbe": probe}
        labels = {"app": "web"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
        self.client.create("apps/v1/deployments", "default", {**obj, "spec": spec})
        self.cluster.advance(5)

    def set_image(self, image: str) -> None:
        container = {"name": "main", "image": image}
        patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
        self.client.patch(
            "apps/v1/deployments",
            "default",
            "web",
            patch,
            patch_type="application/strategic-merge-patch+json",
        )

    def annotate_node(self, name: str, behaviour: str | None) -> None:
        patch = {"metadata": {"annotations": {BEHAVIOUR: behaviour}}}
        self.client.patch("v1/nodes", "", name, patch)


@pytest.fixture
def setup() -> Iterator[Setup]:
    setup = Setup()
    yield setup
    setup.cluster.stop()


def test_a_rolling_update_waits_for_readiness(setup: Setup) -> None:
    kubelet = setup.cluster.kubelet
    assert kubelet is not None
    findings = [{"result": "fail"}, {"after": 60, "result": "pass"}]
    rule = {"match": {"image": "web:2"}, "behaviour": {"probes": {"readiness": findings}}}
    kubelet.behaviours.set_rules([rule])
    setup.deploy(4)
    assert setup.ready() == 4
    setup.set_image("web:2")
    setup.cluster.advance(50)
    images = sorted(p["spec"]["containers"][0]["image"] for p in setup.pods())
    assert images == ["web:1"] * 3 + ["web:2"] * 2
    assert setup.ready() == 3
    setup.cluster.advance(200)
    assert {p["spec"]["containers"][0]["image"] for p in setup.pods()} == {"web:2"}
    assert setup.ready() == 4


def test_pods_of_a_silent_node_come_up_elsewhere(setup: Setup) -> None:
    setup.deploy(4)
    lost = [p for p in setup.pods() if p["spec"]["nodeName"] == "node-1"]
    assert lost
    setup.annotate_node("node-1", "heartbeat: false")
    setup.cluster.advance(70)
    node = setup.client.get("v1/nodes", "", "node-1")
    ready = next(c for c in node["status"]["conditions"] if c["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("Unknown", "NodeStatusUnknown")
    setup.cluster.advance(330)
    fresh = [p for p in setup.pods() if "deletionTimestamp" not in p["metadata"]]
    assert [p["spec"]["nodeName"] for p in fresh] == ["node-2"] * 4
    assert len(setup.pods()) == 4 + len(lost)
    setup.annotate_node("node-1", None)
    setup.cluster.advance(60)
    assert len(setup.pods()) == 4
    node = setup.client.get("v1/nodes", "", "node-1")
    assert next(c for c in node["status"]["conditions"] if c["type"] == "Ready")["status"] == "True"


@pytest.mark.parametrize(
    ("behaviour", "state"),
    [
        ("run: {seconds: 1, exitCode: 42}", (42, "Error")),
        ("state: OOMKilled", (137, "OOMKilled")),
    ],
)
def test_jobs_see_why_their_pods_failed(
    setup: Setup, behaviour: str, state: tuple[int, str]
) -> None:
    template = {
        "metadata": {"annotations": {BEHAVIOUR: behaviour}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "work"}]},
    }
    spec = {"backoffLimit": 1, "template": template}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"}, "spec": spec}
    setup.client.create("batch/v1/jobs", "default", job)
    setup.cluster.advance(60)
    ended = [
        p["status"]["containerStatuses"][0]["state"]["terminated"] for p in setup.pods("Failed")
    ]
    assert [(e["exitCode"], e["reason"]) for e in ended] == [state] * 2
    status = setup.client.get("batch/v1/jobs", "default", "work")["status"]
    assert [c["reason"] for c in status["conditions"] if c["type"] == "Failed"] == [
        "BackoffLimitExceeded"
    ]


def test_a_job_s_pod_failure_policy_sees_the_exit_code(setup: Setup) -> None:
    rule = {
        "action": "FailJob",
        "onExitCodes": {"containerName": "main", "operator": "In", "values": [42]},
    }
    template = {
        "metadata": {"annotations": {BEHAVIOUR: "run: {seconds: 1, exitCode: 42}"}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "work"}]},
    }
    spec = {"podFailurePolicy": {"rules": [rule]}, "template": template}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"}, "spec": spec}
    setup.client.create("batch/v1/jobs", "default", job)
    setup.cluster.advance(30)
    status = setup.client.get("batch/v1/jobs", "default", "work")["status"]
    assert [c["reason"] for c in status["conditions"] if c["type"] == "Failed"] == [
        "PodFailurePolicy"
    ]
    assert len(setup.pods()) == 1


def test_an_unready_pod_leaves_the_endpoints(setup: Setup) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    setup.client.create("v1/services", "default", {**service, "spec": spec})
    kubelet = setup.cluster.kubelet
    assert kubelet is not None
    setup.deploy(1)

    def addresses() -> list[Obj]:
        subsets = setup.client.get("v1/endpoints", "default", "web").get("subsets") or []
        return [a for s in subsets for a in s.get("addresses") or ()]

    assert len(addresses()) == 1
    pod = setup.pods()[0]["metadata"]["name"]
    patch = {"metadata": {"annotations": {BEHAVIOUR: "probes: {readiness: fail}"}}}
    setup.client.patch("v1/pods", "default", pod, patch)
    setup.cluster.advance(5)
    assert len(addresses()) == 0
    setup.client.patch("v1/pods", "default", pod, {"metadata": {"annotations": {BEHAVIOUR: None}}})
    setup.cluster.advance(5)
    assert len(addresses()) == 1


def test_a_deleted_namespace_ends_its_pods(setup: Setup) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gone"}}
    setup.client.create("v1/namespaces", "", namespace)
    setup.cluster.settle()
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x", "annotations": {BEHAVIOUR: "stop: {seconds: 5}"}},
        "spec": {"containers": [{"name": "main", "image": "x"}]},
    }
    setup.client.create("v1/pods", "gone", pod)
    setup.cluster.advance(1)
    setup.client.delete("v1/namespaces", "", "gone")
    setup.cluster.advance(30)
    with pytest.raises(ApiError) as caught:
        setup.client.get("v1/namespaces", "", "gone")
    assert caught.value.code == 404
