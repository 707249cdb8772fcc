"""Node-pressure eviction: who goes first and what is said. Source: pkg/kubelet/eviction/helpers.go.

Pure. The default hard thresholds: memory.available<100Mi, nodefs.available<10%.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mockapi.kubelet import amounts
from mockapi.kubelet.shape import pod_amounts
from mockapi.kubelet.usage import Figures
from mockapi.meta.quantity import canonical

Obj = dict[str, Any]

CRITICAL_PRIORITY = 2_000_000_000
RESOURCES = {"memory": "memory", "disk": "ephemeral-storage", "pid": "pids"}
"""What is starved by each kind of pressure."""
MEMORY_THRESHOLD = 100 * 1024 * 1024
DISK_SHARE = 0.1


def threshold(kind: str, capacity: Mapping[str, str]) -> int | None:
    """In bytes; None where nothing is set by default (pids)."""
    if kind == "memory":
        return MEMORY_THRESHOLD
    if kind == "disk":
        return int(amounts.units("x", capacity.get("ephemeral-storage", "0")) * DISK_SHARE)
    return None


def is_static(pod: Obj) -> bool:
    """Its own kubelet has made it, or it is the mirror of such a pod (types.IsStaticPod)."""
    annotations = pod["metadata"].get("annotations") or {}
    source = annotations.get("kubernetes.io/config.source", "api")
    return source != "api" or "kubernetes.io/config.mirror" in annotations


def is_critical(pod: Obj) -> bool:
    """Static and mirror pods, and those of the system's own priority (types.IsCriticalPod)."""
    return is_static(pod) or int(pod["spec"].get("priority") or 0) >= CRITICAL_PRIORITY


def ranked(kind: str, pods: Sequence[Obj], figures: Mapping[str, Figures]) -> list[Obj]:
    """In the order in which they are evicted: over their requests first, then by priority, then by
    how much they are over. `figures` by pod uid."""

    def over(pod: Obj) -> float:
        if kind != "memory":
            return 0.0
        asked = pod_amounts(pod["spec"], "requests").get("memory", "0")
        return figures.get(pod["metadata"]["uid"], (0.0, 0.0))[1] - amounts.quantity(asked)

    def order(pod: Obj) -> tuple[bool, int, float]:
        return over(pod) <= 0, int(pod["spec"].get("priority") or 0), -over(pod)

    return sorted((pod for pod in pods if not is_critical(pod)), key=order)


def message(
    kind: str, pod: Obj, containers: Mapping[str, Figures], limit: int | None, available: int | None
) -> str:
    """Why this pod is evicted. `containers`: what each of its containers uses."""
    resource = RESOURCES[kind]
    text = f"The node was low on resource: {resource}. "
    if limit is not None and available is not None:
        text += f"Threshold quantity: {binary(limit)}, available: {binary(available)}. "
    for name, used, asked in _exceeding(kind, pod, containers):
        text += (
            f"Container {name} was using {used}, request is {asked}, "
            f"has larger consumption of {resource}. "
        )
    return text


def _exceeding(
    kind: str, pod: Obj, containers: Mapping[str, Figures]
) -> Iterator[tuple[str, str, str]]:
    """Name, use and request of the containers that use more than they asked for."""
    if kind != "memory":
        return
    spec = pod["spec"]
    for container in (*spec["containers"], *(spec.get("initContainers") or ())):
        used = int(containers.get(container["name"], (0.0, 0.0))[1])
        asked = ((container.get("resources") or {}).get("requests") or {}).get("memory", "0")
        if used > amounts.quantity(asked):
            yield container["name"], binary(used), canonical(str(asked))


def annotations(kind: str, pod: Obj, containers: Mapping[str, Figures]) -> dict[str, str]:
    """Of the event about the eviction."""
    found = list(_exceeding(kind, pod, containers))
    return {
        "offending_containers": ",".join(name for name, _, _ in found),
        "offending_containers_usage": ",".join(used for _, used, _ in found),
        "starved_resource": RESOURCES[kind],
    }


def binary(value: int) -> str:
    """A number of bytes as a quantity in powers of 1024."""
    return amounts.text("memory", value, True)


def refusal(pod: Obj, qos: str, pressures: Sequence[str]) -> str:
    """Why a node under pressure does not take a pod on, empty when it does."""
    if not pressures or is_critical(pod):
        return ""
    if list(pressures) == ["MemoryPressure"] and (
        qos != "BestEffort" or _tolerates_memory_pressure(pod)
    ):
        return ""
    return f"The node had condition: [{' '.join(pressures)}]. "


def _tolerates_memory_pressure(pod: Obj) -> bool:
    key = "node.kubernetes.io/memory-pressure"
    for toleration in pod["spec"].get("tolerations") or ():
        if toleration.get("effect") not in (None, "", "NoSchedule"):
            continue
        exists = toleration.get("operator") == "Exists"
        if toleration.get("key") == key and (exists or not toleration.get("value")):
            return True
        if exists and not toleration.get("key"):
            return True
    return False
