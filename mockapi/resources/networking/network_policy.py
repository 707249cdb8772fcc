"""NetworkPolicy."""

from collections.abc import Iterator
from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import addresses, declared, labels, rules
from mockapi.machinery.validation.declarations import Declarations, Field
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_SPEC = Path("spec")
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_TYPES = ("Ingress", "Egress")


def _port(port: Any, path: Path) -> Errors:
    errors: Errors = []
    if "protocol" in port:
        errors += rules.one_of(port["protocol"], path.child("protocol"), _PROTOCOLS)
    first, last, where = port.get("port"), port.get("endPort"), path.child("endPort")
    if isinstance(first, int):
        errors += rules.port_number(first, path.child("port"))
        if last is not None:
            if last < first:
                detail = "must be greater than or equal to `port`"
                errors.append(fields.invalid(where, last, detail))
            errors += rules.port_number(last, where)
        return errors
    if last is not None:
        what = "not specified" if first is None else "non-numeric"
        errors.append(fields.invalid(where, last, f"may not be specified when `port` is {what}"))
    if first is not None:
        errors += rules.port_number_or_name(first, path.child("port"))
    return errors


def _block(block: Any, path: Path, known: tuple[str, ...]) -> Errors:
    text = block.get("cidr")
    if not text:
        return declared.covered([fields.required(path.child("cidr"))])
    errors = addresses.validate_cidr(text, path.child("cidr"), old=known)
    whole = addresses.parse_cidr(text)
    if whole is None:
        return errors
    for index, excepted in enumerate(block.get("except") or ()):
        where = path.child("except").index(index)
        errors += addresses.validate_cidr(excepted, where, old=known)
        part = addresses.parse_cidr(excepted)
        if part is not None and not _inside(part, whole):
            detail = "must be a strict subset of `cidr`"
            errors.append(fields.invalid(where, excepted, detail))
    return errors


def _inside(part: addresses.Cidr, whole: addresses.Cidr) -> bool:
    if part.network.version != whole.network.version:
        return False
    return part.network != whole.network and part.network.subnet_of(whole.network)  # type: ignore[arg-type]


def _peer(peer: Any, path: Path, known: tuple[str, ...]) -> Errors:
    errors: Errors = []
    for name in ("podSelector", "namespaceSelector"):
        if name in peer:
            errors += labels.validate_selector(peer[name], path.child(name))
    block = peer.get("ipBlock")
    if block is not None:
        errors += _block(block, path.child("ipBlock"), known)
    count = sum(name in peer for name in ("podSelector", "namespaceSelector", "ipBlock"))
    if count == 0:
        errors.append(fields.required(path, "must specify a peer"))
    elif count > 1 and block is not None:
        errors.append(fields.forbidden(path, "may not specify both ipBlock and another peer"))
    return errors


def _directions(obj: Obj) -> Iterator[tuple[Any, str, Path]]:
    """(rule, name of its peers, path)."""
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(obj["spec"].get(direction) or ()):
            yield rule, peers, _SPEC.child(direction).index(index)


def _blocks(obj: Obj) -> Iterator[tuple[Any, Path]]:
    for rule, peers, path in _directions(obj):
        for index, peer in enumerate(rule.get(peers) or ()):
            if peer.get("ipBlock") is not None:
                yield peer["ipBlock"], path.child(peers).index(index).child("ipBlock")


_DECLARED = Declarations(
    {
        "Spec": (Field("ingress", kind="Ingress"), Field("egress", kind="Egress")),
        "Ingress": (Field("from", kind="Peer"),),
        "Egress": (Field("to", kind="Peer"),),
        "Peer": (Field("ipBlock", kind="IPBlock"),),
        "IPBlock": (Field("cidr", is_required=True),),
    }
)


def _written(obj: Obj, known: tuple[str, ...]) -> Errors:
    spec = obj["spec"]
    errors = labels.validate_selector(spec.get("podSelector") or {}, _SPEC.child("podSelector"))
    for rule, peers, path in _directions(obj):
        for index, port in enumerate(rule.get("ports") or ()):
            errors += _port(port, path.child("ports").index(index))
        for index, peer in enumerate(rule.get(peers) or ()):
            errors += _peer(peer, path.child(peers).index(index), known)
    return errors + _types(spec.get("policyTypes") or [])


def _validate(obj: Obj) -> Errors:
    return _DECLARED.settle(_written(obj, ()), "Spec", obj["spec"], None, _SPEC)


def _types(types: list[str]) -> Errors:
    where = _SPEC.child("policyTypes")
    if len(types) > len(_TYPES):
        return [fields.invalid(where, types, "may not specify more than two policyTypes")]
    errors: Errors = []
    for index, name in enumerate(types):
        errors += rules.one_of(name, where.index(index), _TYPES)
    return errors


def _validate_update(obj: Obj, old: Obj) -> Errors:
    known = [c for block, _ in _blocks(old) for c in (block.get("cidr"), *block.get("except", ()))]
    return _DECLARED.settle(_written(obj, tuple(known)), "Spec", obj["spec"], old["spec"], _SPEC)


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    texts: list[str] = []
    for block, path in _blocks(obj):
        texts += addresses.cidr_warnings(block.get("cidr", ""), path.child("cidr"))
        for index, excepted in enumerate(block.get("except") or ()):
            texts += addresses.cidr_warnings(excepted, path.child("except").index(index))
    return texts


STRATEGY = Strategy(
    group="networking.k8s.io",
    kind="NetworkPolicy",
    validate=_validate,
    validate_update=_validate_update,
    warnings=_warnings,
    has_generation=True,
    counts_emptied=True,
)
