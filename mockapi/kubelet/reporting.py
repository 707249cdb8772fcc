"""What of a status is written, and how a pod's last one looks. Source: status_manager.go.

Pure, like `statuses`.
"""

from collections.abc import Sequence
from typing import Any

from mockapi.base.clock import timestamp
from mockapi.kubelet import conditions
from mockapi.kubelet.shape import Shape
from mockapi.kubelet.statuses import termination_of

Obj = dict[str, Any]

_KEPT = ("resourceClaimStatuses", "extendedResourceClaimStatus", "nominatedNodeName")
LOST = "ContainerStatusUnknown"


def merged(pod: Obj, status: Obj, *, may_run: bool, now: float) -> Obj:
    """What is written: conditions that others own are kept as served, and a terminal phase waits
    until nothing can be running. Source: status_manager mergePodStatus."""
    served = pod.get("status") or {}
    out = dict(status)
    becomes_terminal = (
        served.get("phase") not in conditions.TERMINAL and status["phase"] in conditions.TERMINAL
    )
    kept = [c for c in served.get("conditions") or () if c["type"] not in conditions.OWNED]
    for one in status["conditions"]:
        if one["type"] in conditions.OWNED:
            kept.append(one)
        elif one["type"] == conditions.SHARED and becomes_terminal and not may_run:
            _replace_or_append(kept, one)
    out["conditions"] = kept
    for name in _KEPT:
        if name in served:
            out[name] = served[name]
    if becomes_terminal and may_run:
        for name in ("phase", "reason", "message"):
            out.pop(name, None)
            if name in served:
                out[name] = served[name]
    if out.get("phase") in conditions.TERMINAL:
        _never_ready(out, now)
    return out


def is_in_order(pod: Obj, status: Obj) -> bool:
    """Whether what `merged` makes of a generated status still has its fields in their places."""
    served = pod.get("status") or {}
    return status["phase"] in ("Pending", "Running") and not any(name in served for name in _KEPT)


def _replace_or_append(found: list[Obj], condition: Obj) -> None:
    for index, one in enumerate(found):
        if one["type"] == condition["type"]:
            found[index] = condition
            return
    found.append(condition)


def _never_ready(status: Obj, now: float) -> None:
    """A pod that is over is not ready, whatever was last known."""
    kinds = ("ContainersReady", "Ready")
    found = {c["type"]: c for c in status["conditions"] if c["type"] in kinds}
    if not any(c["status"] == "True" for c in found.values()):
        return
    generation = status.get("observedGeneration", 0)
    reason = "PodFailed" if status["phase"] == "Failed" else "PodCompleted"
    for kind in kinds:
        new = conditions.condition(kind, "False", generation, found, timestamp(now), reason=reason)
        if kind in found:
            status["conditions"][status["conditions"].index(found[kind])] = new
        else:
            status["conditions"].append(new)


def finished(pod: Obj, shape: Shape, status: Obj) -> Obj:
    """The last status of a pod that is over: whatever is not known to have ended has failed.
    Source: status_manager TerminatePod."""
    out = dict(status)
    if _has_initialized(pod, shape):
        out["containerStatuses"] = [_surely_ended(s) for s in out["containerStatuses"]]
    init = out.get("initContainerStatuses")
    if init:
        seen = _tried(init)
        out["initContainerStatuses"] = [
            _surely_ended(s) if index < seen else s for index, s in enumerate(init)
        ]
    if out.get("phase") not in conditions.TERMINAL:
        out["phase"] = "Failed"
    return out


def _surely_ended(status: Obj) -> Obj:
    if "terminated" in status["state"]:
        return status
    return {
        **status,
        "state": {
            "terminated": {
                "exitCode": 137,
                "reason": LOST,
                "message": "The container could not be located when the pod was terminated",
                "startedAt": None,
                "finishedAt": None,
            }
        },
    }


def _tried(init: Sequence[Obj]) -> int:
    """How many init containers (at least one) have been tried."""
    for index in range(len(init) - 1, -1, -1):
        last = init[index].get("lastState") or {}
        if "waiting" not in init[index]["state"] or "terminated" in last:
            return index + 1
    return 1


def _has_initialized(pod: Obj, shape: Shape) -> bool:
    if not shape.init:
        return True
    served = pod.get("status") or {}
    for status in served.get("containerStatuses") or ():
        last = status.get("lastState") or {}
        if "terminated" in last or "waiting" not in status["state"]:
            return True
    statuses = served.get("initContainerStatuses") or ()
    if not statuses:
        return False
    last_init, spec = statuses[-1], shape.init[-1]
    if spec.sidecar:
        return "running" in last_init["state"] and bool(last_init.get("started"))
    ended = termination_of(last_init)
    return ended is not None and ended["exitCode"] == 0
