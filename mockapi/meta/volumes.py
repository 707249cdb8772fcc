"""What a pod's volumes stand for, as the scheduler, controllers and kubelets agree on it."""

from collections.abc import Mapping
from typing import Any, Final

RECYCLER: Final = "recycler-for-"
"""Begins the name of a pod that empties a volume, in the namespace `default`."""


def claim_of(pod: str, volume: Mapping[str, Any]) -> str:
    """The name of the claim behind a volume of the pod of that name, "" when there is none: an
    ephemeral volume has one of its own."""
    if volume.get("persistentVolumeClaim") is not None:
        return str(volume["persistentVolumeClaim"]["claimName"])
    return f"{pod}-{volume['name']}" if volume.get("ephemeral") is not None else ""
