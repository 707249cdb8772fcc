"""Taints and tolerations as controllers see them. Pure."""

from collections.abc import Iterable, Sequence

from mockapi.client.protocol import Obj
from mockapi.controllers import objects
from mockapi.meta.tolerations import tolerates

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"

BY_CONDITION: dict[str, dict[str, str]] = {
    "Ready": {"False": NOT_READY, "Unknown": UNREACHABLE},
    "MemoryPressure": {"True": "node.kubernetes.io/memory-pressure"},
    "DiskPressure": {"True": "node.kubernetes.io/disk-pressure"},
    "NetworkUnavailable": {"True": "node.kubernetes.io/network-unavailable"},
    "PIDPressure": {"True": "node.kubernetes.io/pid-pressure"},
}
"""Which NoSchedule taint a node's condition brings."""

_OWN = {UNSCHEDULABLE, *(key for row in BY_CONDITION.values() for key in row.values())}


def of(node: Obj) -> list[Obj]:
    return node["spec"].get("taints") or []


def no_execute(node: Obj) -> list[Obj]:
    return [taint for taint in of(node) if taint.get("effect") == "NoExecute"]


def same(one: Obj, two: Obj) -> bool:
    """Equal by key and effect, which is what makes a taint."""
    return bool(one["key"] == two["key"] and one.get("effect") == two.get("effect"))


def has(node: Obj, key: str, effect: str) -> bool:
    return any(taint["key"] == key and taint.get("effect") == effect for taint in of(node))


def wanted(node: Obj) -> list[str]:
    """Keys of the NoSchedule taints that the node's conditions and spec ask for."""
    keys = []
    for condition in objects.status(node).get("conditions") or ():
        key = BY_CONDITION.get(condition["type"], {}).get(condition.get("status", ""))
        if key is not None:
            keys.append(key)
    if node["spec"].get("unschedulable"):
        keys.append(UNSCHEDULABLE)
    return keys


def difference(node: Obj) -> tuple[list[str], list[str]]:
    """Keys of NoSchedule taints to add and to remove."""
    keys = wanted(node)
    present = [
        taint["key"]
        for taint in of(node)
        if taint.get("effect") == "NoSchedule" and taint["key"] in _OWN
    ]
    return [k for k in keys if k not in present], [k for k in present if k not in keys]


def matching(taints: Iterable[Obj], tolerations: Sequence[Obj]) -> list[Obj] | None:
    """The toleration used for each taint; None when a taint is not tolerated."""
    used = []
    for taint in taints:
        found = next((t for t in tolerations if tolerates(t, taint)), None)
        if found is None:
            return None
        used.append(found)
    return used


def patience(used: Iterable[Obj]) -> float | None:
    """Seconds the used tolerations allow, None: for ever."""
    seconds = [t["tolerationSeconds"] for t in used if t.get("tolerationSeconds") is not None]
    return max(0.0, float(min(seconds))) if seconds else None
