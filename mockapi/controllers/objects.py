"""Reading objects as controllers do: owners, conditions, readiness. Pure; nothing is changed."""

from collections.abc import Iterable
from typing import Any

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.client.protocol import Obj

STRATEGIC = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"


def name(obj: Obj) -> str:
    return str(obj["metadata"]["name"])


def namespace(obj: Obj) -> str:
    return str(obj["metadata"].get("namespace", ""))


def uid(obj: Obj) -> str:
    return str(obj["metadata"].get("uid", ""))


def labels(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def annotations(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def finalizers(obj: Obj) -> list[str]:
    return obj["metadata"].get("finalizers") or []


def status(obj: Obj) -> Obj:
    return obj.get("status") or {}


def spec(obj: Obj) -> Obj:
    return obj.get("spec") or {}


def key(obj: Obj) -> str:
    """`namespace/name`, or `name` where there is no namespace."""
    metadata = obj["metadata"]
    inside = metadata.get("namespace")
    return f"{inside}/{metadata['name']}" if inside else str(metadata["name"])


def split_key(text: str) -> tuple[str, str]:
    """The inverse of `key`."""
    inside, _, last = text.rpartition("/")
    return inside, last


def deleting(obj: Obj) -> bool:
    return obj["metadata"].get("deletionTimestamp") is not None


def generation(obj: Obj) -> int:
    return int(obj["metadata"].get("generation", 0))


def created(obj: Obj) -> str:
    return str(obj["metadata"].get("creationTimestamp") or "")


def controller_of(obj: Obj) -> Obj | None:
    """The owner reference with `controller: true`."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return dict(reference)
    return None


def controlled_by(obj: Obj, owner: Obj) -> bool:
    reference = controller_of(obj)
    return reference is not None and reference["uid"] == uid(owner)


def controller_reference(owner: Obj, api_version: str, kind: str) -> Obj:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": name(owner),
        "uid": uid(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owner_key(obj: Obj) -> str:
    """The value under which an object is indexed by its controller; orphans by their namespace."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return str(reference["uid"])
    return f"orphan/{namespace(obj)}"


def by_owner(obj: Obj) -> Iterable[str]:
    return (owner_key(obj),)


def condition(obj: Obj, type: str) -> Obj | None:
    for item in status(obj).get("conditions") or ():
        if item.get("type") == type:
            return dict(item)
    return None


def condition_is(obj: Obj, type: str, value: str = "True") -> bool:
    for item in (obj.get("status") or {}).get("conditions") or ():
        if item.get("type") == type:
            return bool(item.get("status") == value)
    return False


def phase(pod: Obj) -> str:
    return str((pod.get("status") or {}).get("phase", ""))


def node_name(pod: Obj) -> str:
    return str(pod["spec"].get("nodeName") or "")


def pod_finished(pod: Obj) -> bool:
    return phase(pod) in ("Succeeded", "Failed")


def pod_active(pod: Obj) -> bool:
    return not deleting(pod) and not pod_finished(pod)


def pod_terminating(pod: Obj) -> bool:
    return deleting(pod) and not pod_finished(pod)


def pod_over(pod: Obj) -> bool:
    """Nothing of the pod runs any more (volumeutil.IsPodTerminated)."""
    if pod_finished(pod):
        return True
    sorts = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    states = [one.get("state") or {} for sort in sorts for one in status(pod).get(sort) or ()]
    return deleting(pod) and all("terminated" in s or "waiting" in s for s in states)


def pod_ready(pod: Obj) -> bool:
    return condition_is(pod, "Ready")


def ready_since(pod: Obj) -> str:
    """When the pod became ready, as text; empty when it is not ready."""
    ready = condition(pod, "Ready")
    if ready is None or ready.get("status") != "True":
        return ""
    return str(ready.get("lastTransitionTime") or "")


def pod_available(pod: Obj, min_ready_seconds: int, now: float) -> bool:
    """Ready for at least `min_ready_seconds` (podutil.IsPodAvailable)."""
    if not pod_ready(pod):
        return False
    if not min_ready_seconds:
        return True
    since = ready_since(pod)
    return bool(since) and parse_timestamp(since) + min_ready_seconds <= now


def next_availability(pods: Iterable[Obj], min_ready_seconds: int, now: float) -> float | None:
    """Seconds until the next of the ready pods becomes available."""
    waits = []
    for pod in pods:
        since = ready_since(pod) if min_ready_seconds > 0 else ""
        if since and (wait := parse_timestamp(since) + min_ready_seconds - now) > 0:
            waits.append(wait)
    return min(waits, default=None)


def with_condition(conditions: list[Obj], new: Obj) -> list[Obj]:
    """Replace the condition of this type, at the end, when its status or reason differs."""
    for item in conditions:
        if item["type"] == new["type"]:
            if item.get("status") == new["status"] and item.get("reason") == new.get("reason"):
                return conditions
            break
    return [*without_condition(conditions, new["type"]), new]


def without_condition(conditions: list[Obj], type: str) -> list[Obj]:
    return [item for item in conditions if item.get("type") != type]


def new_condition(type: str, value: str, now: float, reason: str = "", message: str = "") -> Obj:
    made: Obj = {"type": type, "status": value, "lastTransitionTime": timestamp(now)}
    if reason:
        made["reason"] = reason
    if message:
        made["message"] = message
    return made


def with_status(obj: Obj, new: Obj) -> Obj:
    return {**obj, "status": new}


def with_metadata(obj: Obj, **changes: Any) -> Obj:
    """A copy whose metadata differs in some fields; None removes one."""
    metadata = {**obj["metadata"], **changes}
    for field, value in changes.items():
        if value is None:
            del metadata[field]
    return {**obj, "metadata": metadata}
