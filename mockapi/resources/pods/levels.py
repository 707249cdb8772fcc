"""Pod-level resources: what is filled in from the containers'."""

from typing import Any

from mockapi.meta import quantity
from mockapi.resources.pods import quantities
from mockapi.resources.pods.qos import is_pod_level
from mockapi.resources.pods.spec import aggregate


def default_pod_level(spec: Any) -> None:
    """In place. Nothing happens without requests or limits at the pod's level."""
    own = spec.get("resources")
    if not own or not (own.get("requests") or own.get("limits")):
        return
    _huge_page_limits(spec, own)
    _requests(spec, own)
    _limits(spec, own)


def _huge_page_limits(spec: Any, own: Any) -> None:
    limits = dict(own.get("limits") or {})
    for name, total in aggregate(spec, "limits").items():
        asked = name in (own.get("requests") or {})
        if quantities.is_huge_page(name) and not asked and name not in limits:
            limits[name] = str(total)
    if limits:
        own["limits"] = limits


def _requests(spec: Any, own: Any) -> None:
    requests = dict(own.get("requests") or {})
    for name, total in aggregate(spec, "requests").items():
        if name in ("cpu", "memory") and name not in requests:
            requests[name] = str(total)
    for name, limit in (own.get("limits") or {}).items():
        if is_pod_level(name) and name not in requests:
            requests[name] = limit
    if requests:
        own["requests"] = requests


def _limits(spec: Any, own: Any) -> None:
    """A limit for what every container has a limit for, and at least the pod's own request."""
    requests, limits = own.get("requests") or {}, dict(own.get("limits") or {})
    candidates = [name for name in requests if is_pod_level(name) and name not in limits]
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    candidates = [
        name
        for name in candidates
        if all(name in ((c.get("resources") or {}).get("limits") or {}) for c in containers)
    ]
    if not candidates:
        return
    totals = aggregate(spec, "limits")
    for name in candidates:
        request = quantity.parse(requests[name])
        limits[name] = str(request if request.cmp(totals[name]) > 0 else totals[name])
    own["limits"] = limits
