"""The functions that Kubernetes adds to CEL. Source: apiserver pkg/cel/library.

URLs, addresses, quantities and versions are maps with one marked key, since the runtime has no
opaque values; nothing but these functions looks into them.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mockapi.base.lazy import module
from mockapi.meta.quantity import Quantity, is_quantity, parse

Impl = Callable[..., Any]


@cache
def declarations() -> Sequence[Any]:
    """What an environment is made with."""
    cel = module("cel_expr_python.cel")
    declared = []
    for name, rows in _FUNCTIONS.items():
        overloads = [
            cel.Overload(
                id=f"k8s_{name}_{index}",
                return_type=cel.Type.DYN,
                parameters=[_type(letter) for letter in kinds],
                is_member=member,
                impl=impl,
            )
            for index, (member, kinds, impl) in enumerate(rows)
        ]
        declared.append(cel.FunctionDecl(name, overloads))
    return declared


def _type(letter: str) -> Any:
    """s, l, m, i: a string, list, map, integer. The runtime tells overloads apart by these."""
    types = module("cel_expr_python.cel").Type
    return {"s": types.STRING, "l": types.LIST, "m": types.MAP, "i": types.INT}[letter]


# -- lists -----------------------------------------------------------------------------------


def _is_sorted(items: list[Any]) -> bool:
    return all(a <= b for a, b in pairwise(items))


def _least(items: list[Any]) -> Any:
    if not items:
        raise ValueError("min called on empty list")
    return min(items)


def _greatest(items: list[Any]) -> Any:
    if not items:
        raise ValueError("max called on empty list")
    return max(items)


def _sum(items: list[Any]) -> Any:
    total: Any = 0
    for index, item in enumerate(items):
        total = item if index == 0 else total + item
    return total


def _set_contains(items: list[Any], others: list[Any]) -> bool:
    return all(item in items for item in others)


def _set_equivalent(items: list[Any], others: list[Any]) -> bool:
    return _set_contains(items, others) and _set_contains(others, items)


def _set_intersects(items: list[Any], others: list[Any]) -> bool:
    return any(item in others for item in items)


# -- regular expressions ---------------------------------------------------------------------


def _find(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    return found[0] if found else ""


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = [match[0] for match in re.finditer(pattern, text)]
    return found if limit < 0 else found[:limit]


# -- URLs ------------------------------------------------------------------------------------


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.scheme) or text.startswith("/")


def _url(text: str) -> dict[str, str]:
    if not _is_url(text):
        raise ValueError(f'URL parse error during conversion from string: parse "{text}"')
    return {"$url": text}


def _of_url(read: Callable[[Any], Any]) -> Impl:
    return lambda url: read(urlsplit(url["$url"]))


# -- addresses -------------------------------------------------------------------------------


def _parses(parse_text: Callable[[str], Any]) -> Callable[[str], bool]:
    def judge(text: str) -> bool:
        try:
            parse_text(text)
        except ValueError:
            return False
        return True

    return judge


def _network(text: str) -> Any:
    if "/" not in text:
        raise ValueError(f"network address parse error: {text}")
    return ipaddress.ip_network(text, strict=False)


def _ip(text: str) -> dict[str, str]:
    return {"$ip": str(ipaddress.ip_address(text))}


def _cidr(text: str) -> dict[str, str]:
    _network(text)
    return {"$cidr": text}


def _address(value: Any) -> Any:
    return ipaddress.ip_address(value["$ip"] if isinstance(value, dict) else value)


def _contains_ip(cidr: Any, address: Any) -> bool:
    return _address(address) in _network(cidr["$cidr"])


def _contains_cidr(cidr: Any, other: Any) -> bool:
    inner = _network(other["$cidr"] if isinstance(other, dict) else other)
    outer = _network(cidr["$cidr"])
    return inner.version == outer.version and bool(inner.subnet_of(outer))


# -- quantities ------------------------------------------------------------------------------


def _amount(value: Any) -> Quantity:
    return parse(value["$quantity"] if isinstance(value, dict) else str(value))


def _quantity(text: str) -> dict[str, str]:
    return {"$quantity": str(parse(text))}


def _compare(one: Any, other: Any) -> int:
    if "$semver" in one:
        return _order(_semver_key(one["$semver"]), _semver_key(other["$semver"]))
    return _amount(one).cmp(_amount(other))


def _is_whole(value: Any) -> bool:
    amount = _amount(value)
    return parse(str(amount.value())).cmp(amount) == 0


def _order(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)


# -- versions --------------------------------------------------------------------------------

_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"
)


def _semver(text: str) -> dict[str, str]:
    if not _SEMVER.fullmatch(text):
        raise ValueError(f"semver parse error: {text}")
    return {"$semver": text}


def _semver_key(text: str) -> Any:
    match = _SEMVER.fullmatch(text)
    assert match is not None
    release = tuple(int(match[i]) for i in (1, 2, 3))
    before = match[4].split(".") if match[4] else []
    parts = [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in before]
    return release, not before, parts


def _semver_part(index: int) -> Impl:
    return lambda value: _semver_key(value["$semver"])[0][index]


_FUNCTIONS: dict[str, list[tuple[bool, str, Impl]]] = {
    "isSorted": [(True, "l", _is_sorted)],
    "sum": [(True, "l", _sum)],
    "min": [(True, "l", _least)],
    "max": [(True, "l", _greatest)],
    "sets.contains": [(False, "ll", _set_contains)],
    "sets.equivalent": [(False, "ll", _set_equivalent)],
    "sets.intersects": [(False, "ll", _set_intersects)],
    "find": [(True, "ss", _find)],
    "findAll": [(True, "ss", _find_all), (True, "ssi", _find_all)],
    "isURL": [(False, "s", _is_url)],
    "url": [(False, "s", _url)],
    "getScheme": [(True, "m", _of_url(lambda parts: parts.scheme))],
    "getHost": [(True, "m", _of_url(lambda parts: parts.netloc))],
    "getHostname": [(True, "m", _of_url(lambda parts: parts.hostname or ""))],
    "getPort": [(True, "m", _of_url(lambda parts: str(parts.port or "")))],
    "getEscapedPath": [(True, "m", _of_url(lambda parts: parts.path))],
    "getQuery": [(True, "m", _of_url(lambda parts: parse_qs(parts.query, keep_blank_values=True)))],
    "isIP": [(False, "s", _parses(ipaddress.ip_address))],
    "ip": [
        (False, "s", _ip),
        (True, "m", lambda cidr: {"$ip": cidr["$cidr"].partition("/")[0]}),
    ],
    "ip.isCanonical": [(False, "s", lambda text: str(ipaddress.ip_address(text)) == text)],
    "family": [(True, "m", lambda value: _address(value).version)],
    "isUnspecified": [(True, "m", lambda value: _address(value).is_unspecified)],
    "isLoopback": [(True, "m", lambda value: _address(value).is_loopback)],
    "isLinkLocalMulticast": [
        (True, "m", lambda v: _address(v).is_multicast and _address(v).is_link_local)
    ],
    "isLinkLocalUnicast": [(True, "m", lambda value: _address(value).is_link_local)],
    "isGlobalUnicast": [
        (True, "m", lambda v: not (_address(v).is_multicast or _address(v).is_loopback))
    ],
    "isCIDR": [(False, "s", _parses(_network))],
    "cidr": [(False, "s", _cidr)],
    "containsIP": [(True, "ms", _contains_ip), (True, "mm", _contains_ip)],
    "containsCIDR": [(True, "ms", _contains_cidr), (True, "mm", _contains_cidr)],
    "masked": [(True, "m", lambda cidr: {"$cidr": str(_network(cidr["$cidr"]))})],
    "prefixLength": [(True, "m", lambda cidr: _network(cidr["$cidr"]).prefixlen)],
    "isQuantity": [(False, "s", is_quantity)],
    "quantity": [(False, "s", _quantity)],
    "isInteger": [(True, "m", _is_whole)],
    "asInteger": [(True, "m", lambda value: _amount(value).value())],
    "asApproximateFloat": [(True, "m", lambda value: _amount(value).as_float())],
    "sign": [(True, "m", lambda value: _amount(value).sign)],
    "add": [(True, "mm", lambda a, b: {"$quantity": str(_amount(a).add(_amount(b)))})],
    "sub": [(True, "mm", lambda a, b: {"$quantity": str(_amount(a).sub(_amount(b)))})],
    "compareTo": [(True, "mm", _compare)],
    "isGreaterThan": [(True, "mm", lambda one, other: _compare(one, other) > 0)],
    "isLessThan": [(True, "mm", lambda one, other: _compare(one, other) < 0)],
    "isSemver": [(False, "s", lambda text: bool(_SEMVER.fullmatch(text)))],
    "semver": [(False, "s", _semver)],
    "major": [(True, "m", _semver_part(0))],
    "minor": [(True, "m", _semver_part(1))],
    "patch": [(True, "m", _semver_part(2))],
}
