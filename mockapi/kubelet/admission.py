"""What a kubelet refuses although it was bound to its node. Source: lifecycle/predicate.go."""

from typing import TYPE_CHECKING, Any

from mockapi.base.clock import timestamp
from mockapi.kubelet import pressure
from mockapi.kubelet.behaviour import Rejection
from mockapi.kubelet.shape import Shape

if TYPE_CHECKING:
    from mockapi.kubelet.agent import NodeAgent
    from mockapi.kubelet.worker import PodWorker

Obj = dict[str, Any]


def refusal(pod: Obj, shape: Shape, agent: "NodeAgent") -> Rejection | None:
    """None: the pod may run here."""
    if agent.shutting_down:
        return Rejection("NodeShutdown", "Pod was rejected as the node is shutting down.")
    pressed = pressure.refusal(pod, shape.qos, agent.pressures)
    if pressed:
        return Rejection("Evicted", pressed)
    os_name = ((pod["spec"].get("os") or {}).get("name")) or "linux"
    if os_name != "linux":
        return Rejection(
            "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"
        )
    short = agent.lacks(shape)
    if short is not None:
        name, requested, used, capacity = short
        return Rejection(
            f"OutOf{name}",
            f"Node didn't have enough resource: {name}, requested: {requested}, used: {used}, "
            f"capacity: {capacity}",
        )
    return None


def rejected_status(worker: "PodWorker", refusal: Rejection) -> Obj:
    """The whole status of a pod that was never begun."""
    status: Obj = {}
    generation = worker.pod["metadata"].get("generation", 0)
    if generation:
        status["observedGeneration"] = generation
    status["phase"] = "Failed"
    status["message"] = f"Pod was rejected: {refusal.message}"
    status["reason"] = refusal.reason
    status["startTime"] = timestamp(worker.now)
    status["qosClass"] = worker.shape.qos
    return status
