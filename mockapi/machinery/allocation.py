"""Cluster IPs and node ports of Services. Source: pkg/registry/core/service/storage/alloc.go.

What is taken is read from the store's log, so nothing has to be kept in step by hand.
"""

import ipaddress

from mockapi.base.ids import Ids
from mockapi.machinery import families, node_ports
from mockapi.machinery.objects import Objects
from mockapi.machinery.resource import Context, Obj
from mockapi.machinery.validation import names
from mockapi.machinery.writing import Hook
from mockapi.meta import fields
from mockapi.meta.errors import Invalid
from mockapi.meta.fields import Path
from mockapi.store.protocol import Compacted, Store

SERVICE_CIDR = "10.96.0.0/16"
# The lower part of each range is kept for those who choose for themselves.
STATIC_IPS = 256
_RANDOM_TRIES = 64


def _normalise_addresses(spec: Obj, before: Obj) -> None:
    """One of clusterIP and clusterIPs was changed: so is the other. Source: NormalizeClusterIPs."""
    ip, old_ip = spec.get("clusterIP") or "", before.get("clusterIP") or ""
    ips, old_ips = spec.get("clusterIPs") or [], before.get("clusterIPs") or []
    if ip == old_ip:
        if old_ips and not ips:
            spec["clusterIPs"] = old_ips
    elif ips == old_ips:
        if ip:
            spec["clusterIPs"] = [ip]
        else:
            spec.pop("clusterIPs", None)


def _keeps_addresses(old: Obj | None) -> bool:
    """What was allocated, or was not (by a write to the status), stays; whether it may be changed
    is for validation to say."""
    return old is not None and old["spec"].get("type") != "ExternalName"


class _Taken:
    """Which addresses and ports the stored Services use, kept by following their log."""

    def __init__(self, store: Store, objects: Objects) -> None:
        self._store = store
        self._objects = objects
        self._watch = store.watch("services/", after=store.revision)
        self._used: dict[str, tuple[frozenset[str], frozenset[int]]] = {}
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

    def ports(self, but: str) -> set[int]:
        self.follow()
        return {port for key, (_, ports) in self._used.items() if key != but for port in ports}


def _uses(service: Obj) -> tuple[frozenset[str], frozenset[int]]:
    spec = service["spec"]
    ips = frozenset(ip for ip in spec.get("clusterIPs", ()) if ip and ip != "None")
    ports = frozenset(port["nodePort"] for port in spec.get("ports", ()) if port.get("nodePort"))
    health = spec.get("healthCheckNodePort")
    return ips, ports | {health} if health else ports


class ServiceHook:
    """Allocates for a Service about to be stored."""

    def __init__(self, store: Store, objects: Objects, ids: Ids) -> None:
        self._taken = _Taken(store, objects)
        self._ids = ids
        self._network = ipaddress.ip_network(SERVICE_CIDR)
        self._ends = (self._network.network_address, self._network.broadcast_address)

    def before_create(self, obj: Obj, context: Context) -> None:
        spec = obj["spec"]
        if spec.get("clusterIP") and not spec.get("clusterIPs"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        self._allocate(obj, None, context)

    def before_update(self, obj: Obj, old: Obj, context: Context) -> None:
        self._patch_from_old(obj, old)
        _normalise_addresses(obj["spec"], old["spec"])
        self._allocate(obj, old, context)

    def _allocate(self, obj: Obj, old: Obj | None, context: Context) -> None:
        spec, name = obj["spec"], obj["metadata"].get("name", "")
        key = f"services/{obj['metadata'].get('namespace', '')}/{name}"
        if spec.get("type") == "ExternalName":
            return
        before = old["spec"] if old is not None else None
        if wrong := families.fill(spec, before):
            raise Invalid("", "Service", name, wrong)
        if not _keeps_addresses(old):
            errors = self._allocate_addresses(spec, key, name, dry_run=context.dry_run)
            if errors:
                raise Invalid("", "Service", name, errors)
        if spec.get("type") in ("NodePort", "LoadBalancer"):
            taken = self._taken.ports(key)
            operation = node_ports.Operation(taken, self._ids, dry_run=context.dry_run)
            node_ports.fill(name, spec, before, operation)

    # -- addresses -----------------------------------------------------------------------------

    def _allocate_addresses(
        self, spec: Obj, key: str, name: str, *, dry_run: bool
    ) -> list[fields.FieldError]:
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
            errors = [error for ip in asked for error in self._check(ip, taken, dry_run=dry_run)]
            if errors:
                return errors
        else:
            asked = [str(self._ends[0]) if dry_run else self._free_address(taken)]
        if not dry_run and (errors := _unusable(name, asked[0], given=spec.get("clusterIPs"))):
            return errors
        spec["clusterIP"], spec["clusterIPs"] = asked[0], list(asked)
        return []

    def _check(self, ip: str, taken: set[str], *, dry_run: bool) -> list[fields.FieldError]:
        try:
            address = ipaddress.ip_address(ip)
        except ValueError:
            return []
        if address not in self._network or address in self._ends:
            reason = "the provided network does not match the current range"
            if dry_run:
                reason = (
                    f"the provided IP ({ip}) is not in the valid range. The range of valid IPs is "
                    f"{SERVICE_CIDR}"
                )
            detail = f"failed to allocate IP {ip}: {reason}"
            return [fields.invalid("spec.clusterIPs", [ip], detail)]
        if ip in taken and not dry_run:
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

    # -- updates -------------------------------------------------------------------------------

    def _patch_from_old(self, obj: Obj, old: Obj) -> None:
        """An update that leaves out what was allocated keeps it. Source: patchAllocatedValues."""
        spec, before = obj["spec"], old["spec"]
        if spec.get("type") != "ExternalName" and before.get("type") != "ExternalName":
            for name in ("clusterIP", "clusterIPs"):
                if not spec.get(name) and before.get(name):
                    spec[name] = before[name]
        node_ports.keep(spec, before)


def _unusable(name: str, ip: str, *, given: list[str] | None) -> list[fields.FieldError]:
    """The IPAddress of an address that was allocated names its Service, by whatever name that
    has."""
    where = Path("spec", "parentRef", "name")
    wrong = [fields.invalid(where, name, text) for text in names.path_segment(name, False)]
    if not name:
        wrong = [fields.required(where)]
    if not wrong:
        return []
    shown = str(wrong[0]) if len(wrong) == 1 else f"[{', '.join(map(str, wrong))}]"
    what = f"failed to allocate IP {ip}" if given else "failed to allocate IP"
    detail = f'{what}: IPAddress.networking.k8s.io "{ip}" is invalid: {shown}'
    return [fields.invalid("spec.clusterIPs", given or [""], detail)]


def service_hook(store: Store, objects: Objects, ids: Ids) -> Hook:
    return ServiceHook(store, objects, ids)
