"""What one object uses of a ResourceQuota. Pure. Source: pkg/quota/v1/evaluator/core."""

from collections.abc import Iterable

from mockapi.machinery.admission import amounts
from mockapi.machinery.admission.amounts import ONE, ZERO, Amounts
from mockapi.machinery.resource import Obj
from mockapi.meta import quantity

BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
_ALIASES = frozenset(("configmaps", "resourcequotas", "replicationcontrollers", "secrets"))
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_POD_NAMES = frozenset(
    (
        "count/pods",
        "pods",
        *_COMPUTE,
        *(f"requests.{name}" for name in _COMPUTE),
        *(f"limits.{name}" for name in _COMPUTE),
    )
)
_SERVICE_NAMES = frozenset(
    ("count/services", "services", "services.nodeports", "services.loadbalancers")
)
_CLAIM_NAMES = ("persistentvolumeclaims", "requests.storage")
_BY_CLASS = ".storageclass.storage.k8s.io/"


def names(bucket: str, hard: Iterable[str]) -> list[str]:
    """Those names of a quota that objects of a resource use."""
    if bucket == "pods":
        return [name for name in hard if name in _POD_NAMES or _of_pods(name)]
    if bucket == "services":
        return [name for name in hard if name in _SERVICE_NAMES]
    if bucket == "persistentvolumeclaims":
        return [name for name in hard if _of_claims(name)]
    counted = {f"count/{bucket}", bucket} if bucket in _ALIASES else {f"count/{bucket}"}
    return [name for name in hard if name in counted]


def _of_pods(name: str) -> bool:
    if name.startswith(("hugepages-", "requests.hugepages-")):
        return True
    return name.startswith("requests.") and "/" in name and "kubernetes.io/" not in name


def _of_claims(name: str) -> bool:
    if name == "count/persistentvolumeclaims" or name in _CLAIM_NAMES:
        return True
    return name.endswith(tuple(_BY_CLASS + own for own in _CLAIM_NAMES))


def usage(bucket: str, obj: Obj) -> Amounts:
    """What an object uses, by the names of quotas."""
    if bucket == "pods":
        return _pod(obj)
    if bucket == "services":
        return _service(obj)
    if bucket == "persistentvolumeclaims":
        return _claim(obj)
    used = {f"count/{bucket}": ONE}
    return {**used, bucket: ONE} if bucket in _ALIASES else used


def _pod(pod: Obj) -> Amounts:
    if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
        return {"count/pods": ONE}
    requests = amounts.of_pod(pod["spec"], "requests", overhead=True)
    limits = amounts.of_pod(pod["spec"], "limits", overhead=True)
    return {"count/pods": ONE, **compute(requests, limits)}


def compute(requests: Amounts, limits: Amounts) -> Amounts:
    """Requests and limits under the names that quotas have for them."""
    used = {"pods": ONE}
    for name, amount in requests.items():
        if name in _COMPUTE or name.startswith("hugepages-"):
            used[name] = used[f"requests.{name}"] = amount
        elif "/" in name:
            used[f"requests.{name}"] = amount
    return used | {f"limits.{name}": limits[name] for name in _COMPUTE if name in limits}


def _service(service: Obj) -> Amounts:
    spec = service["spec"]
    kind, ports = spec.get("type"), spec.get("ports") or ()
    balanced = kind == "LoadBalancer"
    opened = len(ports) if kind in ("NodePort", "LoadBalancer") else 0
    if balanced and spec.get("allocateLoadBalancerNodePorts") is False:
        opened = sum(1 for port in ports if port.get("nodePort"))
    return {
        "count/services": ONE,
        "services": ONE,
        "services.nodeports": quantity.parse(str(opened)),
        "services.loadbalancers": ONE if balanced else ZERO,
    }


def storage_class(claim: Obj) -> str:
    """The class that a claim asks for; an old annotation comes first."""
    annotations = claim["metadata"].get("annotations") or {}
    if BETA_CLASS in annotations:
        return str(annotations[BETA_CLASS])
    return str(claim["spec"].get("storageClassName") or "")


def _claim(claim: Obj) -> Amounts:
    used = {"persistentvolumeclaims": ONE}
    size = amounts.of(claim["spec"], "requests").get("storage")
    if size is not None:
        allocated = (claim.get("status") or {}).get("allocatedResources") or {}
        granted = amounts.parsed(allocated).get("storage", size)
        used["requests.storage"] = max(size, granted).round_up(0)
    chosen = storage_class(claim)
    by_class = {f"{chosen}{_BY_CLASS}{name}": used[name] for name in used} if chosen else {}
    return {"count/persistentvolumeclaims": ONE, **used, **by_class}


# -- scopes ----------------------------------------------------------------------------------


def in_scopes(bucket: str, quota: Obj, obj: Obj) -> bool:
    """The object is in all scopes of the quota; only pods are in any."""
    spec = quota.get("spec") or {}
    rows = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    rows += (spec.get("scopeSelector") or {}).get("matchExpressions") or []
    if bucket == "persistentvolumeclaims":
        return all(_claim_in(row, obj) for row in rows)
    return not rows or (bucket == "pods" and all(_pod_in(row, obj) for row in rows))


def terminating(pod: Obj) -> bool:
    return pod["spec"].get("activeDeadlineSeconds") is not None


def _pod_in(row: Obj, pod: Obj) -> bool:
    scope = row["scopeName"]
    if scope == "PriorityClass":
        return _selected(row, [pod["spec"].get("priorityClassName") or ""])
    if scope == "CrossNamespacePodAffinity":
        return _crosses_namespaces(pod["spec"].get("affinity") or {})
    best_effort = (pod.get("status") or {}).get("qosClass") == "BestEffort"
    return {
        "Terminating": terminating(pod),
        "NotTerminating": not terminating(pod),
        "BestEffort": best_effort,
        "NotBestEffort": not best_effort,
    }.get(scope, False)


def _claim_in(row: Obj, claim: Obj) -> bool:
    if row["scopeName"] != "VolumeAttributesClass":
        return False
    status = claim.get("status") or {}
    modified = (status.get("modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName")
    current = status.get("currentVolumeAttributesClassName")
    asked = claim["spec"].get("volumeAttributesClassName")
    return _selected(row, list({name for name in (asked, current, modified) if name} or {""}))


def _selected(row: Obj, values: list[str]) -> bool:
    """One of the values ("" for none) is what the row selects."""
    if row["operator"] == "Exists":
        return any(values)
    if row["operator"] == "DoesNotExist":
        return not any(values)
    wanted = row["operator"] == "In"
    return any((value in (row.get("values") or ())) == wanted for value in values)


def _crosses_namespaces(affinity: Obj) -> bool:
    for own in (affinity.get("podAffinity") or {}, affinity.get("podAntiAffinity") or {}):
        terms = list(own.get("requiredDuringSchedulingIgnoredDuringExecution") or ())
        for weighted in own.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            terms.append(weighted.get("podAffinityTerm") or {})
        if any(t.get("namespaces") or t.get("namespaceSelector") is not None for t in terms):
            return True
    return False
