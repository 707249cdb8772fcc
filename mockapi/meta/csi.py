"""Names of volumes that CSI drivers attach, as controllers and kubelets agree on them."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

MANAGED: Final = "volumes.kubernetes.io/controller-managed-attach-detach"
"""On a Node: its volumes are attached by the controller."""
_PLUGIN = "kubernetes.io/csi/"


def unique_name(volume: Mapping[str, Any]) -> str:
    """Of a PersistentVolume with a CSI source, as nodes' statuses list it."""
    source = volume["spec"]["csi"]
    return f"{_PLUGIN}{source['driver']}^{source['volumeHandle']}"


def driver_of(unique: str) -> str:
    return unique.removeprefix(_PLUGIN).partition("^")[0]


def handle_of(unique: str) -> str:
    return unique.partition("^")[2]


def attachment_name(unique: str, node: str) -> str:
    """Of the VolumeAttachment for a node."""
    text = f"{handle_of(unique)}{driver_of(unique)}{node}"
    return f"csi-{hashlib.sha256(text.encode()).hexdigest()}"


def needs_attaching(driver: Mapping[str, Any] | None) -> bool:
    """Whether a driver's volumes do, by its CSIDriver; they do where there is none."""
    return driver is None or bool(driver["spec"].get("attachRequired", True))
