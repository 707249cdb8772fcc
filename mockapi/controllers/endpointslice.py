"""EndpointSlices of services that select pods. Source: pkg/controller/endpointslice."""

from collections.abc import Iterable

from mockapi.client.protocol import Client, Event, Obj
from mockapi.controllers import base, endpoints, objects, selecting, slicing
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

RESOURCE = "discovery.k8s.io/v1/endpointslices"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
RESERVED = frozenset((endpoints.SERVICE_NAME, MANAGED_BY, endpoints.HEADLESS))
SLICE_CHANGE_DELAY = 1.0
MAX_RETRIES = 15
DISTRIBUTIONS = frozenset(("PreferClose", "PreferSameZone", "PreferSameNode"))


class EndpointSliceController:
    name = "endpointslice-controller"

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, "endpoint-slice-controller")
        self.services = runtime.informer("v1/services")
        self.pods = runtime.informer("v1/pods")
        self.nodes = runtime.informer("v1/nodes")
        self.slices = runtime.informer(RESOURCE)
        self.slices.index("service", by_service)
        self.own = OwnSlices(self.client, MANAGER)
        self.times = endpoints.TriggerTimes()
        self.queue = base.queue(runtime, self.name, self._sync_or_drop, self.services)
        self.services.on_event(lambda event: self.queue.add(objects.key(event.object)))
        endpoints.watch_pods(self.pods, self.services, self.queue.add)
        self.slices.on_event(self._slice_changed)

    def _slice_changed(self, event: Event) -> None:
        """Somebody else's change of a slice of ours is put right a second later."""
        for key in self.own.disturbed(event):
            self.queue.add_after(key, SLICE_CHANGE_DELAY)

    def _sync_or_drop(self, key: str) -> None:
        try:
            self.sync(key)
        except ApiError:
            if self.queue.retries(key) >= MAX_RETRIES:
                return
            raise

    def sync(self, key: str) -> None:
        service = self.services.get_key(key)
        if service is None:
            self.times.forget(key)
            self.own.forget(key)
            return
        wanted = endpoints.service_selector(service)
        if service["spec"].get("type") == "ExternalName" or wanted is None:
            return
        pods = selecting.select(self.pods, objects.namespace(service), wanted)
        managed = [
            item
            for item in self.slices.by("service", key)
            if objects.labels(item).get(MANAGED_BY) == MANAGER
        ]
        self.own.expect(key, managed)
        existing = [item for item in managed if not objects.deleting(item)]
        moment = self.times.changed(service, pods)
        try:
            self._reconcile(service, pods, existing, moment)
        except ApiError as error:
            message = (
                f"Error updating Endpoint Slices for Service {objects.namespace(service)}/"
                f"{objects.name(service)}: {error.message}"
            )
            self.recorder.event(service, "Warning", "FailedToUpdateEndpointSlices", message)
            raise

    def _reconcile(self, service: Obj, pods: list[Obj], existing: list[Obj], moment: str) -> None:
        families = address_types(service)
        failure: ApiError | None = None
        for family in families:
            mine = [item for item in existing if item["addressType"] == family]
            try:
                self._reconcile_family(service, pods, mine, family, moment)
            except ApiError as error:
                failure = failure or error
        for item in existing:
            if item["addressType"] not in families:
                self.own.delete(item)
        if failure is not None:
            raise failure

    def _reconcile_family(
        self, service: Obj, pods: list[Obj], existing: list[Obj], family: str, moment: str
    ) -> None:
        by_ports: dict[object, list[Obj]] = {}
        foreign: list[Obj] = []
        for item in existing:
            if _owned(item, service):
                by_ports.setdefault(slicing.ports_key(item.get("ports") or ()), []).append(item)
            else:
                foreign.append(item)
        desired, missing = self._desired(service, pods, family)
        labels = slice_labels(service)
        changes = slicing.Changes(delete=foreign)
        for ports, found in desired.values():
            mine = by_ports.pop(slicing.ports_key(ports), [])
            part = slicing.spread(mine, found, blank(service, ports, family), labels)
            changes.create += part.create
            changes.update += part.update
            changes.delete += part.delete
        for rest in by_ports.values():
            changes.delete += rest
        self._placeholder(service, family, existing, changes)
        self._hint(service, existing, changes)
        self._write(service, changes, moment)
        if missing:
            raise base.Retry(missing)

    def _desired(
        self, service: Obj, pods: list[Obj], family: str
    ) -> tuple[dict[object, tuple[list[Obj], list[Obj]]], str]:
        """Ports and endpoints by set of ports; and what is wrong when a pod's node is missing."""
        desired: dict[object, tuple[list[Obj], list[Obj]]] = {}
        missing = ""
        tolerant = service["spec"].get("publishNotReadyAddresses", False)
        for pod in pods:
            if not endpoints.has_endpoint(pod, terminating=True):
                continue
            ports = endpoint_ports(service, pod)
            found = desired.setdefault(slicing.ports_key(ports), (ports, []))[1]
            node = self.nodes.get("", objects.node_name(pod))
            if node is None and not tolerant:
                missing = (
                    f"skipping Pod {objects.name(pod)} for Service {objects.namespace(service)}/"
                    f"{objects.name(service)}: Node {objects.node_name(pod)} Not Found"
                )
                continue
            addresses = endpoints.pod_addresses(pod, ipv6=family == "IPv6")
            if addresses:
                found.append(endpoint(service, pod, node, addresses))
        return desired, missing

    def _placeholder(
        self, service: Obj, family: str, existing: list[Obj], changes: slicing.Changes
    ) -> None:
        """A service without endpoints keeps one empty slice."""
        if len(existing) != len(changes.delete) or changes.create:
            return
        empty = blank(service, [], family)
        if len(changes.delete) == 1 and _is_placeholder(changes.delete[0], empty):
            changes.delete = []
        else:
            changes.create.append(empty)

    def _hint(self, service: Obj, existing: list[Obj], changes: slicing.Changes) -> None:
        distribution = service["spec"].get("trafficDistribution", "")
        distribution = distribution if distribution in DISTRIBUTIONS else ""
        touched = {objects.name(item) for item in (*changes.update, *changes.delete)}
        for item in existing:
            if objects.name(item) not in touched:
                hinted = slicing.with_hints(item, distribution)
                if hinted is not item:
                    changes.update.append(hinted)
        changes.create = [slicing.with_hints(item, distribution) for item in changes.create]
        changes.update = [slicing.with_hints(item, distribution) for item in changes.update]

    def _write(self, service: Obj, changes: slicing.Changes, moment: str) -> None:
        _reuse(service, changes)
        changes.create = [_stamped(item, moment) for item in changes.create]
        changes.update = [_stamped(item, moment) for item in changes.update]
        self.own.write(service, changes)


class OwnSlices:
    """What a controller writes to slices, and which changes of them are somebody else's."""

    def __init__(self, client: Client, manager: str) -> None:
        self._client = client
        self._manager = manager
        self._written: dict[str, str] = {}
        self._services: dict[str, str] = {}
        """Whose the slices were when they were written."""
        self._slices: dict[str, set[str]] = {}
        """The same by service."""

    def disturbed(self, event: Event) -> set[str]:
        """The services whose slices somebody else has changed."""
        item, old = event.object, event.old
        ours = self._is_ours(item)
        if not ours and (old is None or not self._is_ours(old)):
            return set()
        key = objects.key(item)
        if event.type == "DELETED":
            if self._drop(key) is None:
                return set()
        elif ours and self._written.get(key) == item["metadata"].get("resourceVersion", ""):
            return set()
        return {*by_service(item), *(by_service(old) if old else ())}

    def expect(self, service: str, found: Iterable[Obj]) -> None:
        """Raises Retry when a slice that was written for a service is not there. So does the real
        controller, also when somebody has given it to another service."""
        written = self._slices.get(service)
        if written and not written <= {objects.key(item) for item in found}:
            raise base.Retry("EndpointSlice informer cache is out of date")

    def forget(self, service: str) -> None:
        for key in list(self._slices.get(service, ())):
            self._drop(key)

    def write(self, owner: Obj, changes: slicing.Changes) -> None:
        """Nothing is made for an owner that is being deleted."""
        inside = objects.namespace(owner)
        for item in changes.create if not objects.deleting(owner) else ():
            try:
                made = self._client.create(RESOURCE, inside, item)
            except ApiError as error:
                if base.namespace_terminating(error):
                    return
                raise
            self._remember(made)
        for item in changes.update:
            self._remember(self._client.update(RESOURCE, inside, item))
        for item in changes.delete:
            self.delete(item)

    def delete(self, item: Obj) -> None:
        self._drop(objects.key(item))
        base.delete_if_there(self._client, RESOURCE, item)

    def _drop(self, key: str) -> str | None:
        service = self._services.pop(key, None)
        if service is not None:
            self._slices[service].discard(key)
            if not self._slices[service]:
                del self._slices[service]
        return self._written.pop(key, None)

    def _remember(self, item: Obj) -> None:
        key, service = objects.key(item), next(iter(by_service(item)), "")
        self._written[key] = item["metadata"]["resourceVersion"]
        self._services[key] = service
        self._slices.setdefault(service, set()).add(key)

    def _is_ours(self, item: Obj) -> bool:
        return objects.labels(item).get(MANAGED_BY) == self._manager


def by_service(item: Obj) -> tuple[str, ...]:
    name = objects.labels(item).get(endpoints.SERVICE_NAME)
    return (f"{objects.namespace(item)}/{name}",) if name else ()


def address_types(service: Obj) -> list[str]:
    families = service["spec"].get("ipFamilies") or []
    if families:
        return list(families)
    if not endpoints.headless(service):
        return ["IPv6" if ":" in service["spec"]["clusterIP"] else "IPv4"]
    return ["IPv4", "IPv6"]


def slice_labels(service: Obj) -> dict[str, str]:
    labels = {k: v for k, v in objects.labels(service).items() if k not in RESERVED}
    if endpoints.headless(service):
        labels[endpoints.HEADLESS] = ""
    labels[endpoints.SERVICE_NAME] = objects.name(service)
    labels[MANAGED_BY] = MANAGER
    return labels


def blank(service: Obj, ports: list[Obj], family: str) -> Obj:
    name = objects.name(service)
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{name}-" if len(name) < 253 else name,
            "namespace": objects.namespace(service),
            "labels": slice_labels(service),
            "ownerReferences": [objects.controller_reference(service, "v1", "Service")],
        },
        "addressType": family,
        "endpoints": [],
        "ports": ports,
    }


def endpoint_ports(service: Obj, pod: Obj) -> list[Obj]:
    ports = []
    for port in service["spec"].get("ports") or ():
        number = endpoints.find_port(pod, port)
        if number is None:
            continue
        made = {"name": port.get("name", ""), "port": number, "protocol": port.get("protocol")}
        if port.get("appProtocol"):
            made["appProtocol"] = port["appProtocol"]
        ports.append(made)
    return ports


def endpoint(service: Obj, pod: Obj, node: Obj | None, addresses: list[str]) -> Obj:
    serving, terminating = objects.pod_ready(pod), objects.deleting(pod)
    tolerant = service["spec"].get("publishNotReadyAddresses", False)
    made: Obj = {
        "addresses": addresses,
        "conditions": {
            "ready": bool(tolerant or (serving and not terminating)),
            "serving": serving,
            "terminating": terminating,
        },
        "targetRef": endpoints.target(pod),
    }
    if name := endpoints.hostname(pod, service):
        made["hostname"] = name
    if objects.node_name(pod):
        made["nodeName"] = objects.node_name(pod)
    zone = objects.labels(node).get("topology.kubernetes.io/zone") if node else None
    if zone:
        made["zone"] = zone
    return made


def _owned(item: Obj, service: Obj) -> bool:
    return any(
        owner["uid"] == objects.uid(service) and owner["kind"] == "Service"
        for owner in item["metadata"].get("ownerReferences") or ()
    )


def _is_placeholder(item: Obj, empty: Obj) -> bool:
    return (
        not item.get("endpoints")
        and not item.get("ports")
        and item["addressType"] == empty["addressType"]
        and objects.labels(item) == objects.labels(empty)
    )


def _reuse(service: Obj, changes: slicing.Changes) -> None:
    """Turn a deletion and a creation into an update of the same slice."""
    for item in list(changes.delete):
        if not changes.create:
            return
        new = changes.create[-1]
        if item["addressType"] == new["addressType"] and _owned(item, service):
            changes.create.pop()
            changes.delete.remove(item)
            metadata = {**item["metadata"], "labels": objects.labels(new)}
            changes.update.append({**new, "metadata": metadata})


def _stamped(item: Obj, moment: str) -> Obj:
    known = {k: v for k, v in objects.annotations(item).items() if k != endpoints.TRIGGER_TIME}
    if moment:
        known[endpoints.TRIGGER_TIME] = moment
    return objects.with_metadata(item, annotations=known)
