"""What objects use of a ResourceQuota. Pure. Source: pkg/quota/v1/evaluator/core."""

from collections.abc import Iterable, Mapping

from mockapi.client.protocol import Obj
from mockapi.controllers import objects
from mockapi.meta import quantity
from mockapi.meta.quantity import Quantity

ZERO = quantity.parse("0")
COMPUTE = ("cpu", "memory", "ephemeral-storage")
Usage = dict[str, Quantity]

COUNTED = {
    "configmaps": "v1/configmaps",
    "persistentvolumeclaims": "v1/persistentvolumeclaims",
    "pods": "v1/pods",
    "replicationcontrollers": "v1/replicationcontrollers",
    "resourcequotas": "v1/resourcequotas",
    "secrets": "v1/secrets",
    "services": "v1/services",
    "services.loadbalancers": "v1/services",
    "services.nodeports": "v1/services",
}
"""Which resource's objects a name of a quota counts (besides `count/...`)."""


def needs(name: str) -> str:
    """The resource (`v1/pods`) or group resource (`deployments.apps`) behind a quota's name."""
    if name.startswith("count/"):
        return name.removeprefix("count/")
    if name in COUNTED:
        return COUNTED[name]
    if name == "requests.storage" or ".storageclass.storage.k8s.io/" in name:
        return "v1/persistentvolumeclaims"
    return "v1/pods"


def pod(item: Obj) -> Usage:
    """One pod's requests and limits: of all containers together, or the largest init container."""
    usage: Usage = {"pods": quantity.parse("1")}
    spec = item["spec"]
    for part in ("requests", "limits"):
        totals: Usage = {}
        for container in spec["containers"]:
            _add(totals, _amounts(container, part))
        for container in spec.get("initContainers") or ():
            own = _amounts(container, part)
            if container.get("restartPolicy") == "Always":
                _add(totals, own)
            else:
                _raise(totals, own)
        if part == "requests" or totals:
            _add(totals, {k: quantity.parse(v) for k, v in (spec.get("overhead") or {}).items()})
        for name, amount in totals.items():
            usage[f"{part}.{name}"] = amount
            if part == "requests" and name in COMPUTE:
                usage[name] = amount
    return usage


def claim(item: Obj, storage_class: str) -> Usage:
    requests = (item["spec"].get("resources") or {}).get("requests") or {}
    size, one = quantity.parse(requests.get("storage", "0")), quantity.parse("1")
    usage = {"persistentvolumeclaims": one, "requests.storage": size}
    if storage_class:
        prefix = f"{storage_class}.storageclass.storage.k8s.io"
        usage[f"{prefix}/persistentvolumeclaims"] = one
        usage[f"{prefix}/requests.storage"] = size
    return usage


def service(item: Obj) -> Usage:
    kind, ports = item["spec"].get("type"), item["spec"].get("ports") or ()
    usage = {"services": quantity.parse("1")}
    if kind == "LoadBalancer":
        usage["services.loadbalancers"] = quantity.parse("1")
        opened = item["spec"].get("allocateLoadBalancerNodePorts", True)
        count = len(ports) if opened else sum(bool(port.get("nodePort")) for port in ports)
        usage["services.nodeports"] = quantity.parse(str(count))
    elif kind == "NodePort":
        usage["services.nodeports"] = quantity.parse(str(len(ports)))
    return usage


def counts(item: Obj) -> bool:
    """Finished pods use nothing any more."""
    return not objects.pod_finished(item)


def in_scope(quota: Obj, item: Obj) -> bool:
    """The pod is in all scopes of the quota."""
    spec = quota["spec"]
    rows = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    rows += (spec.get("scopeSelector") or {}).get("matchExpressions") or []
    return all(_matches(row, item) for row in rows)


def _matches(row: Obj, item: Obj) -> bool:
    scope, spec = row["scopeName"], item["spec"]
    limited = spec.get("activeDeadlineSeconds") is not None
    best_effort = objects.status(item).get("qosClass") == "BestEffort"
    if scope == "PriorityClass":
        return _priority(row, spec.get("priorityClassName") or "")
    return {
        "Terminating": limited,
        "NotTerminating": not limited,
        "BestEffort": best_effort,
        "NotBestEffort": not best_effort,
    }.get(scope, False)


def _priority(row: Obj, name: str) -> bool:
    operator, values = row["operator"], row.get("values") or ()
    if operator == "Exists":
        return bool(name)
    if operator == "DoesNotExist":
        return not name
    return bool((name in values) == (operator == "In"))


def total(hard: Mapping[str, str], parts: Iterable[Usage]) -> dict[str, str]:
    """The sums of what the quota limits, as text."""
    sums: Usage = dict.fromkeys(hard, ZERO)
    for part in parts:
        for name, amount in part.items():
            if name in sums:
                sums[name] = sums[name] + amount
    return {name: str(amount) for name, amount in sums.items()}


def _amounts(container: Obj, part: str) -> Usage:
    listed = (container.get("resources") or {}).get(part) or {}
    return {name: quantity.parse(text) for name, text in listed.items()}


def _add(totals: Usage, more: Usage) -> None:
    for name, amount in more.items():
        totals[name] = totals.get(name, ZERO) + amount


def _raise(totals: Usage, least: Usage) -> None:
    for name, amount in least.items():
        if name not in totals or totals[name] < amount:
            totals[name] = amount
