"""EndpointSlices for Endpoints that somebody writes by hand.

Source: pkg/controller/endpointslicemirroring.
"""

import ipaddress
from collections.abc import Iterable

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, endpoints, objects, slicing
from mockapi.controllers.endpoints_controller import repacked
from mockapi.controllers.endpointslice import (
    MANAGED_BY,
    RESOURCE,
    SLICE_CHANGE_DELAY,
    OwnSlices,
    by_service,
)
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

ENDPOINTS = "v1/endpoints"
MANAGER = "endpointslicemirroring-controller.k8s.io"
SKIP = "endpointslice.kubernetes.io/skip-mirror"
LEADER = "control-plane.alpha.kubernetes.io/leader"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
MOST = 1000
MAX_RETRIES = 15


def _mirrored(item: Obj | None) -> bool:
    """These Endpoints are to be mirrored."""
    if item is None:
        return False
    return objects.labels(item).get(SKIP) != "true" and LEADER not in objects.annotations(item)


class EndpointSliceMirroringController:
    name = "endpointslice-mirroring-controller"

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, "endpoint-slice-mirroring-controller")
        self.services = runtime.informer("v1/services")
        self.endpoints = runtime.informer(ENDPOINTS)
        self.slices = runtime.informer(RESOURCE)
        self.slices.index("service", by_service)
        self.own = OwnSlices(self.client, MANAGER)
        self.queue = base.queue(runtime, self.name, self._sync_or_drop, self.services)
        self.services.on_event(self._service_changed)
        self.endpoints.on_event(self._endpoints_changed)
        self.slices.on_event(self._slice_changed)

    def _service_changed(self, event: Event) -> None:
        service, old = event.object, event.old
        selects = service["spec"].get("selector") is not None
        if event.type == "MODIFIED":
            if old is None or (old["spec"].get("selector") is not None) == selects:
                return
        elif selects:
            return
        self.queue.add(objects.key(service))

    def _endpoints_changed(self, event: Event) -> None:
        if _mirrored(event.object) or (event.type == "MODIFIED" and _mirrored(event.old)):
            self.queue.add(objects.key(event.object))

    def _slice_changed(self, event: Event) -> None:
        """Somebody else's change of a slice of ours is put right a little later."""
        for key in self.own.disturbed(event):
            self.queue.add_after(key, SLICE_CHANGE_DELAY)

    def _sync_or_drop(self, key: str) -> None:
        try:
            self.sync(key)
        except ApiError:
            if self.queue.retries(key) < MAX_RETRIES:
                raise

    def sync(self, key: str) -> None:
        item, service = self.endpoints.get_key(key), self.services.get_key(key)
        existing = [
            one
            for one in self.slices.by("service", key)
            if objects.labels(one).get(MANAGED_BY) == MANAGER
        ]
        selects = service is not None and service["spec"].get("selector") is not None
        if item is None or service is None or selects or not _mirrored(item):
            self.own.forget(key)
            for one in existing:
                self.own.delete(one)
            return
        self.own.expect(key, existing)
        self.own.write(item, self._changes(item, existing))

    def _changes(self, item: Obj, existing: Iterable[Obj]) -> slicing.Changes:
        left: dict[object, list[Obj]] = {}
        for one in existing:
            key = (one["addressType"], slicing.ports_key(one.get("ports") or ()))
            left.setdefault(key, []).append(one)
        changes = slicing.Changes()
        for family, ports, found in self._desired(item):
            mine = left.pop((family, slicing.ports_key(ports)), [])
            if not found:
                changes.delete += mine
                continue
            changes.delete += mine[1:]
            new = _slice(item, family, ports, found[:MOST], mine[0] if mine else None)
            if not mine:
                changes.create.append(new)
            elif _differs(mine[0], new, item):
                changes.update.append(new)
        for rest in left.values():
            changes.delete += rest
        _recycle(changes)
        return changes

    def _desired(self, item: Obj) -> list[tuple[str, list[Obj], list[Obj]]]:
        """Family, ports and endpoints of each slice; events for what is left out."""
        desired: dict[object, tuple[str, list[Obj], list[Obj]]] = {}
        invalid = skipped = 0
        for subset in repacked(item.get("subsets") or ()):
            ports = [_port(port) for port in subset.get("ports") or ()]
            for family in ("IPv4", "IPv6"):
                key = (family, slicing.ports_key(ports))
                desired.setdefault(key, (family, ports, []))
            rows = [(a, True) for a in subset.get("addresses") or ()]
            rows += [(a, False) for a in subset.get("notReadyAddresses") or ()]
            added = 0
            for address, ready in rows:
                if added >= MOST:
                    break
                family = _family(address["ip"])
                if not family:
                    invalid += 1
                    continue
                key = (family, slicing.ports_key(ports))
                desired[key][2].append(_endpoint(address, ready=ready))
                added += 1
            skipped += len(rows) - added
        self._tell(item, invalid, skipped)
        return list(desired.values())

    def _tell(self, item: Obj, invalid: int, skipped: int) -> None:
        if invalid:
            text = f"Skipped {invalid} invalid IP addresses when mirroring to EndpointSlices"
            self.recorder.event(item, "Warning", "InvalidIPAddress", text)
        if skipped > invalid:
            text = (
                f"A max of {MOST} addresses can be mirrored to EndpointSlices per Endpoints "
                f"subset. {skipped} addresses were skipped"
            )
            self.recorder.event(item, "Warning", "TooManyAddressesToMirror", text)


def _family(text: str) -> str:
    try:
        return f"IPv{ipaddress.ip_address(text).version}"
    except ValueError:
        return ""


def _port(port: Obj) -> Obj:
    made = {"name": port.get("name", ""), "port": port["port"], "protocol": port.get("protocol")}
    return {**made, "appProtocol": port["appProtocol"]} if port.get("appProtocol") else made


def _endpoint(address: Obj, *, ready: bool) -> Obj:
    made: Obj = {"addresses": [address["ip"]], "conditions": {"ready": ready}}
    for field in ("hostname", "nodeName", "targetRef"):
        if address.get(field):
            made[field] = address[field]
    return made


def _slice(item: Obj, family: str, ports: list[Obj], found: list[Obj], old: Obj | None) -> Obj:
    name = objects.name(item)
    named = {"name": objects.name(old)} if old is not None else {"generateName": f"{name}-"}
    kept = {
        key: value
        for key, value in objects.annotations(item).items()
        if key not in (endpoints.TRIGGER_TIME, LAST_APPLIED)
    }
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            **named,
            "namespace": objects.namespace(item),
            "labels": {
                **objects.labels(item),
                endpoints.SERVICE_NAME: name,
                MANAGED_BY: MANAGER,
            },
            **({"annotations": kept} if kept else {}),
            "ownerReferences": [objects.controller_reference(item, "v1", "Endpoints")],
        },
        "addressType": family,
        "endpoints": found,
        "ports": ports,
    }


def _differs(old: Obj, new: Obj, item: Obj) -> bool:
    """In endpoints, labels, annotations, or because the Endpoints were made anew."""
    before = {slicing.identity(one): one for one in old.get("endpoints") or ()}
    after = {slicing.identity(one): one for one in new["endpoints"]}
    return (
        before != after
        or objects.labels(old) != objects.labels(new)
        or objects.annotations(old) != objects.annotations(new)
        or any(
            owner["kind"] == "Endpoints" and owner["uid"] != objects.uid(item)
            for owner in old["metadata"].get("ownerReferences") or ()
        )
    )


def _recycle(changes: slicing.Changes) -> None:
    """Turn a deletion and a creation of one family into an update."""
    for new in list(changes.create):
        old = next((o for o in changes.delete if o["addressType"] == new["addressType"]), None)
        if old is None:
            continue
        changes.create.remove(new)
        changes.delete.remove(old)
        changes.update.append(objects.with_metadata(new, name=objects.name(old)))
