"""In-place resize. Source: pkg/kubelet/allocation/allocation_manager.go, kuberuntime_manager.go."""

from typing import Any

from kubelet_fake import Cluster


def container(cpu: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": "main",
        "image": "nginx",
        "resources": {"requests": {"cpu": cpu}},
        **fields,
    }


def resize(cluster: Cluster, cpu: str, name: str = "web", **fields: Any) -> None:
    pod = cluster.pod(name)
    metadata = {**pod["metadata"], "generation": pod["metadata"]["generation"] + 1}
    spec = {**pod["spec"], "containers": [container(cpu, **fields)]}
    cluster.api.update("v1/pods", "default", {**pod, "metadata": metadata, "spec": spec})
    cluster.settle()


def test_a_resize_is_shown_in_progress_and_then_done() -> None:
    cluster = Cluster()
    cluster.run(containers=[container("1")])
    cluster.server.writes.clear()
    resize(cluster, "2")
    writes = [s for _, s in cluster.status_writes()]
    first, last = writes[0], writes[-1]
    assert first["conditions"][0]["type"] == "PodResizeInProgress"
    shown = first["containerStatuses"][0]
    assert shown["allocatedResources"] == {"cpu": "2"}
    assert shown["resources"] == {"requests": {"cpu": "1"}}
    assert "PodResizeInProgress" not in [c["type"] for c in last["conditions"]]
    assert last["containerStatuses"][0]["resources"] == {"requests": {"cpu": "2"}}
    assert last["containerStatuses"][0]["restartCount"] == 0


def test_events_of_a_resize() -> None:
    cluster = Cluster()
    cluster.run(containers=[container("1")])
    resize(cluster, "2")
    summary = '{"containers":[{"name":"main","resources":{"requests":{"cpu":"2"}}}],"generation":2}'
    assert [(r, m) for _, r, m, _ in cluster.events()][-2:] == [
        ("ResizeStarted", f"Pod resize started: {summary}"),
        ("ResizeCompleted", f"Pod resize completed: {summary}"),
    ]


def test_a_container_may_want_a_restart_for_it() -> None:
    policy = [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]
    cluster = Cluster()
    cluster.run(containers=[container("1", resizePolicy=policy)])
    resize(cluster, "2", resizePolicy=policy)
    assert cluster.container()["restartCount"] == 1
    assert cluster.container()["resources"] == {"requests": {"cpu": "2"}}
    assert ("Normal", "Killing", "Container main resize requires restart", 1) in cluster.events()


def test_a_resize_that_does_not_fit_waits_for_room() -> None:
    cluster = Cluster()
    cluster.run("big", containers=[container("6")])
    cluster.run(containers=[container("1")])
    resize(cluster, "3")
    pending = next(c for c in cluster.status()["conditions"] if c["type"] == "PodResizePending")
    assert (pending["reason"], pending["message"]) == (
        "Deferred",
        "Node didn't have enough resource: cpu, requested: 3000, used: 6000, capacity: 8000",
    )
    assert cluster.container()["allocatedResources"] == {"cpu": "1"}
    assert "ResizeDeferred" in [r for _, r, _, _ in cluster.events()]
    cluster.delete("big")
    assert cluster.container()["resources"] == {"requests": {"cpu": "3"}}
    assert "PodResizePending" not in cluster.conditions()
