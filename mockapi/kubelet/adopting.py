"""Pods that ran before this process did: what their statuses show is taken to exist."""

from typing import TYPE_CHECKING, Any

from mockapi.base.clock import parse_timestamp
from mockapi.kubelet.containers import EXITED, RUNNING, Container
from mockapi.kubelet.shape import Spec

if TYPE_CHECKING:
    from mockapi.kubelet.worker import PodWorker

Obj = dict[str, Any]

_KINDS = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


def adopt(worker: "PodWorker") -> None:
    """Go on from the reported status."""
    adopted = False
    for kind in _KINDS:
        for status in worker.status.get(kind) or ():
            spec = worker.shape.by_name.get(status["name"])
            if spec is not None:
                adopted = _adopt(worker, spec, status) or adopted
    if adopted:
        worker.runtime.sandbox = "ready"
        worker.runtime.ips = [entry["ip"] for entry in worker.status.get("podIPs") or ()]
        worker.host.keep_ips(worker.uid, worker.runtime.ips)


def _adopt(worker: "PodWorker", spec: Spec, status: Obj) -> bool:
    count = status["restartCount"]
    last = (status.get("lastState") or {}).get("terminated")
    if last and last.get("containerID"):
        worker.runtime.add(_container(worker, spec, status, {"terminated": last}, count - 1))
    if status.get("containerID") and "waiting" not in status["state"]:
        container = _container(worker, spec, status, status["state"], count)
        if status.get("started"):
            container.probed["Startup"] = "Success"
        if status.get("ready"):
            container.probed["Readiness"] = "Success"
        worker.runtime.add(container)
    return spec.name in worker.runtime.lives


def _container(worker: "PodWorker", spec: Spec, status: Obj, state: Obj, attempt: int) -> Container:
    """A container that a status tells of."""
    attempt = max(attempt, 0)
    shown = state.get("running") or state["terminated"]
    container = Container(
        name=spec.name,
        id=(shown.get("containerID") or status["containerID"]).removeprefix("containerd://"),
        attempt=attempt,
        image=status["image"],
        image_id=status.get("imageID", ""),
        asked_image=spec.container.get("image", ""),
        created_at=_moment(shown.get("startedAt")),
        behaviour=worker.host.behaviours.of_container(worker.pod, spec.container, attempt),
        resources=spec.resources,
    )
    container.begin(_moment(shown.get("startedAt")))
    if "terminated" in state:
        container.state = EXITED
        container.ends_at = None
        container.finished_at = _moment(shown.get("finishedAt"))
        container.exit_code = shown["exitCode"]
        container.reason = shown.get("reason", "")
        container.message = shown.get("message", "")
    else:
        container.state = RUNNING
    return container


def _moment(text: str | None) -> float:
    return parse_timestamp(text) if text else 0.0
