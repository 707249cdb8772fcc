"""Devices for good: a pod's claims get their allocation and its reservation, or lose them again.

Source: plugins/dynamicresources/dynamicresources.go (bindClaim, Unreserve, isClaimReadyForBinding).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.client.protocol import Client, Obj
from mockapi.meta.errors import ApiError, Conflict
from mockapi.scheduler.binding import BindingFailed
from mockapi.scheduler.pods import PodInfo

RESOURCE: Final = "resource.k8s.io/v1/resourceclaims"
BINDING_SECONDS: Final = 600.0
_FINALIZER: Final = "resource.kubernetes.io/delete-protection"
_TRIES: Final = 5

Allocation = Mapping[str, Any]


class Claiming:
    """Writes claims in the name of the scheduler; `uid` makes ids of shares."""

    def __init__(self, client: Client, now: Callable[[], float], uid: Callable[[], str]) -> None:
        self._client = client
        self._now = now
        self._uid = uid

    def reserve(self, claim: Obj, pod: PodInfo, allocation: Allocation | None) -> Obj:
        """The claim as it is then. Raises ApiError, or BindingFailed when somebody was faster."""
        metadata = claim["metadata"]
        given = None if allocation is None else self._with_share_ids(allocation)
        for attempt in range(_TRIES):
            try:
                return self._reserve(claim, pod, given)
            except Conflict as error:
                if attempt == _TRIES - 1:
                    what = "reservation" if given is None else "allocation and reservation"
                    text = f"add {what} to claim {_key(claim)}: {error.message}"
                    raise BindingFailed(text) from error
                claim = self._client.get(RESOURCE, metadata["namespace"], metadata["name"])
        raise AssertionError("the loop ends by itself")

    def _reserve(self, claim: Obj, pod: PodInfo, allocation: Allocation | None) -> Obj:
        metadata, namespace = claim["metadata"], claim["metadata"]["namespace"]
        if "deletionTimestamp" in metadata:
            raise BindingFailed(f"claim {_key(claim)} got deleted in the meantime")
        status = dict(claim.get("status") or {})
        if allocation is not None:
            if status.get("allocation") is not None:
                raise BindingFailed(f"claim {_key(claim)} got allocated elsewhere in the meantime")
            finalizers = metadata.get("finalizers") or []
            if _FINALIZER not in finalizers:
                protected = {**metadata, "finalizers": [*finalizers, _FINALIZER]}
                claim = self._client.update(RESOURCE, namespace, {**claim, "metadata": protected})
            status["allocation"] = dict(allocation)
        if status.get("allocation") is None:
            text = f"claim {_key(claim)} got deallocated elsewhere in the meantime"
            raise BindingFailed(text)
        user = {"resource": "pods", "name": pod.name, "uid": pod.uid}
        status["reservedFor"] = [*(status.get("reservedFor") or ()), user]
        status["allocation"] = {
            "allocationTimestamp": timestamp(self._now()),
            **status["allocation"],
        }
        return self._client.update(
            RESOURCE, namespace, {**claim, "status": status}, subresource="status"
        )

    def _with_share_ids(self, allocation: Allocation) -> Allocation:
        devices = allocation["devices"]
        results = [
            result | ({"shareID": self._uid()} if "shareID" in result else {})
            for result in devices["results"]
        ]
        return {**allocation, "devices": {**devices, "results": results}}

    def unreserve(self, claims: Iterable[Obj], pod: PodInfo) -> None:
        """Take the pod's reservations back; what cannot be written is left to the controller."""
        for claim in claims:
            metadata = claim["metadata"]
            patch = {
                "metadata": {"uid": metadata["uid"]},
                "status": {"reservedFor": [{"$patch": "delete", "uid": pod.uid}]},
            }
            try:
                self._client.patch(
                    RESOURCE,
                    metadata["namespace"],
                    metadata["name"],
                    patch,
                    patch_type="application/strategic-merge-patch+json",
                    subresource="status",
                )
            except ApiError:
                continue

    def deallocate(self, claim: Obj) -> None:
        """Raises ApiError."""
        status = {
            name: value
            for name, value in (claim.get("status") or {}).items()
            if name not in ("allocation", "reservedFor", "devices")
        }
        changed = {**claim, "status": status}
        namespace = claim["metadata"]["namespace"]
        self._client.update(RESOURCE, namespace, changed, subresource="status")


def _key(claim: Obj) -> str:
    return f"{claim['metadata']['namespace']}/{claim['metadata']['name']}"


def _results(claim: Obj) -> Sequence[Mapping[str, Any]]:
    allocation = (claim.get("status") or {}).get("allocation") or {}
    found: Sequence[Mapping[str, Any]] = (allocation.get("devices") or {}).get("results") or ()
    return found


def has_conditions(claim: Obj) -> bool:
    """Must devices of the claim be made ready before the pod is bound?"""
    return any(result.get("bindingConditions") for result in _results(claim))


def ready(claim: Obj) -> bool:
    """Are they? BindingFailed when a condition says that they will not be."""
    if (claim.get("status") or {}).get("allocation") is None:
        return False
    for result in _results(claim):
        if not result.get("bindingConditions"):
            continue
        conditions = _conditions(claim, result)
        for name in result.get("bindingFailureConditions") or ():
            failed = conditions.get(name)
            if failed is not None and failed["status"] == "True":
                raise BindingFailed(
                    f"device binding failed: claim={claim['metadata']['name']}, "
                    f'reason={failed.get("reason", "")}, message="{failed.get("message", "")}"'
                )
        for name in result["bindingConditions"]:
            if (conditions.get(name) or {}).get("status") != "True":
                return False
    return True


def _conditions(claim: Obj, result: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    for device in (claim.get("status") or {}).get("devices") or ():
        if all(device[name] == result[name] for name in ("driver", "pool", "device")):
            return {c["type"]: c for c in device.get("conditions") or ()}
    return {}


def overdue(claim: Obj, now: float) -> bool:
    """Has the claim waited longer for its devices than any pod will?"""
    allocation = (claim.get("status") or {}).get("allocation") or {}
    since = allocation.get("allocationTimestamp")
    if since is None or not has_conditions(claim):
        return False
    return parse_timestamp(since) + BINDING_SECONDS < now
