"""The core group but for pods."""

from typing import Final

from mockapi.resources.defaults.filling import (
    Defaulter,
    Obj,
    both,
    fill,
    filler,
    inner,
    pointers,
    rounds,
)

CORE: Final = "io.k8s.api.core.v1."


def replication_controller(obj: Obj) -> None:
    spec = obj["spec"]
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if not labels:
        return
    if not spec.get("selector"):
        spec["selector"] = dict(labels)
    metadata = inner(obj, "metadata")
    if not metadata.get("labels"):
        metadata["labels"] = dict(labels)


def service(obj: Obj) -> None:
    spec = obj["spec"]
    fill(spec, "type", "ClusterIP")
    kind = spec["type"]
    _session_affinity(spec)
    for port in spec.get("ports") or ():
        if not port.get("protocol"):
            port["protocol"] = "TCP"
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    is_reachable = kind in ("LoadBalancer", "NodePort")
    if is_reachable or (kind == "ClusterIP" and spec.get("externalIPs")):
        fill(spec, "externalTrafficPolicy", "Cluster")
    if kind in ("ClusterIP", "NodePort", "LoadBalancer") and "internalTrafficPolicy" not in spec:
        spec["internalTrafficPolicy"] = "Cluster"
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
        for ingress in (obj["status"].get("loadBalancer") or {}).get("ingress") or ():
            if ingress.get("ip"):
                ingress.setdefault("ipMode", "VIP")


def _session_affinity(spec: Obj) -> None:
    fill(spec, "sessionAffinity", "None")
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        config = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
        if config.get("timeoutSeconds") is None:
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": 10800}}


def persistent_volume(obj: Obj) -> None:
    fill(obj["status"], "phase", "Pending")
    fill(obj["spec"], "persistentVolumeReclaimPolicy", "Retain")
    obj["spec"].setdefault("volumeMode", "Filesystem")


def claim(obj: Obj) -> None:
    fill(obj["status"], "phase", "Pending")


def endpoints(obj: Obj) -> None:
    for subset in obj.get("subsets") or ():
        for port in subset.get("ports") or ():
            fill(port, "protocol", "TCP")


def namespace(obj: Obj) -> None:
    metadata = inner(obj, "metadata")
    if metadata.get("name"):
        inner(metadata, "labels")["kubernetes.io/metadata.name"] = metadata["name"]


def node_status(obj: Obj) -> None:
    if not obj.get("allocatable") and obj.get("capacity"):
        obj["allocatable"] = dict(obj["capacity"])


def limit_range_item(obj: Obj) -> None:
    """Of containers: max -> default -> defaultRequest <- min."""
    if obj.get("type") != "Container":
        return
    default, request = dict(obj.get("default") or {}), dict(obj.get("defaultRequest") or {})
    largest, least = obj.get("max") or {}, obj.get("min") or {}
    for source, target in ((largest, default), (default, request), (least, request)):
        for name, amount in source.items():
            target.setdefault(name, amount)
    for key, amounts in (("default", default), ("defaultRequest", request)):
        if amounts:
            obj[key] = amounts


DEFAULTS: Final[dict[str, Defaulter]] = {
    f"{CORE}ReplicationController": replication_controller,
    f"{CORE}Service": service,
    f"{CORE}Secret": filler(type="Opaque"),
    f"{CORE}PersistentVolume": persistent_volume,
    f"{CORE}PersistentVolumeSpec": rounds("capacity"),
    f"{CORE}PersistentVolumeClaim": claim,
    f"{CORE}PersistentVolumeClaimSpec": pointers(volumeMode="Filesystem"),
    f"{CORE}PersistentVolumeClaimStatus": rounds("capacity", "allocatedResources"),
    f"{CORE}Endpoints": endpoints,
    f"{CORE}Namespace": namespace,
    f"{CORE}NamespaceStatus": filler(phase="Active"),
    f"{CORE}NodeStatus": both(node_status, rounds("capacity", "allocatable")),
    f"{CORE}LimitRangeItem": both(
        limit_range_item,
        rounds("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"),
    ),
    f"{CORE}ResourceQuotaSpec": rounds("hard"),
    f"{CORE}ResourceQuotaStatus": rounds("hard", "used"),
}
