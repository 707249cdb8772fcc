"""ServiceCIDR."""

from mockapi.machinery.resource import METADATA_OF_STATUS, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import addresses, internal, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_CIDRS = Path("spec", "cidrs")


def _given(obj: Obj) -> list[str]:
    return (obj.get("spec") or {}).get("cidrs") or []


def _validate(obj: Obj) -> Errors:
    cidrs = _given(obj)
    if not cidrs:
        return [fields.required(_CIDRS, "at least one CIDR required")]
    if len(cidrs) > 2:
        shown = internal.shown("networking.ServiceCIDRSpec", obj["spec"])
        return [fields.invalid(_CIDRS, shown, "may only hold up to 2 values")]
    errors: Errors = []
    for index, cidr in enumerate(cidrs):
        errors += addresses.validate_canonical_cidr(cidr, _CIDRS.index(index))
    parsed = [addresses.parse_cidr(cidr) for cidr in cidrs]
    versions = [cidr.network.version for cidr in parsed if cidr is not None]
    if len(versions) == 2 and versions[0] == versions[1]:
        detail = "may specify no more than one IP for each IP family"
        example = "i.e 192.168.0.0/24 and 2001:db8::/64"
        errors.append(fields.invalid(_CIDRS, cidrs, f"{detail}, {example}"))
    return errors


def _validate_update(obj: Obj, old: Obj) -> Errors:
    now, was = _given(obj), _given(old)
    if len(now) == len(was):
        errors: Errors = []
        for index, cidr in enumerate(now):
            errors += rules.immutable(cidr, was[index], _CIDRS.index(index))
        return errors
    if len(was) == 1 and len(now) == 2:
        return rules.immutable(now[0], was[0], _CIDRS.index(0)) + _validate(obj)
    return [fields.invalid(_CIDRS, (obj.get("spec") or {}).get("cidrs"), rules.IMMUTABLE)]


STRATEGY = Strategy(
    group="networking.k8s.io",
    kind="ServiceCIDR",
    validate=_validate,
    validate_update=_validate_update,
    has_status=True,
    status=StatusStrategy(kept_metadata=METADATA_OF_STATUS),
)
