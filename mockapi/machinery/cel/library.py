"""The functions that Kubernetes adds to CEL. Source: apiserver pkg/cel/library.

URLs, addresses, networks, quantities and versions are messages of one type: the runtime has no
opaque values and tells functions apart by the kinds of their arguments only.
"""

import ipaddress
import re
from collections.abc import Callable, Container, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from mockapi.base.lazy import module
from mockapi.meta import quantity
from mockapi.meta.quantity import Quantity

VALUE: Final = "kubernetes.Value"
Impl = Callable[..., Any]


def declarations(only: Container[str] | None = None) -> Sequence[Any]:
    """What an environment is made with: all functions, or those of some names."""
    cel = module("cel_expr_python.cel")
    return [
        cel.FunctionDecl(name, [overload(name, index, *row) for index, row in enumerate(rows)])
        for name, rows in _FUNCTIONS.items()
        if only is None or name in only
    ]


def overload(name: str, index: int, member: bool, kinds: str, result: str, impl: Impl) -> Any:
    return module("cel_expr_python.cel").Overload(
        id=f"k8s_{name}_{index}",
        return_type=_type(result),
        parameters=[_type(letter) for letter in kinds],
        is_member=member,
        impl=impl,
    )


def value_type() -> Any:
    """The type of all values that are made here."""
    return _type("v")


def _type(letter: str) -> Any:
    """s, l, m, i, d, b, v: a string, list, map, int, double, bool, one of our values; else any."""
    types = module("cel_expr_python.cel").Type
    known = {
        "s": types.STRING,
        "l": types.LIST,
        "m": types.MAP,
        "i": types.INT,
        "d": types.DOUBLE,
        "b": types.BOOL,
        "v": types(VALUE),
    }
    return known.get(letter, types.DYN)


@cache
def _message() -> tuple[Any, Any]:
    """A descriptor pool, and the class of its only message: what kind of value, and its text."""
    package, _, name = VALUE.partition(".")
    descriptors = module("google.protobuf.descriptor_pb2")
    file = descriptors.FileDescriptorProto(name="value.proto", package=package, syntax="proto3")
    message = file.message_type.add(name=name)
    for number, field in enumerate(("kind", "text"), 1):
        message.field.add(name=field, number=number, type=9, label=1)
    pool = module("google.protobuf.descriptor_pool").DescriptorPool()
    pool.Add(file)
    classes = module("google.protobuf.message_factory")
    return pool, classes.GetMessageClass(pool.FindMessageTypeByName(VALUE))


def pool() -> Any:
    """The descriptor pool that an environment with these functions needs."""
    return _message()[0]


def made(kind: str, text: str) -> Any:
    return _message()[1](kind=kind, text=text)


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


def _url(text: str) -> Any:
    if not _is_url(text):
        raise ValueError(f'URL parse error during conversion from string: parse "{text}"')
    return made("url", text)


def _of_url(read: Callable[[Any], Any]) -> Impl:
    return lambda url: read(urlsplit(url.text))


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


def _ip(text: str) -> Any:
    return made("ip", str(ipaddress.ip_address(text)))


def _cidr(text: str) -> Any:
    _network(text)
    return made("cidr", text)


def _address(value: Any) -> Any:
    return ipaddress.ip_address(value if isinstance(value, str) else value.text)


def _contains_ip(cidr: Any, address: Any) -> bool:
    return _address(address) in _network(cidr.text)


def _contains_cidr(cidr: Any, other: Any) -> bool:
    inner = _network(other if isinstance(other, str) else other.text)
    outer = _network(cidr.text)
    return inner.version == outer.version and bool(inner.subnet_of(outer))


# -- quantities ------------------------------------------------------------------------------


def quantity_value(text: str) -> Any:
    """A quantity as expressions see it; raises ValueError."""
    return _amount_value(quantity.parse(text))


def _amount_value(amount: Quantity) -> Any:
    return made("quantity", str(amount))


def _amount(value: Any) -> Quantity:
    return quantity.parse(str(value) if isinstance(value, int) else value.text)


def _is_whole(value: Any) -> bool:
    amount = _amount(value)
    return quantity.parse(str(amount.value())).cmp(amount) == 0


def _as_integer(value: Any) -> int:
    if not _is_whole(value):
        raise ValueError("cannot convert value to integer")
    return _amount(value).value()


def _compare(one: Any, other: Any) -> int:
    if one.kind != other.kind:
        raise ValueError("no such overload")
    if one.kind == "semver":
        a, b = _precedence(one.text), _precedence(other.text)
        return int(a > b) - int(a < b)
    return _amount(one).cmp(_amount(other))


# -- versions --------------------------------------------------------------------------------

_SEMVER: Final = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"
)


def semver_value(text: str) -> Any:
    """A version as expressions see it; raises ValueError."""
    if not _SEMVER.fullmatch(text):
        raise ValueError(f"{text!r} is no semantic version")
    return made("semver", text)


def _precedence(version: str) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    """Sorts as versions do: numbers first, a pre-release before its release."""
    found = _SEMVER.fullmatch(version)
    assert found is not None
    numbers = tuple(int(part) for part in found.groups()[:3])
    if found[4] is None:
        return numbers, ((2, 0, ""),)
    return numbers, tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in found[4].split(".")
    )


def _semver_part(index: int) -> Impl:
    return lambda value: _precedence(value.text)[0][index]


_FUNCTIONS: dict[str, list[tuple[bool, str, str, Impl]]] = {
    "isSorted": [(True, "l", "b", _is_sorted)],
    "sum": [(True, "l", "", _sum)],
    "min": [(True, "l", "", _least)],
    "max": [(True, "l", "", _greatest)],
    "jsonpatch.escapeKey": [
        (False, "s", "s", lambda text: text.replace("~", "~0").replace("/", "~1"))
    ],
    "sets.contains": [(False, "ll", "b", _set_contains)],
    "sets.equivalent": [(False, "ll", "b", _set_equivalent)],
    "sets.intersects": [(False, "ll", "b", _set_intersects)],
    "find": [(True, "ss", "s", _find)],
    "findAll": [(True, "ss", "l", _find_all), (True, "ssi", "l", _find_all)],
    "isURL": [(False, "s", "b", _is_url)],
    "url": [(False, "s", "v", _url)],
    "getScheme": [(True, "v", "s", _of_url(lambda parts: parts.scheme))],
    "getHost": [(True, "v", "s", _of_url(lambda parts: parts.netloc))],
    "getHostname": [(True, "v", "s", _of_url(lambda parts: parts.hostname or ""))],
    "getPort": [(True, "v", "s", _of_url(lambda parts: str(parts.port or "")))],
    "getEscapedPath": [(True, "v", "s", _of_url(lambda parts: parts.path))],
    "getQuery": [
        (True, "v", "m", _of_url(lambda parts: parse_qs(parts.query, keep_blank_values=True)))
    ],
    "isIP": [(False, "s", "b", _parses(ipaddress.ip_address))],
    "ip": [
        (False, "s", "v", _ip),
        (True, "v", "v", lambda cidr: made("ip", cidr.text.partition("/")[0])),
    ],
    "ip.isCanonical": [(False, "s", "b", lambda text: str(ipaddress.ip_address(text)) == text)],
    "family": [(True, "v", "i", lambda value: _address(value).version)],
    "isUnspecified": [(True, "v", "b", lambda value: _address(value).is_unspecified)],
    "isLoopback": [(True, "v", "b", lambda value: _address(value).is_loopback)],
    "isLinkLocalMulticast": [
        (True, "v", "b", lambda v: _address(v).is_multicast and _address(v).is_link_local)
    ],
    "isLinkLocalUnicast": [(True, "v", "b", lambda value: _address(value).is_link_local)],
    "isGlobalUnicast": [
        (True, "v", "b", lambda v: not (_address(v).is_multicast or _address(v).is_loopback))
    ],
    "isCIDR": [(False, "s", "b", _parses(_network))],
    "cidr": [(False, "s", "v", _cidr)],
    "containsIP": [(True, "vs", "b", _contains_ip), (True, "vv", "b", _contains_ip)],
    "containsCIDR": [(True, "vs", "b", _contains_cidr), (True, "vv", "b", _contains_cidr)],
    "masked": [(True, "v", "v", lambda cidr: made("cidr", str(_network(cidr.text))))],
    "prefixLength": [(True, "v", "i", lambda cidr: _network(cidr.text).prefixlen)],
    "isQuantity": [(False, "s", "b", quantity.is_quantity)],
    "quantity": [(False, "s", "v", quantity_value)],
    "isInteger": [(True, "v", "b", _is_whole)],
    "asInteger": [(True, "v", "i", _as_integer)],
    "asApproximateFloat": [(True, "v", "d", lambda value: _amount(value).as_float())],
    "sign": [(True, "v", "i", lambda value: _amount(value).sign)],
    "add": [
        (True, kinds, "v", lambda a, b: _amount_value(_amount(a).add(_amount(b))))
        for kinds in ("vv", "vi")
    ],
    "sub": [
        (True, kinds, "v", lambda a, b: _amount_value(_amount(a).sub(_amount(b))))
        for kinds in ("vv", "vi")
    ],
    "compareTo": [(True, "vv", "i", _compare)],
    "isGreaterThan": [(True, "vv", "b", lambda one, other: _compare(one, other) > 0)],
    "isLessThan": [(True, "vv", "b", lambda one, other: _compare(one, other) < 0)],
    "isSemver": [(False, "s", "b", lambda text: bool(_SEMVER.fullmatch(text)))],
    "semver": [(False, "s", "v", semver_value)],
    "major": [(True, "v", "i", _semver_part(0))],
    "minor": [(True, "v", "i", _semver_part(1))],
    "patch": [(True, "v", "i", _semver_part(2))],
}
