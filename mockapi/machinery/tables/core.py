"""Rows of the core group's kinds but pods. Source: kubernetes pkg/printers/internalversion."""

from collections.abc import Sequence

from mockapi.machinery.tables.ages import Ages
from mockapi.machinery.tables.parts import (
    NONE,
    UNSET,
    Cells,
    Obj,
    age,
    annotations,
    conditions,
    containers,
    is_deleted,
    labels,
    name,
    spec,
    status,
    template,
)

BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
ROLE_PREFIX = "node-role.kubernetes.io/"
ACCESS_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def pod_template(obj: Obj, ages: Ages) -> Cells:
    inner = obj.get("template") or {}
    cells = containers(inner.get("spec") or {})
    return [name(obj), *cells, labels((inner.get("metadata") or {}).get("labels"))]


def replication_controller(obj: Obj, ages: Ages) -> Cells:
    found = status(obj)
    replicas = [spec(obj).get("replicas") or 0, found.get("replicas", 0)]
    cells = [name(obj), *replicas, found.get("readyReplicas", 0), age(obj, ages)]
    return [*cells, *containers(template(obj)), labels(spec(obj).get("selector"))]


def service(obj: Obj, ages: Ages) -> Cells:
    found = spec(obj)
    return [
        name(obj),
        found.get("type", ""),
        next(iter(found.get("clusterIPs") or ()), NONE),
        _external_ip(obj),
        ",".join(map(_port, found.get("ports") or ())) or NONE,
        age(obj, ages),
        labels(found.get("selector")),
    ]


def _external_ip(service: Obj) -> str:
    found = spec(service)
    externals = found.get("externalIPs") or []
    match found.get("type"):
        case "ClusterIP" | "NodePort":
            return ",".join(externals) or NONE
        case "LoadBalancer":
            balancers = load_balancers(status(service).get("loadBalancer"))
            return ",".join([*balancers, *externals]) or "<pending>"
        case "ExternalName":
            return str(found.get("externalName", ""))
    return "<unknown>"


def load_balancers(found: Obj | None) -> list[str]:
    """Addresses of a load balancer status, sorted, each once."""
    ingress = (found or {}).get("ingress") or ()
    return sorted({i.get("ip") or i.get("hostname") or "" for i in ingress} - {""})


def _port(port: Obj) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort", 0) > 0 else ""
    return f"{port['port']}{node}/{port.get('protocol', '')}"


def endpoints(obj: Obj, ages: Ages) -> Cells:
    return [name(obj), _addresses(obj.get("subsets") or ()), age(obj, ages)]


def _addresses(subsets: Sequence[Obj]) -> str:
    if not subsets:
        return NONE
    found: list[str] = []
    for subset in subsets:
        ips = [address["ip"] for address in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        found += ips if not ports else [_join(ip, port["port"]) for port in ports for ip in ips]
    text = ",".join(found[:3])
    return f"{text} + {len(found) - 3} more..." if len(found) > 3 else text


def _join(ip: str, port: int) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def node(obj: Obj, ages: Ages) -> Cells:
    info = status(obj).get("nodeInfo") or {}
    kernel = info.get("kernelVersion") or "<unknown>"
    if info.get("architecture"):
        kernel += f" ({info['architecture']})"
    return [
        name(obj),
        _node_status(obj),
        ",".join(_roles(obj)) or NONE,
        age(obj, ages),
        info.get("kubeletVersion", ""),
        _address(obj, "InternalIP"),
        _address(obj, "ExternalIP"),
        info.get("osImage") or "<unknown>",
        kernel,
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


def _node_status(node: Obj) -> str:
    ready = [c["status"] for c in conditions(node) if c["type"] == "Ready"]
    text = "Unknown" if not ready else "Ready" if ready[-1] == "True" else "NotReady"
    return f"{text},SchedulingDisabled" if spec(node).get("unschedulable") else text


def _roles(node: Obj) -> list[str]:
    found = set()
    for key, value in (node["metadata"].get("labels") or {}).items():
        if key.startswith(ROLE_PREFIX):
            found.add(key.removeprefix(ROLE_PREFIX))
        elif key == "kubernetes.io/role":
            found.add(value)
    return sorted(found - {""})


def _address(node: Obj, type_: str) -> str:
    addresses = status(node).get("addresses") or ()
    return next((str(a["address"]) for a in addresses if a["type"] == type_), NONE)


def event(obj: Obj, ages: Ages) -> Cells:
    """Of core/v1 and of events.k8s.io/v1, whose fields have other names."""
    first = obj.get("firstTimestamp") or obj.get("deprecatedFirstTimestamp") or obj.get("eventTime")
    last = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp") or first
    count = obj.get("count") or obj.get("deprecatedCount") or 1
    series = obj.get("series")
    if series is not None:
        last, count = series.get("lastObservedTime"), series.get("count", 0)
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    kind = str(about.get("kind", "")).lower()
    return [
        ages.since(last),
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{kind}/{about['name']}" if about.get("name") else kind,
        about.get("fieldPath", ""),
        _event_source(obj),
        str(obj.get("message") or obj.get("note") or "").strip(),
        ages.since(first),
        count,
        name(obj),
    ]


def _event_source(event: Obj) -> str:
    source = event.get("source") or event.get("deprecatedSource") or {}
    reporter = event.get("reportingComponent") or event.get("reportingController") or ""
    component = source.get("component") or reporter
    host = source.get("host") or event.get("reportingInstance") or ""
    return f"{component}, {host}" if host else str(component)


def namespace(obj: Obj, ages: Ages) -> Cells:
    return [name(obj), status(obj).get("phase", ""), age(obj, ages)]


def secret(obj: Obj, ages: Ages) -> Cells:
    return [name(obj), obj.get("type", ""), len(obj.get("data") or ()), age(obj, ages)]


def service_account(obj: Obj, ages: Ages) -> Cells:
    return [name(obj), age(obj, ages)]


def config_map(obj: Obj, ages: Ages) -> Cells:
    count = len(obj.get("data") or ()) + len(obj.get("binaryData") or ())
    return [name(obj), count, age(obj, ages)]


def persistent_volume(obj: Obj, ages: Ages) -> Cells:
    found, claim = spec(obj), spec(obj).get("claimRef")
    return [
        name(obj),
        (found.get("capacity") or {}).get("storage", "0"),
        access_modes(found.get("accessModes")),
        found.get("persistentVolumeReclaimPolicy", ""),
        "Terminating" if is_deleted(obj) else status(obj).get("phase", ""),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        annotations(obj).get(BETA_CLASS, found.get("storageClassName", "")),
        _or_unset(found.get("volumeAttributesClassName")),
        status(obj).get("reason", ""),
        age(obj, ages),
        _or_unset(found.get("volumeMode")),
    ]


def persistent_volume_claim(obj: Obj, ages: Ages) -> Cells:
    found, bound = spec(obj), bool(spec(obj).get("volumeName"))
    capacity = (status(obj).get("capacity") or {}).get("storage", "0")
    return [
        name(obj),
        "Terminating" if is_deleted(obj) else status(obj).get("phase", ""),
        found.get("volumeName", ""),
        capacity if bound else "",
        access_modes(status(obj).get("accessModes")) if bound else "",
        annotations(obj).get(BETA_CLASS, found.get("storageClassName") or ""),
        _or_unset(found.get("volumeAttributesClassName")),
        age(obj, ages),
        _or_unset(found.get("volumeMode")),
    ]


def access_modes(modes: Sequence[str] | None) -> str:
    return ",".join(short for mode, short in ACCESS_MODES.items() if mode in (modes or ()))


def _or_unset(value: str | None) -> str:
    return UNSET if value is None else value


def component_status(obj: Obj, ages: Ages) -> Cells:
    healthy = [c for c in obj.get("conditions") or () if c["type"] == "Healthy"]
    if not healthy:
        return [name(obj), "Unknown", "", ""]
    first = healthy[0]
    text = "Healthy" if first["status"] == "True" else "Unhealthy"
    return [name(obj), text, first.get("message", ""), first.get("error", "")]


def resource_quota(obj: Obj, ages: Ages) -> Cells:
    hard, used = status(obj).get("hard") or {}, status(obj).get("used") or {}
    requests: list[str] = []
    limits: list[str] = []
    for resource in sorted(hard):
        text = f"{resource}: {used.get(resource, '0')}/{hard[resource]}"
        (limits if resource.startswith("limits.") else requests).append(text)
    return [name(obj), ", ".join(requests), ", ".join(limits), age(obj, ages)]
