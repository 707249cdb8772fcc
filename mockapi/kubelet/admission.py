"""What a kubelet refuses although it was bound to its node. Source: lifecycle/predicate.go,
scheduler AdmissionCheck."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mockapi.base.clock import timestamp
from mockapi.kubelet import pressure
from mockapi.kubelet.behaviour import Rejection
from mockapi.kubelet.shape import Shape
from mockapi.meta import node_selection
from mockapi.meta.host_ports import HostPort, host_ports, ports_conflict
from mockapi.meta.tolerations import untolerated

if TYPE_CHECKING:
    from mockapi.kubelet.agent import NodeAgent
    from mockapi.kubelet.worker import PodWorker

Obj = dict[str, Any]

SAFE_SYSCTLS = frozenset(
    (
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
        "net.ipv4.tcp_slow_start_after_idle",
        "net.ipv4.tcp_notsent_lowat",
    )
)
"""Source: sysctl/safe_sysctls.go, for the kernel that our nodes have."""
_HOST_NAMESPACES = (
    ("hostIPC", "ipc", "kernel.shm"),
    ("hostNetwork", "net", "net."),
)
_OS_LABEL = "kubernetes.io/os"
_FIRST = ("cpu", "memory", "ephemeral-storage")


@dataclass(frozen=True, slots=True)
class Occupied:
    """What other pods have of a node: amounts in whole units, host ports, and how many they are."""

    amounts: Mapping[str, int]
    ports: frozenset[HostPort]
    count: int


def refusal(pod: Obj, shape: Shape, agent: "NodeAgent") -> Rejection | None:
    """None: the pod may run here. The handlers in the order of kubelet.go."""
    pressed = pressure.refusal(pod, shape.qos, agent.pressures)
    if pressed:
        return Rejection("Evicted", pressed)
    used = agent.occupied(shape, ports=bool(host_ports(pod["spec"])))
    refused = _sysctl_refusal(pod["spec"]) or predicate_refusal(
        pod, shape.requests, agent.node, agent.allocatable, used
    )
    if refused is None and agent.shutting_down:
        return Rejection("NodeShutdown", "Pod was rejected as the node is shutting down.")
    return refused


def _sysctl_refusal(spec: Obj) -> Rejection | None:
    """Source: sysctl/allowlist.go."""
    for sysctl in (spec.get("securityContext") or {}).get("sysctls") or ():
        name = str(sysctl["name"]).replace("/", ".")
        if name not in SAFE_SYSCTLS:
            return Rejection("SysctlForbidden", f'forbidden sysctl: "{name}" not allowlisted')
        for flag, namespace, prefix in _HOST_NAMESPACES:
            if spec.get(flag) and name.startswith(prefix):
                text = f'forbidden sysctl: "{name}" not allowed with host {namespace} enabled'
                return Rejection("SysctlForbidden", text)
    return None


def predicate_refusal(
    pod: Obj, wanted: Mapping[str, int], node: Obj, allocatable: Mapping[str, int], used: Occupied
) -> Rejection | None:
    """What the scheduler would not have allowed either. `wanted`: the pod's requests."""
    spec, metadata = pod["spec"], pod["metadata"]
    if (metadata.get("labels") or {}).get(_OS_LABEL, "linux") != "linux":
        text = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label"
        return Rejection("PodOSSelectorNodeLabelDoesNotMatch", text)
    if ((spec.get("os") or {}).get("name") or "linux") != "linux":
        text = "Failed to admit pod as the OS field doesn't match node OS"
        return Rejection("PodOSNotSupported", text)
    short = shortage(wanted, allocatable, used) if allocatable else None
    if short is not None:
        return short.rejection()
    return _mismatch(pod, node, used)


def _mismatch(pod: Obj, node: Obj, used: Occupied) -> Rejection | None:
    spec = pod["spec"]
    labels = {_OS_LABEL: "linux", **(node["metadata"].get("labels") or {})}
    match = node_selection.required_match(spec)
    if match is not None and not match(node["metadata"]["name"], labels):
        return _predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
    if used.ports and ports_conflict(host_ports(spec), used.ports):
        text = "node(s) didn't have free ports for the requested pod ports"
        return _predicate("NodePorts", text)
    taints = (node.get("spec") or {}).get("taints") or ()
    expelling = [taint for taint in taints if taint.get("effect") == "NoExecute"]
    if not pressure.is_static(pod) and untolerated(expelling, spec.get("tolerations") or ()):
        text = "node(s) had taints that the pod didn't tolerate"
        return _predicate("TaintToleration", text)
    return None


def _predicate(name: str, why: str) -> Rejection:
    return Rejection(name, f"Predicate {name} failed: {why}")


@dataclass(frozen=True, slots=True)
class Shortage:
    """Of one resource; cpu in milli, everything else in whole units."""

    name: str
    requested: int
    used: int
    capacity: int

    def rejection(self) -> Rejection:
        return Rejection(
            f"OutOf{self.name}",
            f"Node didn't have enough resource: {self.name}, requested: {self.requested}, "
            f"used: {self.used}, capacity: {self.capacity}",
        )


def shortage(
    wanted: Mapping[str, int], allocatable: Mapping[str, int], used: Occupied
) -> Shortage | None:
    """The first resource that is short. Source: scheduler noderesources.Fits."""
    room = allocatable.get("pods", 0)
    if used.count + 1 > room:
        return Shortage("pods", 1, used.count, room)
    for name in sorted(wanted, key=_resource_order):
        value, capacity = wanted[name], allocatable.get(name, 0)
        if not value or (name not in allocatable and _is_extended(name)):
            # Resources that a node does not know are the cluster's own affair.
            continue
        held = used.amounts.get(name, 0)
        if value > capacity - held:
            return Shortage(name, value, held, capacity)
    return None


def _resource_order(name: str) -> tuple[int, str]:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST), name


def _is_extended(name: str) -> bool:
    """Source: apis/core/v1/helper IsExtendedResourceName."""
    domain = name.partition("/")[0] if "/" in name else ""
    return bool(domain) and not domain.endswith("kubernetes.io") and "requests." not in name


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
