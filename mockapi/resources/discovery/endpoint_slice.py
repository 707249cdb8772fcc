"""EndpointSlice."""

from typing import Any

from mockapi.machinery.resource import Context, Obj, Strategy
from mockapi.machinery.validation import addresses, declared, formats, rules
from mockapi.machinery.validation.declarations import Declarations, Field, one_of
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.core.endpoints import validate_endpoint_ip

Errors = list[FieldError]

_TYPES = ("FQDN", "IPv4", "IPv6")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_MOST_ENDPOINTS = 1000
_MOST_PORTS = 20000
_MOST_ADDRESSES = 100
_MOST_HINTS = 8


def _port(port: Any, known: list[str], path: Path) -> Errors:
    name, errors = port.get("name") or "", list[FieldError]()
    if name:
        errors += rules.dns_label(name, path.child("name"))
    if name in known:
        errors.append(fields.duplicate(path.child("name"), name))
    known.append(name)
    if "protocol" not in port:
        errors.append(fields.required(path.child("protocol")))
    else:
        errors += rules.one_of(port["protocol"], path.child("protocol"), _PROTOCOLS)
    if "appProtocol" in port:
        errors += rules.qualified_name(port["appProtocol"], path.child("appProtocol"))
    return errors


def _ports(ports: Any, path: Path) -> Errors:
    if len(ports) > _MOST_PORTS:
        return [fields.too_many(path, len(ports), _MOST_PORTS)]
    known: list[str] = []
    return [e for i, port in enumerate(ports) for e in _port(port, known, path.index(i))]


def _address(address: str, kind: str, path: Path, index: int) -> Errors:
    where = path.index(index)
    if kind == "FQDN":
        return rules.fully_qualified_name(address, where)
    if kind not in ("IPv4", "IPv6"):
        return []
    judge = addresses.validate_ip if kind == "IPv4" else addresses.validate_canonical_ip
    if errors := judge(address, where):
        return errors
    fits = addresses.is_ipv4(address) if kind == "IPv4" else addresses.is_ipv6(address)
    if not fits:
        errors.append(fields.invalid(path, address, f"must be an {kind} address"))
    return errors + validate_endpoint_ip(address, where)


def _hint(hints: Any, name: str, path: Path) -> tuple[Errors, bool]:
    """(errors, whether to go on)."""
    given, where = hints.get(name) or (), path.child(name)
    if len(given) > _MOST_HINTS:
        return [fields.too_many(where, len(given), _MOST_HINTS)], False
    judge = formats.label_value if name == "forZones" else formats.dns1123_subdomain
    errors: Errors = []
    seen: list[str] = []
    for index, hint in enumerate(given):
        value, at = hint.get("name", ""), where.index(index).child("name")
        if value in seen:
            errors.append(fields.duplicate(at, value))
        seen.append(value)
        errors += rules.each(judge, value, at)
    return errors, True


def _hints(hints: Any, path: Path) -> Errors:
    errors, goes_on = _hint(hints, "forZones", path)
    return errors + _hint(hints, "forNodes", path)[0] if goes_on else errors


def _endpoint(endpoint: Any, kind: str, path: Path) -> Errors:
    errors = declared.covered(_address_count(endpoint, path))
    for index, address in enumerate(endpoint.get("addresses") or ()):
        errors += _address(address, kind, path.child("addresses"), index)
    if "nodeName" in endpoint:
        errors += rules.object_name(endpoint["nodeName"], path.child("nodeName"))
    if "hostname" in endpoint:
        errors += rules.dns_label(endpoint["hostname"], path.child("hostname"))
    if endpoint.get("hints") is not None:
        errors += _hints(endpoint["hints"], path.child("hints"))
    return errors


def _endpoints(endpoints: Any, kind: str) -> Errors:
    path = Path("endpoints")
    if len(endpoints) > _MOST_ENDPOINTS:
        return [fields.too_many(path, len(endpoints), _MOST_ENDPOINTS)]
    return [e for i, one in enumerate(endpoints) for e in _endpoint(one, kind, path.index(i))]


def _address_count(endpoint: Any, path: Path) -> Errors:
    where, given = path.child("addresses"), endpoint.get("addresses")
    if not given:
        return [fields.required(where)]
    if len(given) > _MOST_ADDRESSES:
        return declared.by("maxItems", [fields.too_many(where, len(given), _MOST_ADDRESSES)])
    return []


def _written(obj: Obj, old: Obj | None) -> Errors:
    kind = obj.get("addressType", "")
    errors = declared.covered(rules.required_one_of(kind, Path("addressType"), _TYPES))
    errors += _ports(obj.get("ports") or (), Path("ports"))
    if old is None or obj.get("endpoints") != old.get("endpoints"):
        errors += _endpoints(obj.get("endpoints") or (), kind)
    return errors


_DECLARED = Declarations(
    {
        "EndpointSlice": (
            Field("addressType", is_required=True, is_immutable=True, judges=(one_of(*_TYPES),)),
            Field("endpoints", kind="Endpoint"),
        ),
        "Endpoint": (Field("addresses", is_required=True, limit=_MOST_ADDRESSES),),
    }
)


def _check(obj: Obj, old: Obj | None = None) -> Errors:
    return _DECLARED.settle(_written(obj, old), "EndpointSlice", obj, old, None)


def _prepare_create(obj: Obj, context: Context) -> None:
    for endpoint in obj.get("endpoints") or ():
        endpoint.pop("deprecatedTopology", None)


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    if obj.get("endpoints") != old.get("endpoints"):
        _prepare_create(obj, context)


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    kind = obj.get("addressType")
    if kind == "FQDN":
        fresh = old is None or old.get("addressType") != kind
        return ["spec.addressType: FQDN endpoints are deprecated"] if fresh else []
    path = Path("endpoints")
    return [
        text
        for number, endpoint in enumerate(obj.get("endpoints") or ())
        for index, address in enumerate(endpoint.get("addresses") or ())
        for text in addresses.ip_warnings(
            address, path.index(number).child("addresses").index(index)
        )
    ]


def _counts(obj: Obj, old: Obj) -> bool:
    """Labels count as well: they say which Service the slice is for."""
    return any(
        obj.get(name) != old.get(name) for name in ("addressType", "endpoints", "ports")
    ) or ((obj["metadata"].get("labels") or {}) != (old["metadata"].get("labels") or {}))


STRATEGY = Strategy(
    group="discovery.k8s.io",
    kind="EndpointSlice",
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    warnings=_warnings,
    validate=_check,
    validate_update=_check,
    has_generation=True,
    counts_as_sent=True,
    generation_counts=_counts,
)
