"""IP addresses and CIDRs: what is refused, and what is only warned about.

Source: apimachinery pkg/util/validation/ip.go. Python's `ipaddress` is as strict as Go's netip
on leading zeros; the sloppy form that old clients use is told apart to say the right thing.
"""

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from mockapi.meta import fields, gofmt
from mockapi.meta.fields import FieldError, Path

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NOT_AN_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_NOT_A_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_ZEROS = re.compile(r"(^|[.:])0+(?=\d)")


@lru_cache(maxsize=4096)
def parse(text: str) -> Address | None:
    """Strictly: no leading zeros, no zone."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return None if "%" in text else address


def parse_sloppy(text: str) -> Address | None:
    """As `parse`, but decimal octets may have leading zeros."""
    if (address := parse(text)) is not None:
        return address
    return parse(_ZEROS.sub(r"\1", text)) if "." in text else None


def mapped(address: Address) -> IPv4Address | None:
    """The IPv4 address inside ::ffff:a.b.c.d."""
    return address.ipv4_mapped if isinstance(address, IPv6Address) else None


def canonical(address: Address) -> str:
    """Go's net.IP String(): a mapped address is shown as IPv4."""
    return str(mapped(address) or address)


def is_ipv6(text: str) -> bool:
    address = parse_sloppy(text)
    return isinstance(address, IPv6Address) and mapped(address) is None


def is_ipv4(text: str) -> bool:
    address = parse_sloppy(text)
    return address is not None and (isinstance(address, IPv4Address) or bool(mapped(address)))


def validate_ip(text: str, path: Path | str, *, old: tuple[str, ...] = ()) -> list[FieldError]:
    """For fields that have always existed: valid, though not necessarily canonical."""
    if text in old:
        return []
    address = parse_sloppy(text)
    if address is None:
        return [fields.invalid(path, text, _NOT_AN_IP)]
    errors = []
    if parse(text) is None:
        errors.append(fields.invalid(path, text, "must not have leading 0s"))
    elif mapped(address):
        errors.append(fields.invalid(path, text, "must not be an IPv4-mapped IPv6 address"))
    return errors


def validate_canonical_ip(text: str, path: Path | str) -> list[FieldError]:
    """For newer fields: valid and canonical."""
    if errors := validate_ip(text, path):
        return errors
    address = parse(text)
    assert address is not None
    if (shown := canonical(address)) == text:
        return []
    return [fields.invalid(path, text, f"must be in canonical form ({gofmt.quote(shown)})")]


class Cidr:
    """`address/length` as it was written; `sloppy` when it only parses leniently."""

    __slots__ = ("address", "length", "network", "sloppy")

    def __init__(self, address: Address, length: int, sloppy: bool) -> None:
        self.address = address
        self.length = length
        self.sloppy = sloppy
        self.network: Network = ipaddress.ip_network(f"{address}/{length}", strict=False)

    @property
    def size(self) -> int:
        return self.network.max_prefixlen


def parse_cidr(text: str) -> Cidr | None:
    head, slash, tail = text.partition("/")
    address = parse_sloppy(head)
    if not slash or address is None or not (tail.isascii() and tail.isdigit()):
        return None
    length = int(tail)
    if length > address.max_prefixlen:
        return None
    return Cidr(address, length, parse(head) is None or (len(tail) > 1 and tail[0] == "0"))


def validate_cidr(text: str, path: Path | str, *, old: tuple[str, ...] = ()) -> list[FieldError]:
    if text in old:
        return []
    cidr = parse_cidr(text)
    if cidr is None:
        return [fields.invalid(path, text, _NOT_A_CIDR)]
    detail = ""
    if cidr.sloppy:
        detail = "must not have leading 0s in IP or prefix length"
    elif mapped(cidr.address):
        detail = "must not have an IPv4-mapped IPv6 address"
    elif cidr.address != cidr.network.network_address:
        detail = "must not have bits set beyond the prefix length"
    return [fields.invalid(path, text, detail)] if detail else []


def validate_canonical_cidr(text: str, path: Path | str) -> list[FieldError]:
    if errors := validate_cidr(text, path):
        return errors
    cidr = parse_cidr(text)
    assert cidr is not None
    if (shown := str(cidr.network)) == text:
        return []
    return [fields.invalid(path, text, f"must be in canonical form ({gofmt.quote(shown)})")]


def ip_warnings(text: str, path: Path | str) -> list[str]:
    address = parse_sloppy(text)
    if address is None:
        return []
    if parse(text) is None or mapped(address):
        shown = gofmt.quote(canonical(address))
        return [f"{path}: non-standard IP address {gofmt.quote(text)} is invalid: use {shown}"]
    if isinstance(address, IPv6Address) and str(address) != text:
        return [
            f"{path}: IPv6 address {gofmt.quote(text)} should be in RFC 5952 canonical format "
            f"({gofmt.quote(str(address))})"
        ]
    return []


def cidr_warnings(text: str, path: Path | str) -> list[str]:
    cidr = parse_cidr(text)
    if cidr is None:
        return []
    quoted, network = gofmt.quote(text), str(cidr.network)
    warnings = []
    if cidr.address != cidr.network.network_address:
        single = f"{canonical(cidr.address)}/{cidr.size}"
        warnings.append(
            f"{path}: CIDR value {quoted} is ambiguous in this context "
            f"(should be {gofmt.quote(network)} or {gofmt.quote(single)}?)"
        )
    if cidr.sloppy or mapped(cidr.address):
        warnings.append(
            f"{path}: non-standard CIDR value {quoted} is invalid: use {gofmt.quote(network)}"
        )
    if not warnings and cidr.network.version == 6 and network != text:
        warnings.append(
            f"{path}: IPv6 CIDR value {quoted} should be in RFC 5952 canonical format "
            f"({gofmt.quote(network)})"
        )
    return warnings


def validate_two_families(ips: Sequence[str], path: Path, shown: Any) -> list[FieldError]:
    """Of several addresses of a pod: one of each family. Source: IsDualStackIPStrings."""
    bad = next((index for index, ip in enumerate(ips) if parse_sloppy(ip) is None), None)
    errors: list[FieldError] = []
    if bad is not None:
        text = f"failed to check for dual stack with error:invalid IP[{bad}]: {ips[bad]}"
        errors.append(fields.internal(path, text))
    if bad is not None or len(ips) > 2 or len({is_ipv6(ip) for ip in ips}) < 2:
        detail = "may specify no more than one IP for each IP family"
        errors.append(fields.invalid(path, shown, detail))
    return errors
