"""From a bound pod to a running one, and back. Expectations: pkg/kubelet of Kubernetes 1.37."""

from kubelet_fake import T0, Cluster


def condition(kind: str, status: str, reason: str = "", message: str = "") -> dict[str, object]:
    out: dict[str, object] = {
        "type": kind,
        "observedGeneration": 1,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": T0,
    }
    if reason:
        out["reason"] = reason
    if message:
        out["message"] = message
    return out


def test_a_pod_is_first_reported_as_creating() -> None:
    cluster = Cluster()
    cluster.run()
    assert cluster.status_writes()[0][1] == {
        "observedGeneration": 1,
        "phase": "Pending",
        "conditions": [
            condition(
                "PodReadyToStartContainers", "False", "PodSandboxNotReady", "no pod sandbox exists"
            ),
            condition("Initialized", "True"),
            condition(
                "Ready",
                "False",
                "ContainersNotReady",
                "containers with unready status: [main]",
            ),
            condition(
                "ContainersReady",
                "False",
                "ContainersNotReady",
                "containers with unready status: [main]",
            ),
            condition("PodScheduled", "True"),
        ],
        "hostIP": "172.18.0.2",
        "hostIPs": [{"ip": "172.18.0.2"}],
        "startTime": T0,
        "containerStatuses": [
            {
                "name": "main",
                "state": {"waiting": {"reason": "ContainerCreating"}},
                "lastState": {},
                "ready": False,
                "restartCount": 0,
                "image": "nginx",
                "imageID": "",
                "started": False,
            }
        ],
        "qosClass": "BestEffort",
        "resources": {},
    }


def test_then_it_runs_and_is_ready() -> None:
    cluster = Cluster()
    cluster.run()
    status = cluster.status()
    container = status["containerStatuses"][0]
    assert len(container.pop("containerID")) == len("containerd://") + 64
    assert container.pop("imageID").startswith("docker.io/library/nginx@sha256:")
    assert status == {
        "observedGeneration": 1,
        "phase": "Running",
        "conditions": [
            condition("PodReadyToStartContainers", "True"),
            condition("Initialized", "True"),
            condition("Ready", "True"),
            condition("ContainersReady", "True"),
            condition("PodScheduled", "True"),
        ],
        "hostIP": "172.18.0.2",
        "hostIPs": [{"ip": "172.18.0.2"}],
        "podIP": "10.244.0.2",
        "podIPs": [{"ip": "10.244.0.2"}],
        "startTime": T0,
        "containerStatuses": [
            {
                "name": "main",
                "state": {"running": {"startedAt": T0}},
                "lastState": {},
                "ready": True,
                "restartCount": 0,
                "image": "docker.io/library/nginx:latest",
                "started": True,
                "resources": {},
                "user": {"linux": {"uid": 0, "gid": 0, "supplementalGroups": [0]}},
            }
        ],
        "qosClass": "BestEffort",
        "resources": {},
    }


def test_events_of_a_start() -> None:
    cluster = Cluster()
    cluster.run()
    assert [(kind, reason) for kind, reason, _, _ in cluster.events()] == [
        ("Normal", "Pulling"),
        ("Normal", "Pulled"),
        ("Normal", "Created"),
        ("Normal", "Started"),
    ]
    assert [message for _, _, message, _ in cluster.events()][2:] == [
        "Container created",
        "Container started",
    ]


def test_a_second_pod_finds_the_image_on_the_node() -> None:
    cluster = Cluster()
    cluster.run()
    cluster.run("second")
    assert cluster.events("second")[0] == (
        "Normal",
        "Pulled",
        'Container image "nginx" already present on machine and can be accessed by the pod',
        1,
    )


def test_nothing_happens_by_itself_once_a_pod_runs() -> None:
    cluster = Cluster()
    cluster.run()
    cluster.server.writes.clear()
    cluster.advance(3600)
    assert cluster.status_writes() == []


def test_a_slow_pull_shows_the_sandbox_first() -> None:
    cluster = Cluster()
    cluster.run(annotation="pull: {seconds: 5}")
    assert cluster.conditions()["PodReadyToStartContainers"] == "True"
    assert cluster.shown() == "ContainerCreating"
    cluster.advance(5)
    assert cluster.shown() == "Running"
    assert cluster.events()[1][2].startswith(
        'Successfully pulled image "nginx" in 5s (5s including waiting). Image size: '
    )


def test_a_deleted_pod_ends_gracefully_and_is_given_back() -> None:
    cluster = Cluster()
    cluster.run(annotation="stop: {seconds: 3, exitCode: 143}")
    cluster.server.writes.clear()
    cluster.delete()
    assert cluster.events()[-1] == ("Normal", "Killing", "Stopping container main", 1)
    cluster.advance(3)
    assert not cluster.exists()
    when, last = cluster.status_writes()[-1]
    assert (when, last["phase"]) == (3.0, "Failed")
    ended = last["containerStatuses"][0]["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (143, "Error")


def test_a_container_that_ignores_sigterm_is_killed_after_the_grace_period() -> None:
    cluster = Cluster()
    cluster.run(annotation="stop: {ignores: true}", terminationGracePeriodSeconds=10)
    cluster.delete()
    cluster.advance(9)
    assert cluster.exists()
    cluster.advance(1)
    assert not cluster.exists()
    ended = cluster.status_writes()[-1][1]["containerStatuses"][0]["state"]["terminated"]
    assert ended["exitCode"] == 137


def test_a_force_deleted_pod_stops_without_being_reported() -> None:
    cluster = Cluster()
    cluster.run()
    cluster.server.writes.clear()
    cluster.delete(grace=0)
    cluster.advance(5)
    assert not cluster.exists()
    assert cluster.status_writes() == []


def test_pods_of_jobs_complete() -> None:
    cluster = Cluster()
    cluster.run(owner="Job", restartPolicy="Never")
    assert [s["phase"] for _, s in cluster.status_writes()] == [
        "Pending",
        "Running",
        "Running",  # the container has ended, the pod not yet
        "Succeeded",
    ]
    assert cluster.container()["state"]["terminated"]["reason"] == "Completed"
