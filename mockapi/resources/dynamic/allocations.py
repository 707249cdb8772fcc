"""What is allocated to a claim, and what is told of it."""

from collections.abc import Sequence
from typing import Any

from mockapi.machinery.resource import Obj
from mockapi.machinery.validation import addresses, declared, formats, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.dynamic import claims, declarations, devices
from mockapi.resources.dynamic import formats as own
from mockapi.resources.dynamic.formats import items
from mockapi.resources.pods import placement

Errors = list[FieldError]

_MOST_USERS = 256
_MOST_CONDITIONS = 8
_MOST_IPS = 16
_SOURCES = ("FromClaim", "FromClass")


def results(status: Obj) -> Sequence[Obj]:
    allocation = status.get("allocation") or {}
    return (allocation.get("devices") or {}).get("results") or ()


def device_id(device: Obj) -> tuple[str, ...]:
    return tuple(device.get(name) or "" for name in ("driver", "pool", "device", "shareID"))


def validate(status: Obj, old: Obj, names: claims.Names, path: Path, *, is_leaving: bool) -> Errors:
    users, where = status.get("reservedFor") or [], path.child("reservedFor")
    errors = items(users, _MOST_USERS, _user, where, key=lambda user: user.get("uid", ""))
    known = [device_id(result) for result in results(status)]
    errors += items(
        status.get("devices"),
        None,
        lambda device, place: _told(device, place, known),
        path.child("devices"),
        key=device_id,
    )
    allocation = status.get("allocation")
    if users and allocation is None:
        detail = "may not be specified when `allocated` is not set"
        errors.append(fields.forbidden(where, detail))
    elif is_leaving and any(user not in (old.get("reservedFor") or ()) for user in users):
        detail = (
            "new entries may not be added while `deallocationRequested` or `deletionTimestamp` "
            "are set"
        )
        errors.append(fields.forbidden(where, detail))
    if allocation is not None and old.get("allocation") is None:
        errors += _allocation(allocation, path.child("allocation"), names)
    return errors


def _user(user: Obj, path: Path) -> Errors:
    return [
        fields.required(path.child(name))
        for name in ("resource", "name", "uid")
        if not user.get(name)
    ]


def _allocation(allocation: Obj, path: Path, names: claims.Names) -> Errors:
    given, where = allocation.get("devices") or {}, path.child("devices")
    errors = items(
        given.get("results"),
        claims.MOST,
        lambda result, place: _result(result, place, names),
        where.child("results"),
    )
    errors += items(
        given.get("config"),
        2 * claims.MOST,
        lambda config, place: _config(config, place, names),
        where.child("config"),
    )
    if (selector := allocation.get("nodeSelector")) is not None:
        errors += placement.validate_node_selector(selector, path.child("nodeSelector"))
    return errors


def _result(result: Obj, path: Path, names: claims.Names) -> Errors:
    errors = claims.reference(result.get("request", ""), path.child("request"), names)
    driver = result.get("driver")
    errors += declared.covered(rules.csi_driver_name(driver, path.child("driver")))
    errors += declared.covered(own.pool_name(result.get("pool", ""), path.child("pool")))
    errors += rules.dns_label(result.get("device", ""), path.child("device"))
    errors += devices.binding(result, path)
    for index, given in enumerate(result.get("tolerations") or ()):
        errors += claims.toleration(given, path.child("tolerations").index(index))
    if (share := result.get("shareID")) is not None:
        errors += own.covered_uuid(share, path.child("shareID"))
    return errors


def _config(config: Obj, path: Path, names: claims.Names) -> Errors:
    source, where = config.get("source", ""), path.child("source")
    wrong = rules.one_of(source, where, _SOURCES) if source else [fields.required(where)]
    errors = declared.covered(wrong)
    errors += claims.references(config.get("requests"), path.child("requests"), names)
    return errors + claims.configuration(config, path)


def _told(device: Obj, path: Path, known: Sequence[Any]) -> Errors:
    errors = rules.csi_driver_name(device.get("driver"), path.child("driver"))
    errors += own.pool_name(device.get("pool", ""), path.child("pool"))
    errors += rules.dns_label(device.get("device", ""), path.child("device"))
    if (share := device.get("shareID")) is not None:
        errors += own.covered_uuid(share, path.child("shareID"))
    if device_id(device) not in known:
        names = ("driver", "pool", "device", "shareID")
        shown = "/".join(part for part in (device.get(name) or "" for name in names) if part)
        errors.append(fields.invalid(path, shown, "must be an allocated device in the claim"))
    where = path.child("conditions")
    given = device.get("conditions")
    errors += declarations.conditions(given, _MOST_CONDITIONS, where, count_first=True)
    if device.get("data") is not None:
        errors += claims.raw(device["data"], path.child("data"))
    return errors + _network(device.get("networkData") or {}, path.child("networkData"))


def _network(network: Obj, path: Path) -> Errors:
    errors: Errors = []
    for name, limit in (("interfaceName", 256), ("hardwareAddress", 128)):
        if formats.size(network.get(name) or "") > limit:
            error = fields.too_long(path.child(name), limit)
            errors += declared.covered([error], "maxBytes")
    where = path.child("ips")
    return errors + items(network.get("ips"), _MOST_IPS, _address, where, key=lambda ip: ip)


def _address(text: str, path: Path) -> Errors:
    cidr = addresses.parse_cidr(text)
    if cidr is None:
        detail = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"
        return [fields.invalid(path, text, detail)]
    canonical = f"{addresses.canonical(cidr.address)}/{cidr.length}"
    if text != canonical:
        return [fields.invalid(path, text, f'must be in canonical form ("{canonical}")')]
    return []
