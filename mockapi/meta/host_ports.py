"""The ports of its node that a pod takes, and when two pods want the same."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

HostPort = tuple[str, str, int]
"""Address, protocol, port."""
ANY_ADDRESS: Final = "0.0.0.0"


def host_ports(spec: Mapping[str, Any]) -> tuple[HostPort, ...]:
    """Of a pod's containers and sidecars. Source: scheduler/util GetHostPorts."""
    sidecars = (c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always")
    return tuple(
        (port.get("hostIP") or ANY_ADDRESS, port.get("protocol") or "TCP", port["hostPort"])
        for container in (*sidecars, *spec["containers"])
        if "ports" in container
        for port in container["ports"] or ()
        if port.get("hostPort", 0) > 0
    )


def ports_conflict(wanted: Iterable[HostPort], used: Collection[HostPort]) -> bool:
    """A port on all addresses conflicts with the same port on any address."""
    for address, protocol, port in wanted:
        if address == ANY_ADDRESS:
            if any((protocol, port) == (p, n) for _, p, n in used):
                return True
        elif (ANY_ADDRESS, protocol, port) in used or (address, protocol, port) in used:
            return True
    return False
