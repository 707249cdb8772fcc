"""What to do next with a pod's containers. Source: kuberuntime_manager.go computePodActions."""

from dataclasses import dataclass, field
from typing import Any

from mockapi.kubelet import statuses
from mockapi.kubelet.containers import CREATED, EXITED, RUNNING, Container, Sandboxed
from mockapi.kubelet.restarts import restarts_after_probe_failure, restarts_all, should_restart
from mockapi.kubelet.shape import Shape, Spec

Obj = dict[str, Any]


@dataclass(slots=True)
class Kill:
    container: Container
    spec: Spec
    message: str
    probe: str = ""
    """Startup or Liveness, when a probe is the cause."""


@dataclass(slots=True)
class Actions:
    kill_pod: bool = False
    create_sandbox: bool = False
    kill: list[Kill] = field(default_factory=list)
    reset: list[Container] = field(default_factory=list)
    """To be removed, so that all start afresh."""
    ephemeral: list[Spec] = field(default_factory=list)
    init: list[Spec] = field(default_factory=list)
    main: list[Spec] = field(default_factory=list)


def compute(pod: Obj, shape: Shape, runtime: Sandboxed) -> Actions:
    if shape.restarts_all and statuses.all_restarting(shape, runtime):
        return Actions(reset=_to_reset(shape, runtime))
    if runtime.sandbox != "ready":
        return _afresh(pod, shape, runtime)
    actions = Actions()
    actions.ephemeral = [s for s in shape.ephemeral if runtime.latest(s.name) is None]
    if not _init_actions(pod, shape, runtime, actions) or actions.kill_pod:
        return actions
    kept = 0
    for spec in shape.main:
        container = runtime.latest(spec.name)
        if container is None or container.state != RUNNING:
            if statuses.wants_start(spec, pod, runtime):
                actions.main.append(spec)
        elif not _kill_unfit(pod, spec, container, actions):
            kept += 1
    if not kept and not actions.main:
        actions.kill_pod = True
        actions.init = []
    return actions


def _afresh(pod: Obj, shape: Shape, runtime: Sandboxed) -> Actions:
    """No sandbox: begin with a new one, unless nothing would be started in it."""
    actions = Actions(kill_pod=True, create_sandbox=True)
    policy = pod["spec"].get("restartPolicy", "Always")
    if policy == "Never" and runtime.sandbox and runtime.lives:
        actions.create_sandbox = False
        return actions
    start = [s for s in shape.main if not _has_succeeded_for_good(s, policy, runtime)]
    if not start and any(runtime.lives.get(s.name) for s in shape.main):
        actions.create_sandbox = False
    elif shape.init:
        actions.init = [shape.init[0]]
    else:
        actions.main = start
    return actions


def _has_succeeded_for_good(spec: Spec, policy: str, runtime: Sandboxed) -> bool:
    container = runtime.latest(spec.name)
    own = spec.container.get("restartPolicy", policy)
    return (
        own == "OnFailure"
        and container is not None
        and container.state == EXITED
        and container.exit_code == 0
    )


def _kill_unfit(pod: Obj, spec: Spec, container: Container, actions: Actions) -> bool:
    """Kill a running main container whose image was changed or whose probe has failed."""
    restart = restarts_after_probe_failure(spec.container, pod["spec"])
    probe = _failed_probe(container)
    if _changed(spec, container):
        message, restart, probe = f"Container {spec.name} definition changed", True, ""
    elif probe:
        message = f"Container {spec.name} failed {probe.lower()} probe"
    else:
        return False
    if restart:
        message += ", will be restarted"
        actions.main.append(spec)
    actions.kill.append(Kill(container, spec, message, probe))
    return True


def _failed_probe(container: Container) -> str:
    if container.probed.get("Liveness") == "Failure":
        return "Liveness"
    return "Startup" if container.probed.get("Startup") == "Failure" else ""


def _changed(spec: Spec, container: Container) -> bool:
    return bool(container.asked_image != spec.container.get("image", ""))


def _init_actions(pod: Obj, shape: Shape, runtime: Sandboxed, actions: Actions) -> bool:
    """Fill in what the init containers need; True when the pod is initialized.

    Looked at from the last to the first: the last one that has been tried says how far it is.
    """
    if not shape.init:
        return True
    initialized = any(runtime.lives.get(s.name) for s in shape.main)
    tried = initialized
    start: list[Spec] = []
    for index in range(len(shape.init) - 1, -1, -1):
        spec = shape.init[index]
        container = runtime.latest(spec.name)
        if container is None:
            if tried and spec.sidecar:
                start.append(spec)
            continue
        if tried and not spec.sidecar:
            continue
        last = index == len(shape.init) - 1
        verdict = _init_verdict(pod, spec, container, actions)
        if verdict == "failed":
            actions.kill_pod = True
            actions.init = []
            return False
        if verdict in ("done", "restart"):
            if last:
                initialized = True
            elif not tried:
                start.append(shape.init[index + 1])
        if verdict in ("start", "restart"):
            start.append(spec)
        tried = True
    if not tried:
        start.append(shape.init[0])
    actions.init = start[::-1]
    return initialized


def _init_verdict(pod: Obj, spec: Spec, container: Container, actions: Actions) -> str:
    """done: the next one may start; restart: so it may, and this one is started again; start: this
    one is started (again) first; wait: it runs; failed: for good."""
    if container.state == CREATED:
        return "start"
    if container.state == EXITED:
        if spec.sidecar:
            return "start"
        if container.exit_code == 0:
            return "done"
        return (
            "start"
            if should_restart(spec.container, pod["spec"], container.exit_code)
            else "failed"
        )
    if not spec.sidecar:
        return "wait"
    return _sidecar_verdict(spec, container, actions)


def _sidecar_verdict(spec: Spec, container: Container, actions: Actions) -> str:
    if "Startup" in spec.probes:
        result = container.probed.get("Startup")
        if result == "Failure":
            message = f"Init container {spec.name} failed startup probe"
            actions.kill.append(Kill(container, spec, message, "Startup"))
            return "start"
        if result != "Success":
            return "wait"
    if _changed(spec, container):
        message = f"Init container {spec.name} definition changed"
        actions.kill.append(Kill(container, spec, message))
        return "restart"
    if container.probed.get("Liveness") == "Failure":
        message = f"Init container {spec.name} failed liveness probe"
        actions.kill.append(Kill(container, spec, message, "Liveness"))
        return "restart"
    return "done"


def _to_reset(shape: Shape, runtime: Sandboxed) -> list[Container]:
    """Everything, those whose exit was the cause last."""
    every = [
        (one, container)
        for one in (*shape.main, *shape.init)
        for container in runtime.lives.get(one.name, ())
    ]
    causes = [
        c for one, c in every if c.state == EXITED and restarts_all(one.container, c.exit_code)
    ]
    return [c for _, c in every if c not in causes] + causes
