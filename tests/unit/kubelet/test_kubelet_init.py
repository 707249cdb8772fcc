"""Init containers, sidecars, hooks and the order in which things end.

Source: kuberuntime_container.go computeInitContainerActions, kuberuntime_termination_order.go.
"""

from typing import Any

from kubelet_fake import Cluster

MAIN = [{"name": "main", "image": "nginx"}]


def init(*names: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"name": name, "image": "busybox", **fields} for name in names]


def started(cluster: Cluster) -> list[str]:
    found = [o for (r, _, _), o in cluster.server.objects.items() if r == "v1/events"]
    return [e["involvedObject"]["fieldPath"] for e in found if e["reason"] == "Started"]


def test_init_containers_run_one_after_the_other() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="containers: {'i*': {run: {seconds: 5}}}",
        initContainers=init("i1", "i2"),
        containers=MAIN,
    )
    assert started(cluster) == ["spec.initContainers{i1}"]
    assert cluster.container()["state"] == {"waiting": {"reason": "PodInitializing"}}
    cluster.advance(5)
    assert started(cluster) == ["spec.initContainers{i1}", "spec.initContainers{i2}"]
    cluster.advance(5)
    assert started(cluster)[-1] == "spec.containers{main}"
    assert cluster.status()["phase"] == "Running"
    init_statuses = cluster.status()["initContainerStatuses"]
    assert [s["ready"] for s in init_statuses] == [True, True]
    assert [s["started"] for s in init_statuses] == [False, False]


def test_ordinary_init_container_does_its_work_and_a_sidecar_goes_on() -> None:
    cluster = Cluster()
    sidecar = init("side", restartPolicy="Always")
    cluster.run(initContainers=[*init("i1"), *sidecar], containers=MAIN)
    assert [e.rpartition(".")[2] for e in started(cluster)] == [
        "initContainers{i1}",
        "initContainers{side}",
        "containers{main}",
    ]
    assert [s["started"] for s in cluster.status()["initContainerStatuses"]] == [False, True]


def test_initialized_says_what_is_missing() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="containers: {'i*': {run: {seconds: 60}}}", initContainers=init("i1", "i2")
    )
    found = next(c for c in cluster.status()["conditions"] if c["type"] == "Initialized")
    assert (found["status"], found["reason"], found["message"]) == (
        "False",
        "ContainersNotInitialized",
        "containers with incomplete status: [i1 i2]",
    )


def test_a_failing_init_container_is_restarted_with_back_off() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="containers: {i1: {run: {seconds: 0, exitCode: 1}}}",
        initContainers=init("i1"),
    )
    status = cluster.status()["initContainerStatuses"][0]
    assert status["restartCount"] == 1
    assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert cluster.status()["phase"] == "Pending"


def test_a_failing_init_container_fails_a_pod_that_never_restarts() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="containers: {i1: {run: {seconds: 1, exitCode: 3}}}",
        initContainers=init("i1"),
        restartPolicy="Never",
    )
    cluster.advance(1)
    status = cluster.status()
    assert status["phase"] == "Failed"
    assert status["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}
    assert status["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 3


def test_a_sidecar_runs_beside_the_main_container() -> None:
    cluster = Cluster()
    cluster.run(initContainers=init("proxy", restartPolicy="Always"))
    assert started(cluster) == ["spec.initContainers{proxy}", "spec.containers{main}"]
    proxy = cluster.status()["initContainerStatuses"][0]
    assert (proxy["ready"], proxy["started"]) == (True, True)
    assert cluster.conditions()["Ready"] == "True"


def test_the_main_container_waits_for_the_sidecar_s_startup_probe() -> None:
    cluster = Cluster()
    probe = {"tcpSocket": {"port": 80}, "periodSeconds": 1, "failureThreshold": 30}
    cluster.run(
        annotation="containers: {proxy: {probes: {startup: [fail, {after: 3, result: pass}]}}}",
        initContainers=init("proxy", restartPolicy="Always", startupProbe=probe),
    )
    cluster.advance(2)
    assert started(cluster) == ["spec.initContainers{proxy}"]
    cluster.advance(2)
    assert started(cluster)[-1] == "spec.containers{main}"


def test_a_sidecar_is_restarted_even_in_a_pod_that_never_restarts() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="containers: {proxy: {run: [{seconds: 5, exitCode: 1}, {}]}}",
        initContainers=init("proxy", restartPolicy="Always"),
        restartPolicy="Never",
    )
    cluster.advance(6)
    assert cluster.status()["initContainerStatuses"][0]["restartCount"] == 1
    assert cluster.status()["phase"] == "Running"


def test_a_pod_completes_when_its_main_container_does_and_the_sidecar_is_stopped() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="containers: {main: {run: {seconds: 5}}}",
        initContainers=init("proxy", restartPolicy="Always"),
        restartPolicy="Never",
    )
    cluster.advance(5)
    assert cluster.status()["phase"] == "Succeeded"
    assert ("Normal", "Killing", "Stopping container proxy", 1) in cluster.events()
    assert "terminated" in cluster.status()["initContainerStatuses"][0]["state"]


def test_sidecars_end_after_the_main_container_in_reverse_order() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="stop: {seconds: 2}",
        initContainers=init("first", "second", restartPolicy="Always"),
    )
    cluster.delete()
    cluster.advance(10)
    last = cluster.status_writes()[-1][1]
    ends = {
        s["name"]: s["state"]["terminated"]["finishedAt"][-3:-1]
        for s in (*last["containerStatuses"], *last["initContainerStatuses"])
    }
    assert ends == {"main": "22", "second": "24", "first": "26"}


def test_pre_stop_takes_its_time_off_the_grace_period() -> None:
    cluster = Cluster()
    hook = {"preStop": {"exec": {"command": ["sleep", "8"]}}}
    cluster.run(
        annotation="preStop: {seconds: 8}\nstop: {ignores: true}",
        containers=[{"name": "main", "image": "nginx", "lifecycle": hook}],
        terminationGracePeriodSeconds=12,
    )
    cluster.delete()
    cluster.advance(11)
    assert cluster.exists()
    cluster.advance(1)
    assert not cluster.exists()


def test_a_pre_stop_hook_that_outlasts_the_grace_period_leaves_two_seconds() -> None:
    cluster = Cluster()
    hook = {"preStop": {"sleep": {"seconds": 60}}}
    cluster.run(
        annotation="stop: {ignores: true}",
        containers=[{"name": "main", "image": "nginx", "lifecycle": hook}],
        terminationGracePeriodSeconds=10,
    )
    cluster.delete()
    cluster.advance(11)
    assert cluster.exists()
    cluster.advance(1)
    assert not cluster.exists()


def test_a_failing_pre_stop_hook_is_told() -> None:
    cluster = Cluster()
    hook = {"preStop": {"exec": {"command": ["false"]}}}
    cluster.run(
        annotation="preStop: {error: exited with 1}",
        containers=[{"name": "main", "image": "nginx", "lifecycle": hook}],
    )
    cluster.delete()
    assert ("Warning", "FailedPreStopHook", "PreStopHook failed", 1) in cluster.events()
    assert not cluster.exists()


def test_a_failing_post_start_hook_kills_the_container() -> None:
    cluster = Cluster()
    hook = {"postStart": {"exec": {"command": ["false"]}}}
    cluster.run(
        annotation="state: PostStartHookError",
        containers=[{"name": "main", "image": "nginx", "lifecycle": hook}],
    )
    assert ("Warning", "FailedPostStartHook", "PostStartHook failed", 2) in cluster.events()
    assert ("Normal", "Killing", "FailedPostStartHook", 2) in cluster.events()
    shown = [
        s["containerStatuses"][0]["state"].get("waiting", {}).get("reason")
        for _, s in cluster.status_writes()
    ]
    assert "PostStartHookError" in shown
    assert shown[-1] == "CrashLoopBackOff"


def test_a_shorter_grace_period_overtakes_a_longer_one() -> None:
    cluster = Cluster()
    cluster.run(annotation="stop: {ignores: true}", terminationGracePeriodSeconds=300)
    cluster.delete()
    cluster.advance(10)
    cluster.delete(grace=5)
    cluster.advance(4)
    assert cluster.exists()
    cluster.advance(1)
    assert not cluster.exists()


def test_deleting_a_pod_gives_up_its_pull() -> None:
    cluster = Cluster()
    cluster.run(annotation="pull: {seconds: 1h}")
    cluster.delete()
    assert not cluster.exists()
    last = cluster.status_writes()[-1][1]
    assert last["phase"] == "Failed"
    assert last["containerStatuses"][0]["state"]["terminated"] == {
        "exitCode": 137,
        "reason": "ContainerStatusUnknown",
        "message": "The container could not be located when the pod was terminated",
        "startedAt": None,
        "finishedAt": None,
    }


def test_an_ephemeral_container_is_started_beside_the_others() -> None:
    cluster = Cluster()
    cluster.run()
    pod = cluster.pod()
    debug = {"name": "debug", "image": "busybox"}
    spec = {**pod["spec"], "ephemeralContainers": [debug]}
    metadata = {**pod["metadata"], "generation": 2}
    cluster.api.update("v1/pods", "default", {**pod, "metadata": metadata, "spec": spec})
    cluster.settle()
    status = cluster.status()["ephemeralContainerStatuses"][0]
    assert status["name"] == "debug"
    assert "running" in status["state"]
    assert started(cluster)[-1] == "spec.ephemeralContainers{debug}"


def test_a_changed_image_restarts_the_container() -> None:
    cluster = Cluster()
    cluster.run()
    pod = cluster.pod()
    spec = {**pod["spec"], "containers": [{"name": "main", "image": "nginx:2"}]}
    metadata = {**pod["metadata"], "generation": 2}
    cluster.api.update("v1/pods", "default", {**pod, "metadata": metadata, "spec": spec})
    cluster.settle()
    assert cluster.container()["restartCount"] == 1
    assert cluster.container()["image"] == "docker.io/library/nginx:2"
    message = "Container main definition changed, will be restarted"
    assert ("Normal", "Killing", message, 1) in cluster.events()
