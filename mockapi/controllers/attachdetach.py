"""Attaching volumes to nodes: VolumeAttachments, and what nodes say is attached.

Source: pkg/controller/volume/attachdetach, pkg/volume/csi/csi_attacher.go. Only CSI volumes can be
attached: those of the tree itself have moved to CSI.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects, volumes
from mockapi.controllers.protection import CLAIMS, VOLUMES, claims_of
from mockapi.runtime.loop import Runtime

ATTACHMENTS = "storage.k8s.io/v1/volumeattachments"
DRIVERS = "storage.k8s.io/v1/csidrivers"
NODES = "v1/nodes"
MANAGED = "volumes.kubernetes.io/controller-managed-attach-detach"
KEEP_TERMINATED = "volumes.kubernetes.io/keep-terminated-pod-volumes"
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
UNMOUNT_SECONDS = 360.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A volume that pods on a node need."""

    volume: Obj
    pods: tuple[Obj, ...]

    @property
    def driver(self) -> str:
        return str(self.volume["spec"]["csi"]["driver"])


def unique_name(volume: Obj) -> str:
    source = volume["spec"]["csi"]
    return f"kubernetes.io/csi/{source['driver']}^{source['volumeHandle']}"


def attachment_name(volume: Obj, node: str) -> str:
    source = volume["spec"]["csi"]
    text = f"{source['volumeHandle']}{source['driver']}{node}"
    return f"csi-{hashlib.sha256(text.encode()).hexdigest()}"


def _on_node(item: Obj) -> tuple[str, ...]:
    return (item["spec"].get("nodeName") or "",)


class AttachDetachController:
    name = "persistentvolume-attach-detach-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, "attachdetach-controller")
        self.nodes = runtime.informer(NODES)
        self.pods = runtime.informer("v1/pods")
        self.claims = runtime.informer(CLAIMS)
        self.volumes = runtime.informer(VOLUMES)
        self.drivers = runtime.informer(DRIVERS)
        self.attachments = runtime.informer(ATTACHMENTS)
        self.pods.index("attached-to", _on_node)
        self.pods.index("claims", claims_of)
        self.attachments.index("attached-to", _on_node)
        self.told: set[tuple[str, str]] = set()
        self.waiting: dict[str, float] = {}
        self.queue = base.queue(runtime, self.name, self.sync, self.nodes)
        self.nodes.on_event(lambda event: self.queue.add(objects.name(event.object)))
        self.pods.on_event(self._pod_changed)
        self.claims.on_event(self._claim_changed)
        self.attachments.on_event(self._attachment_changed)

    def _pod_changed(self, event: Event) -> None:
        pod = event.object
        if objects.node_name(pod) and claims_of(pod):
            self.queue.add(objects.node_name(pod))

    def _claim_changed(self, event: Event) -> None:
        for pod in self.pods.by("claims", objects.key(event.object)):
            if objects.node_name(pod):
                self.queue.add(objects.node_name(pod))

    def _attachment_changed(self, event: Event) -> None:
        attachment = event.object
        self.queue.add(attachment["spec"]["nodeName"])
        if event.type == "DELETED":
            # Whoever waits for the volume on another node may have it now.
            for other in self.attachments.index_values("attached-to"):
                self.queue.add(other)
            volume = attachment["spec"]["source"].get("persistentVolumeName")
            for node in self._nodes_wanting(volume):
                self.queue.add(node)

    def _nodes_wanting(self, volume: str | None) -> Iterator[str]:
        found = self.volumes.get("", volume) if volume else None
        reference = (found or {}).get("spec", {}).get("claimRef") if found else None
        if reference:
            key = f"{reference['namespace']}/{reference['name']}"
            for pod in self.pods.by("claims", key):
                if objects.node_name(pod):
                    yield objects.node_name(pod)

    def sync(self, key: str) -> None:
        node = self.nodes.get("", key)
        if node is None or objects.annotations(node).get(MANAGED) != "true":
            return
        wanted = self._wanted(node)
        attached = {
            objects.name(item): item
            for item in self.attachments.by("attached-to", key)
            if item["spec"]["source"].get("persistentVolumeName")
        }
        self._report(node, wanted, attached)
        self._detach(node, wanted, attached)
        for name, one in wanted.items():
            if name not in attached:
                self._attach(key, name, one)

    def _wanted(self, node: Obj) -> dict[str, Wanted]:
        """By the name of the attachment."""
        keep = objects.annotations(node).get(KEEP_TERMINATED) == "true"
        found: dict[str, tuple[Obj, list[Obj]]] = {}
        for pod in self.pods.by("attached-to", objects.name(node)):
            if not keep and objects.pod_over(pod):
                continue
            for volume in self._attachable(pod):
                name = attachment_name(volume, objects.name(node))
                found.setdefault(name, (volume, []))[1].append(pod)
        return {name: Wanted(volume, tuple(pods)) for name, (volume, pods) in found.items()}

    def _attachable(self, pod: Obj) -> Iterator[Obj]:
        for key in claims_of(pod):
            claim = self.claims.get_key(key)
            name = claim["spec"].get("volumeName") if claim is not None else None
            volume = self.volumes.get("", name) if name else None
            if claim is None or volume is None or "csi" not in volume["spec"]:
                continue
            driver = self.drivers.get("", volume["spec"]["csi"]["driver"])
            required = driver is None or driver["spec"].get("attachRequired", True)
            if required and objects.phase(claim) == "Bound":
                yield volume

    # -- attaching -------------------------------------------------------------------------------

    def _attach(self, node: str, name: str, one: Wanted) -> None:
        others = self._elsewhere(one.volume, node)
        if others and not _shared(one.volume):
            self._tell_waiting(node, name, one, others)
            return
        self.told.discard((node, name))
        volume = objects.name(one.volume)
        attachment = {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "VolumeAttachment",
            "metadata": {"name": name},
            "spec": {
                "attacher": one.driver,
                "nodeName": node,
                "source": {"persistentVolumeName": volume},
            },
        }
        self.client.create(ATTACHMENTS, "", attachment)

    def _elsewhere(self, volume: Obj, node: str) -> list[str]:
        return [
            item["spec"]["nodeName"]
            for item in self.attachments.list()
            if item["spec"]["source"].get("persistentVolumeName") == objects.name(volume)
            and item["spec"]["nodeName"] != node
        ]

    def _tell_waiting(self, node: str, name: str, one: Wanted, others: Iterable[str]) -> None:
        if (node, name) in self.told:
            return
        self.told.add((node, name))
        users = [
            pod
            for other in others
            for pod in self.pods.by("attached-to", other)
            if any(objects.name(v) == objects.name(one.volume) for v in self._attachable(pod))
        ]
        for pod in one.pods:
            text = _why_waiting(pod, users)
            message = f'Waiting for detach for volume "{objects.name(one.volume)}" {text}'
            self.recorder.event(pod, "Warning", "FailedAttachVolume", message)

    def _report(self, node: Obj, wanted: dict[str, Wanted], attached: dict[str, Obj]) -> None:
        """The node's status lists what is attached; the pods' events tell of it."""
        listed = {row["name"]: row for row in objects.status(node).get("volumesAttached") or ()}
        new = dict(listed)
        for name, one in wanted.items():
            attachment = attached.get(name)
            if attachment is None:
                continue
            shown, status = objects.name(one.volume), objects.status(attachment)
            if status.get("attached"):
                unique = unique_name(one.volume)
                if unique not in new and not objects.deleting(attachment):
                    new[unique] = {"name": unique, "devicePath": ""}
                    message = f'AttachVolume.Attach succeeded for volume "{shown}" '
                    for pod in one.pods:
                        self.recorder.event(pod, "Normal", "SuccessfulAttachVolume", message)
            elif status.get("attachError") and ("error", name) not in self.told:
                self.told.add(("error", name))
                cause = status["attachError"].get("message", "")
                message = f'AttachVolume.Attach failed for volume "{shown}" : {cause}'
                for pod in one.pods:
                    self.recorder.event(pod, "Warning", "FailedAttachVolume", message)
        if new != listed:
            self._write(node, list(new.values()))

    def _write(self, node: Obj, rows: list[Obj]) -> None:
        patch = {"status": {"volumesAttached": rows or None}}
        self.client.patch(
            NODES, "", objects.name(node), patch, patch_type=objects.MERGE, subresource="status"
        )

    # -- detaching -------------------------------------------------------------------------------

    def _detach(self, node: Obj, wanted: dict[str, Wanted], attached: dict[str, Obj]) -> None:
        for name, attachment in attached.items():
            if name in wanted:
                self.waiting.pop(name, None)
            elif not objects.deleting(attachment):
                self._detach_one(node, name, attachment)

    def _detach_one(self, node: Obj, name: str, attachment: Obj) -> None:
        volume = self.volumes.get("", attachment["spec"]["source"]["persistentVolumeName"])
        unique = unique_name(volume) if volume is not None and "csi" in volume["spec"] else ""
        since = self.waiting.setdefault(name, self.clock.now())
        in_use = unique in (objects.status(node).get("volumesInUse") or ())
        left = UNMOUNT_SECONDS - (self.clock.now() - since)
        forced = left <= 0 and not objects.condition_is(node, "Ready")
        if in_use and not forced and not _out_of_service(node):
            if left > 0:
                self.queue.add_after(objects.name(node), left)
            return
        listed = objects.status(node).get("volumesAttached") or []
        rows = [row for row in listed if row["name"] != unique]
        if len(rows) != len(listed):
            self._write(node, rows)
        base.delete_if_there(self.client, ATTACHMENTS, attachment)
        self.waiting.pop(name, None)


def _out_of_service(node: Obj) -> bool:
    return any(taint["key"] == OUT_OF_SERVICE for taint in node["spec"].get("taints") or ())


def _shared(volume: Obj) -> bool:
    """May be attached to several nodes at once."""
    modes = volume["spec"].get("accessModes") or ()
    return not modes or any(mode in ("ReadWriteMany", "ReadOnlyMany") for mode in modes)


def _why_waiting(pod: Obj, users: list[Obj]) -> str:
    if not users:
        return (
            "Volume is already exclusively attached to one node, "
            "waiting on detach before it can be attached to another node"
        )
    inside = objects.namespace(pod)
    near = [objects.name(user) for user in users if objects.namespace(user) == inside]
    far = len(users) - len(near)
    if not near:
        return f"Volume is already used by {far} pod(s) in different namespaces"
    text = f"Volume is already used by pod(s) {', '.join(near)}"
    return f"{text} and {far} pod(s) in different namespaces" if far else text


class SimulatedAttacher:
    """Plays the attacher of the simulated drivers: what is asked for is attached at once."""

    name = "persistentvolume-attacher-simulation"

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.volumes = runtime.informer(VOLUMES)
        self.attachments = runtime.informer(ATTACHMENTS)
        self.queue = base.queue(runtime, self.name, self.sync, self.attachments)
        self.attachments.on_event(lambda event: self.queue.add(objects.name(event.object)))

    def sync(self, key: str) -> None:
        attachment = self.attachments.get("", key)
        if attachment is None or objects.status(attachment).get("attached"):
            return
        name = attachment["spec"]["source"].get("persistentVolumeName")
        volume = self.volumes.get("", name) if name else None
        if volume is None or volumes.PROVISIONED_BY not in objects.annotations(volume):
            return
        new = objects.with_status(attachment, {"attached": True})
        self.client.update(ATTACHMENTS, "", new, subresource="status")
