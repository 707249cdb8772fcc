"""Workloads from creation to deletion on a cluster whose clock stands still."""

from collections.abc import Iterator
from typing import Any

import pytest

from mockapi.client.protocol import Client, Obj
from mockapi.composition import Cluster
from mockapi.settings import Settings


class World:
    """A cluster and a user's client."""

    def __init__(self) -> None:
        self.cluster = Cluster(Settings(clock="manual", nodes=3, seed=1))
        self.cluster.start(listen=False)
        self.client: Client = self.cluster.clients.client("kubectl")

    def create(self, resource: str, kind: str, name: str, spec: Obj, **more: Any) -> Obj:
        version = resource.rpartition("/")[0]
        obj = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}
        made = self.client.create(resource, "default", {**obj, **more})
        self.cluster.settle()
        return made

    def run(self, seconds: float) -> None:
        self.cluster.advance(seconds)

    def get(self, resource: str, name: str) -> Obj:
        return self.client.get(resource, "default", name)

    def change(self, resource: str, name: str, patch: Obj) -> None:
        self.client.patch(resource, "default", name, patch)
        self.cluster.settle()

    def names(self, resource: str) -> list[str]:
        return sorted(
            obj["metadata"]["name"] for obj in self.client.list(resource, "default").items
        )

    def events(self, name: str) -> list[tuple[str, str]]:
        return [
            (event["reason"], event["message"])
            for event in self.client.list("v1/events", "default").items
            if event["involvedObject"]["name"] == name
        ]


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.cluster.stop()


def template(app: str, image: str = "nginx:1", **spec: Any) -> Obj:
    containers = [{"name": "c", "image": image}]
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": containers, **spec}}


def workload(app: str, replicas: int | None = None, **more: Any) -> Obj:
    spec: Obj = {"selector": {"matchLabels": {"app": app}}, "template": template(app), **more}
    return spec if replicas is None else {**spec, "replicas": replicas}


IMAGE = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "nginx:2"}]}}}}


def test_a_deployment_rolls_out_and_keeps_its_history(world: World) -> None:
    world.create("apps/v1/deployments", "Deployment", "web", workload("web", 3))
    world.run(30)
    world.change("apps/v1/deployments", "web", IMAGE)
    world.run(120)
    status = world.get("apps/v1/deployments", "web")["status"]
    reasons = {c["type"]: c["reason"] for c in status.pop("conditions")}
    assert status == {
        "observedGeneration": 2,
        "replicas": 3,
        "updatedReplicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "terminatingReplicas": 0,
    }
    assert reasons == {
        "Available": "MinimumReplicasAvailable",
        "Progressing": "NewReplicaSetAvailable",
    }
    sets = world.client.list("apps/v1/replicasets", "default").items
    revision = "deployment.kubernetes.io/revision"
    history = {s["metadata"]["annotations"][revision]: s["spec"]["replicas"] for s in sets}
    assert history == {"1": 0, "2": 3}


def test_a_rollout_scales_step_by_step(world: World) -> None:
    world.create("apps/v1/deployments", "Deployment", "web", workload("web", 3))
    world.run(30)
    old = world.names("apps/v1/replicasets")[0]
    world.change("apps/v1/deployments", "web", IMAGE)
    world.run(120)
    new = next(name for name in world.names("apps/v1/replicasets") if name != old)
    scaled = [message for reason, message in world.events("web") if reason == "ScalingReplicaSet"]
    assert sorted(scaled) == sorted(
        [
            f"Scaled up replica set {old} from 0 to 3",
            f"Scaled up replica set {new} from 0 to 1",
            f"Scaled down replica set {old} from 3 to 2",
            f"Scaled up replica set {new} from 1 to 2",
            f"Scaled down replica set {old} from 2 to 1",
            f"Scaled up replica set {new} from 2 to 3",
            f"Scaled down replica set {old} from 1 to 0",
        ]
    )


def test_a_paused_deployment_waits(world: World) -> None:
    world.create("apps/v1/deployments", "Deployment", "web", workload("web", 2))
    world.run(30)
    world.change("apps/v1/deployments", "web", {"spec": {"paused": True}})
    world.change("apps/v1/deployments", "web", IMAGE)
    world.run(60)
    conditions = world.get("apps/v1/deployments", "web")["status"]["conditions"]
    paused = next(c for c in conditions if c["type"] == "Progressing")
    assert (paused["status"], paused["reason"]) == ("Unknown", "DeploymentPaused")
    assert len(world.names("apps/v1/replicasets")) == 1
    world.change("apps/v1/deployments", "web", {"spec": {"paused": None}})
    world.run(60)
    assert world.get("apps/v1/deployments", "web")["status"]["updatedReplicas"] == 2


def test_a_rollout_that_does_not_move_exceeds_its_deadline(world: World) -> None:
    spec = workload("web", 1, progressDeadlineSeconds=60)
    spec["template"]["spec"]["nodeSelector"] = {"no": "where"}
    world.create("apps/v1/deployments", "Deployment", "web", spec)
    world.run(90)
    deployment = world.get("apps/v1/deployments", "web")
    progress = next(c for c in deployment["status"]["conditions"] if c["type"] == "Progressing")
    name = world.names("apps/v1/replicasets")[0]
    assert (progress["status"], progress["reason"], progress["message"]) == (
        "False",
        "ProgressDeadlineExceeded",
        f'ReplicaSet "{name}" has timed out progressing.',
    )


def test_an_orphan_is_adopted_and_a_relabelled_pod_released(world: World) -> None:
    pod = template("web")
    world.create(
        "v1/pods", "Pod", "lone", pod["spec"], metadata={"name": "lone", **pod["metadata"]}
    )
    world.create("apps/v1/replicasets", "ReplicaSet", "web", workload("web", 2))
    world.run(10)
    assert len(world.names("v1/pods")) == 2
    owner = world.get("v1/pods", "lone")["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("ReplicaSet", "web", True)
    world.change("v1/pods", "lone", {"metadata": {"labels": {"app": "other"}}})
    world.run(10)
    assert "ownerReferences" not in world.get("v1/pods", "lone")["metadata"]
    assert len(world.names("v1/pods")) == 3


@pytest.mark.parametrize("policy", ["Foreground", "Background"])
def test_deletion_takes_the_dependents_along(world: World, policy: str) -> None:
    world.create("apps/v1/deployments", "Deployment", "web", workload("web", 2))
    world.run(30)
    world.client.delete("apps/v1/deployments", "default", "web", propagation_policy=policy)
    world.run(60)
    assert world.names("apps/v1/replicasets") == world.names("v1/pods") == []
    assert world.names("apps/v1/deployments") == []


def test_orphaned_dependents_stay(world: World) -> None:
    world.create("apps/v1/deployments", "Deployment", "web", workload("web", 2))
    world.run(30)
    world.client.delete("apps/v1/deployments", "default", "web", propagation_policy="Orphan")
    world.run(60)
    (left,) = world.client.list("apps/v1/replicasets", "default").items
    assert "ownerReferences" not in left["metadata"]
    assert len(world.names("v1/pods")) == 2


def test_a_statefulset_goes_up_and_down_in_order(world: World) -> None:
    spec = workload("db", 3, serviceName="db")
    world.create("apps/v1/statefulsets", "StatefulSet", "db", spec)
    world.run(30)
    assert world.names("v1/pods") == ["db-0", "db-1", "db-2"]
    world.change("apps/v1/statefulsets", "db", {"spec": {"replicas": 1}})
    world.run(120)
    messages = [message for _, message in world.events("db")]
    assert messages == [
        "Create Pod db-0 in StatefulSet db successful",
        "Create Pod db-1 in StatefulSet db successful",
        "Create Pod db-2 in StatefulSet db successful",
        "Delete Pod db-2 in StatefulSet db successful",
        "Delete Pod db-1 in StatefulSet db successful",
    ]


def test_a_daemonset_has_a_pod_on_each_node(world: World) -> None:
    world.create("apps/v1/daemonsets", "DaemonSet", "agent", workload("agent"))
    world.run(30)
    pods = world.client.list("v1/pods", "default").items
    assert sorted(p["spec"]["nodeName"] for p in pods) == ["node-1", "node-2", "node-3"]
    status = world.get("apps/v1/daemonsets", "agent")["status"]
    assert (status["desiredNumberScheduled"], status["numberAvailable"]) == (3, 3)


def test_an_indexed_job_completes(world: World) -> None:
    spec = {
        "completions": 3,
        "parallelism": 2,
        "completionMode": "Indexed",
        "template": template("job", restartPolicy="Never"),
    }
    world.create("batch/v1/jobs", "Job", "job", spec)
    world.run(30)
    status = world.get("batch/v1/jobs", "job")["status"]
    assert [c["type"] for c in status["conditions"]] == ["SuccessCriteriaMet", "Complete"]
    assert (status["succeeded"], status["completedIndexes"]) == (3, "0-2")
    assert ("Completed", "Job completed") in world.events("job")


def test_a_cron_job_runs_by_the_clock(world: World) -> None:
    job = {"spec": {"template": template("job", restartPolicy="Never")}}
    world.create(
        "batch/v1/cronjobs", "CronJob", "tick", {"schedule": "*/10 * * * *", "jobTemplate": job}
    )
    world.run(3600)
    created = [m for reason, m in world.events("tick") if reason == "SuccessfulCreate"]
    assert len(created) == 6
    assert len(world.names("batch/v1/jobs")) == 3


def test_endpoints_follow_ready_pods(world: World) -> None:
    world.create("apps/v1/deployments", "Deployment", "web", workload("web", 2))
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    world.create("v1/services", "Service", "web", spec)
    world.run(30)
    pods = {p["status"]["podIP"] for p in world.client.list("v1/pods", "default").items}
    (item,) = [
        s
        for s in world.client.list("discovery.k8s.io/v1/endpointslices", "default").items
        if s["metadata"]["labels"].get("kubernetes.io/service-name") == "web"
    ]
    assert {e["addresses"][0] for e in item["endpoints"]} == pods
    world.change("apps/v1/deployments", "web", {"spec": {"replicas": 0}})
    world.run(60)
    assert "subsets" not in world.get("v1/endpoints", "web")


def test_a_namespace_is_emptied_and_goes(world: World) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "old"}}
    world.client.create("v1/namespaces", "", namespace)
    world.cluster.settle()
    assert [
        a["metadata"]["name"] for a in world.client.list("v1/serviceaccounts", "old").items
    ] == ["default"]
    world.client.delete("v1/namespaces", "", "old")
    world.run(10)
    names = [n["metadata"]["name"] for n in world.client.list("v1/namespaces").items]
    assert "old" not in names
