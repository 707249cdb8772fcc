"""Resizing running pods in place. Source: pkg/kubelet/allocation, status_manager.go, events.

A pod is run with its *allocated* resources; a change in its spec becomes the allocation when the
node has room for it, and waits as PodResizePending until then.
"""

from typing import TYPE_CHECKING, Any

import orjson

from mockapi.base.clock import timestamp
from mockapi.kubelet.actions import Actions, Kill
from mockapi.kubelet.containers import RUNNING
from mockapi.kubelet.shape import Shape, Spec, shape

if TYPE_CHECKING:
    from mockapi.kubelet.worker import PodWorker

Obj = dict[str, Any]

_GROUPS = ("initContainers", "containers")
PENDING, IN_PROGRESS = "PodResizePending", "PodResizeInProgress"


def resources_of(pod: Obj) -> dict[str, Obj]:
    """The resources of each container, and those of the pod under the empty name."""
    spec = pod["spec"]
    out = {c["name"]: c.get("resources") or {} for g in _GROUPS for c in spec.get(g) or ()}
    out[""] = spec.get("resources") or {}
    return out


def with_resources(pod: Obj, allocated: dict[str, Obj]) -> Obj:
    """The pod as it is allocated."""
    spec = dict(pod["spec"])
    for group in _GROUPS:
        if group in spec:
            spec[group] = [
                {**c, "resources": allocated[c["name"]]} if c["name"] in allocated else c
                for c in spec[group]
            ]
    if allocated.get(""):
        spec["resources"] = allocated[""]
    return {**pod, "spec": spec}


class Resize:
    """One pod's allocation and the conditions about it."""

    __slots__ = ("allocated", "in_progress", "pending")

    def __init__(self, pod: Obj) -> None:
        self.allocated = resources_of(pod)
        self.pending: Obj | None = None
        self.in_progress: Obj | None = None

    def conditions(self) -> list[Obj]:
        return [c for c in (self.pending, self.in_progress) if c is not None]


def consider(worker: "PodWorker", resize: Resize) -> Shape:
    """The pod's spec has changed, or the node has more room: what it is run with now."""
    pod = worker.pod
    wanted = resources_of(pod)
    if wanted == resize.allocated:
        resize.pending = None
        return shape(pod)
    new = shape(pod)
    short = worker.host.lacks(new, apart_from=worker.uid)
    if short is None:
        resize.allocated = wanted
        resize.pending = None
        resize.in_progress = _condition(IN_PROGRESS, pod, worker.now)
        worker.record(None, "Normal", "ResizeStarted", _message("Pod resize started", pod))
        worker.host.recount(worker, new)
        return new
    why = short.rejection().message
    before = resize.pending
    generation = pod["metadata"].get("generation", 0)
    if before is None or before.get("observedGeneration", 0) != generation:
        resize.pending = _condition(PENDING, pod, worker.now, "Deferred", why)
        text = _message(f"Pod resize OutOf{short.name}", pod, error=why)
        worker.record(None, "Warning", "ResizeDeferred", text)
    return shape(with_resources(pod, resize.allocated))


def settle(worker: "PodWorker", resize: Resize) -> None:
    """Before a status is made: a resize that has been carried out is over."""
    if resize.in_progress is not None and not _unsettled(worker):
        resize.in_progress = None
        worker.record(
            None, "Normal", "ResizeCompleted", _message("Pod resize completed", worker.pod)
        )


def _unsettled(worker: "PodWorker") -> list[Spec]:
    """Running containers whose resources are not those that are allocated."""
    out = []
    for spec in (*worker.shape.main, *worker.shape.init):
        container = worker.runtime.latest(spec.name)
        if container is not None and container.state == RUNNING:
            if container.resources != spec.resources:
                out.append(spec)
        elif container is None and not spec.init:
            out.append(spec)
    return out


def carry_out(worker: "PodWorker", resize: Resize, todo: Actions) -> None:
    """Give running containers their new resources; those that want it are restarted instead."""
    if resize.in_progress is None:
        return
    for spec in _unsettled(worker):
        container = worker.runtime.latest(spec.name)
        if container is None or container.state != RUNNING:
            continue
        if _wants_restart(spec, container.resources):
            message = f"Container {spec.name} resize requires restart"
            todo.kill.append(Kill(container, spec, message))
            todo.kill_pod = False
            (todo.init if spec.init else todo.main).append(spec)
        else:
            container.resources = spec.resources
            worker.started = True


def _wants_restart(spec: Spec, before: Obj) -> bool:
    policies = spec.container.get("resizePolicy") or ()
    for policy in policies:
        if policy["restartPolicy"] != "RestartContainer":
            continue
        name = policy["resourceName"]
        if any(
            (before.get(kind) or {}).get(name) != (spec.resources.get(kind) or {}).get(name)
            for kind in ("requests", "limits")
        ):
            return True
    return False


def _condition(kind: str, pod: Obj, now: float, reason: str = "", message: str = "") -> Obj:
    moment = timestamp(now)
    out: Obj = {"type": kind}
    generation = pod["metadata"].get("generation", 0)
    if generation:
        out["observedGeneration"] = generation
    out |= {"status": "True", "lastProbeTime": moment, "lastTransitionTime": moment}
    if reason:
        out["reason"] = reason
    if message:
        out["message"] = message
    return out


def _message(prefix: str, pod: Obj, *, error: str = "") -> str:
    """The resources of the pod as the events about resizes show them."""
    summary: Obj = {}
    for group in _GROUPS:
        containers = pod["spec"].get(group)
        if containers:
            summary[group] = [
                {"name": c["name"], "resources": c.get("resources") or {}} for c in containers
            ]
    summary["generation"] = pod["metadata"].get("generation", 0)
    if error:
        summary["error"] = error
    return f"{prefix}: {orjson.dumps(summary).decode()}"
