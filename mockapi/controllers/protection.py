"""Claims in use and volumes that are bound may be deleted, but stay until they are free.

Sources: pkg/controller/volume/pvcprotection, pvprotection.
"""

from mockapi.client.protocol import Client, Event, Obj
from mockapi.controllers import base, objects
from mockapi.runtime.loop import Runtime

CLAIMS = "v1/persistentvolumeclaims"
VOLUMES = "v1/persistentvolumes"
CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"


def claims_of(pod: Obj) -> list[str]:
    """Keys of the claims a pod uses, those of its ephemeral volumes included."""
    inside = objects.namespace(pod)
    found = []
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            found.append(f"{inside}/{volume['persistentVolumeClaim']['claimName']}")
        elif "ephemeral" in volume:
            found.append(f"{inside}/{objects.name(pod)}-{volume['name']}")
    return found


class ClaimProtectionController:
    name = "persistentvolumeclaim-protection-controller"

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.claims = runtime.informer(CLAIMS)
        self.pods = runtime.informer("v1/pods")
        self.pods.index("claims", claims_of)
        self.queue = base.queue(runtime, self.name, self.sync, self.claims)
        self.claims.on_event(lambda event: self.queue.add(objects.key(event.object)))
        self.pods.on_event(self._pod_changed)

    def _pod_changed(self, event: Event) -> None:
        if event.type == "DELETED" or objects.pod_finished(event.object):
            for key in claims_of(event.object):
                self.queue.add(key)

    def sync(self, key: str) -> None:
        claim = self.claims.get_key(key)
        if claim is None:
            return
        held = CLAIM_FINALIZER in objects.finalizers(claim)
        if objects.deleting(claim):
            used = any(objects.node_name(pod) for pod in self.pods.by("claims", key))
            if held and not used:
                _without(self.client, CLAIMS, claim, CLAIM_FINALIZER)
        elif not held:
            _with(self.client, CLAIMS, claim, CLAIM_FINALIZER)


class VolumeProtectionController:
    name = "persistentvolume-protection-controller"

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.volumes = runtime.informer(VOLUMES)
        self.queue = base.queue(runtime, self.name, self.sync, self.volumes)
        self.volumes.on_event(lambda event: self.queue.add(objects.name(event.object)))

    def sync(self, key: str) -> None:
        volume = self.volumes.get("", key)
        if volume is None:
            return
        held = VOLUME_FINALIZER in objects.finalizers(volume)
        if objects.deleting(volume):
            if held and objects.phase(volume) != "Bound":
                _without(self.client, VOLUMES, volume, VOLUME_FINALIZER)
        elif not held:
            _with(self.client, VOLUMES, volume, VOLUME_FINALIZER)


def _with(client: Client, resource: str, obj: Obj, finalizer: str) -> None:
    changed = objects.with_metadata(obj, finalizers=[*objects.finalizers(obj), finalizer])
    client.update(resource, objects.namespace(obj), changed)


def _without(client: Client, resource: str, obj: Obj, finalizer: str) -> None:
    left = [name for name in objects.finalizers(obj) if name != finalizer]
    changed = objects.with_metadata(obj, finalizers=left)
    client.update(resource, objects.namespace(obj), changed)
