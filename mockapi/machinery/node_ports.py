"""Node ports of one Service. Source: pkg/registry/core/service/portallocator and storage/alloc.go.

A number is taken for every protocol at once; within a Service, ports of one number share it.
"""

from collections.abc import Callable, Sequence

from mockapi.base.ids import Ids
from mockapi.machinery.resource import Obj
from mockapi.meta import fields
from mockapi.meta.errors import InternalError, Invalid

PORTS = range(30000, 32768)
# The lower part of the range is kept for those who choose for themselves.
_STATIC = 86
_RANDOM_TRIES = 64
_GUESSED_AFTER = 32768


class PortError(Exception):
    """str() is Go's text."""


class Operation:
    """Takes ports; all of them or none. `taken` are those of other Services."""

    def __init__(self, taken: set[int], ids: Ids, *, dry_run: bool) -> None:
        self._taken = taken
        self._own: list[int] = []
        self._ids = ids
        self._dry_run = dry_run

    def allocate(self, port: int) -> None:
        if port not in PORTS and not self._dry_run:
            raise PortError(
                "provided port is not in the valid range. The range of valid ports is "
                f"{PORTS[0]}-{PORTS[-1]}"
            )
        if port in self._taken or port in self._own:
            raise PortError("provided port is already allocated")
        self._own.append(port)

    def allocate_next(self) -> int:
        port = max(self._own, default=_GUESSED_AFTER) + 1 if self._dry_run else self._free()
        self._own.append(port)
        return port

    def _free(self) -> int:
        used = self._taken.union(self._own)
        for _ in range(_RANDOM_TRIES):
            port = PORTS[_STATIC + self._ids.below(len(PORTS) - _STATIC)]
            if port not in used:
                return port
        free = next((port for port in PORTS if port not in used), None)
        if free is None:
            raise InternalError("failed to allocate a nodePort: range is full")
        return free


def fill(name: str, spec: Obj, old: Obj | None, operation: Operation) -> None:
    """Give a NodePort or LoadBalancer Service its ports. `old` is the spec it had."""
    if old is None:
        _create(name, spec, operation)
    else:
        _update(name, spec, old, operation)
    if needs_health_port(spec) and not (old is not None and needs_health_port(old)):
        _health(spec, operation)


def _taking(name: str, index: int, port: int, take: Callable[[int], None]) -> None:
    try:
        take(port)
    except PortError as problem:
        error = fields.invalid(f"spec.ports[{index}].nodePort", port, str(problem))
        raise Invalid("", "Service", name, [error]) from None


def _create(name: str, spec: Obj, operation: Operation) -> None:
    shared: dict[int, int] = {}
    ports: Sequence[Obj] = spec.get("ports") or ()
    for index, port in enumerate(ports):
        number, wanted = port.get("port", 0), port.get("nodePort")
        if not wanted and not allocates(spec):
            continue
        given = shared.get(number)
        if given is None:
            asked = next(
                (p["nodePort"] for p in ports if p.get("port") == number and p.get("nodePort")), 0
            )
            if asked:
                _taking(name, index, asked, operation.allocate)
            shared[number] = port["nodePort"] = asked or operation.allocate_next()
        elif not wanted:
            port["nodePort"] = given
        elif wanted != given:
            _taking(name, index, wanted, operation.allocate)


def _update(name: str, spec: Obj, old: Obj, operation: Operation) -> None:
    known = {port.get("nodePort") for port in old.get("ports") or ()}
    new: set[tuple[str, int]] = set()
    for index, port in enumerate(spec.get("ports") or ()):
        wanted = port.get("nodePort")
        if wanted:
            if wanted not in known:
                _taking(name, index, wanted, operation.allocate)
                known.add(wanted)
        elif allocates(spec):
            port["nodePort"] = operation.allocate_next()
        else:
            continue
        pair = (port.get("protocol", "TCP"), port["nodePort"])
        if pair in new:
            raise InternalError(f"duplicate nodePort: {{{pair[0]} {pair[1]}}}")
        new.add(pair)


def _health(spec: Obj, operation: Operation) -> None:
    if not (port := spec.get("healthCheckNodePort")):
        spec["healthCheckNodePort"] = operation.allocate_next()
        return
    try:
        operation.allocate(port)
    except PortError as problem:
        text = f"failed to allocate requested HealthCheck NodePort {port}: {problem}"
        raise InternalError(text) from None


def keep(new: Obj, old: Obj) -> None:
    """An update that leaves ports out keeps those of ports of the same name."""
    if allocates(new) and allocates(old):
        ports, before = new.get("ports") or (), old.get("ports") or ()
        used = {p.get("nodePort") for p in before} & {p.get("nodePort") for p in ports}
        named = {port.get("name", ""): port.get("nodePort") for port in before}
        for port in ports:
            kept = named.get(port.get("name", ""))
            if kept and not port.get("nodePort") and kept not in used:
                port["nodePort"] = kept
    kept = old.get("healthCheckNodePort")
    if kept and needs_health_port(new) and needs_health_port(old):
        new["healthCheckNodePort"] = new.get("healthCheckNodePort") or kept


def allocates(spec: Obj) -> bool:
    kind = spec.get("type")
    if kind == "LoadBalancer":
        return spec.get("allocateLoadBalancerNodePorts") is not False
    return kind == "NodePort"


def needs_health_port(spec: Obj) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"
