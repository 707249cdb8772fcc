"""What may be written to a pod's status."""

from collections.abc import Sequence
from typing import Any

from mockapi.machinery.validation import addresses, formats, internal, rules
from mockapi.meta import fields
from mockapi.meta.fields import Path

Errors = rules.Errors

STATUS = Path("status")
_KINDS = (
    ("containerStatuses", "containers"),
    ("initContainerStatuses", "initContainers"),
    ("ephemeralContainerStatuses", ""),
)
_SYSTEM_CONDITIONS = frozenset(("PodScheduled", "Ready", "Initialized"))


def validate_status_update(new: Any, old: Any) -> Errors:
    """`new` and `old` are pods."""
    status, before, spec = new.get("status") or {}, old.get("status") or {}, old["spec"]
    errors = _conditions(status, before)
    errors += _nominated(status, before, spec)
    if status.get("observedGeneration", 0) < 0:
        where, detail = STATUS.child("observedGeneration"), "must be a non-negative integer"
        errors.append(fields.invalid(where, status["observedGeneration"], detail))
    errors += rules.immutable(
        status.get("qosClass", ""), before.get("qosClass", ""), STATUS.child("qosClass")
    )
    for name, kind in _KINDS:
        if status.get(name) is not before.get(name) and before.get(name):
            containers = spec.get(kind) or ()
            errors += _transitions(status, before, name, spec, containers)
    errors += _claims(status, spec)
    errors += _ips(status, before, "podIP", "podIPs")
    if status.get("hostIPs"):
        errors += _ips(status, before, "hostIP", "hostIPs")
    for name, _ in _KINDS:
        if status.get(name):
            errors += _users(status[name], spec, STATUS.child(name))
    for name, kind in _KINDS:
        if status.get(name):
            errors += _allocated(status[name], spec.get(kind), STATUS.child(name))
    return errors


def _conditions(status: Any, before: Any) -> Errors:
    conditions = status.get("conditions") or ()
    if conditions == before.get("conditions"):
        return []
    errors: Errors = []
    for index, condition in enumerate(conditions):
        where = STATUS.child("conditions").index(index)
        generation = condition.get("observedGeneration", 0)
        if generation < 0:
            detail = "must be a non-negative integer"
            errors.append(fields.invalid(where.child("observedGeneration"), generation, detail))
        kind = condition.get("type", "")
        if kind not in _SYSTEM_CONDITIONS:
            errors += rules.qualified_name(kind, where.child("Type"))
    return errors


def _nominated(status: Any, before: Any, spec: Any) -> Errors:
    name = status.get("nominatedNodeName", "")
    if not name or name == before.get("nominatedNodeName", ""):
        return []
    where = STATUS.child("nominatedNodeName")
    errors = rules.object_name(name, where)
    if spec.get("nodeName"):
        detail = "may not be set on pods that are already bound to a node"
        errors.append(fields.forbidden(where, detail))
    return errors


def _transitions(
    status: Any, before: Any, name: str, spec: Any, containers: Sequence[Any]
) -> Errors:
    """What has ended stays ended, unless the container is one that restarts."""
    if name != "ephemeralContainerStatuses" and _all_may_restart(spec):
        return []
    now = {s.get("name"): s for s in status.get(name) or ()}
    errors: Errors = []
    for index, was in enumerate(before[name]):
        ended = (was.get("state") or {}).get("terminated")
        current = now.get(was.get("name"))
        if ended is None or current is None or "terminated" in (current.get("state") or {}):
            continue
        found = [c for c in containers if c.get("name") == was.get("name")]
        if found and _restarts(found[0], spec, ended.get("exitCode", 0)):
            continue
        where = STATUS.child(name).index(index).child("state")
        detail = "may not be transitioned to non-terminated state"
        errors.append(fields.forbidden(where, detail))
    return errors


def _all_may_restart(spec: Any) -> bool:
    return any(
        rule.get("action") == "RestartAllContainers"
        for kind in ("initContainers", "containers")
        for container in spec.get(kind) or ()
        for rule in container.get("restartPolicyRules") or ()
    )


def _restarts(container: Any, spec: Any, exit_code: int) -> bool:
    policy = container.get("restartPolicy")
    if policy is not None:
        for rule in container.get("restartPolicyRules") or ():
            codes = rule.get("exitCodes") or {}
            if (exit_code in (codes.get("values") or ())) == (codes.get("operator") == "In"):
                return True
    policy = policy or spec.get("restartPolicy", "Always")
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def _claims(status: Any, spec: Any) -> Errors:
    errors: Errors = []
    known = {claim.get("name") for claim in spec.get("resourceClaims") or ()}
    seen: set[str] = set()
    for index, claim in enumerate(status.get("resourceClaimStatuses") or ()):
        where = STATUS.child("resourceClaimStatuses").index(index)
        name = claim.get("name", "")
        if name not in known:
            detail = "must match the name of an entry in `spec.resourceClaims`"
            errors.append(fields.invalid(where.child("name"), name, detail))
        if name in seen:
            errors.append(fields.duplicate(where.child("name"), name))
        seen.add(name)
        if (claim_name := claim.get("resourceClaimName")) is not None:
            errors += rules.object_name(claim_name, where.child("resourceClaimName"))
    return errors


def _ips(status: Any, before: Any, single: str, several: str) -> Errors:
    given = status.get(several) or ()
    first, path = status.get(single, ""), STATUS.child(several)
    if not given and not first:
        return []
    mismatch = _mismatch(status, single, several)
    if single == "hostIP" and mismatch:
        return [mismatch, *_each_ip(given, before.get(several) or (), path)]
    errors = _each_ip(given, before.get(several) or (), path)
    return [*errors, mismatch] if mismatch else errors


def _each_ip(given: Sequence[Any], before: Sequence[Any], path: Path) -> Errors:
    errors: Errors = []
    known = tuple(item.get("ip", "") for item in before)
    ips = [item.get("ip", "") for item in given]
    for index, ip in enumerate(ips):
        errors += addresses.validate_ip(ip, path.index(index), old=known)
    if len(ips) > 1:
        layout = "[core.PodIP" if str(path).endswith("podIPs") else "[core.HostIP"
        shown = internal.shown(layout, list(given))
        errors += addresses.validate_two_families(ips, path, shown)
    return errors


def _mismatch(status: Any, single: str, several: str) -> fields.FieldError | None:
    given, first = status.get(several) or (), status.get(single, "")
    path = STATUS.child(several)
    if single == "podIP" and bool(first) != bool(given):
        shown = internal.shown("[core.PodIP", status.get(several))
        detail = "podIP and podIPs must either both be set or both be unset"
        return fields.invalid(path, shown, detail)
    if given and first != given[0].get("ip", ""):
        shown = given[0].get("ip", "")
        return fields.invalid(path.index(0).child("ip"), shown, f"must be equal to `{single}`")
    return None


def _users(statuses: Sequence[Any], spec: Any, path: Path) -> Errors:
    errors: Errors = []
    system = (spec.get("os") or {}).get("name", "linux")
    for index, status in enumerate(statuses):
        user = (status.get("user") or {}).get("linux")
        if user is None:
            continue
        where = path.index(index).child("user", "linux")
        if system == "windows":
            errors.append(fields.forbidden(where, "cannot be set for a windows pod"))
            continue
        uid = user.get("uid", 0)
        if not 0 <= uid < 2**32:
            detail = formats.out_of_range(0, 2**32 - 1)
            errors.append(fields.invalid(where.child("uid"), uid, detail))
        for detail in formats.user_or_group_id(user.get("gid", 0)):
            errors.append(fields.invalid(where.child("gid"), user["gid"], detail))
        for position, gid in enumerate(user.get("supplementalGroups") or ()):
            for detail in formats.user_or_group_id(gid):
                at = where.child("supplementalGroups").index(position)
                errors.append(fields.invalid(at, gid, detail))
    return errors


def _allocated(statuses: Sequence[Any], containers: Any, path: Path) -> Errors:
    errors: Errors = []
    for index, status in enumerate(statuses):
        allocated = status.get("allocatedResourcesStatus")
        if not allocated:
            continue
        where = path.index(index).child("allocatedResourcesStatus")
        if containers is None and str(path).endswith("ephemeralContainerStatuses"):
            errors.append(fields.forbidden(where, "must not be specified in container status"))
            continue
        found = [c for c in containers or () if c.get("name") == status.get("name")]
        for position, resource in enumerate(allocated):
            if found:
                errors += _allocated_name(resource, found[0], where.index(position).child("name"))
            errors += _health(resource, where.index(position).child("resources"))
    return errors


def _allocated_name(resource: Any, container: Any, path: Path) -> Errors:
    name, requirements = resource.get("name", ""), container.get("resources") or {}
    if name.startswith("claim:"):
        known = {
            f"claim:{c['name']}/{c['request']}" if c.get("request") else f"claim:{c.get('name')}"
            for c in requirements.get("claims") or ()
        }
        detail = (
            "must match one of the container's resource claims as 'claim:<claimName>/<requestName>'"
            " when container.resources.claims[*].request is set or 'claim:<claimName>' when it is "
            "empty"
        )
    else:
        known = set(requirements.get("requests") or ())
        detail = "must match one of the container's resource requests"
    return [] if name in known else [fields.invalid(path, name, detail)]


def _health(resource: Any, path: Path) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, item in enumerate(resource.get("resources") or ()):
        where = path.index(index)
        valid = ("Healthy", "Unhealthy", "Unknown")
        errors += rules.one_of(item.get("health", ""), where.child("health"), valid)
        identity = item.get("resourceID", "")
        if identity in seen:
            errors.append(fields.duplicate(where.child("resourceID"), identity))
        seen.add(identity)
    return errors
