"""The address families of Services, in a cluster that has IPv4 alone.

Source: initIPFamilyFields in pkg/registry/core/service/storage/alloc.go.
"""

from mockapi.machinery.resource import Obj
from mockapi.meta import fields

FAMILY = "IPv4"
_OTHER = "IPv6"


def fill(spec: Obj) -> list[fields.FieldError]:
    """Set ipFamilyPolicy and ipFamilies where they are not said; what is wrong with them."""
    headless = spec.get("clusterIP") == "None" and not spec.get("selector")
    if not spec.get("ipFamilyPolicy"):
        spec["ipFamilyPolicy"] = "RequireDualStack" if headless else "SingleStack"
    policy, asked = spec["ipFamilyPolicy"], spec.get("ipFamilies") or []
    if policy == "SingleStack" and (errors := _several(spec)):
        return errors
    if headless:
        chosen = asked or [FAMILY]
        if len(chosen) < 2 and policy != "SingleStack":
            chosen = [*chosen, _OTHER if chosen[0] == FAMILY else FAMILY]
        spec["ipFamilies"] = chosen
        return []
    spec["ipFamilies"] = asked or [FAMILY]
    return _not_configured(policy, asked)


def _several(spec: Obj) -> list[fields.FieldError]:
    return [
        fields.invalid(
            "spec.ipFamilyPolicy",
            "SingleStack",
            f"must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified",
        )
        for name, what in (("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families"))
        if len(spec.get(name) or ()) == 2
    ]


def _not_configured(policy: str, asked: list[str]) -> list[fields.FieldError]:
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
