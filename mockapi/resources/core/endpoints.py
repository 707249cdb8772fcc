"""Endpoints."""

from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import addresses, rules
from mockapi.meta import fields as errors_of
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_PROTOCOLS = ("SCTP", "TCP", "UDP")
_MANAGED_BY = "endpoints.kubernetes.io/managed-by"


def validate_endpoint_ip(ip: str, path: Path) -> Errors:
    """An address that others can reach."""
    address = addresses.parse_sloppy(ip)
    if address is None:
        return [errors_of.invalid(path, ip, "must be a valid IP address")]
    address = addresses.mapped(address) or address
    details = []
    if address.is_unspecified:
        details.append(f"may not be unspecified ({ip})")
    if address.is_loopback:
        details.append("may not be in the loopback range (127.0.0.0/8, ::1/128)")
    if address.is_link_local:
        details.append("may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    if _is_link_local_multicast(str(address)):
        details.append("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
    return [errors_of.invalid(path, ip, detail) for detail in details]


def _is_link_local_multicast(ip: str) -> bool:
    return ip.startswith(("224.0.0.", "ff02:", "ff12:", "ff32:"))


def _subset(subset: Any, path: Path) -> Errors:
    errors: Errors = []
    if not subset.get("addresses") and not subset.get("notReadyAddresses"):
        detail = "must specify `addresses` or `notReadyAddresses`"
        errors.append(errors_of.required(path, detail))
    for name in ("addresses", "notReadyAddresses"):
        for index, address in enumerate(subset.get(name) or ()):
            errors += _address(address, path.child(name).index(index))
    ports = subset.get("ports") or ()
    for index, port in enumerate(ports):
        errors += _port(port, path.child("ports").index(index), named=len(ports) > 1)
    return errors


def _address(address: Any, path: Path) -> Errors:
    ip = address.get("ip", "")
    errors = addresses.validate_ip(ip, path.child("ip"))
    if address.get("hostname"):
        errors += rules.dns_label(address["hostname"], path.child("hostname"))
    if (node := address.get("nodeName")) is not None:
        errors += rules.object_name(node, path.child("nodeName"))
    return errors + validate_endpoint_ip(ip, path.child("ip"))


def _port(port: Any, path: Path, *, named: bool) -> Errors:
    errors: Errors = []
    if name := port.get("name"):
        errors += rules.dns_label(name, path.child("name"))
    elif named:
        errors.append(errors_of.required(path.child("name")))
    errors += rules.port_number(port.get("port", 0), path.child("port"))
    errors += rules.required_one_of(port.get("protocol"), path.child("protocol"), _PROTOCOLS)
    if (protocol := port.get("appProtocol")) is not None:
        errors += rules.qualified_name(protocol, path.child("appProtocol"))
    return errors


def validate(obj: Obj) -> Errors:
    errors: Errors = []
    for index, subset in enumerate(obj.get("subsets") or ()):
        errors += _subset(subset, Path("subsets").index(index))
    return errors


def validate_update(obj: Obj, old: Obj) -> Errors:
    return [] if obj.get("subsets") == old.get("subsets") else validate(obj)


def warnings(obj: Obj, old: Obj | None) -> list[str]:
    labels = obj["metadata"].get("labels") or {}
    if labels.get(_MANAGED_BY) == "endpoint-controller":
        return []
    found: list[str] = []
    for index, subset in enumerate(obj.get("subsets") or ()):
        for name in ("addresses", "notReadyAddresses"):
            for position, address in enumerate(subset.get(name) or ()):
                where = Path("subsets").index(index).child(name).index(position).child("ip")
                found += addresses.ip_warnings(address.get("ip", ""), where)
    return found


STRATEGY = Strategy(
    group="",
    kind="Endpoints",
    validate=validate,
    validate_update=validate_update,
    warnings=warnings,
    create_on_update=True,
)
