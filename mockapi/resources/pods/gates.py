"""Fields of a pod that 1.37 knows but whose feature gate is off by default: they are dropped."""

from collections.abc import Iterator
from typing import Any

_FILES = ("secret", "configMap", "downwardAPI", "projected")
_STATUSES = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def drop_disabled(spec: Any) -> None:
    """In place. Nothing stored here ever had them, so there is no old object to ask."""
    spec.pop("schedulingGroup", None)
    spec.pop("evictionResponders", None)
    for volume in spec.get("volumes") or ():
        _drop_from_volume(volume)
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(kind) or ():
            _drop_from_container(container)


def drop_disabled_status(status: Any) -> None:
    """The same of a pod's status."""
    status.pop("nodeAllocatableResourceClaimStatuses", None)
    status.pop("volumeHealth", None)
    for kind in _STATUSES:
        for container in status.get(kind) or ():
            for mount in container.get("volumeMounts") or ():
                mount.pop("volumeStatus", None)


def _drop_from_volume(volume: Any) -> None:
    if "emptyDir" in volume:
        volume["emptyDir"].pop("mode", None)
    for name in _FILES:
        if name in volume:
            for holder in _user_holders(volume[name]):
                holder.pop("user", None)
                holder.pop("defaultUser", None)


def _user_holders(source: Any) -> Iterator[Any]:
    yield source
    yield from source.get("items") or ()
    for part in source.get("sources") or ():
        for projection in part.values():
            yield projection
            yield from projection.get("items") or ()


def _drop_from_container(container: Any) -> None:
    for mount in container.get("volumeMounts") or ():
        mount.pop("bindMountOptions", None)
    if lifecycle := container.get("lifecycle"):
        lifecycle.pop("stopSignal", None)
        for hook in ("postStart", "preStop"):
            (lifecycle.get(hook) or {}).get("httpGet", {}).pop("protocol", None)
    for name in _PROBES:
        if probe := container.get(name):
            probe.get("httpGet", {}).pop("protocol", None)
            probe.get("grpc", {}).pop("mode", None)
