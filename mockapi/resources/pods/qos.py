"""The quality of service class of a pod."""

from typing import Any

from mockapi.meta import quantity


def qos_class(spec: Any) -> str:
    """Guaranteed, Burstable or BestEffort."""
    own = spec.get("resources") or {}
    if any(is_pod_level(name) for part in ("requests", "limits") for name in own.get(part) or ()):
        return _of_requirements(own)
    found = ""
    for kind in ("initContainers", "containers"):
        for container in spec.get(kind) or ():
            kind_of = _of_requirements(container.get("resources"))
            if kind_of == "Burstable" or found not in ("", kind_of):
                return "Burstable"
            found = kind_of
    return found or "BestEffort"


def is_pod_level(name: str) -> bool:
    return name in ("cpu", "memory") or name.startswith("hugepages-")


def _of_requirements(requirements: Any) -> str:
    if not requirements:
        return "BestEffort"
    requests, limits = requirements.get("requests") or {}, requirements.get("limits") or {}
    if not requests and not limits:
        return "BestEffort"
    cpu = _of_resource(requests.get("cpu"), limits.get("cpu"))
    return cpu if cpu == _of_resource(requests.get("memory"), limits.get("memory")) else "Burstable"


def _of_resource(request: str | None, limit: str | None) -> str:
    if request == limit:
        return "Guaranteed" if request and quantity.parse(request) else "BestEffort"
    same = quantity.parse(request or "0").cmp(quantity.parse(limit or "0")) == 0
    if not same:
        return "Burstable"
    return "Guaranteed" if quantity.parse(request or "0") else "BestEffort"
