"""How containers are stopped: preStop hook, order, SIGTERM, grace period, SIGKILL.

Source: kuberuntime_container.go killContainer, kuberuntime_termination_order.go.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mockapi.kubelet.containers import EXITED, RUNNING, Container
from mockapi.kubelet.fibers import FOREVER, Fiber, Process, until, until_true
from mockapi.kubelet.shape import Shape, Spec

if TYPE_CHECKING:
    from mockapi.kubelet.worker import PodWorker

Obj = dict[str, Any]

LEAST_GRACE = 2
"""Seconds that every container gets between SIGTERM and SIGKILL."""


def grace_period(pod: Obj, spec: Spec, probe: str = "") -> int:
    """Seconds a container has to end: the deletion's, a failed probe's own, or the pod's."""
    asked = pod["metadata"].get("deletionGracePeriodSeconds")
    if asked is not None:
        return int(asked)
    general = pod["spec"].get("terminationGracePeriodSeconds")
    if general is None:
        return LEAST_GRACE
    own = spec.probes.get(probe, {}).get("terminationGracePeriodSeconds") if probe else None
    return int(general if own is None else own)


def kill_container(
    worker: "PodWorker",
    spec: Spec,
    container: Container,
    message: str = "",
    *,
    probe: str = "",
    override: int | None = None,
    turn: Callable[[], bool] | None = None,
) -> Process:
    """Ends when the container has. `turn`: whether those that must end before it have."""
    if container.state != RUNNING:
        return
    worker.refresh(spec, container)
    grace = float(grace_period(worker.pod, spec, probe))
    worker.record(spec, "Normal", "Killing", message or f"Stopping container {spec.name}")
    if override is not None:
        grace = float(override)
    hook = (spec.container.get("lifecycle") or {}).get("preStop")
    if hook is not None and grace > 0:
        grace -= yield from _pre_stop(worker, spec, container, grace, hook)
    if turn is not None and grace > 0:
        began = worker.now
        yield from until_true(turn, began + grace)
        grace -= int(worker.now - began)
    deadline = worker.now + max(grace, LEAST_GRACE)
    container.terminate(worker.now)
    ended = _ended(container)
    yield from until_true(ended, deadline)
    if not ended():
        container.kill(worker.now)
        yield from until_true(ended)


def _ended(container: Container) -> Callable[[], bool]:
    return lambda: container.state == EXITED


def _pre_stop(
    worker: "PodWorker", spec: Spec, container: Container, grace: float, hook: Obj
) -> Process:
    """Runs the hook; returns the whole seconds it took."""
    began = worker.now
    step = container.behaviour.pre_stop
    seconds = step.seconds
    if "sleep" in hook:
        seconds = max(seconds, float(hook["sleep"].get("seconds") or 0))
    if seconds:
        yield from until(began + min(seconds, grace))
    if step.failure(worker.tries(spec.name, "preStop")) and seconds <= grace:
        worker.record(spec, "Warning", "FailedPreStopHook", "PreStopHook failed")
    return int(worker.now - began)


def kill_all(worker: "PodWorker", *, override: int | None = None) -> Process:
    """Every running container at once; sidecars after the main ones, in reverse order."""
    running = worker.runtime.running()
    if not running:
        return
    fibers = []
    for container in running:
        spec = worker.shape.by_name.get(container.name)
        if spec is None:
            container.kill(worker.now)
            continue
        turn = _turn(worker.shape, spec, running)
        process = kill_container(worker, spec, container, override=override, turn=turn)
        fibers.append(worker.spawn(Fiber(process)))
    if any(not fiber.done for fiber in fibers):
        yield FOREVER, lambda: all(fiber.done for fiber in fibers)


def _turn(shape: Shape, spec: Spec, running: list[Container]) -> Callable[[], bool] | None:
    """When a sidecar may be told to end. None for all others: at once."""
    if not spec.sidecar:
        return None
    later = [s.name for s in shape.init[shape.init.index(spec) + 1 :] if s.sidecar]
    before = {*(s.name for s in shape.main), *later}
    waited = [c for c in running if c.name in before]
    return lambda: all(c.state == EXITED for c in waited)
