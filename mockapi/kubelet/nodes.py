"""Nodes as a kubelet registers them: shapes, capacity, conditions, addresses.

Source: pkg/kubelet/kubelet_node_status.go, nodestatus/setters.go.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mockapi.base.clock import timestamp
from mockapi.kubelet import amounts
from mockapi.meta import csi

Obj = dict[str, Any]

KUBELET_VERSION = "v1.37.2"
RUNTIME_VERSION = "containerd://2.1.4"
_MEMORY_RESERVE = 100 * 1024 * 1024
"""The default hard eviction threshold, taken off what pods may use."""
_NAMESPACE = uuid.UUID("6d6f636b-6170-6900-8000-6e6f64657300")


@dataclass(frozen=True, slots=True)
class NodeShape:
    """One kind of node, `count` of them."""

    count: int = 1
    name: str = "node"
    """They are called name-1, name-2, ...; a single one with `exact_name` is called name."""
    exact_name: bool = False
    capacity: Mapping[str, str] = field(default_factory=dict)
    allocatable: Mapping[str, str] = field(default_factory=dict)
    """Where it is not what follows from the capacity."""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Mapping[str, str]] = ()
    static_pods: Sequence[Obj] = ()
    """Manifests that each of them runs."""

    def names(self) -> list[str]:
        if self.exact_name:
            return [self.name]
        return [f"{self.name}-{index}" for index in range(1, self.count + 1)]


DEFAULT_CAPACITY = {
    "cpu": "8",
    "ephemeral-storage": "102350Mi",
    "hugepages-1Gi": "0",
    "hugepages-2Mi": "0",
    "memory": "32Gi",
    "pods": "110",
}


def capacity_of(shape: NodeShape) -> dict[str, str]:
    return dict(sorted({**DEFAULT_CAPACITY, **shape.capacity}.items()))


def allocatable_of(capacity: Mapping[str, str]) -> dict[str, str]:
    """Without what is kept back for the hard eviction thresholds."""
    out = dict(capacity)
    memory = amounts.units("memory", capacity.get("memory", "0"))
    if memory > 2 * _MEMORY_RESERVE:
        out["memory"] = f"{(memory - _MEMORY_RESERVE) // 1024}Ki"
    storage = amounts.units("ephemeral-storage", capacity.get("ephemeral-storage", "0"))
    if storage:
        out["ephemeral-storage"] = str(storage - storage // 10)
    return out


def node_ip(index: int) -> str:
    """172.18.0.2 and on."""
    number = index + 2
    return (
        f"172.18.{number >> 8 & 255}.{number & 255}"
        if number < 65536
        else (f"172.{19 + (number >> 16)}.{number >> 8 & 255}.{number & 255}")
    )


def pod_cidr(index: int) -> str:
    """Where pods of a node get their addresses while the node has no podCIDR: 10.244.0.0/24 on."""
    block, low = divmod(index, 256)
    high = 244 + block if block < 12 else 128 + (block - 12) % 116
    return f"10.{high}.{low}.0/24"


def machine_ids(name: str) -> tuple[str, str, str]:
    """machineID, systemUUID and bootID: the same for a name on every run."""
    machine, system, boot = (uuid.uuid5(_NAMESPACE, f"{name}/{kind}") for kind in "msb")
    return machine.hex, str(system), str(boot)


@dataclass(frozen=True, slots=True)
class Troubles:
    """What is wrong with a node."""

    memory: bool = False
    disk: bool = False
    pid: bool = False
    not_ready: Sequence[str] = ()
    """The errors behind Ready=False."""


HEALTHY = Troubles()

_PRESSURES = (
    (
        "MemoryPressure",
        "memory",
        ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
        ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("NodeHasInsufficientMemory", "NodeHasSufficientMemory"),
    ),
    (
        "DiskPressure",
        "disk",
        ("KubeletHasDiskPressure", "kubelet has disk pressure"),
        ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("NodeHasDiskPressure", "NodeHasNoDiskPressure"),
    ),
    (
        "PIDPressure",
        "pid",
        ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
        ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("NodeHasInsufficientPID", "NodeHasSufficientPID"),
    ),
)


def node_conditions(
    troubles: Troubles, old: Sequence[Obj], now: float
) -> tuple[list[Obj], list[str]]:
    """The conditions a kubelet keeps (others stay as they are) and the events that go with it."""
    before = {c["type"]: c for c in old}
    moment = timestamp(now)
    fresh: dict[str, Obj] = {}
    events: list[str] = []
    for kind, name, bad, good, (bad_event, good_event) in _PRESSURES:
        pressed = bool(getattr(troubles, name))
        status = "True" if pressed else "False"
        reason, message = bad if pressed else good
        if before.get(kind, {}).get("status") == status:
            fresh[kind] = {**before[kind], "lastHeartbeatTime": moment}
            continue
        fresh[kind] = _condition(kind, status, reason, message, before.get(kind), moment)
        events.append(bad_event if pressed else good_event)
    errors = list(dict.fromkeys(troubles.not_ready))
    if errors:
        message = errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"
        ready = ("False", "KubeletNotReady", message)
    else:
        ready = ("True", "KubeletReady", "kubelet is posting ready status")
    fresh["Ready"] = _condition("Ready", *ready, before.get("Ready"), moment)
    if "Ready" in before and before["Ready"]["status"] != ready[0]:
        events.append("NodeNotReady" if errors else "NodeReady")
    kept = [fresh.pop(c["type"], c) for c in old]
    return [*kept, *fresh.values()], events


def _condition(
    kind: str, status: str, reason: str, message: str, before: Obj | None, now: str
) -> Obj:
    same = before is not None and before["status"] == status
    return {
        "type": kind,
        "status": status,
        "lastHeartbeatTime": now,
        "lastTransitionTime": before["lastTransitionTime"] if same and before else now,
        "reason": reason,
        "message": message,
    }


def labels_of(name: str, extra: Mapping[str, str]) -> dict[str, str]:
    return {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        **extra,
    }


def status_of(
    name: str, address: str, capacity: Mapping[str, str], now: float, *, version: str
) -> Obj:
    """The NodeStatus of a node that is well."""
    machine, system, boot = machine_ids(name)
    conditions, _ = node_conditions(HEALTHY, (), now)
    return {
        "capacity": dict(capacity),
        "allocatable": allocatable_of(capacity),
        "conditions": conditions,
        "addresses": [
            {"type": "InternalIP", "address": address},
            {"type": "Hostname", "address": name},
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "machineID": machine,
            "systemUUID": system,
            "bootID": boot,
            "kernelVersion": "6.12.48",
            "osImage": "Debian GNU/Linux 13 (trixie)",
            "containerRuntimeVersion": RUNTIME_VERSION,
            "kubeletVersion": version,
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": "amd64",
        },
        "runtimeHandlers": [
            {"name": handler, "features": {"recursiveReadOnlyMounts": True, "userNamespaces": True}}
            for handler in ("", "runc")
        ],
        "features": {"supplementalGroupsPolicy": True},
    }


def node_object(
    name: str, address: str, shape: NodeShape, now: float, *, version: str = KUBELET_VERSION
) -> Obj:
    """The Node that a kubelet registers."""
    node: Obj = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": labels_of(name, shape.labels),
            "annotations": {
                csi.MANAGED: "true",
                **shape.annotations,
            },
        },
        "spec": {},
        "status": status_of(name, address, capacity_of(shape), now, version=version),
    }
    node["status"]["allocatable"].update(shape.allocatable)
    if shape.taints:
        node["spec"]["taints"] = [dict(taint) for taint in shape.taints]
    return node
