"""Volumes that are attached for a node: it says which it uses, and waits until they are there.

Source: pkg/kubelet/volumemanager (GetVolumesInUse), operation_generator.go
GenerateVerifyControllerAttachedVolumeFunc.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mockapi.meta import csi
from mockapi.meta.volumes import claim_of

if TYPE_CHECKING:
    from mockapi.kubelet.agent import NodeAgent
    from mockapi.kubelet.volumes import Objects

Obj = dict[str, Any]


def to_attach(pod: Obj, volumes: Iterable[Obj], objects: "Objects") -> dict[str, str]:
    """The unique names of those volumes of a pod that have to be attached, by their own names."""
    found = {}
    for volume in volumes:
        claim = claim_of(pod["metadata"]["name"], volume)
        unique = _unique_name(pod["metadata"]["namespace"], claim, objects) if claim else ""
        if unique:
            found[volume["name"]] = unique
    return found


def _unique_name(namespace: str, name: str, objects: "Objects") -> str:
    claim = objects.get("persistentvolumeclaim", namespace, name)
    bound = claim["spec"].get("volumeName") if claim is not None else ""
    volume = objects.get("persistentvolume", "", bound) if bound else None
    if volume is None or "csi" not in volume["spec"]:
        return ""
    driver = objects.get("csidriver", "", volume["spec"]["csi"]["driver"])
    return csi.unique_name(volume) if csi.needs_attaching(driver) else ""


def listed(node: Mapping[str, Any]) -> list[str]:
    """What a node's status says is attached."""
    rows = (node.get("status") or {}).get("volumesAttached") or ()
    return [row["name"] for row in rows]


class Attached:
    """One node's side of it."""

    def __init__(self, agent: "NodeAgent") -> None:
        self._agent = agent
        self._used: dict[str, frozenset[str]] = {}

    def use(self, uid: str, names: Collection[str]) -> None:
        """A pod is going to use these."""
        if self._used.get(uid, frozenset()) != frozenset(names):
            self._used[uid] = frozenset(names)
            self._say()

    def release(self, uid: str) -> None:
        """A pod has ended: its volumes are unmounted."""
        if self._used.pop(uid, None):
            self._say()

    def move(self, old: str, new: str) -> None:
        if old in self._used:
            self._used[new] = self._used.pop(old)

    def has(self, unique: str) -> bool:
        return unique in listed(self._agent.node)

    def _say(self) -> None:
        used = sorted(frozenset().union(*self._used.values()))
        status = dict(self._agent.node.get("status") or {})
        status.pop("volumesInUse", None)
        written = self._agent.patch_node_status(
            {**status, "volumesInUse": used} if used else status
        )
        if written is not None:
            self._agent.update(written)
