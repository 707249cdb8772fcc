"""ServiceCIDRs: ready, protected, and gone when none of their addresses is in use.

Source: pkg/controller/servicecidrs.
"""

import ipaddress
from collections.abc import Iterator

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects
from mockapi.runtime.loop import Runtime

CIDRS = "networking.k8s.io/v1/servicecidrs"
ADDRESSES = "networking.k8s.io/v1/ipaddresses"
FINALIZER = "networking.k8s.io/service-cidr-finalizer"
MANAGER = "service-cidr-controller"
ALLOCATOR = "ipallocator.k8s.io"
MANAGED_BY = "ipaddress.kubernetes.io/managed-by"
GRACE_SECONDS = 10.0

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(cidr: Obj) -> Iterator[Network]:
    for text in cidr["spec"].get("cidrs") or ():
        yield ipaddress.ip_network(text, strict=False)


def _within(inner: Network, outer: Network) -> bool:
    if isinstance(inner, ipaddress.IPv4Network):
        return isinstance(outer, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, ipaddress.IPv6Network) and inner.subnet_of(outer)


class ServiceCIDRController:
    name = "service-cidr-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.cidrs = runtime.informer(CIDRS)
        self.said: dict[str, int] = {}
        """The revision at which a status was written, by name."""
        self.addresses = runtime.informer(ADDRESSES)
        self.queue = base.queue(runtime, self.name, self.sync, self.cidrs)
        self.cidrs.on_event(self._cidr_changed)
        self.addresses.on_event(self._address_changed)

    def _cidr_changed(self, event: Event) -> None:
        self.queue.add(objects.name(event.object))
        if event.type == "ADDED":
            for other in self.cidrs.list():
                if any(a.overlaps(b) for a in networks(event.object) for b in networks(other)):
                    self.queue.add(objects.name(other))

    def _address_changed(self, event: Event) -> None:
        if event.type != "MODIFIED" and _allocated(event.object):
            for cidr in self._containing(objects.name(event.object)):
                self.queue.add(objects.name(cidr))

    def _containing(self, address: str) -> list[Obj]:
        """CIDRs that the address may still be of: those being deleted are left out only when
        others have it."""
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return []
        return [c for c in self.cidrs.list() if any(ip in network for network in networks(c))]

    def sync(self, key: str) -> None:
        cidr = self.cidrs.get("", key)
        if cidr is None:
            self.said.pop(key, None)
            return
        if int(cidr["metadata"]["resourceVersion"]) < self.said.get(key, 0):
            return  # What was said of it has not come back yet.
        if objects.deleting(cidr):
            self._deleted(cidr)
            return
        if FINALIZER not in objects.finalizers(cidr):
            patch = {"metadata": {"finalizers": [FINALIZER]}}
            self._patch(key, patch)
        self._say(cidr, "True", "", "Kubernetes Service CIDR is ready")

    def _deleted(self, cidr: Obj) -> None:
        if FINALIZER not in objects.finalizers(cidr):
            return
        if not self._free(cidr):
            text = (
                "There are still IPAddresses referencing the ServiceCIDR, "
                "please remove them or create a new ServiceCIDR"
            )
            self._say(cidr, "False", "Terminating", text)
            return
        since = parse_timestamp(cidr["metadata"]["deletionTimestamp"])
        left = since + GRACE_SECONDS - self.clock.now()
        if left > 0:
            self.queue.add_after(objects.name(cidr), left)
            return
        patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": [FINALIZER]}}
        self._patch(objects.name(cidr), patch)

    def _free(self, cidr: Obj) -> bool:
        """Another one has all of it, or none of its addresses is only its own."""
        name = objects.name(cidr)
        others = [c for c in self.cidrs.list() if objects.name(c) != name]
        if all(
            any(_within(mine, theirs) for other in others for theirs in networks(other))
            for mine in networks(cidr)
        ):
            return True
        for address in self.addresses.list():
            if _allocated(address):
                found = self._containing(objects.name(address))
                if [objects.name(c) for c in found] == [name]:
                    return False
        return True

    def _patch(self, name: str, patch: Obj) -> None:
        self.client.patch(CIDRS, "", name, patch, patch_type=objects.STRATEGIC)

    def _say(self, cidr: Obj, value: str, reason: str, message: str) -> None:
        known = objects.condition(cidr, "Ready")
        told = known and (known["status"], known.get("reason", ""), known.get("message", ""))
        if told == (value, reason, message):
            return
        condition = {
            "type": "Ready",
            "status": value,
            "reason": reason,
            "message": message,
            "lastTransitionTime": timestamp(self.clock.now()),
        }
        applied = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "ServiceCIDR",
            "metadata": {"name": objects.name(cidr)},
            "status": {"conditions": [condition]},
        }
        name = objects.name(cidr)
        new = self.client.apply(CIDRS, "", name, applied, manager=MANAGER, subresource="status")
        self.said[name] = int(new["metadata"]["resourceVersion"])


def _allocated(address: Obj) -> bool:
    return objects.labels(address).get(MANAGED_BY) == ALLOCATOR
