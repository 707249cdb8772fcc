"""What takes hours in a cluster takes a moment on a manual clock, and is the same each time."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from mockapi.base.clock import ManualTime, micro_timestamp, parse_timestamp, timestamp
from mockapi.client.protocol import Client, Obj
from mockapi.composition import Cluster
from mockapi.settings import Settings

JOBS, PODS = "batch/v1/jobs", "v1/pods"
# A Thursday.
BEGIN = parse_timestamp("2026-01-01T00:00:00Z")
HOUR, DAY = 3600.0, 86400.0


class World:
    """Controllers alone: the test plays the kubelet."""

    def __init__(self, controllers: str = "*") -> None:
        plain = {"clock": "manual", "nodes": 0, "kubelet": False, "scheduler": False, "seed": 1}
        self.cluster = Cluster(Settings(**plain, controllers=controllers))  # type: ignore[arg-type]
        source = self.cluster.clock.source
        assert isinstance(source, ManualTime)
        source.moment = BEGIN
        self.cluster.start(listen=False)
        self.client: Client = self.cluster.clients.client("kubectl")

    @property
    def passed(self) -> float:
        return self.cluster.clock.now() - BEGIN

    def create(self, resource: str, kind: str, name: str, spec: Obj, **more: Any) -> Obj:
        version = resource.rpartition("/")[0]
        obj = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}
        inside = "" if kind == "Node" else "default"
        made = self.client.create(resource, inside, {**obj, **more})
        self.cluster.settle()
        return made

    def finish(self, phase: str) -> list[str]:
        """End all running pods; returns when each had been created."""
        ended = []
        for pod in self.client.list(PODS, "default").items:
            if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed"):
                ended.append(pod["metadata"]["creationTimestamp"])
                self._end(pod["metadata"]["name"], phase)
        self.cluster.settle()
        return ended

    def _end(self, name: str, phase: str) -> None:
        state = {"exitCode": 0 if phase == "Succeeded" else 1}
        moment = timestamp(self.cluster.clock.now())
        row: Obj = {"name": "c", "image": "work:1", "imageID": "", "ready": False}
        row["restartCount"] = 0
        row["state"] = {"terminated": {**state, "finishedAt": moment}}
        status = {"phase": phase, "containerStatuses": [row]}
        self.client.patch(PODS, "default", name, {"status": status}, subresource="status")

    def events(self, name: str) -> list[tuple[float, str]]:
        """Seconds since the beginning, and the reason."""
        return [
            (parse_timestamp(event["firstTimestamp"]) - BEGIN, event["reason"])
            for event in self.client.list("v1/events", "default").items
            if event["involvedObject"]["name"] == name
        ]


Make = Callable[..., World]
# What only looks around every few seconds has no part in a Job.
BATCH = "serviceaccount,namespace,garbagecollector,job,cronjob"


@pytest.fixture
def worlds() -> Iterator[Make]:
    made: list[World] = []

    def make(controllers: str = "*") -> World:
        made.append(World(controllers))
        return made[-1]

    yield make
    for world in made:
        world.cluster.stop()


def template(restart: str = "Never") -> Obj:
    containers = [{"name": "c", "image": "work:1"}]
    spec = {"restartPolicy": restart, "containers": containers}
    return {"metadata": {"labels": {"app": "a"}}, "spec": spec}


def a_week(world: World) -> list[str]:
    """When a CronJob of office days started its Jobs' pods."""
    spec = {
        "schedule": "30 9,17 * * mon-fri",
        "timeZone": "Europe/Berlin",
        "jobTemplate": {"spec": {"template": template()}},
    }
    world.create("batch/v1/cronjobs", "CronJob", "tick", spec)
    started = []
    while world.passed < 7 * DAY:
        world.cluster.advance(HOUR)
        started += world.finish("Succeeded")
    return started


def test_a_cron_job_s_week(worlds: Make) -> None:
    world = worlds(BATCH)
    started = [
        datetime.fromtimestamp(parse_timestamp(moment), UTC).strftime("%a %H:%M")
        for moment in a_week(world)
    ]
    # Berlin is an hour ahead in winter; the week begins on a Thursday.
    assert started == [
        f"{day} {time}"
        for day in ("Thu", "Fri", "Mon", "Tue", "Wed")
        for time in ("08:30", "16:30")
    ]
    kept = world.client.list(JOBS, "default").items
    assert len(kept) == 3
    cron = world.client.get("batch/v1/cronjobs", "default", "tick")
    assert cron["status"] == {
        "lastScheduleTime": "2026-01-07T16:30:00Z",
        "lastSuccessfulTime": cron["status"]["lastSuccessfulTime"],
    }


def test_a_deployment_s_progress_deadline(worlds: Make) -> None:
    world = worlds()
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "a"}},
        "template": template("Always"),
    }
    world.create("apps/v1/deployments", "Deployment", "web", spec)

    def progress() -> tuple[str, str]:
        conditions = world.client.get("apps/v1/deployments", "default", "web")["status"]
        row = next(c for c in conditions["conditions"] if c["type"] == "Progressing")
        return row["status"], row["reason"]

    world.cluster.advance(599)
    assert progress() == ("True", "ReplicaSetUpdated")
    world.cluster.advance(2)
    assert progress() == ("False", "ProgressDeadlineExceeded")
    world.cluster.advance(DAY)
    assert progress() == ("False", "ProgressDeadlineExceeded")


def failing_job(world: World) -> list[float]:
    """How long after each failure the next pod was made."""
    spec = {"backoffLimit": 8, "template": template()}
    world.create(JOBS, "Job", "work", spec)
    waits: list[float] = []
    failed = world.passed
    while len(waits) < 8:
        world.cluster.advance(1)
        for made in world.finish("Failed"):
            waits.append(parse_timestamp(made) - BEGIN - failed)
            failed = world.passed
    return waits[1:]


def test_a_job_s_back_off_doubles_up_to_ten_minutes(worlds: Make) -> None:
    waits = failing_job(worlds(BATCH))
    assert [round(wait, -1) for wait in waits] == [10, 20, 40, 80, 160, 320, 600]


LEASES, HOME = "coordination.k8s.io/v1/leases", "kube-node-lease"


def make_node(world: World, name: str) -> None:
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready"}
    world.create("v1/nodes", "Node", name, {}, status={"conditions": [ready]})
    spec = {"holderIdentity": name, "renewTime": micro_timestamp(BEGIN)}
    body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}}
    world.client.create(LEASES, HOME, {**body, "spec": spec})


def advance(world: World, seconds: int) -> None:
    """The node that lives renews its lease."""
    for _ in range(seconds):
        world.cluster.advance(1)
        renewed = {"spec": {"renewTime": micro_timestamp(world.cluster.clock.now())}}
        world.client.patch(LEASES, HOME, "lives", renewed)


def test_a_node_s_failure_evicts_its_pods_after_five_minutes(worlds: Make) -> None:
    world = worlds()
    make_node(world, "lives")
    make_node(world, "fails")
    world.create(PODS, "Pod", "web", {"nodeName": "fails", **template("Always")["spec"]})
    status: Obj = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    world.client.patch(PODS, "default", "web", {"status": status}, subresource="status")
    advance(world, 49)
    assert "taints" not in world.client.get("v1/nodes", "", "fails")["spec"]
    advance(world, 12)
    node = world.client.get("v1/nodes", "", "fails")
    (condition,) = [c for c in node["status"]["conditions"] if c["type"] == "Ready"]
    assert (condition["status"], condition["reason"]) == ("Unknown", "NodeStatusUnknown")
    taints = {(taint["key"], taint["effect"]) for taint in node["spec"]["taints"]}
    key = "node.kubernetes.io/unreachable"
    assert taints == {(key, "NoSchedule"), (key, "NoExecute")}
    advance(world, 280)
    assert "deletionTimestamp" not in world.client.get(PODS, "default", "web")["metadata"]
    advance(world, 25)
    assert "deletionTimestamp" in world.client.get(PODS, "default", "web")["metadata"]
    assert "TaintManagerEviction" in [reason for _, reason in world.events("web")]
    assert "taints" not in world.client.get("v1/nodes", "", "lives")["spec"]


def test_each_run_is_the_same(worlds: Make) -> None:
    assert a_week(worlds(BATCH)) == a_week(worlds(BATCH))
    first, second = worlds(BATCH), worlds(BATCH)
    assert failing_job(first) == failing_job(second)
    assert first.events("work") == second.events("work")
