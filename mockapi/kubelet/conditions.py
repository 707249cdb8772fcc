"""The pod conditions a kubelet owns. Source: pkg/kubelet/status/generate.go."""

from collections.abc import Mapping, Sequence
from typing import Any

from mockapi.base.clock import timestamp
from mockapi.kubelet.restarts import is_sidecar

Obj = dict[str, Any]

OWNED = frozenset(
    (
        "PodScheduled",
        "Ready",
        "Initialized",
        "ContainersReady",
        "PodResizeInProgress",
        "PodResizePending",
        "PodReadyToStartContainers",
        "AllContainersRestarting",
    )
)
SHARED = "DisruptionTarget"
TERMINAL = frozenset(("Succeeded", "Failed"))
NO_SANDBOX = "no pod sandbox exists"
SANDBOX_NOT_READY = "pod sandbox is not ready"


def condition(
    kind: str,
    status: str,
    generation: int,
    old: Mapping[str, Obj],
    now: str,
    *,
    reason: str = "",
    message: str = "",
) -> Obj:
    """A PodCondition; its transition time is kept while the status stays the same."""
    before = old.get(kind)
    since = (
        now
        if before is None or before.get("status") != status
        else before.get("lastTransitionTime")
    )
    out: Obj = {"type": kind}
    if generation:
        out["observedGeneration"] = generation
    out["status"] = status
    out["lastProbeTime"] = None
    out["lastTransitionTime"] = since
    if reason:
        out["reason"] = reason
    if message:
        out["message"] = message
    return out


def go_list(names: Sequence[str]) -> str:
    return f"[{' '.join(names)}]"


Verdict = tuple[str, str, str]
"""Status, reason, message."""

TRUE: Verdict = ("True", "", "")


def containers_ready(spec: Obj, statuses: Mapping[str, Obj] | None, phase: str) -> Verdict:
    if statuses is None:
        return "False", "UnknownContainerStatuses", ""
    unknown, unready = _not_ready(spec, statuses)
    if phase == "Succeeded" and not unknown:
        return "False", "PodCompleted", ""
    if phase == "Failed":
        return "False", "PodFailed", ""
    if not unknown and not unready:
        return TRUE
    texts = []
    if unknown:
        texts.append(f"containers with unknown status: {go_list(unknown)}")
    if unready:
        texts.append(f"containers with unready status: {go_list(unready)}")
    return "False", "ContainersNotReady", ", ".join(texts)


def _not_ready(spec: Obj, statuses: Mapping[str, Obj]) -> tuple[list[str], list[str]]:
    sidecars = [c for c in spec.get("initContainers") or () if is_sidecar(c)]
    unknown, unready = [], []
    for container in (*sidecars, *spec["containers"]):
        name = container["name"]
        status = statuses.get(name)
        if status is None:
            unknown.append(name)
        elif not status["ready"]:
            unready.append(name)
    return unknown, unready


def ready(spec: Obj, containers: Verdict, conditions: Sequence[Obj]) -> Verdict:
    """Ready follows ContainersReady and the readiness gates."""
    gates = spec.get("readinessGates")
    if containers[0] != "True" or not gates:
        return containers
    by_type = {c["type"]: c for c in conditions}
    texts = []
    for gate in gates:
        kind = gate["conditionType"]
        found = by_type.get(kind)
        if found is None:
            texts.append(f'corresponding condition of pod readiness gate "{kind}" does not exist.')
        elif found["status"] != "True":
            texts.append(
                f'the status of pod readiness gate "{kind}" is not "True", but {found["status"]}'
            )
    return ("False", "ReadinessGatesNotReady", ", ".join(texts)) if texts else TRUE


def initialized(
    spec: Obj, statuses: Mapping[str, Obj], phase: str, *, before: bool, any_started: bool
) -> Verdict:
    """`before`: it has been True already; `any_started`: a main container has run."""
    init = spec.get("initContainers")
    if not init:
        return ("True", "PodCompleted", "") if phase == "Succeeded" else TRUE
    unknown, incomplete = [], []
    for container in init:
        status = statuses.get(container["name"])
        if status is None:
            unknown.append(container["name"])
        elif not (status.get("started") if is_sidecar(container) else status["ready"]):
            incomplete.append(container["name"])
    if phase == "Succeeded" and not unknown:
        return "True", "PodCompleted", ""
    if any_started or (not unknown and not incomplete) or before:
        return TRUE
    texts = []
    if unknown:
        texts.append(f"containers with unknown status: {go_list(unknown)}")
    if incomplete:
        texts.append(f"containers with incomplete status: {go_list(incomplete)}")
    return "False", "ContainersNotInitialized", ", ".join(texts)


def sandbox_ready(sandbox: str) -> Verdict:
    """`sandbox`: empty (there is none yet), `ready`, `stopped`."""
    if sandbox == "ready":
        return TRUE
    return "False", "PodSandboxNotReady", SANDBOX_NOT_READY if sandbox else NO_SANDBOX


def readiness_differs(pod: Obj) -> bool:
    """Whether a readiness gate's condition has changed what Ready must say."""
    if not pod["spec"].get("readinessGates"):
        return False
    status = pod.get("status") or {}
    conditions = status.get("conditions") or []
    current = next((c for c in conditions if c["type"] == "Ready"), None)
    if current is None:
        return False
    by_name = {c["name"]: c for c in status.get("containerStatuses") or ()}
    by_name |= {c["name"]: c for c in status.get("initContainerStatuses") or ()}
    containers = containers_ready(pod["spec"], by_name, status.get("phase", ""))
    wanted = ready(pod["spec"], containers, conditions)
    return bool(current["status"] != wanted[0] or (current.get("message") or "") != wanted[2])


def disruption(pod: Obj, message: str, now: float) -> Obj:
    """The condition of a pod that its kubelet ends."""
    out: Obj = {"type": SHARED}
    generation = pod["metadata"].get("generation", 0)
    if generation:
        out["observedGeneration"] = generation
    out["status"] = "True"
    out["lastProbeTime"] = None
    out["lastTransitionTime"] = timestamp(now)
    out["reason"] = "TerminationByKubelet"
    out["message"] = message
    return out
