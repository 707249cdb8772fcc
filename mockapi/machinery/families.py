"""The address families of Services, in a cluster that has IPv4 alone.

Source: initIPFamilyFields in pkg/registry/core/service/storage/alloc.go.
"""

from typing import Any

from mockapi.machinery.resource import Obj
from mockapi.machinery.validation import addresses, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

FAMILY = "IPv4"
_OTHER = "IPv6"
_SPEC = Path("spec")


def is_headless(spec: Any) -> bool:
    return bool(spec.get("clusterIPs") == ["None"])


def fill(spec: Obj, old: Obj | None) -> Errors:
    """Set ipFamilyPolicy and ipFamilies where they are not said; what is wrong with them.

    `old` is the spec it had.
    """
    if old is not None and _stays_dual(spec, old):
        return []
    headless = spec.get("clusterIP") == "None" and not spec.get("selector")
    if spec.get("ipFamilyPolicy") is None:
        usual = "RequireDualStack" if headless else "SingleStack"
        spec["ipFamilyPolicy"] = (old or {}).get("ipFamilyPolicy") or usual
    if errors := validate_addresses(spec, old or {}):
        return errors
    policy = spec["ipFamilyPolicy"]
    if old is not None:
        errors = _reduced(spec, old)
    if policy == "SingleStack":
        errors += _several(spec)
    errors += _inferred(spec)
    if errors:
        return errors
    asked = spec.get("ipFamilies") or []
    if headless:
        chosen = asked or [FAMILY]
        if len(chosen) < 2 and policy != "SingleStack":
            chosen = [*chosen, _OTHER if chosen[0] == FAMILY else FAMILY]
        spec["ipFamilies"] = chosen
        return []
    spec["ipFamilies"] = asked or [FAMILY]
    return _not_configured(policy, asked)


def _stays_dual(spec: Obj, old: Obj) -> bool:
    return (
        spec.get("type") == old.get("type")
        and spec.get("ipFamilyPolicy") == "PreferDualStack"
        and old.get("ipFamilyPolicy") in (None, "PreferDualStack")
        and _same(spec, old, "clusterIPs")
        and _same(spec, old, "ipFamilies")
    )


def _same(spec: Obj, old: Obj, name: str) -> bool:
    return bool((spec.get(name) or []) == (old.get(name) or []))


def _reduced(spec: Obj, old: Obj) -> Errors:
    """A single family is asked for by keeping the first of two; else the policy must say so."""
    errors: Errors = []
    for name, what in (("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")):
        given, was = spec.get(name) or [], old.get(name) or []
        if spec["ipFamilyPolicy"] == "SingleStack":
            if given == was and len(given) > 1:
                spec[name] = given[:1]
        elif given and was and len(given) < len(was):
            detail = f"must be 'SingleStack' to release the secondary {what}"
            errors.append(fields.invalid("spec.ipFamilyPolicy", spec["ipFamilyPolicy"], detail))
    return errors


def _inferred(spec: Obj) -> Errors:
    """Families that the addresses given say."""
    errors: Errors = []
    asked = list(spec.get("ipFamilies") or ())
    ips = spec.get("clusterIPs") or []
    for index, ip in enumerate(ips):
        if ip == "None":
            break
        if index < len(asked):
            continue
        if addresses.is_ipv6(ip):
            detail = f"{_OTHER} is not configured on this cluster"
            errors.append(fields.invalid(f"spec.clusterIPs[{index}]", ips, detail))
        else:
            asked.append(FAMILY)
    if asked:
        spec["ipFamilies"] = asked
    return errors


def _several(spec: Obj) -> Errors:
    return [
        fields.invalid(
            "spec.ipFamilyPolicy",
            "SingleStack",
            f"must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified",
        )
        for name, what in (("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families"))
        if len(spec.get(name) or ()) == 2
    ]


def _not_configured(policy: str, asked: list[str]) -> Errors:
    errors = []
    if policy == "RequireDualStack":
        detail = "this cluster is not configured for dual-stack services"
        errors.append(fields.invalid("spec.ipFamilyPolicy", policy, detail))
    errors += [
        fields.invalid(f"spec.ipFamilies[{index}]", family, "not configured on this cluster")
        for index, family in enumerate(asked)
        if family != FAMILY
    ]
    return errors


def validate_addresses(spec: Any, before: Any) -> Errors:
    """What allocation asks first. Source: ValidateServiceClusterIPsRelatedFields."""
    errors: Errors = []
    ips, first = spec.get("clusterIPs") or [], spec.get("clusterIP", "")
    path = _SPEC.child("clusterIPs")
    if first and not ips:
        errors.append(fields.required(path))
    elif first and ips[0] != first:
        errors.append(fields.invalid(path, ips, "first value must match `clusterIP`"))
    elif ips and not first:
        detail = "must be empty when `clusterIP` is not specified"
        errors.append(fields.invalid(path, ips, detail))
    errors += _families(spec)
    bad = _each_cluster_ip(ips, tuple(before.get("clusterIPs") or ()), path)
    errors += bad
    if len(ips) > 2:
        errors.append(fields.invalid(path, ips, "may only hold up to 2 values"))
    if bad:
        return errors
    if len(ips) > 1 and len({addresses.is_ipv6(ip) for ip in ips}) < 2:
        detail = "may specify no more than one IP for each IP family"
        errors.append(fields.invalid(path, ips, detail))
    return errors + _ips_fit_families(spec, ips, path)


def _families(spec: Any) -> Errors:
    errors: Errors = []
    families = spec.get("ipFamilies") or ()
    for index, family in enumerate(families):
        where = _SPEC.child("ipFamilies").index(index)
        errors += rules.one_of(family, where, ("IPv4", "IPv6"))
        if family in families[:index]:
            errors.append(fields.duplicate(where, family))
    policy = spec.get("ipFamilyPolicy")
    if policy is not None:
        valid = ("PreferDualStack", "RequireDualStack", "SingleStack")
        errors += rules.one_of(policy, _SPEC.child("ipFamilyPolicy"), valid)
    return errors


def _each_cluster_ip(ips: list[str], before: tuple[str, ...], path: Path) -> Errors:
    errors: Errors = []
    for index, ip in enumerate(ips):
        if index == 0 and ip == "None":
            if len(ips) > 1:
                detail = "'None' must be the first and only value"
                errors.append(fields.invalid(path, ips, detail))
            continue
        errors += addresses.validate_ip(ip, path.index(index), old=before)
    return errors


def _ips_fit_families(spec: Any, ips: list[str], path: Path) -> Errors:
    if is_headless(spec):
        return []
    errors: Errors = []
    for index, (ip, family) in enumerate(zip(ips, spec.get("ipFamilies") or (), strict=False)):
        if family in ("IPv4", "IPv6") and addresses.is_ipv6(ip) != (family == "IPv6"):
            detail = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            errors.append(fields.invalid(path.index(index), ip, detail))
    return errors
