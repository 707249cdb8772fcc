"""ResourceQuota: what a namespace may use, and what it does use with each write.

Source: apiserver pkg/admission/plugin/resourcequota (CheckRequest).
"""

from collections.abc import Callable, Mapping

from mockapi.machinery.admission import amounts
from mockapi.machinery.admission import usage as usage_of
from mockapi.machinery.admission.amounts import ZERO, Amounts
from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.resource import Obj
from mockapi.meta.quantity import Quantity

Charge = Callable[[Obj], None]
"""Stores a ResourceQuota whose status has changed."""

_REQUIRED = frozenset(
    f"{prefix}{name}" for prefix in ("", "requests.", "limits.") for name in ("cpu", "memory")
)
_IGNORED = frozenset(
    (
        "bindings",
        "events",
        "namespaces",
        "localsubjectaccessreviews.authorization.k8s.io",
    )
)
_UPDATED = {"pods": ("", "resize"), "services": ("",), "persistentvolumeclaims": ("", "status")}


class ResourceQuota:
    name = "ResourceQuota"

    def __init__(self, charge: Charge) -> None:
        self._charge = charge

    def handles(self, attributes: Attributes) -> bool:
        if not attributes.namespace:
            return False
        bucket, subresource = attributes.resource.bucket, attributes.subresource
        if attributes.operation == "CREATE":
            return not subresource and bucket not in _IGNORED
        return attributes.operation == "UPDATE" and subresource in _UPDATED.get(bucket, ())

    def admit(self, attributes: Attributes) -> None:
        return None

    def validate(self, attributes: Attributes) -> None:
        quotas = attributes.reader.list("resourcequotas", attributes.namespace)
        if not quotas or _pod_update_counts_nothing(attributes):
            return
        bucket, obj, old = attributes.resource.bucket, attributes.obj, attributes.old
        assert obj is not None
        matching = [quota for quota in quotas if _matches(quota, bucket, obj)]
        for quota in matching:
            _check_ready(attributes, quota, bucket, obj)
        used = usage_of.usage(bucket, obj)
        negative = sorted(name for name, amount in used.items() if amount < ZERO)
        if negative:
            names = ",".join(negative)
            raise attributes.forbidden(f"quota usage is negative for resource(s): {names}")
        changed = []
        for quota in matching:
            asked = used
            if old is not None and _matches(quota, bucket, old):
                asked = _more(used, usage_of.usage(bucket, old))
            if grown := _grown(attributes, quota, asked):
                changed.append(grown)
        if not attributes.dry_run:
            for quota in changed:
                self._charge(quota)


def _pod_update_counts_nothing(attributes: Attributes) -> bool:
    """An ordinary update of a pod matters only when it changes the pod's scope."""
    old, obj = attributes.old, attributes.obj
    if attributes.resource.bucket != "pods" or old is None or attributes.subresource:
        return False
    return obj is None or usage_of.terminating(obj) == usage_of.terminating(old)


def _hard(quota: Obj) -> Mapping[str, str]:
    return (quota.get("status") or {}).get("hard") or {}


def _matches(quota: Obj, bucket: str, obj: Obj) -> bool:
    named = usage_of.names(bucket, _hard(quota))
    return bool(named) and usage_of.in_scopes(bucket, quota, obj)


def _check_ready(attributes: Attributes, quota: Obj, bucket: str, obj: Obj) -> None:
    """The pod says what it needs, and the quota knows what is used."""
    name, limited = quota["metadata"]["name"], usage_of.names(bucket, _hard(quota))
    if bucket == "pods" and (missing := _unsaid(obj["spec"], _REQUIRED.intersection(limited))):
        raise attributes.forbidden(f"failed quota: {name}: must specify {missing}")
    known = (quota.get("status") or {}).get("used") or {}
    if not known.keys() >= set(limited):
        names = ",".join(sorted(limited))
        raise attributes.forbidden(f"status unknown for quota: {name}, resources: {names}")


def _unsaid(spec: Obj, required: frozenset[str]) -> str:
    """`limits.cpu for: a,b; ...`: which containers leave open what the quota limits."""
    if (spec.get("resources") or {}).get("requests") or (spec.get("resources") or {}).get("limits"):
        return ""
    missing: dict[str, list[str]] = {}
    for kind in ("containers", "initContainers"):
        for container in spec.get(kind) or ():
            requests = amounts.of(container, "requests")
            said = usage_of.compute(requests, amounts.of(container, "limits"))
            for name in required - said.keys():
                missing.setdefault(name, []).append(container["name"])
    return "; ".join(f"{name} for: {','.join(sorted(missing[name]))}" for name in sorted(missing))


def _more(new: Amounts, before: Amounts) -> Amounts:
    """What an update uses besides; less is the controller's to see."""
    grown = {name: amount - before.get(name, ZERO) for name, amount in new.items()}
    return {name: amount for name, amount in grown.items() if amount > ZERO}


def _grown(attributes: Attributes, quota: Obj, asked: Amounts) -> Obj | None:
    """The quota with what is asked for added to what is used; None when nothing is."""
    status = quota["status"]
    limits, used = amounts.parsed(status["hard"]), amounts.parsed(status.get("used"))
    asked = {name: amount for name, amount in asked.items() if amount and name in limits}
    if not asked:
        return None
    after = {name: used.get(name, ZERO) + amount for name, amount in asked.items()}
    if attributes.subresource != "status":
        exceeded = [name for name in after if limits[name] < after[name]]
        if exceeded:
            raise attributes.forbidden(
                f"exceeded quota: {quota['metadata']['name']}, "
                f"requested: {_shown(asked, exceeded)}, used: {_shown(used, exceeded)}, "
                f"limited: {_shown(limits, exceeded)}"
            )
    counted = {name: str(amount) for name, amount in after.items()}
    return {**quota, "status": {**status, "used": {**(status.get("used") or {}), **counted}}}


def _shown(values: Mapping[str, Quantity], names: list[str]) -> str:
    return ",".join(f"{name}={values[name]}" for name in sorted(names) if name in values)
