"""What about a node or a pod has changed that could matter to the scheduler.

Source: pkg/scheduler/framework/events.go.
"""

from mockapi.client.protocol import Obj
from mockapi.scheduler import amounts


def node_changes(old: Obj, new: Obj) -> list[str]:
    """Names of changes, as plugins register for them; empty when nothing matters."""
    before, after = old.get("spec") or {}, new.get("spec") or {}
    then, now = old.get("status") or {}, new.get("status") or {}
    found = []
    if before.get("unschedulable") and not after.get("unschedulable"):
        found.append("update-taints")
    if then.get("allocatable") != now.get("allocatable"):
        found.append("update-allocatable")
    if _metadata(old, "labels") != _metadata(new, "labels"):
        found.append("update-labels")
    if (before.get("taints") or []) != (after.get("taints") or []):
        found.append("update-taints")
    if _conditions(then) != _conditions(now):
        found.append("update-conditions")
    if _metadata(old, "annotations") != _metadata(new, "annotations"):
        found.append("update-annotations")
    if (then.get("declaredFeatures") or []) != (now.get("declaredFeatures") or []):
        found.append("update-features")
    return found


def _metadata(obj: Obj, name: str) -> dict[str, str]:
    return obj["metadata"].get(name) or {}


def _conditions(status: Obj) -> dict[str, str]:
    return {c["type"]: c["status"] for c in status.get("conditions") or ()}


def pod_changes(old: Obj, new: Obj) -> list[str]:
    """At least `update`, when nothing in particular has changed."""
    before, after = old["spec"], new["spec"]
    found = []
    if _metadata(old, "labels") != _metadata(new, "labels"):
        found.append("update-labels")
    found += _scaled(old, new)
    if before.get("schedulingGates") and not after.get("schedulingGates"):
        found.append("update-gates")
    if len(before.get("tolerations") or ()) != len(after.get("tolerations") or ()):
        found.append("update-tolerations")
    if _claims(old) != _claims(new):
        found.append("update-resource-claims")
    return found or ["update"]


def _claims(pod: Obj) -> tuple[object, object]:
    status = pod.get("status") or {}
    return status.get("resourceClaimStatuses"), status.get("extendedResourceClaimStatus")


def _scaled(old: Obj, new: Obj) -> list[str]:
    """Requests count to the milli-unit, including what the kubelet reports of a resize."""
    if old["spec"] == new["spec"] and not (_resizable(old) or _resizable(new)):
        return []
    before = amounts.pod_requests(old, from_status=True)
    after = amounts.pod_requests(new, from_status=True)
    found = []
    if any(name not in after or _milli(before[name]) > _milli(after[name]) for name in before):
        found.append("update-scale-down")
    if any(name not in before or _milli(after[name]) > _milli(before[name]) for name in after):
        found.append("update-scale-up")
    return found


def _resizable(pod: Obj) -> bool:
    status = pod.get("status") or {}
    return bool(status.get("containerStatuses") or status.get("initContainerStatuses"))


def _milli(nanos: int) -> int:
    return amounts.rounded(nanos, 10**6)
