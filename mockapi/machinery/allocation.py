"""Cluster IPs and node ports of Services. Source: pkg/registry/core/service/storage/alloc.go.

What is taken is read from the store's log, so nothing has to be kept in step by hand.
"""

import ipaddress
from collections.abc import Sequence

from mockapi.base.ids import Ids
from mockapi.machinery import families
from mockapi.machinery.objects import Objects
from mockapi.machinery.resource import Context, Obj
from mockapi.machinery.writing import Hook
from mockapi.meta import fields
from mockapi.meta.errors import Invalid
from mockapi.store.protocol import Compacted, Store

SERVICE_CIDR = "10.96.0.0/16"
NODE_PORTS = range(30000, 32768)
# The lower part of each range is kept for those who choose for themselves.
STATIC_IPS = 256
STATIC_PORTS = 86
_RANDOM_TRIES = 64


def _normalise_addresses(spec: Obj, before: Obj) -> None:
    """One of clusterIP and clusterIPs was changed: so is the other. Source: NormalizeClusterIPs."""
    same = spec.get("clusterIPs") == before.get("clusterIPs")
    if spec.get("clusterIP", "") == before.get("clusterIP", ""):
        if not same and not spec.get("clusterIPs"):
            spec.pop("clusterIP", None)
    elif same and spec.get("clusterIP"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    elif same:
        spec.pop("clusterIPs", None)


def _keeps_addresses(spec: Obj, old: Obj | None) -> bool:
    """What was allocated stays; whether it may be changed is for validation to say."""
    if old is None or old["spec"].get("type") == "ExternalName":
        return False
    return bool(old["spec"].get("clusterIPs") and spec.get("clusterIPs"))


class _Taken:
    """Which addresses and ports the stored Services use, kept by following their log."""

    def __init__(self, store: Store, objects: Objects) -> None:
        self._store = store
        self._objects = objects
        self._watch = store.watch("services/", after=store.revision)
        self._used: dict[str, tuple[frozenset[str], frozenset[tuple[str, int]]]] = {}
        self._relist()

    def _relist(self) -> None:
        self._used = {
            entry.key: _uses(self._objects.parsed(entry))
            for entry in self._store.list("services/").entries
        }

    def follow(self) -> None:
        try:
            while entries := self._watch.poll():
                for entry in entries:
                    if entry.deleted:
                        self._used.pop(entry.key, None)
                    else:
                        self._used[entry.key] = _uses(self._objects.parsed(entry))
        except Compacted:
            self._watch = self._store.watch("services/", after=self._store.revision)
            self._relist()

    def addresses(self, but: str) -> set[str]:
        self.follow()
        return {ip for key, (ips, _) in self._used.items() if key != but for ip in ips}

    def ports(self, but: str) -> set[tuple[str, int]]:
        self.follow()
        return {port for key, (_, ports) in self._used.items() if key != but for port in ports}


def _uses(service: Obj) -> tuple[frozenset[str], frozenset[tuple[str, int]]]:
    spec = service["spec"]
    ips = frozenset(ip for ip in spec.get("clusterIPs", ()) if ip and ip != "None")
    ports = frozenset(
        (port.get("protocol", "TCP"), port["nodePort"])
        for port in spec.get("ports", ())
        if port.get("nodePort")
    )
    health = spec.get("healthCheckNodePort")
    return ips, ports | {("TCP", health)} if health else ports


class ServiceHook:
    """Allocates for a Service about to be stored."""

    def __init__(self, store: Store, objects: Objects, ids: Ids) -> None:
        self._taken = _Taken(store, objects)
        self._ids = ids
        self._network = ipaddress.ip_network(SERVICE_CIDR)

    def before_create(self, obj: Obj, context: Context) -> None:
        spec = obj["spec"]
        if spec.get("clusterIP") and not spec.get("clusterIPs"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        self._allocate(obj, None)

    def before_update(self, obj: Obj, old: Obj, context: Context) -> None:
        _normalise_addresses(obj["spec"], old["spec"])
        self._patch_from_old(obj, old)
        self._allocate(obj, old)

    def _allocate(self, obj: Obj, old: Obj | None) -> None:
        spec, name = obj["spec"], obj["metadata"].get("name", "")
        key = f"services/{obj['metadata'].get('namespace', '')}/{name}"
        if spec.get("type") == "ExternalName":
            return
        if wrong := families.fill(spec):
            raise Invalid("", "Service", name, wrong)
        errors = [] if _keeps_addresses(spec, old) else self._allocate_addresses(spec, key)
        errors += self._allocate_ports(spec, key)
        if errors:
            raise Invalid("", "Service", name, errors)

    # -- addresses -----------------------------------------------------------------------------

    def _allocate_addresses(self, spec: Obj, key: str) -> list[fields.FieldError]:
        asked = spec.get("clusterIPs") or ([spec["clusterIP"]] if spec.get("clusterIP") else [])
        if asked and asked[0] == "None":
            spec["clusterIP"], spec["clusterIPs"] = "None", ["None"]
            return []
        if spec.get("clusterIPs") and not spec.get("clusterIP"):
            return []
        if spec.get("clusterIP") and asked[0] != spec["clusterIP"]:
            return []  # which validation refuses
        taken = self._taken.addresses(key)
        if asked:
            errors = [error for ip in asked for error in self._check(ip, taken)]
            if errors:
                return errors
        else:
            asked = [self._free_address(taken)]
        spec["clusterIP"], spec["clusterIPs"] = asked[0], list(asked)
        return []

    def _check(self, ip: str, taken: set[str]) -> list[fields.FieldError]:
        try:
            address = ipaddress.ip_address(ip)
        except ValueError:
            return []
        if address not in self._network or address == self._network.network_address:
            detail = (
                f"failed to allocate IP {ip}: the provided network does not match the current range"
            )
            return [fields.invalid("spec.clusterIPs", [ip], detail)]
        if ip in taken:
            detail = f"failed to allocate IP {ip}: provided IP is already allocated"
            return [fields.invalid("spec.clusterIPs", [ip], detail)]
        return []

    def _free_address(self, taken: set[str]) -> str:
        size = self._network.num_addresses
        for _ in range(_RANDOM_TRIES):
            offset = STATIC_IPS + self._ids.below(size - STATIC_IPS - 1)
            ip = str(self._network.network_address + offset)
            if ip not in taken:
                return ip
        return next(str(ip) for ip in self._network.hosts() if str(ip) not in taken)

    # -- ports ---------------------------------------------------------------------------------

    def _allocate_ports(self, spec: Obj, key: str) -> list[fields.FieldError]:
        if not _needs_ports(spec):
            return []
        taken = self._taken.ports(key)
        errors = []
        for index, port in enumerate(spec.get("ports", ())):
            protocol, wanted = port.get("protocol", "TCP"), port.get("nodePort")
            if not wanted:
                wanted = port["nodePort"] = self._free_port(taken, protocol)
            elif wanted not in NODE_PORTS:
                detail = (
                    "provided port is not in the valid range. The range of valid ports is "
                    f"{NODE_PORTS[0]}-{NODE_PORTS[-1]}"
                )
                errors.append(fields.invalid(f"spec.ports[{index}].nodePort", wanted, detail))
            elif (protocol, wanted) in taken:
                detail = "provided port is already allocated"
                errors.append(fields.invalid(f"spec.ports[{index}].nodePort", wanted, detail))
            taken.add((protocol, wanted))
        if _needs_health_port(spec) and not spec.get("healthCheckNodePort"):
            spec["healthCheckNodePort"] = self._free_port(taken, "TCP")
        return errors

    def _free_port(self, taken: set[tuple[str, int]], protocol: str) -> int:
        for _ in range(_RANDOM_TRIES):
            port = NODE_PORTS[STATIC_PORTS + self._ids.below(len(NODE_PORTS) - STATIC_PORTS)]
            if (protocol, port) not in taken:
                return port
        return next(port for port in NODE_PORTS if (protocol, port) not in taken)

    # -- updates -------------------------------------------------------------------------------

    def _patch_from_old(self, obj: Obj, old: Obj) -> None:
        """An update that leaves out what was allocated keeps it. Source: patchAllocatedValues."""
        spec, before = obj["spec"], old["spec"]
        if spec.get("type") != "ExternalName" and before.get("type") != "ExternalName":
            if not spec.get("clusterIP") and not spec.get("clusterIPs"):
                for name in ("clusterIP", "clusterIPs"):
                    if name in before:
                        spec[name] = before[name]
            for name in ("ipFamilies", "ipFamilyPolicy"):
                if name not in spec and name in before:
                    spec[name] = before[name]
        if _needs_ports(spec) and _needs_ports(before):
            _keep_ports(spec.get("ports", ()), before.get("ports", ()))
        kept = before.get("healthCheckNodePort")
        both = _needs_health_port(spec) and _needs_health_port(before)
        if both and kept and not spec.get("healthCheckNodePort"):
            spec["healthCheckNodePort"] = kept


def _keep_ports(new: Sequence[Obj], old: Sequence[Obj]) -> None:
    known = {(p.get("protocol"), p.get("port")): p.get("nodePort") for p in old}
    used = {p.get("nodePort") for p in new}
    for port in new:
        if not port.get("nodePort"):
            kept = known.get((port.get("protocol"), port.get("port")))
            if kept and kept not in used:
                port["nodePort"] = kept


def _needs_ports(spec: Obj) -> bool:
    kind = spec.get("type")
    if kind == "LoadBalancer":
        return spec.get("allocateLoadBalancerNodePorts") is not False
    return kind == "NodePort"


def _needs_health_port(spec: Obj) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def service_hook(store: Store, objects: Objects, ids: Ids) -> Hook:
    return ServiceHook(store, objects, ids)
