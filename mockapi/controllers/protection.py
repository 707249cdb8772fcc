"""Claims in use and volumes that are bound may be deleted, but stay until they are free.

Sources: pkg/controller/volume/pvcprotection, pvprotection.
"""

from mockapi.base.clock import timestamp
from mockapi.client.protocol import Client, Event, Obj
from mockapi.controllers import base, objects
from mockapi.meta.volumes import claim_of
from mockapi.runtime.loop import Runtime

CLAIMS = "v1/persistentvolumeclaims"
VOLUMES = "v1/persistentvolumes"
CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"

_USED = ("PodUsingPVC", "A pod is currently referencing this PVC")
_UNUSED = ("NoPodsUsingPVC", "No pods are currently referencing this PVC")


def claims_of(pod: Obj) -> list[str]:
    """Keys of the claims a pod uses, those of its ephemeral volumes included."""
    inside, name = objects.namespace(pod), objects.name(pod)
    volumes = pod["spec"].get("volumes") or ()
    return [f"{inside}/{claim}" for volume in volumes if (claim := claim_of(name, volume))]


class ClaimProtectionController:
    name = "persistentvolumeclaim-protection-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.claims = runtime.informer(CLAIMS)
        self.pods = runtime.informer("v1/pods")
        self.pods.index("claims", claims_of, of_status=False)
        self.queue = base.queue(runtime, self.name, self.sync, self.claims)
        self.claims.on_event(lambda event: self.queue.add(objects.key(event.object)))
        self.pods.on_event(self._pod_changed)

    def _pod_changed(self, event: Event) -> None:
        for key in claims_of(event.object):
            self.queue.add(key)

    def sync(self, key: str) -> None:
        claim = self.claims.get_key(key)
        if claim is None:
            return
        if not objects.deleting(claim) and objects.phase(claim) == "Bound":
            self._tell_use(claim, key)
        held = CLAIM_FINALIZER in objects.finalizers(claim)
        if objects.deleting(claim):
            used = any(objects.node_name(pod) for pod in self.pods.by("claims", key))
            if held and not used:
                without_finalizer(self.client, CLAIMS, claim, CLAIM_FINALIZER)
        elif not held:
            with_finalizer(self.client, CLAIMS, claim, CLAIM_FINALIZER)

    def _tell_use(self, claim: Obj, key: str) -> None:
        """Whether any pod refers to the claim, and since when."""
        used = any(not objects.pod_over(pod) for pod in self.pods.by("claims", key))
        value = "False" if used else "True"
        known = objects.condition(claim, "Unused")
        if known is not None and known["status"] == value:
            return
        told = _USED if used else _UNUSED
        condition = {
            "type": "Unused",
            "status": value,
            "lastTransitionTime": timestamp(self.clock.now()),
            "reason": told[0],
            "message": told[1],
        }
        conditions = objects.status(claim).get("conditions") or []
        if known is None:
            conditions = [*conditions, condition]
        else:
            conditions = [condition if c["type"] == "Unused" else c for c in conditions]
        new = objects.with_status(claim, {**objects.status(claim), "conditions": conditions})
        self.client.update(CLAIMS, objects.namespace(claim), new, subresource="status")


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
                without_finalizer(self.client, VOLUMES, volume, VOLUME_FINALIZER)
        elif not held:
            with_finalizer(self.client, VOLUMES, volume, VOLUME_FINALIZER)


def with_finalizer(client: Client, resource: str, obj: Obj, finalizer: str) -> None:
    changed = objects.with_metadata(obj, finalizers=[*objects.finalizers(obj), finalizer])
    client.update(resource, objects.namespace(obj), changed)


def without_finalizer(client: Client, resource: str, obj: Obj, finalizer: str) -> None:
    left = [name for name in objects.finalizers(obj) if name != finalizer]
    changed = objects.with_metadata(obj, finalizers=left)
    client.update(resource, objects.namespace(obj), changed)
