"""The pod status that follows from what the runtime knows. Source: pkg/kubelet/kubelet_pods.go.

Pure: nothing here is changed but what is returned.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mockapi.base.clock import timestamp
from mockapi.kubelet import conditions
from mockapi.kubelet.containers import CREATED, EXITED, RUNNING, Container, Sandboxed
from mockapi.kubelet.restarts import restarts_all, should_restart
from mockapi.kubelet.shape import Shape, Spec

Obj = dict[str, Any]
Reason = tuple[str, str]
"""Why a container waits: reason and message."""

RESTARTING_ALL = "RestartingAllContainers"
_RESTARTING_TEXT = "The container is removed because RestartAllContainers in place"


def container_state(container: Container) -> Obj:
    """A ContainerState."""
    if container.state == RUNNING:
        return {"running": {"startedAt": timestamp(container.started_at)}}
    if container.state == CREATED:
        return {"waiting": {}}
    terminated: Obj = {"exitCode": container.exit_code}
    if container.reason:
        terminated["reason"] = container.reason
    if container.message:
        terminated["message"] = container.message
    terminated["startedAt"] = timestamp(container.started_at)
    terminated["finishedAt"] = timestamp(container.finished_at)
    terminated["containerID"] = container.full_id
    return {"terminated": terminated}


def _waiting_status(spec: Spec, old: Obj | None, reason: str) -> Obj:
    status: Obj = {
        "name": spec.name,
        "state": {"waiting": {"reason": reason}},
        "lastState": {},
        "ready": False,
        "restartCount": 0,
        "image": spec.container.get("image", ""),
        "imageID": "",
    }
    if old is not None:
        if "terminated" in old["state"]:
            return dict(old)
        status["restartCount"] = old["restartCount"]
        status["lastState"] = old.get("lastState") or {}
    if spec.mounts:
        status["volumeMounts"] = spec.mounts
    return status


def _known_status(spec: Spec, lives: Sequence[Container], old: Obj | None) -> Obj:
    container = lives[0]
    last: Obj = {}
    if len(lives) > 1:
        last = container_state(lives[1])
    elif old is not None and old.get("containerID") != container.full_id:
        last = old["state"] if "terminated" in old["state"] else old.get("lastState") or {}
    elif old is not None:
        last = old.get("lastState") or {}
    status: Obj = {
        "name": spec.name,
        "state": container_state(container),
        "lastState": last,
        "ready": False,
        "restartCount": container.attempt,
        "image": container.image,
        "imageID": container.image_id,
        "containerID": container.full_id,
    }
    if spec.allocated:
        status["allocatedResources"] = spec.allocated
    status["resources"] = container.resources if container.state == RUNNING else spec.resources
    if spec.mounts:
        status["volumeMounts"] = spec.mounts
    status["user"] = spec.user
    return status


def wants_start(spec: Spec, pod: Obj, runtime: Sandboxed) -> bool:
    """Whether the container is to be started (again) at the next sync."""
    if "deletionTimestamp" in pod["metadata"]:
        return False
    container = runtime.latest(spec.name)
    if container is None or container.state == CREATED:
        return True
    if container.state == RUNNING:
        return False
    return should_restart(spec.container, pod["spec"], container.exit_code)


def _container_status(
    spec: Spec,
    pod: Obj,
    runtime: Sandboxed,
    old: Obj | None,
    reasons: Mapping[str, Reason],
    default_reason: str,
) -> Obj:
    lives = runtime.lives.get(spec.name)
    status = (
        _known_status(spec, lives, old) if lives else _waiting_status(spec, old, default_reason)
    )
    reason = reasons.get(spec.name)
    if reason is None:
        return status
    done = spec.init and lives and lives[0].state == EXITED and lives[0].exit_code == 0
    if (done and not spec.sidecar) or not wants_start(spec, pod, runtime):
        return status
    if "terminated" in status["state"]:
        status["lastState"] = status["state"]
    waiting = {"reason": reason[0]}
    if reason[1]:
        waiting["message"] = reason[1]
    status["state"] = {"waiting": waiting}
    return status


ProbeWorkers = Callable[[str, str], bool]
"""(container name, probe kind) -> whether it is being probed for that."""


def _apply_probes(spec: Spec, status: Obj, runtime: Sandboxed, probing: ProbeWorkers) -> None:
    """Sets `started` and `ready`. Source: prober_manager UpdatePodStatus."""
    container = runtime.latest(spec.name)
    running = "running" in status["state"]
    started = False
    if running and container is not None:
        result = container.probed.get("Startup")
        started = result == "Success" if result else not probing(spec.name, "Startup")
    _put_started(status, started)
    if spec.init and not spec.sidecar:
        terminated = status["state"].get("terminated")
        status["ready"] = terminated is not None and terminated["exitCode"] == 0
    elif started and container is not None:
        result = container.probed.get("Readiness")
        status["ready"] = result == "Success" or not probing(spec.name, "Readiness")


_AFTER_STARTED = ("allocatedResources", "resources", "volumeMounts", "user")


def _put_started(status: Obj, started: bool) -> None:
    """In its place among the fields: a status is stored as it is made here."""
    after = [(name, status.pop(name)) for name in _AFTER_STARTED if name in status]
    status["started"] = started
    status.update(after)


def phase_of(
    pod: Obj, shape: Shape, statuses: Mapping[str, Obj], *, terminal: bool, initialized: bool
) -> str:
    """The phase. `terminal`: no container will be started any more; `initialized`: a main
    container runs or has run in this sandbox. Source: getPhase."""
    spec = pod["spec"]
    init = _init_counts(shape, spec, statuses)
    if init["failed for good"]:
        return "Failed"
    main = _main_counts(shape, spec, statuses)
    running = main["running"] + init["sidecars running"]
    waiting = main["waiting"] + init["sidecars waiting"]
    unknown = main["unknown"] + init["sidecars unknown"]
    if init["pending"] or (init["sidecars pending"] and not initialized) or waiting:
        return "Pending"
    if running and not unknown:
        return "Running"
    if running or not main["stopped"] or unknown:
        return "Pending"
    if not terminal and main["stopped"] != main["stopped for good"]:
        return "Running"
    return "Succeeded" if main["stopped"] == main["succeeded"] else "Failed"


_INIT_COUNTS = (
    "pending",
    "failed for good",
    "sidecars pending",
    "sidecars running",
    "sidecars waiting",
    "sidecars unknown",
)
_MAIN_COUNTS = ("running", "waiting", "stopped", "stopped for good", "succeeded", "unknown")


def _init_counts(shape: Shape, spec: Obj, statuses: Mapping[str, Obj]) -> dict[str, int]:
    counts = dict.fromkeys(_INIT_COUNTS, 0)
    for one in shape.init:
        status = statuses.get(one.name)
        if one.sidecar:
            _count_sidecar(counts, status)
        else:
            _count_init(counts, one, spec, status)
    return counts


def _count_sidecar(counts: dict[str, int], status: Obj | None) -> None:
    if status is None:
        counts["sidecars unknown"] += 1
    elif "running" in status["state"]:
        counts["sidecars running"] += 1
        counts["sidecars pending"] += not status.get("started")
    elif "waiting" in status["state"] and "terminated" not in (status.get("lastState") or {}):
        counts["sidecars pending"] += 1
        counts["sidecars waiting"] += 1


def _count_init(counts: dict[str, int], one: Spec, spec: Obj, status: Obj | None) -> None:
    ended = None if status is None else termination_of(status)
    if status is None or "running" in status["state"] or ended is None:
        counts["pending"] += 1
    elif ended["exitCode"] != 0 and not _restartable(one, spec, ended):
        counts["failed for good"] += 1


def termination_of(status: Obj) -> Obj | None:
    """How it ended: now, or before it began to wait."""
    state = status["state"] if "terminated" in status["state"] else status.get("lastState") or {}
    ended: Obj | None = state.get("terminated")
    return ended


def _restartable(one: Spec, spec: Obj, ended: Obj) -> bool:
    return (
        should_restart(one.container, spec, ended["exitCode"])
        or ended.get("reason") == RESTARTING_ALL
    )


def _main_counts(shape: Shape, spec: Obj, statuses: Mapping[str, Obj]) -> dict[str, int]:
    counts = dict.fromkeys(_MAIN_COUNTS, 0)
    for one in shape.main:
        status = statuses.get(one.name)
        if status is None:
            counts["unknown"] += 1
        elif "running" in status["state"]:
            counts["running"] += 1
        elif (ended := termination_of(status)) is None:
            counts["waiting"] += 1
        else:
            counts["stopped"] += 1
            counts["stopped for good"] += not _restartable(one, spec, ended)
            counts["succeeded"] += "terminated" in status["state"] and ended["exitCode"] == 0
    return counts


def generate(
    pod: Obj,
    shape: Shape,
    runtime: Sandboxed,
    old: Obj,
    *,
    reasons: Mapping[str, Reason],
    probing: ProbeWorkers,
    now: float,
    host_ips: Sequence[str],
    terminal: bool = False,
    forced: tuple[str, str, str] | None = None,
    extra_conditions: Sequence[Obj] = (),
) -> Obj:
    """The PodStatus. `old` is what was reported before; `forced` is the phase, reason and message
    of an eviction; `extra_conditions` are those of a resize or a disruption."""
    metadata, spec = pod["metadata"], pod["spec"]
    default = "PodInitializing" if shape.init else "ContainerCreating"
    before = _by_name(old)
    init, main, ephemeral = (
        [_container_status(s, pod, runtime, before.get(s.name), reasons, default) for s in group]
        for group in (shape.init, shape.main, shape.ephemeral)
    )
    if shape.restarts_all:
        _show_restarting_all(shape, runtime, before, init, main)
    for status in (*init, *main):
        _apply_probes(shape.by_name[status["name"]], status, runtime, probing)
    by_name = {s["name"]: s for s in (*init, *main)}
    any_started = any_main_started(shape, by_name)
    tried = any(runtime.lives.get(one.name) for one in shape.main)
    phase = phase_of(pod, shape, by_name, terminal=terminal, initialized=tried)
    phase, reason, message = _settled_phase(phase, pod, old, forced)
    moment = timestamp(now)
    out: Obj = {}
    generation = metadata.get("generation", 0)
    if generation:
        out["observedGeneration"] = generation
    out["phase"] = phase
    out["conditions"] = _conditions(
        pod, shape, runtime, old, by_name, phase, moment, any_started, extra_conditions
    )
    if message:
        out["message"] = message
    if reason:
        out["reason"] = reason
    _put_addresses(out, spec, runtime, old, host_ips)
    out["startTime"] = old.get("startTime") or moment
    if init:
        out["initContainerStatuses"] = init
    out["containerStatuses"] = sorted(main, key=_name)
    out["qosClass"] = shape.qos
    if ephemeral:
        out["ephemeralContainerStatuses"] = sorted(ephemeral, key=_name)
    if shape.allocated:
        out["allocatedResources"] = shape.allocated
    out["resources"] = shape.resources
    return out


def _name(status: Obj) -> str:
    return str(status["name"])


def _by_name(status: Obj) -> dict[str, Obj]:
    kinds = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    return {s["name"]: s for kind in kinds for s in status.get(kind) or ()}


def any_main_started(shape: Shape, statuses: Mapping[str, Obj]) -> bool:
    for one in shape.main:
        status = statuses.get(one.name)
        if status is None:
            continue
        if "running" in status["state"] or "terminated" in status["state"]:
            return True
    return False


def _settled_phase(
    phase: str, pod: Obj, old: Obj, forced: tuple[str, str, str] | None
) -> tuple[str, str, str]:
    """A pod never leaves a terminal phase, and keeps the reason that came with its phase."""
    served = pod.get("status") or {}
    if phase not in conditions.TERMINAL:
        for known in (old.get("phase"), served.get("phase")):
            if known in conditions.TERMINAL:
                phase = known
                break
    reason = message = ""
    if phase == old.get("phase"):
        reason = old.get("reason") or served.get("reason") or ""
        message = old.get("message") or served.get("message") or ""
    if forced is not None:
        phase, reason, message = forced
    if served.get("phase") in conditions.TERMINAL:
        phase = served["phase"]
    return phase, reason, message


def _conditions(
    pod: Obj,
    shape: Shape,
    runtime: Sandboxed,
    old: Obj,
    statuses: Mapping[str, Obj],
    phase: str,
    now: str,
    any_started: bool,
    extra: Sequence[Obj],
) -> list[Obj]:
    spec = pod["spec"]
    generation = pod["metadata"].get("generation", 0)
    before = {c["type"]: c for c in old.get("conditions") or ()}
    served = (pod.get("status") or {}).get("conditions") or ()
    out = [c for c in served if c["type"] not in conditions.OWNED]
    out += extra
    was_initialized = before.get("Initialized", {}).get("status") == "True"
    containers = conditions.containers_ready(spec, statuses, phase)
    verdicts = (
        ("PodReadyToStartContainers", conditions.sandbox_ready(runtime.sandbox)),
        (
            "Initialized",
            conditions.initialized(
                spec, statuses, phase, before=was_initialized, any_started=any_started
            ),
        ),
        ("Ready", conditions.ready(spec, containers, out)),
        ("ContainersReady", containers),
        ("PodScheduled", conditions.TRUE),
    )
    for kind, (status, reason, message) in verdicts:
        out.append(
            conditions.condition(
                kind, status, generation, before, now, reason=reason, message=message
            )
        )
    if shape.restarts_all:
        out.append(_restarting_condition(pod, shape, runtime, phase, before, now))
    return out


def all_restarting(shape: Shape, runtime: Sandboxed) -> bool:
    """A container has ended with an exit code whose rule restarts all, and is still to be seen."""
    for one in (*shape.init, *shape.main):
        container = runtime.latest(one.name)
        if (
            container is not None
            and container.state == EXITED
            and restarts_all(one.container, container.exit_code)
        ):
            return True
    return False


def _restarting_condition(
    pod: Obj, shape: Shape, runtime: Sandboxed, phase: str, before: Mapping[str, Obj], now: str
) -> Obj:
    kind = "AllContainersRestarting"
    if phase in conditions.TERMINAL:
        reason = "PodCompleted" if phase == "Succeeded" else "PodFailed"
        return conditions.condition(kind, "False", 0, before, now, reason=reason)
    if not all_restarting(shape, runtime):
        return conditions.condition(kind, "False", 0, before, now)
    return conditions.condition(
        kind,
        "True",
        0,
        before,
        now,
        reason="RestartAllContainersStarted",
        message="container exited with restart policy rule",
    )


def _show_restarting_all(
    shape: Shape, runtime: Sandboxed, before: Mapping[str, Obj], *groups: list[Obj]
) -> None:
    """Containers that were removed to be started afresh show why they wait, and count up."""
    for group in groups:
        for index, status in enumerate(group):
            name = status["name"]
            old = before.get(name)
            if runtime.lives.get(name) or old is None or "waiting" in old["state"]:
                continue
            group[index] = {
                **status,
                "state": {"waiting": {"reason": RESTARTING_ALL, "message": _RESTARTING_TEXT}},
                "lastState": {
                    "terminated": {
                        "exitCode": 137,
                        "reason": RESTARTING_ALL,
                        "message": _RESTARTING_TEXT,
                        "startedAt": None,
                        "finishedAt": None,
                    }
                },
                "restartCount": old["restartCount"] + 1,
            }


def _put_addresses(
    out: Obj, spec: Obj, runtime: Sandboxed, old: Obj, host_ips: Sequence[str]
) -> None:
    if host_ips:
        out["hostIP"] = host_ips[0]
        out["hostIPs"] = [{"ip": ip} for ip in host_ips]
    ips: Sequence[str] = runtime.ips
    if spec.get("hostNetwork"):
        ips = [entry["ip"] for entry in old.get("podIPs") or ()] or host_ips
    if ips:
        out["podIP"] = ips[0]
        out["podIPs"] = [{"ip": ip} for ip in ips]
