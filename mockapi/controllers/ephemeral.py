"""The claims of pods' generic ephemeral volumes. Source: pkg/controller/volume/ephemeral."""

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

CLAIMS = "v1/persistentvolumeclaims"


class EphemeralVolumeController:
    name = "ephemeral-volume-controller"

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, "ephemeral_volume")
        self.pods = runtime.informer("v1/pods")
        self.claims = runtime.informer(CLAIMS)
        self.queue = base.queue(runtime, self.name, self.sync, self.pods)
        self.pods.on_event(self._pod_changed)

    def _pod_changed(self, event: Event) -> None:
        pod = event.object
        if event.type == "DELETED" or objects.deleting(pod):
            return
        if any("ephemeral" in volume for volume in pod["spec"].get("volumes") or ()):
            self.queue.add(objects.key(pod))

    def sync(self, key: str) -> None:
        pod = self.pods.get_key(key)
        if pod is None or objects.deleting(pod):
            return
        for volume in pod["spec"].get("volumes") or ():
            if "ephemeral" in volume:
                try:
                    self._ensure(pod, volume)
                except ApiError as error:
                    message = f"ephemeral volume {volume['name']}: {error.message}"
                    self.recorder.event(pod, "Warning", "FailedBinding", message)
                    raise

    def _ensure(self, pod: Obj, volume: Obj) -> None:
        inside, name = objects.namespace(pod), f"{objects.name(pod)}-{volume['name']}"
        known = self.claims.get(inside, name)
        if known is not None:
            if not objects.controlled_by(known, pod):
                raise base.Retry(
                    f"PVC {inside}/{name} was not created for pod {inside}/{objects.name(pod)} "
                    "(pod is not owner)"
                )
            return
        template = volume["ephemeral"]["volumeClaimTemplate"]
        source = template.get("metadata") or {}
        metadata: Obj = {
            "name": name,
            "ownerReferences": [objects.controller_reference(pod, "v1", "Pod")],
            **{part: source[part] for part in ("labels", "annotations") if source.get(part)},
        }
        claim = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": metadata,
            "spec": template["spec"],
        }
        try:
            self.client.create(CLAIMS, inside, claim)
        except ApiError as error:
            raise base.Retry(f"create PVC {name}: {error.message}") from error
