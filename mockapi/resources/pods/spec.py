"""PodSpec and PodTemplateSpec as a whole."""

from collections.abc import Mapping
from typing import Any

from mockapi.machinery.validation import addresses, formats, internal, rules
from mockapi.machinery.validation.metadata import validate_annotations, validate_labels
from mockapi.meta import fields, quantity
from mockapi.meta.fields import Path
from mockapi.resources.pods import containers, placement, quantities, security
from mockapi.resources.pods.volumes import validate_volumes

Errors = rules.Errors

MIRROR = "kubernetes.io/config.mirror"
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_MAX_INT32 = 2**31 - 1
_EMPTY: Mapping[str, str] = {}


def validate_pod_spec(
    spec: Any, meta: Mapping[str, Any] | None, path: Path, *, is_pod: bool
) -> Errors:
    """`meta` is the pod's metadata, None where there is no object (a template has its own)."""
    errors: Errors = []
    grace_period = spec.get("terminationGracePeriodSeconds")
    if grace_period is None:
        errors.append(fields.required(path.child("terminationGracePeriodSeconds")))
    name = (meta or {}).get("name", "")
    volumes, own = validate_volumes(spec.get("volumes") or (), name, path.child("volumes"))
    errors += own
    claims = spec.get("resourceClaims") or ()
    if claims:
        errors += _resource_claims(claims, meta or {}, path.child("resourceClaims"))
    scope = containers.PodScope(
        volumes=volumes,
        claims=frozenset(c["name"] for c in claims if c.get("name")),
        grace_period=grace_period,
        restart_policy=spec.get("restartPolicy", ""),
        host_users=spec.get("hostUsers") is not False,
    )
    errors += _all_containers(spec, scope, path)
    if (requirements := spec.get("resources")) is not None:
        errors += _pod_resources(spec, requirements, scope, path.child("resources"))
    errors += _basics(spec, path, is_pod=is_pod)
    errors += _placement(spec, path)
    errors += security.validate_host_process(spec, path)
    errors += _host_users(spec, path)
    errors += _names(spec, path)
    return errors + _rarely_set(spec, path)


def _all_containers(spec: Any, scope: containers.PodScope, path: Path) -> Errors:
    regular = spec.get("containers") or ()
    init = spec.get("initContainers") or ()
    errors = containers.validate_containers(regular, scope, path.child("containers"))
    if init:
        where = path.child("initContainers")
        errors += containers.validate_init_containers(init, regular, scope, where)
    if ephemeral := spec.get("ephemeralContainers"):
        where = path.child("ephemeralContainers")
        others = [*regular, *init]
        errors += containers.validate_ephemeral_containers(ephemeral, others, scope, where)
    return errors


def _basics(spec: Any, path: Path, *, is_pod: bool) -> Errors:
    errors: Errors = []
    if spec.get("hostNetwork"):
        errors += _host_ports(spec, path.child("containers"), is_pod=is_pod)
    restart, dns = spec.get("restartPolicy"), spec.get("dnsPolicy")
    if restart not in _RESTART_POLICIES:
        errors += rules.required_one_of(restart, path.child("restartPolicy"), _RESTART_POLICIES)
    if dns not in _DNS_POLICIES:
        errors += rules.required_one_of(dns, path.child("dnsPolicy"), _DNS_POLICIES)
    if spec.get("nodeSelector"):
        errors += validate_labels(spec["nodeSelector"], path.child("nodeSelector"))
    if context := spec.get("securityContext"):
        errors += security.validate_pod_context(context, spec, path.child("securityContext"))
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(fields.invalid(path.child("shareProcessNamespace"), True, detail))
    return errors


def _placement(spec: Any, path: Path) -> Errors:
    errors: Errors = []
    if spec.get("affinity"):
        errors += placement.validate_affinity(spec["affinity"], path.child("affinity"))
    if spec.get("dnsConfig") is not None or spec.get("dnsPolicy") == "None":
        errors += _dns_config(spec.get("dnsConfig"), spec.get("dnsPolicy"), path.child("dnsConfig"))
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        where = path.child("readinessGates").index(index).child("conditionType")
        errors += rules.qualified_name(gate.get("conditionType", ""), where)
    if spec.get("schedulingGates"):
        errors += _scheduling_gates(spec["schedulingGates"], path.child("schedulingGates"))
    if constraints := spec.get("topologySpreadConstraints"):
        where = path.child("topologySpreadConstraints")
        errors += placement.validate_topology_spread(constraints, where)
    return errors


def _scheduling_gates(gates: Any, path: Path) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, gate in enumerate(gates):
        name = gate.get("name", "")
        errors += rules.qualified_name(name, path.index(index))
        if name in seen:
            errors.append(fields.duplicate(path.index(index), name))
        seen.add(name)
    return errors


def _dns_config(config: Any, policy: str | None, path: Path) -> Errors:
    if policy == "None" and config is None:
        return [fields.required(path, "must provide `dnsConfig` when `dnsPolicy` is None")]
    servers = config.get("nameservers") or ()
    if policy == "None" and not servers:
        detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        return [fields.required(path.child("nameservers"), detail)]
    errors: Errors = []
    if len(servers) > 3:
        detail = "must not have more than 3 nameservers"
        errors.append(fields.invalid(path.child("nameservers"), servers, detail))
    for index, server in enumerate(servers):
        errors += addresses.validate_ip(server, path.child("nameservers").index(index))
    errors += _searches(config.get("searches") or (), path.child("searches"))
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            errors.append(fields.required(path.child("options").index(index), "must not be empty"))
    return errors


def _searches(searches: Any, path: Path) -> Errors:
    errors: Errors = []
    if len(searches) > 32:
        detail = "must not have more than 32 search paths"
        errors.append(fields.invalid(path, searches, detail))
    if formats.size(" ".join(searches)) > 2048:
        detail = "must not have more than 2048 characters (including spaces) in the search list"
        errors.append(fields.invalid(path, searches, detail))
    for index, search in enumerate(searches):
        if search != ".":
            errors += rules.each(
                formats.dns1123_subdomain_with_underscore,
                search.removesuffix("."),
                path.index(index),
            )
    return errors


def _host_ports(spec: Any, path: Path, *, is_pod: bool) -> Errors:
    errors: Errors = []
    for index, container in enumerate(spec.get("containers") or ()):
        for position, port in enumerate(container.get("ports") or ()):
            host_port = port.get("hostPort", 0)
            if (is_pod or host_port) and host_port != port.get("containerPort", 0):
                where = path.index(index).child("ports").index(position).child("hostPort")
                detail = "must match `containerPort` when `hostNetwork` is true"
                errors.append(fields.invalid(where, host_port, detail))
    return errors


def _host_users(spec: Any, path: Path) -> Errors:
    if spec.get("hostUsers") is not False:
        return []
    detail = "when `hostUsers` is false"
    errors: Errors = []
    for name, shown in (
        ("hostNetwork", "hostNetwork"),
        ("hostPID", "HostPID"),
        ("hostIPC", "HostIPC"),
    ):
        if spec.get(name):
            errors.append(fields.forbidden(path.child(shown), detail))
    for container, where in security.containers_of(spec, path):
        if container.get("volumeDevices"):
            errors.append(fields.forbidden(where.child("volumeDevices"), detail))
    return errors


def _names(spec: Any, path: Path) -> Errors:
    errors: Errors = []
    if spec.get("hostnameOverride") is not None:
        errors += _hostname_override(spec, path.child("hostnameOverride"))
    account = spec.get("serviceAccountName", "")
    if account:
        errors += rules.object_name(account, path.child("serviceAccountName"))
    deprecated = spec.get("serviceAccount", "")
    if deprecated != account:
        detail = f'must be the same as serviceAccountName: "{account}"'
        errors.append(fields.invalid(path.child("deprecatedServiceAccount"), deprecated, detail))
    if spec.get("nodeName"):
        errors += rules.object_name(spec["nodeName"], path.child("nodeName"))
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _MAX_INT32:
        detail = formats.out_of_range(1, _MAX_INT32)
        errors.append(fields.invalid(path.child("activeDeadlineSeconds"), deadline, detail))
    for name in ("hostname", "subdomain"):
        if spec.get(name):
            errors += rules.dns_label(spec[name], path.child(name))
    return errors


def _hostname_override(spec: Any, path: Path) -> Errors:
    errors: Errors = []
    if spec.get("setHostnameAsFQDN"):
        detail = "may not be specified when setHostnameAsFQDN is true"
        errors.append(fields.forbidden(path, detail))
    if spec.get("hostNetwork"):
        errors.append(fields.forbidden(path, "may not be specified when hostNetwork is true"))
    if formats.size(spec["hostnameOverride"]) > 64:
        errors.append(fields.too_long(path, 64))
    return errors + rules.dns_subdomain(spec["hostnameOverride"], path)


def _rarely_set(spec: Any, path: Path) -> Errors:
    errors: Errors = []
    if tolerations := spec.get("tolerations"):
        errors += placement.validate_tolerations(tolerations, path.child("tolerations"))
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        where = path.child("hostAliases").index(index)
        errors += addresses.validate_ip(alias.get("ip", ""), where.child("ip"))
        for position, host in enumerate(alias.get("hostnames") or ()):
            errors += rules.dns_subdomain(host, where.child("hostnames").index(position))
    if spec.get("priorityClassName"):
        errors += rules.object_name(spec["priorityClassName"], path.child("priorityClassName"))
    if (runtime := spec.get("runtimeClassName")) is not None:
        errors += rules.object_name(runtime, path.child("runtimeClassName"))
    if (preemption := spec.get("preemptionPolicy")) is not None:
        where = path.child("preemptionPolicy")
        errors += rules.required_one_of(preemption, where, ("PreemptLowerPriority", "Never"))
    if spec.get("overhead"):
        limits = {"limits": spec["overhead"]}
        errors += quantities.validate_requirements(limits, (), path.child("overhead"))
    if spec.get("os") is not None:
        errors += _operating_system(spec, path)
    return errors + _file_references(spec, path)


def _operating_system(spec: Any, path: Path) -> Errors:
    name = spec["os"].get("name")
    if not name:
        return [fields.required(path.child("os", "name"))]
    if name == "linux":
        return _linux(spec, path)
    if name == "windows":
        return _windows(spec, path)
    return [fields.not_supported(path.child("os"), name, ("linux", "windows"))]


def _linux(spec: Any, path: Path) -> Errors:
    errors: Errors = []
    detail = "windows options cannot be set for a linux pod"
    if (spec.get("securityContext") or {}).get("windowsOptions") is not None:
        errors.append(fields.forbidden(path.child("securityContext", "windowsOptions"), detail))
    for container, where in security.containers_of(spec, path):
        if (container.get("securityContext") or {}).get("windowsOptions") is not None:
            at = where.child("securityContext", "windowsOptions")
            errors.append(fields.forbidden(at, detail))
    return errors


_NOT_ON_WINDOWS_POD = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "sysctls",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
)
_NOT_ON_WINDOWS_CONTAINER = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
)


def _windows(spec: Any, path: Path) -> Errors:
    detail = "cannot be set for a windows pod"
    errors: Errors = []
    context = spec.get("securityContext") or {}
    for name in _NOT_ON_WINDOWS_POD:
        if context.get(name) is not None:
            errors.append(fields.forbidden(path.child("securityContext", name), detail))
    for name in ("hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"):
        if spec.get(name) is not None:
            errors.append(fields.forbidden(path.child(name), detail))
    for container, where in security.containers_of(spec, path):
        own = container.get("securityContext") or {}
        for name in _NOT_ON_WINDOWS_CONTAINER:
            if own.get(name) is not None:
                errors.append(fields.forbidden(where.child("securityContext", name), detail))
    return errors


def _file_references(spec: Any, path: Path) -> Errors:
    """fileKeyRef reads a file from an emptyDir of the same pod."""
    errors: Errors = []
    for container, where in security.containers_of(spec, path):
        for index, variable in enumerate(container.get("env") or ()):
            reference = (variable.get("valueFrom") or {}).get("fileKeyRef")
            if reference is None:
                continue
            name = reference.get("volumeName", "")
            at = where.child("env").index(index).child("valueFrom", "fileKeyRef", "volumeName")
            found = [v for v in spec.get("volumes") or () if v.get("name") == name]
            if not found:
                errors.append(fields.not_found(at, name))
            elif "emptyDir" not in found[-1]:
                detail = "referenced volume must be of type emptyDir"
                errors.append(fields.invalid(at, name, detail))
    return errors


def _resource_claims(claims: Any, meta: Mapping[str, Any], path: Path) -> Errors:
    errors: Errors = []
    names: set[str] = set()
    for index, claim in enumerate(claims):
        if MIRROR in (meta.get("annotations") or _EMPTY):
            errors.append(fields.forbidden("", "static pods do not support resource claims"))
            continue
        errors += _resource_claim(claim, names, path.index(index))
    return errors


def _resource_claim(claim: Any, names: set[str], path: Path) -> Errors:
    errors: Errors = []
    name = claim.get("name", "")
    if not name:
        errors.append(fields.required(path.child("name")))
    elif name in names:
        errors.append(fields.duplicate(path.child("name"), name))
    else:
        errors += rules.dns_label(name, path.child("name"))
        names.add(name)
    given = [
        n for n in ("resourceClaimName", "resourceClaimTemplateName") if claim.get(n) is not None
    ]
    if len(given) != 1:
        shown = internal.shown("core.PodResourceClaim", claim)
        detail = (
            "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            if given
            else "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
        )
        errors.append(fields.invalid(path, shown, detail))
    for field in given:
        errors += rules.object_name(claim[field], path.child(field))
    return errors


def _pod_resources(spec: Any, requirements: Any, scope: containers.PodScope, path: Path) -> Errors:
    if (spec.get("os") or {}).get("name") == "windows":
        return [fields.forbidden(path, "may not be set for a windows pod")]
    errors: Errors = []
    if requirements.get("claims") is not None:
        detail = "claims may not be set for Resources at pod-level"
        errors.append(fields.forbidden(path.child("claims"), detail))
    errors += quantities.validate_requirements(
        requirements, scope.claims, path, name_rule=quantities.pod_resource_name
    )
    return errors + _pod_covers_containers(spec, requirements, path)


def _pod_covers_containers(spec: Any, requirements: Any, path: Path) -> Errors:
    errors: Errors = []
    for name, total in aggregate(spec, "requests").items():
        own = (requirements.get("requests") or _EMPTY).get(name)
        if own is not None and total.cmp(quantity.parse(own)) > 0:
            detail = f"must be greater than or equal to aggregate container requests of {total}"
            errors.append(fields.invalid(path.child("requests").key(name), own, detail))
    limits = requirements.get("limits") or _EMPTY
    for name, total in aggregate(spec, "limits").items():
        own = limits.get(name)
        if own is None or not quantities.is_huge_page(name):
            continue
        if total.cmp(quantity.parse(own)) > 0:
            detail = f"must be greater than or equal to aggregate container limits of {total}"
            errors.append(fields.invalid(path.child("limits").key(name), own, detail))
    for index, container in enumerate(spec.get("containers") or ()):
        for name, limit in ((container.get("resources") or {}).get("limits") or {}).items():
            own = limits.get(name)
            if own is not None and quantity.parse(limit).cmp(quantity.parse(own)) > 0:
                where = path.child("containers").index(index).key(name).child("limits")
                detail = f"must be less than or equal to pod limits of {own}"
                errors.append(fields.invalid(where, limit, detail))
    return errors


def aggregate(spec: Any, which: str) -> dict[str, quantity.Quantity]:
    """Requests or limits of a pod's containers: the sum, or an init container's peak."""
    total: dict[str, quantity.Quantity] = {}
    for container in spec.get("containers") or ():
        _add(total, _amounts(container, which))
    sidecars: dict[str, quantity.Quantity] = {}
    peak: dict[str, quantity.Quantity] = {}
    for container in spec.get("initContainers") or ():
        own = _amounts(container, which)
        if container.get("restartPolicy") == "Always":
            _add(total, own)
            _add(sidecars, own)
            own = dict(sidecars)
        else:
            _add(own, sidecars)
        _raise(peak, own)
    _raise(total, peak)
    return total


def _amounts(container: Any, which: str) -> dict[str, quantity.Quantity]:
    given = (container.get("resources") or {}).get(which) or {}
    return {name: quantity.parse(value) for name, value in given.items()}


def _add(total: dict[str, quantity.Quantity], more: Mapping[str, quantity.Quantity]) -> None:
    for name, value in more.items():
        total[name] = total[name].add(value) if name in total else value


def _raise(total: dict[str, quantity.Quantity], floor: Mapping[str, quantity.Quantity]) -> None:
    for name, value in floor.items():
        if name not in total or value.cmp(total[name]) > 0:
            total[name] = value


def validate_pod_annotations(annotations: Mapping[str, str], spec: Any, path: Path) -> Errors:
    """Annotations that mean something to pods."""
    errors: Errors = []
    if MIRROR in annotations and not spec.get("nodeName"):
        detail = "must set spec.nodeName if mirror pod annotation is set"
        errors.append(fields.invalid(path.key(MIRROR), annotations[MIRROR], detail))
    cost = annotations.get(DELETION_COST)
    if cost is not None and not _is_deletion_cost(cost):
        detail = "must be a 32bit integer"
        errors.append(fields.invalid(path.key(DELETION_COST), cost, detail))
    return errors + security.validate_annotations(annotations, spec, path)


def _is_deletion_cost(text: str) -> bool:
    digits = text[1:] if text.startswith("-") else text
    if not (digits.isascii() and digits.isdigit()) or (digits[0] == "0" and digits != "0"):
        return False
    return -(2**31) <= int(text) < 2**31


def validate_template(template: Any, path: Path) -> Errors:
    """A PodTemplateSpec."""
    meta, spec = template.get("metadata") or {}, template.get("spec") or {}
    errors: Errors = []
    if meta.get("labels"):
        errors += validate_labels(meta["labels"], path.child("labels"))
    if annotations := meta.get("annotations"):
        errors += validate_annotations(annotations, path.child("annotations"))
        errors += validate_pod_annotations(annotations, spec, path.child("annotations"))
    errors += validate_pod_spec(spec, None, path.child("spec"), is_pod=False)
    if annotations:
        errors += security.validate_fields_match_annotations(annotations, spec, path.child("spec"))
    if spec.get("ephemeralContainers"):
        detail = "ephemeral containers not allowed in pod template"
        errors.append(fields.forbidden(path.child("spec", "ephemeralContainers"), detail))
    return errors
