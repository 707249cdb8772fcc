"""The rows of pods. Source: kubernetes pkg/printers/internalversion printPod."""

from collections.abc import Mapping
from typing import Any

from mockapi.machinery.tables.ages import Ages
from mockapi.machinery.tables.parts import (
    NONE,
    Cells,
    Obj,
    age,
    condition_status,
    conditions,
    is_deleted,
    name,
    spec,
    status,
)

COMPLETED = {"type": "Completed", "status": "True"}
ENDED = {
    "Succeeded": [
        COMPLETED | {"reason": "Succeeded", "message": "The pod has completed successfully."}
    ],
    "Failed": [COMPLETED | {"reason": "Failed", "message": "The pod failed."}],
}


def pod_conditions(pod: Obj) -> list[Obj]:
    """Conditions of the row itself, by which kubectl can hide ended pods."""
    return ENDED.get(status(pod).get("phase", ""), [])


def pod(obj: Obj, ages: Ages) -> Cells:
    summary = _Summary(obj)
    return [
        name(obj),
        f"{summary.ready}/{summary.total}",
        summary.reason,
        summary.restarts_text(ages),
        age(obj, ages),
        next((ip.get("ip", "") for ip in status(obj).get("podIPs") or ()), "") or NONE,
        spec(obj).get("nodeName") or NONE,
        status(obj).get("nominatedNodeName") or NONE,
        _readiness_gates(obj),
    ]


class _Restarts:
    """How many there were, and when the last container before one of them ended."""

    def __init__(self) -> None:
        self.count = 0
        self.last = ""

    def add(self, container: Obj) -> None:
        self.count += container.get("restartCount", 0)
        ended = (container.get("lastState") or {}).get("terminated") or {}
        self.last = max(self.last, ended.get("finishedAt") or "")


class _Summary:
    """What a pod's container statuses amount to."""

    def __init__(self, pod: Obj) -> None:
        self._status = status(pod)
        init = spec(pod).get("initContainers") or ()
        self._sidecars = {c["name"] for c in init if c.get("restartPolicy") == "Always"}
        self._init_count = len(init)
        self.total = len(spec(pod).get("containers") or ()) + len(self._sidecars)
        self.ready = 0
        self._restarts, self._sidecar_restarts = _Restarts(), _Restarts()
        phase = self._status.get("phase", "")
        self.reason: str = self._status.get("reason") or phase
        if any(_is_gated(condition) for condition in conditions(pod)):
            self.reason = "SchedulingGated"
        if not self._initializing() or condition_status(pod, "Initialized") == "True":
            self._add_containers(is_ready=condition_status_any(pod, "Ready"))
        if is_deleted(pod) and self._status.get("reason") == "NodeLost":
            self.reason = "Unknown"
        elif is_deleted(pod) and phase not in ("Succeeded", "Failed"):
            self.reason = "Terminating"

    def restarts_text(self, ages: Ages) -> str:
        count, last = self._restarts.count, self._restarts.last
        return f"{count} ({ages.since(last)} ago)" if count and last else str(count)

    def _initializing(self) -> bool:
        """Goes through the init containers up to the one that holds the pod up. When none does,
        only the restarts of sidecars count."""
        for index, container in enumerate(self._status.get("initContainerStatuses") or ()):
            self._restarts.add(container)
            if container.get("name") in self._sidecars:
                self._sidecar_restarts.add(container)
            reason = self._init_reason(index, container)
            if reason:
                self.reason = reason
                return True
        return False

    def _init_reason(self, index: int, container: Obj) -> str:
        state = container.get("state") or {}
        ended, waiting = state.get("terminated"), state.get("waiting") or {}
        if ended is not None and ended.get("exitCode", 0) == 0:
            return ""
        if container.get("name") in self._sidecars and container.get("started"):
            self.ready += bool(container.get("ready"))
            return ""
        if ended is not None:
            return f"Init:{_end_reason(ended)}"
        if waiting.get("reason", "") not in ("", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{index}/{self._init_count}"

    def _add_containers(self, *, is_ready: bool) -> None:
        self._restarts = self._sidecar_restarts
        has_running, error = False, ""
        for container in reversed(self._status.get("containerStatuses") or ()):
            self._restarts.add(container)
            state = container.get("state") or {}
            ended, waiting = state.get("terminated"), state.get("waiting") or {}
            if waiting.get("reason"):
                self.reason = waiting["reason"]
            elif ended is not None:
                self.reason = _end_reason(ended)
                if ended.get("exitCode", 0) != 0:
                    error = self.reason
            elif container.get("ready") and state.get("running") is not None:
                has_running = True
                self.ready += 1
        if self.reason == "Completed":
            self.reason = _completed(has_running=has_running, is_ready=is_ready, error=error)


def condition_status_any(pod: Obj, type_: str) -> bool:
    return any(c["type"] == type_ and c["status"] == "True" for c in conditions(pod))


def _is_gated(condition: Mapping[str, Any]) -> bool:
    return condition["type"] == "PodScheduled" and condition.get("reason") == "SchedulingGated"


def _end_reason(ended: Obj) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    if ended.get("signal", 0):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode', 0)}"


def _completed(*, has_running: bool, is_ready: bool, error: str) -> str:
    """A pod of which one container has ended well says what the others do."""
    if has_running and is_ready:
        return "Running"
    if error:
        return error
    return "NotReady" if has_running else "Completed"


def _readiness_gates(pod: Obj) -> str:
    gates = spec(pod).get("readinessGates") or ()
    if not gates:
        return NONE
    passed = sum(condition_status(pod, gate["conditionType"]) == "True" for gate in gates)
    return f"{passed}/{len(gates)}"
