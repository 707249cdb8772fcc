"""Growing claims: the controller that waits for a resizer, and the resizer of simulated drivers.

Source: pkg/controller/volume/expand; the steps of the CSI external-resizer.
"""

from mockapi.base.clock import timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects, volumes
from mockapi.controllers.protection import CLAIMS, VOLUMES
from mockapi.meta import quantity
from mockapi.runtime.loop import Runtime


def _size(amounts: Obj | None) -> quantity.Quantity:
    return quantity.parse((amounts or {}).get("storage", "0"))


def _wants_more(claim: Obj) -> bool:
    asked = _size((claim["spec"].get("resources") or {}).get("requests"))
    return objects.phase(claim) == "Bound" and asked > _size(objects.status(claim).get("capacity"))


class ExpanderController:
    name = "persistentvolume-expander-controller"

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, "volume_expand")
        self.claims = runtime.informer(CLAIMS)
        self.queue = base.queue(runtime, self.name, self.sync, self.claims)
        self.claims.on_event(self._changed)

    def _changed(self, event: Event) -> None:
        claim, old = event.object, event.old
        if event.type == "DELETED" or old is None or objects.phase(claim) != "Bound":
            return
        now, before = (
            _size((item["spec"].get("resources") or {}).get("requests")) for item in (claim, old)
        )
        if now > before:
            self.queue.add(objects.key(claim))

    def sync(self, key: str) -> None:
        claim = self.claims.get_key(key)
        if claim is None:
            return
        name = claim["spec"].get("volumeName", "")
        volume = self.client.get(VOLUMES, "", name)
        reference = volume["spec"].get("claimRef") or {}
        if reference.get("uid") != objects.uid(claim):
            raise base.Retry(f"persistent Volume is not bound to PVC being updated : {key}")
        if _wants_more(claim):
            text = "waiting for an external controller to expand this PVC"
            self.recorder.event(claim, "Normal", "ExternalExpanding", text)


class SimulatedResizer:
    """Plays the resizer of the simulated drivers: volumes grow step by step, without the node."""

    name = "persistentvolume-resizer-simulation"

    def start(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.claims = runtime.informer(CLAIMS)
        self.volumes = runtime.informer(VOLUMES)
        self.queue = base.queue(runtime, self.name, self.sync, self.claims)
        self.claims.on_event(lambda event: self.queue.add(objects.key(event.object)))

    def sync(self, key: str) -> None:
        claim = self.claims.get_key(key)
        if claim is None or objects.deleting(claim) or not _wants_more(claim):
            return
        volume = self.volumes.get("", claim["spec"].get("volumeName", ""))
        driver = objects.annotations(volume).get(volumes.PROVISIONED_BY) if volume else None
        if volume is None or not driver:
            return
        recorder = self.runtime.recorder(f"external-resizer {driver}")
        asked = claim["spec"]["resources"]["requests"]["storage"]
        if not objects.condition_is(claim, "Resizing"):
            text = f"External resizer is resizing volume {objects.name(volume)}"
            recorder.event(claim, "Normal", "Resizing", text)
            self._begin(claim, asked)
            return
        if _size(volume["spec"].get("capacity")) < quantity.parse(asked):
            patch = {"spec": {"capacity": {"storage": asked}}}
            self.client.patch(VOLUMES, "", objects.name(volume), patch)
        self._finish(claim, asked)
        recorder.event(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded")

    def _begin(self, claim: Obj, asked: str) -> None:
        status = objects.status(claim)
        condition = {
            "type": "Resizing",
            "status": "True",
            "lastTransitionTime": timestamp(self.clock.now()),
        }
        new = {
            **status,
            "conditions": [*(status.get("conditions") or ()), condition],
            "allocatedResources": {"storage": asked},
            "allocatedResourceStatuses": {"storage": "ControllerResizeInProgress"},
        }
        self._write(claim, new)

    def _finish(self, claim: Obj, asked: str) -> None:
        new = {**objects.status(claim), "capacity": {"storage": asked}}
        new["conditions"] = objects.without_condition(new.get("conditions") or [], "Resizing")
        new.pop("allocatedResourceStatuses", None)
        self._write(claim, new)

    def _write(self, claim: Obj, status: Obj) -> None:
        changed = objects.with_status(claim, status)
        self.client.update(CLAIMS, objects.namespace(claim), changed, subresource="status")
