"""Endpoints of services that select pods. Source: pkg/controller/endpoint."""

from collections.abc import Iterable
from typing import Any

from mockapi.client.protocol import Obj
from mockapi.controllers import base, endpoints, objects, selecting
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

RESOURCE = "v1/endpoints"
MANAGED_BY = "endpoints.kubernetes.io/managed-by"
MANAGER = "endpoint-controller"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
MAX_ADDRESSES = 1000
MAX_RETRIES = 15


class EndpointsController:
    name = "endpoints-controller"

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, MANAGER)
        self.services = runtime.informer("v1/services")
        self.pods = runtime.informer("v1/pods")
        self.endpoints = runtime.informer(RESOURCE)
        self.times = endpoints.TriggerTimes()
        self.queue = base.queue(runtime, self.name, self._sync_or_drop, self.services)
        self.services.on_event(lambda event: self.queue.add(objects.key(event.object)))
        endpoints.watch_pods(self.pods, self.services, self.queue.add)
        self.endpoints.on_event(
            lambda event: (
                self.queue.add(objects.key(event.object)) if event.type == "DELETED" else None
            )
        )

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
            self._service_gone(key)
            return
        wanted = endpoints.service_selector(service)
        if service["spec"].get("type") == "ExternalName" or wanted is None:
            return
        pods = selecting.select(self.pods, objects.namespace(service), wanted)
        moment = self.times.changed(service, pods)
        subsets = repack(_addresses(service, pods))
        current = self.endpoints.get_key(key)
        if current is not None and _up_to_date(current, service, subsets):
            return
        self._write(service, current, subsets, moment)

    def _service_gone(self, key: str) -> None:
        inside, name = objects.split_key(key)
        if self.endpoints.get_key(key) is not None:
            try:
                self.client.delete(RESOURCE, inside, name)
            except ApiError as error:
                if not base.not_found(error):
                    raise
        self.times.forget(key)

    def _write(self, service: Obj, current: Obj | None, subsets: list[Obj], moment: str) -> None:
        new = _describe(service, current, subsets, moment)
        inside, name = objects.namespace(service), objects.name(service)
        try:
            if current is None:
                self.client.create(RESOURCE, inside, new)
            else:
                self.client.update(RESOURCE, inside, new)
        except ApiError as error:
            if current is None:
                if base.forbidden(error) and base.namespace_terminating(error):
                    return
                message = f"Failed to create endpoint for service {inside}/{name}: {error.message}"
                self.recorder.event(new, "Warning", "FailedToCreateEndpoint", message)
            else:
                message = f"Failed to update endpoint {inside}/{name}: {error.message}"
                self.recorder.event(new, "Warning", "FailedToUpdateEndpoint", message)
            raise


def _describe(service: Obj, current: Obj | None, subsets: list[Obj], moment: str) -> Obj:
    metadata: Obj = {"name": objects.name(service), "namespace": objects.namespace(service)}
    if current is not None:
        metadata = dict(current["metadata"])
    notes = dict(metadata.get("annotations") or {})
    notes.pop(endpoints.TRIGGER_TIME, None)
    notes.pop(OVER_CAPACITY, None)
    if moment:
        notes[endpoints.TRIGGER_TIME] = moment
    subsets, cut = truncated(subsets)
    if cut:
        notes[OVER_CAPACITY] = "truncated"
    labels = dict(objects.labels(service))
    labels.pop(endpoints.HEADLESS, None)
    if endpoints.headless(service):
        labels[endpoints.HEADLESS] = ""
    labels[MANAGED_BY] = MANAGER
    metadata["annotations"], metadata["labels"] = notes, labels
    return {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": subsets}


def _addresses(service: Obj, pods: Iterable[Obj]) -> list[tuple[Obj, Obj | None, bool]]:
    """(address, port, ready) for each pod and port."""
    spec = service["spec"]
    tolerant = bool(spec.get("publishNotReadyAddresses"))
    found: list[tuple[Obj, Obj | None, bool]] = []
    for pod in pods:
        if not endpoints.has_endpoint(pod, terminating=tolerant):
            continue
        addresses = endpoints.pod_addresses(pod, ipv6=_wants_ipv6(service, pod))
        if not addresses:
            continue
        address: Obj = {"ip": addresses[0]}
        if name := endpoints.hostname(pod, service):
            address["hostname"] = name
        address["nodeName"] = objects.node_name(pod)
        address["targetRef"] = endpoints.target(pod)
        ready = tolerant or objects.pod_ready(pod)
        if not spec.get("ports"):
            if spec.get("clusterIP") == "None":
                found.append((address, None, ready))
            continue
        for port in spec["ports"]:
            number = endpoints.find_port(pod, port)
            if number is not None:
                found.append((address, _port(port, number), ready))
    return found


def _wants_ipv6(service: Obj, pod: Obj) -> bool:
    spec = service["spec"]
    if spec.get("ipFamilies"):
        return bool(spec["ipFamilies"][0] == "IPv6")
    if not endpoints.headless(service):
        return ":" in spec["clusterIP"]
    return ":" in objects.status(pod).get("podIP", "")


def _port(port: Obj, number: int) -> Obj:
    made: Obj = {"port": number, "protocol": port.get("protocol", "TCP")}
    for name in ("name", "appProtocol"):
        if port.get(name):
            made[name] = port[name]
    return made


def repacked(subsets: Iterable[Obj]) -> list[Obj]:
    """Subsets that somebody wrote, as the real helper orders and joins them."""
    found: list[tuple[Obj, Obj | None, bool]] = []
    for subset in subsets:
        rows = [(address, True) for address in subset.get("addresses") or ()]
        rows += [(address, False) for address in subset.get("notReadyAddresses") or ()]
        for address, ready in rows:
            for port in subset.get("ports") or (None,):
                found.append((address, port, ready))
    return repack(found)


def repack(found: Iterable[tuple[Obj, Obj | None, bool]]) -> list[Obj]:
    """Subsets of all ports that share the same ready and not ready addresses."""
    by_port: dict[tuple[Any, ...], dict[tuple[str, str], tuple[Obj, bool]]] = {}
    for address, port, ready in found:
        port_key = tuple(sorted(port.items())) if port else ()
        known = by_port.setdefault(port_key, {})
        key = (address["ip"], (address.get("targetRef") or {}).get("uid", ""))
        known[key] = (address, ready and known.get(key, (address, True))[1])
    groups: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for port_key, addresses in by_port.items():
        members = tuple(sorted((key, ready) for key, (_, ready) in addresses.items()))
        groups.setdefault(members, []).append(port_key)
    subsets = []
    for members, ports in groups.items():
        known = by_port[ports[0]]
        subset: Obj = {}
        for part, wanted in (("addresses", True), ("notReadyAddresses", False)):
            chosen = [known[key][0] for key, ready in members if ready is wanted]
            if chosen:
                subset[part] = chosen
        listed = [dict(port) for port in sorted(ports) if port]
        if listed:
            subset["ports"] = listed
        subsets.append(subset)
    return subsets


def truncated(subsets: list[Obj]) -> tuple[list[Obj], bool]:
    """At most a thousand addresses, the ready ones first."""
    ready = sum(len(s.get("addresses") or ()) for s in subsets)
    waiting = sum(len(s.get("notReadyAddresses") or ()) for s in subsets)
    if ready + waiting <= MAX_ADDRESSES:
        return subsets, False
    part = "addresses" if ready > MAX_ADDRESSES else "notReadyAddresses"
    total = ready if ready > MAX_ADDRESSES else waiting
    most = left = MAX_ADDRESSES if ready > MAX_ADDRESSES else MAX_ADDRESSES - ready
    cut = []
    for subset in subsets:
        mine = subset.get(part) or []
        count = min(-(-len(mine) * most // total), left)
        kept = {k: v for k, v in subset.items() if k != part}
        if part == "addresses":
            kept.pop("notReadyAddresses", None)
        if mine[:count]:
            kept[part] = mine[:count]
        left -= min(count, len(mine))
        cut.append(kept)
    return cut, True


def _up_to_date(current: Obj, service: Obj, subsets: list[Obj]) -> bool:
    labels = objects.labels(current)
    if labels.get(MANAGED_BY) != MANAGER:
        return False
    mine = (endpoints.HEADLESS, MANAGED_BY)
    if {k: v for k, v in labels.items() if k not in mine} != objects.labels(service):
        return False
    if OVER_CAPACITY in objects.annotations(current):
        return False
    return _normal(current.get("subsets") or []) == _normal(subsets)


def _normal(subsets: list[Obj]) -> list[Any]:
    """A form to compare by: the order of subsets, addresses and ports means nothing."""
    return sorted(
        (
            sorted(
                a["ip"] + str(a.get("targetRef", {}).get("uid")) for a in s.get("addresses", ())
            ),
            sorted(
                a["ip"] + str(a.get("targetRef", {}).get("uid"))
                for a in s.get("notReadyAddresses", ())
            ),
            sorted(str(sorted(p.items())) for p in s.get("ports", ())),
        )
        for s in subsets
    )
