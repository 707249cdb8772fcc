"""The two flows a learner asks about, every write of them, on a manual clock.

The transcripts are reviewed; `MOCKAPI_REWRITE=1 pytest tests/scenarios/kubelet/test_flows.py`
writes them anew.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flows import Transcript

FLOWS = Path(__file__).parent / "transcripts"
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
}


def a_pod(annotation: str = "", **spec: object) -> dict[str, object]:
    metadata: dict[str, object] = {"name": "web", "labels": {"app": "web"}}
    if annotation:
        metadata["annotations"] = {"mockapi.dev/behaviour": annotation}
    containers = [{"name": "main", "image": "nginx", "ports": [{"containerPort": 80}]}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": containers, **spec},
    }


def creation(t: Transcript) -> None:
    t.note("a service and a pod whose image takes two seconds to pull")
    t.user.create("v1/services", "default", SERVICE)
    t.user.create("v1/pods", "default", a_pod("pull: {seconds: 2}"))
    t.cluster.advance(5)


def deletion(t: Transcript) -> None:
    t.user.create("v1/services", "default", SERVICE)
    hook = {"preStop": {"exec": {"command": ["drain"]}}}
    container = {"name": "main", "image": "nginx", "lifecycle": hook}
    pod = a_pod(
        "preStop: {seconds: 4}\nstop: {ignores: true}",
        containers=[container],
        terminationGracePeriodSeconds=10,
    )
    t.user.create("v1/pods", "default", pod)
    t.cluster.settle()
    t.lines.clear()
    t.note("deleted: preStop takes 4 s, SIGTERM is not heard, SIGKILL comes after 10 s")
    t.user.delete("v1/pods", "default", "web")
    t.cluster.advance(15)


def forced_deletion(t: Transcript) -> None:
    t.user.create("v1/pods", "default", a_pod("stop: {ignores: true}"))
    t.cluster.settle()
    t.lines.clear()
    t.note("deleted with a grace period of 0: gone at once, the container a moment later")
    t.user.delete("v1/pods", "default", "web", grace_period_seconds=0)
    t.cluster.advance(5)


def crash_loop(t: Transcript) -> None:
    t.note("a container that fails each time after one second")
    t.user.create("v1/pods", "default", a_pod("run: {seconds: 1, exitCode: 1}"))
    t.cluster.advance(15)


def job(t: Transcript) -> None:
    t.note("a job of one pod")
    template = {"spec": {"containers": [{"name": "main", "image": "work"}]}}
    template["spec"]["restartPolicy"] = "Never"  # type: ignore[assignment]
    metadata = {"name": "sum", "annotations": {}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata}
    t.user.create("batch/v1/jobs", "default", {**job, "spec": {"template": template}})
    t.cluster.advance(5)


@pytest.mark.parametrize("flow", [creation, deletion, forced_deletion, crash_loop, job])
def test_flow(flow: Callable[[Transcript], None]) -> None:
    transcript = Transcript()
    flow(transcript)
    text = transcript.stop()
    path = FLOWS / f"{flow.__name__}.txt"
    if os.environ.get("MOCKAPI_REWRITE"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()
