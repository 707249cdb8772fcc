"""Binding claims and volumes, and a simulated provisioner for any storage class.

Sources: pkg/controller/volume/persistentvolume/pv_controller.go, sig-storage external-provisioner.
"""

from mockapi.base.clock import timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects, reclaiming, volumes
from mockapi.controllers.protection import claims_of
from mockapi.meta.volumes import RECYCLER
from mockapi.runtime.loop import Runtime

CLAIMS = "v1/persistentvolumeclaims"
VOLUMES = "v1/persistentvolumes"
CLASSES = "storage.k8s.io/v1/storageclasses"
NO_PROVISIONER = "kubernetes.io/no-provisioner"
RESYNC_SECONDS = 15.0
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


class PersistentVolumeBinder:
    name = "persistentvolume-binder-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, "persistentvolume-controller")
        self.claims = runtime.informer(CLAIMS)
        self.volumes = runtime.informer(VOLUMES)
        self.classes = runtime.informer(CLASSES)
        self.claim_queue = base.queue(runtime, self.name, self.sync_claim, self.claims)
        self.volume_queue = base.queue(
            runtime, f"{self.name}-volumes", self.sync_volume, self.volumes
        )
        self.claims.on_event(self._claim_changed)
        self.volumes.on_event(self._volume_changed)
        self.classes.on_event(self._class_changed)
        self.pods = runtime.informer("v1/pods")
        self.pods.index("claims", claims_of, of_status=False)
        self.recycler = reclaiming.Recycler(self.client, self.pods)
        self.pods.on_event(self._pod_changed)

    def _pod_changed(self, event: Event) -> None:
        name = objects.name(event.object)
        if name.startswith(RECYCLER):
            self.volume_queue.add(name.removeprefix(RECYCLER))

    def _claim_changed(self, event: Event) -> None:
        claim = event.object
        if event.type != "DELETED":
            self.claim_queue.add(objects.key(claim))
        elif claim["spec"].get("volumeName"):
            self.volume_queue.add(claim["spec"]["volumeName"])

    def _volume_changed(self, event: Event) -> None:
        if event.type != "DELETED":
            self.volume_queue.add(objects.name(event.object))
            if objects.phase(event.object) == "Available":
                self._offer(event.object)
        reference = event.object["spec"].get("claimRef")
        if reference:
            self.claim_queue.add(f"{reference['namespace']}/{reference['name']}")

    def _offer(self, volume: Obj) -> None:
        """Whoever waits for such a volume need not wait for the next round."""
        for claim in self.claims.list():
            named = claim["spec"].get("volumeName")
            if objects.phase(claim) == "Pending" and (
                named == objects.name(volume)
                or (not named and volumes.suits(volume, claim) and not self._waits(claim))
            ):
                self.claim_queue.add(objects.key(claim))

    def _class_changed(self, event: Event) -> None:
        for claim in self.claims.list():
            pending = objects.phase(claim) == "Pending" and not claim["spec"].get("volumeName")
            if pending and volumes.class_of(claim) in ("", objects.name(event.object)):
                self.claim_queue.add(objects.key(claim))

    # Claims.

    def sync_claim(self, key: str) -> None:
        claim = self.claims.get_key(key)
        if claim is None:
            return
        if volumes.BIND_COMPLETED in objects.annotations(claim):
            self._check_bound(claim)
        elif claim["spec"].get("volumeName"):
            self._bind_to_named(claim)
        else:
            self._find(claim)

    def _check_bound(self, claim: Obj) -> None:
        name = claim["spec"].get("volumeName", "")
        volume = self.volumes.get("", name)
        reference = volume["spec"].get("claimRef") if volume is not None else None
        if not name:
            text = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
            self._lost(claim, "ClaimLost", text)
        elif volume is None:
            text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
            self._lost(claim, "ClaimLost", text)
        elif not reference or reference.get("uid") == objects.uid(claim):
            self._bind(claim, volume)
        else:
            text = "Two claims are bound to the same volume, this one is bound incorrectly"
            self._lost(claim, "ClaimMisbound", text)

    def _lost(self, claim: Obj, reason: str, message: str) -> None:
        if objects.phase(claim) != "Lost":
            new = {**objects.status(claim), "phase": "Lost"}
            base.update_status(self.client, CLAIMS, claim, new)
            self.recorder.event(claim, "Warning", reason, message)

    def _bind_to_named(self, claim: Obj) -> None:
        volume = self.volumes.get("", claim["spec"]["volumeName"])
        if volume is None:
            self._wait(claim)
        elif not volume["spec"].get("claimRef"):
            problem = volumes.mismatch(volume, claim)
            if not problem:
                self._bind(claim, volume)
                return
            text = f'Cannot bind to requested volume "{objects.name(volume)}": {problem}'
            self.recorder.event(claim, "Warning", "VolumeMismatch", text)
            self._wait(claim)
        elif volumes.means(volume, claim):
            self._bind(claim, volume)
        else:
            text = f'volume "{objects.name(volume)}" already bound to a different claim.'
            self.recorder.event(claim, "Warning", "FailedBinding", text)
            if volumes.BOUND_BY_CONTROLLER in objects.annotations(claim):
                raise base.Retry(f"invalid binding of claim {objects.key(claim)}")
            self._wait(claim)

    def _waits(self, claim: Obj) -> bool:
        """The claim is bound when a pod that uses it is scheduled."""
        storage = self.classes.get("", volumes.class_of(claim))
        return storage is not None and storage.get("volumeBindingMode") == "WaitForFirstConsumer"

    def _find(self, claim: Obj) -> None:
        waits = self._waits(claim)
        found = volumes.best(self.volumes.list(), claim, reserved_only=waits)
        if found is not None:
            self._bind(claim, found)
        elif self._defaulted(claim):
            return
        elif waits and volumes.SELECTED_NODE not in objects.annotations(claim):
            self._tell_waiting(claim)
            self._wait(claim)
        elif volumes.class_of(claim):
            self._provision(claim)
            self.claim_queue.add_after(objects.key(claim), RESYNC_SECONDS)
        else:
            text = "no persistent volumes available for this claim and no storage class is set"
            self.recorder.event(claim, "Normal", "FailedBinding", text)
            self._wait(claim)

    def _wait(self, claim: Obj) -> None:
        self._set_phase(CLAIMS, claim, "Pending")
        self.claim_queue.add_after(objects.key(claim), RESYNC_SECONDS)

    def _defaulted(self, claim: Obj) -> bool:
        """A claim that was there before there was a default class gets it."""
        if claim["spec"].get("storageClassName") is not None or volumes.class_of(claim):
            return False
        defaults = [
            storage
            for storage in self.classes.list()
            if objects.annotations(storage).get(DEFAULT_CLASS) == "true"
        ]
        if not defaults:
            return False
        newest = max(objects.created(storage) for storage in defaults)
        name = min(objects.name(s) for s in defaults if objects.created(s) == newest)
        spec = {**claim["spec"], "storageClassName": name}
        self.client.update(CLAIMS, objects.namespace(claim), {**claim, "spec": spec})
        return True

    def _tell_waiting(self, claim: Obj) -> None:
        pods = self.pods.by("claims", objects.key(claim))
        names = [objects.name(pod) for pod in pods if not objects.node_name(pod)]
        reason, message = "WaitForFirstConsumer", "waiting for first consumer to be created before"
        if names:
            plural = "s" if len(names) > 1 else ""
            reason = "WaitForPodScheduled"
            message = f"waiting for pod{plural} {','.join(names)} to be scheduled"
        else:
            message += " binding"
        self.recorder.event(claim, "Normal", reason, message)

    def _provision(self, claim: Obj) -> None:
        name = volumes.class_of(claim)
        storage = self.classes.get("", name)
        problem = f'storageclass.storage.k8s.io "{name}" not found' if storage is None else ""
        driver = storage["provisioner"] if storage is not None else ""
        if driver == NO_PROVISIONER:
            problem = f"no volume plugin matched name: {driver}"
        if problem:
            self.recorder.event(claim, "Warning", "ProvisioningFailed", problem)
            return
        if objects.annotations(claim).get(volumes.PROVISIONER) != driver:
            asked = {volumes.PROVISIONER: driver, volumes.BETA_PROVISIONER: driver}
            notes = {**objects.annotations(claim), **asked}
            changed = objects.with_metadata(claim, annotations=notes)
            claim = self.client.update(CLAIMS, objects.namespace(claim), changed)
        message = (
            f"Waiting for a volume to be created either by the external provisioner '{driver}' or "
            "manually by the system administrator. If volume creation is delayed, please verify "
            "that the provisioner is running and correctly registered."
        )
        self.recorder.event(claim, "Normal", "ExternalProvisioning", message)

    # Binding, in the order of the real controller: volume, its phase, claim, its status.

    def _bind(self, claim: Obj, volume: Obj) -> None:
        volume = self._bind_volume(claim, volume)
        self._set_phase(VOLUMES, volume, "Bound")
        claim = self._bind_claim(claim, volume)
        spec = volume["spec"]
        new = {
            **objects.status(claim),
            "phase": "Bound",
            "accessModes": spec.get("accessModes") or [],
            "capacity": objects.status(claim).get("capacity") or spec.get("capacity") or {},
        }
        if new != objects.status(claim):
            base.update_status(self.client, CLAIMS, claim, new)

    def _bind_volume(self, claim: Obj, volume: Obj) -> Obj:
        known = volume["spec"].get("claimRef") or {}
        if known.get("uid") == objects.uid(claim):
            return volume
        reference = {
            "kind": "PersistentVolumeClaim",
            "namespace": objects.namespace(claim),
            "name": objects.name(claim),
            "uid": objects.uid(claim),
            "apiVersion": "v1",
            "resourceVersion": claim["metadata"]["resourceVersion"],
        }
        changed = {**volume, "spec": {**volume["spec"], "claimRef": reference}}
        if not known:
            notes = {**objects.annotations(volume), volumes.BOUND_BY_CONTROLLER: "yes"}
            changed = objects.with_metadata(changed, annotations=notes)
        return self.client.update(VOLUMES, "", changed)

    def _bind_claim(self, claim: Obj, volume: Obj) -> Obj:
        notes = dict(objects.annotations(claim))
        spec = claim["spec"]
        if not spec.get("volumeName"):
            spec = {**spec, "volumeName": objects.name(volume)}
            notes[volumes.BOUND_BY_CONTROLLER] = "yes"
        notes[volumes.BIND_COMPLETED] = "yes"
        if spec == claim["spec"] and notes == objects.annotations(claim):
            return claim
        changed = {**objects.with_metadata(claim, annotations=notes), "spec": spec}
        return self.client.update(CLAIMS, objects.namespace(claim), changed)

    def _set_phase(self, resource: str, obj: Obj, phase: str, message: str = "") -> Obj:
        if objects.phase(obj) == phase:
            return obj
        new = {**objects.status(obj), "phase": phase}
        new.pop("message", None)
        if message:
            new["message"] = message
        if resource == VOLUMES:
            new["lastPhaseTransitionTime"] = timestamp(self.clock.now())
        return base.update_status(self.client, resource, obj, new)

    # Volumes.

    def sync_volume(self, key: str) -> None:
        volume = self.volumes.get("", key)
        if volume is None:
            return
        reference = volume["spec"].get("claimRef")
        if not reference or not reference.get("uid"):
            self._set_phase(VOLUMES, volume, "Available")
            return
        claim = self.claims.get(reference["namespace"], reference["name"])
        if claim is not None and objects.uid(claim) == reference["uid"]:
            self.claim_queue.add(objects.key(claim))
            return
        if objects.phase(volume) != "Failed":
            volume = self._set_phase(VOLUMES, volume, "Released")
        policy = volume["spec"].get("persistentVolumeReclaimPolicy")
        if policy == "Recycle":
            self._recycle(volume)
        elif policy == "Delete":
            problem = reclaiming.delete(
                volume, lambda: base.delete_if_there(self.client, VOLUMES, volume)
            )
            if problem:
                self._fail(volume, "VolumeFailedDelete", problem)

    def _recycle(self, volume: Obj) -> None:
        if not self.recycler.can(volume):
            self._fail(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!")
            return
        problem = self.recycler.go_on(volume)
        if problem:
            self._fail(volume, "VolumeFailedRecycle", f"Recycle failed: {problem}")
            self.volume_queue.add_after(objects.name(volume), RESYNC_SECONDS)
        elif problem is not None:
            self.recorder.event(volume, "Normal", "VolumeRecycled", "Volume recycled")
            self._unbind(volume)

    def _unbind(self, volume: Obj) -> None:
        """Whoever wants it may have it now."""
        spec, notes = volume["spec"], dict(objects.annotations(volume))
        if notes.pop(volumes.BOUND_BY_CONTROLLER, None) is not None:
            volume = objects.with_metadata(volume, annotations=notes)
            spec = {k: v for k, v in spec.items() if k != "claimRef"}
        else:
            spec = {**spec, "claimRef": {**spec["claimRef"], "uid": ""}}
        volume = self.client.update(VOLUMES, "", {**volume, "spec": spec})
        self._set_phase(VOLUMES, volume, "Available")

    def _fail(self, volume: Obj, reason: str, message: str) -> None:
        """Of several failures the first is told."""
        if objects.phase(volume) != "Failed":
            volume = self._set_phase(VOLUMES, volume, "Failed", message)
            self.recorder.event(volume, "Warning", reason, message)


class SimulatedProvisioner:
    """Plays every external provisioner: makes the volume asked for, deletes released ones."""

    name = "persistentvolume-provisioner-simulation"

    def start(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.client = base.client(runtime)
        self.claims = runtime.informer(CLAIMS)
        self.volumes = runtime.informer(VOLUMES)
        self.classes = runtime.informer(CLASSES)
        self.queue = base.queue(runtime, self.name, self.sync, self.claims)
        self.released = base.queue(runtime, self.name, self._delete, self.volumes, part="release")
        self.claims.on_event(lambda event: self.queue.add(objects.key(event.object)))
        self.volumes.on_event(lambda event: self.released.add(objects.name(event.object)))

    def sync(self, key: str) -> None:
        claim = self.claims.get_key(key)
        if claim is None or objects.deleting(claim) or claim["spec"].get("volumeName"):
            return
        driver = objects.annotations(claim).get(volumes.PROVISIONER)
        storage = self.classes.get("", volumes.class_of(claim))
        name = f"pvc-{objects.uid(claim)}"
        if not driver or storage is None or self.volumes.get("", name) is not None:
            return
        recorder = self.runtime.recorder(driver)
        where = objects.key(claim)
        message = f'External provisioner is provisioning volume for claim "{where}"'
        recorder.event(claim, "Normal", "Provisioning", message)
        self.client.create(VOLUMES, "", _volume(name, claim, storage, driver))
        message = f"Successfully provisioned volume {name}"
        recorder.event(claim, "Normal", "ProvisioningSucceeded", message)

    def _delete(self, key: str) -> None:
        volume = self.volumes.get("", key)
        if volume is None or objects.phase(volume) != "Released" or objects.deleting(volume):
            return
        made = volumes.PROVISIONED_BY in objects.annotations(volume)
        if made and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
            base.delete_if_there(self.client, VOLUMES, volume)


def _volume(name: str, claim: Obj, storage: Obj, driver: str) -> Obj:
    spec: Obj = {
        "capacity": dict((claim["spec"].get("resources") or {}).get("requests") or {}),
        "accessModes": claim["spec"].get("accessModes") or [],
        "persistentVolumeReclaimPolicy": storage.get("reclaimPolicy", "Delete"),
        "storageClassName": objects.name(storage),
        "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
        "csi": {"driver": driver, "volumeHandle": name},
        "claimRef": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": objects.namespace(claim),
            "name": objects.name(claim),
            "uid": objects.uid(claim),
            "resourceVersion": claim["metadata"]["resourceVersion"],
        },
    }
    if storage.get("mountOptions"):
        spec["mountOptions"] = storage["mountOptions"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {volumes.PROVISIONED_BY: driver}},
        "spec": spec,
    }
