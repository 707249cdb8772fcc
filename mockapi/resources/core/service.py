"""Service. Addresses and ports are allocated by the pipeline, before these rules."""

from typing import Any

from mockapi.machinery import families
from mockapi.machinery.families import is_headless
from mockapi.machinery.resource import Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import addresses, formats, internal, names, rules
from mockapi.machinery.validation.metadata import validate_labels
from mockapi.meta import fields as errors_of
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import fields
from mockapi.resources.core.endpoints import validate_endpoint_ip

Errors = list[FieldError]

SPEC = Path("spec")
_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_HINTS = "service.kubernetes.io/topology-aware-hints"
_MODE = "service.kubernetes.io/topology-mode"
_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_MAX_AFFINITY = 86400


def _is_external(spec: Any) -> bool:
    kind = spec.get("type")
    return kind in ("LoadBalancer", "NodePort") or (
        kind == "ClusterIP" and bool(spec.get("externalIPs"))
    )


def _needs_health_check(spec: Any) -> bool:
    return (spec.get("type"), spec.get("externalTrafficPolicy")) == ("LoadBalancer", "Local")


def validate(obj: Obj, old: Obj | None = None) -> Errors:
    spec, before = obj["spec"], (old or {}).get("spec") or {}
    annotations = obj["metadata"].get("annotations") or {}
    errors = _topology_annotations(annotations)
    errors += _type(spec)
    for index, port in enumerate(spec.get("ports") or ()):
        errors += _port(spec, index, port)
    if spec.get("selector"):
        errors += validate_labels(spec["selector"], SPEC.child("selector"))
    errors += _affinity(spec)
    if spec.get("type") != "ExternalName":
        errors += families.validate_addresses(spec, before)
    errors += _external_ips(spec, before)
    errors += rules.required_one_of(spec.get("type"), SPEC.child("type"), _TYPES)
    errors += _node_ports(spec) + _distinct_ports(spec)
    errors += _source_ranges(spec, before, annotations, old)
    errors += _load_balancer(spec)
    errors += _traffic_policies(spec)
    return errors


def _topology_annotations(annotations: Any) -> Errors:
    hints, mode = annotations.get(_HINTS), annotations.get(_MODE)
    if hints is None or mode is None or hints == mode:
        return []
    path = Path("metadata", "annotations").key(_MODE)
    detail = f"must match annotations[{_HINTS}] when both are specified"
    return [errors_of.invalid(path, mode, detail)]


def _type(spec: Any) -> Errors:
    errors: Errors = []
    kind = spec.get("type")
    if not spec.get("ports") and not is_headless(spec) and kind != "ExternalName":
        errors.append(errors_of.required(SPEC.child("ports")))
    if kind in ("LoadBalancer", "NodePort") and is_headless(spec):
        detail = f"may not be set to 'None' for {kind} services"
        errors.append(errors_of.invalid(SPEC.child("clusterIPs").index(0), "None", detail))
    if kind == "ExternalName":
        for name in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(name):
                detail = "may not be set for ExternalName services"
                errors.append(errors_of.forbidden(SPEC.child(name), detail))
        target = spec.get("externalName", "").removesuffix(".")
        where = SPEC.child("externalName")
        errors += rules.dns_subdomain(target, where) if target else [errors_of.required(where)]
    return errors


def _port(spec: Any, index: int, port: Any) -> Errors:
    errors: Errors = []
    path = SPEC.child("ports").index(index)
    ports, name = spec["ports"], port.get("name")
    if name:
        errors += rules.dns_label(name, path.child("name"))
        if any(other.get("name") == name for other in ports[:index]):
            errors.append(errors_of.duplicate(path.child("name"), name))
    elif len(ports) > 1:
        errors.append(errors_of.required(path.child("name")))
    errors += rules.port_number(port.get("port", 0), path.child("port"))
    errors += rules.required_one_of(port.get("protocol"), path.child("protocol"), _PROTOCOLS)
    errors += rules.port_number_or_name(port.get("targetPort", 0), path.child("targetPort"))
    if (protocol := port.get("appProtocol")) is not None:
        errors += rules.qualified_name(protocol, path.child("appProtocol"))
    return errors


def _affinity(spec: Any) -> Errors:
    affinity, config = spec.get("sessionAffinity"), spec.get("sessionAffinityConfig")
    errors = rules.required_one_of(affinity, SPEC.child("sessionAffinity"), ("ClientIP", "None"))
    path = SPEC.child("sessionAffinityConfig")
    if affinity == "None" and config is not None:
        detail = "must not be set when session affinity is None"
        errors.append(errors_of.forbidden(path, detail))
    if affinity != "ClientIP":
        return errors
    detail = "when session affinity type is ClientIP"
    if config is None:
        return [*errors, errors_of.required(path, detail)]
    client = config.get("clientIP")
    if client is None:
        return [*errors, errors_of.required(path.child("clientIP"), detail)]
    seconds = client.get("timeoutSeconds")
    path = path.child("clientIP", "timeoutSeconds")
    if seconds is None:
        return [*errors, errors_of.required(path, detail)]
    if not 0 < seconds <= _MAX_AFFINITY:
        detail = f"must be greater than 0 and less than {_MAX_AFFINITY}"
        errors.append(errors_of.invalid(path, seconds, detail))
    return errors


def _external_ips(spec: Any, before: Any) -> Errors:
    errors: Errors = []
    known = tuple(before.get("externalIPs") or ())
    for index, ip in enumerate(spec.get("externalIPs") or ()):
        where = SPEC.child("externalIPs").index(index)
        errors += addresses.validate_ip(ip, where, old=known) or validate_endpoint_ip(ip, where)
    return errors


def _node_ports(spec: Any) -> Errors:
    errors: Errors = []
    ports = spec.get("ports") or ()
    taken: set[tuple[str, int]] = set()
    if spec.get("type") == "ClusterIP":
        detail = "may not be used when `type` is 'ClusterIP'"
        for index, port in enumerate(ports):
            if port.get("nodePort"):
                where = SPEC.child("ports").index(index).child("nodePort")
                errors.append(errors_of.forbidden(where, detail))
    for index, port in enumerate(ports):
        number = port.get("nodePort")
        if not number:
            continue
        key = port.get("protocol", ""), number
        if key in taken:
            where = SPEC.child("ports").index(index).child("nodePort")
            errors.append(errors_of.duplicate(where, number))
        taken.add(key)
    return errors


def _distinct_ports(spec: Any) -> Errors:
    errors: Errors = []
    taken: set[tuple[str, int]] = set()
    for index, port in enumerate(spec.get("ports") or ()):
        key = port.get("protocol", ""), port.get("port", 0)
        if key in taken:
            shown = internal.shown("core.ServicePort", {"protocol": key[0], "port": key[1]})
            shown["TargetPort"] = 0
            errors.append(errors_of.duplicate(SPEC.child("ports").index(index), shown))
        taken.add(key)
    return errors


def _source_ranges(spec: Any, before: Any, annotations: Any, old: Obj | None) -> Errors:
    ranges = spec.get("loadBalancerSourceRanges")
    only = "may only be used when `type` is 'LoadBalancer'"
    errors: Errors = []
    if ranges:
        path = SPEC.child("LoadBalancerSourceRanges")
        if spec.get("type") != "LoadBalancer":
            errors.append(errors_of.forbidden(path, only))
        known = tuple(r.strip() for r in before.get("loadBalancerSourceRanges") or ())
        for index, cidr in enumerate(ranges):
            errors += addresses.validate_cidr(cidr.strip(), path.index(index), old=known)
        return errors
    text = annotations.get(_RANGES)
    if text is None:
        return []
    path = Path("metadata", "annotations").key(_RANGES)
    if spec.get("type") != "LoadBalancer":
        errors.append(errors_of.forbidden(path, only))
    was = ((old or {}).get("metadata") or {}).get("annotations") or {}
    if text.strip() and (old is None or was.get(_RANGES) != text):
        for cidr in text.split(","):
            errors += addresses.validate_cidr(cidr.strip(), path)
    return errors


def _load_balancer(spec: Any) -> Errors:
    errors: Errors = []
    balances = spec.get("type") == "LoadBalancer"
    allocates, name = spec.get("allocateLoadBalancerNodePorts"), spec.get("loadBalancerClass")
    only = "may only be used when `type` is 'LoadBalancer'"
    if allocates is not None and not balances:
        errors.append(errors_of.forbidden(SPEC.child("allocateLoadBalancerNodePorts"), only))
    if balances and allocates is None:
        errors.append(errors_of.required(Path("allocateLoadBalancerNodePorts")))
    if name is not None:
        where = SPEC.child("loadBalancerClass")
        errors += (
            rules.qualified_name(name, where) if balances else [errors_of.forbidden(where, only)]
        )
    return errors


def _traffic_policies(spec: Any) -> Errors:
    errors = _external_policy(spec) + _health_check(spec)
    inner = spec.get("internalTrafficPolicy")
    where = SPEC.child("internalTrafficPolicy")
    if inner is not None:
        errors += rules.one_of(inner, where, ("Cluster", "Local"))
    elif spec.get("type") in ("NodePort", "LoadBalancer", "ClusterIP"):
        errors.append(errors_of.required(where))
    distribution = spec.get("trafficDistribution")
    if distribution is not None:
        valid = ("PreferClose", "PreferSameZone", "PreferSameNode")
        errors += rules.one_of(distribution, SPEC.child("trafficDistribution"), valid)
    return errors


def _external_policy(spec: Any) -> Errors:
    policy, where = spec.get("externalTrafficPolicy"), SPEC.child("externalTrafficPolicy")
    if _is_external(spec):
        return rules.required_one_of(policy, where, ("Cluster", "Local"))
    if not policy:
        return []
    detail = "may only be set for externally-accessible services"
    return [errors_of.invalid(where, policy, detail)]


def _health_check(spec: Any) -> Errors:
    port, where = spec.get("healthCheckNodePort", 0), SPEC.child("healthCheckNodePort")
    if _needs_health_check(spec):
        return rules.port_number(port, where) if port else [errors_of.required(where)]
    if not port:
        return []
    detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    return [errors_of.invalid(where, port, detail)]


def validate_update(obj: Obj, old: Obj) -> Errors:
    spec, before = obj["spec"], old["spec"]
    errors: Errors = []
    if "ExternalName" not in (spec.get("type"), before.get("type")):
        errors += _cluster_ips_update(spec, before)
        errors += _families_update(spec, before)
    errors += _class_update(spec, before)
    if _needs_health_check(before) and _needs_health_check(spec):
        port = spec.get("healthCheckNodePort", 0)
        if port != before.get("healthCheckNodePort", 0):
            where = SPEC.child("healthCheckNodePort")
            errors.append(errors_of.forbidden(where, "field is immutable"))
    return errors + validate(obj, old)


def _cluster_ips_update(spec: Any, before: Any) -> Errors:
    if is_headless(spec) and is_headless(before):
        return []
    ips, was = spec.get("clusterIPs") or [], before.get("clusterIPs") or []
    path = SPEC.child("clusterIPs")
    shown = ips or None
    if len(ips) == len(was):
        return [
            errors_of.invalid(path.index(index), shown, "may not change once set")
            for index, ip in enumerate(was)
            if ip != ips[index]
        ]
    errors: Errors = []
    if not ips:
        detail = "primary clusterIP can not be unset"
        errors.append(errors_of.invalid(path.index(0), shown, detail))
    elif was and ips[0] != was[0]:
        errors.append(errors_of.invalid(path.index(0), shown, "may not change once set"))
    if len(was) > len(ips) == 1:
        errors += _released(spec, "clusterIP")
    return errors


def _released(spec: Any, what: str) -> Errors:
    policy = spec.get("ipFamilyPolicy")
    if policy == "SingleStack":
        return []
    detail = f"must be set to 'SingleStack' when releasing the secondary {what}"
    return [errors_of.invalid(SPEC.child("ipFamilyPolicy"), policy, detail)]


def _families_update(spec: Any, before: Any) -> Errors:
    if is_headless(spec) or is_headless(before):
        return []
    families, was = spec.get("ipFamilies") or [], before.get("ipFamilies") or []
    path = SPEC.child("ipFamilies").index(0)
    once, ips = "may not change once set", spec.get("clusterIPs") or None
    if len(families) == len(was):
        changed = [f for f, w in zip(families, was, strict=True) if f != w]
        return [errors_of.invalid(path, families, once) for _ in changed]
    errors: Errors = []
    if len(was) > len(families) and not ips:
        detail = "primary ipFamily can not be unset"
        errors.append(errors_of.invalid(path, families or None, detail))
    if families and was and families[0] != was[0]:
        errors.append(errors_of.invalid(path, ips, once))
    if len(was) > len(families) == 1:
        errors += _released(spec, "ipFamily")
    return errors


def _class_update(spec: Any, before: Any) -> Errors:
    if spec.get("type") != "LoadBalancer":
        if spec.get("loadBalancerClass") is None:
            return []
        detail = "may only be used when `type` is 'LoadBalancer'"
        return [errors_of.forbidden(SPEC.child("loadBalancerClass"), detail)]
    where, name = SPEC.child("loadBalancerClass"), spec.get("loadBalancerClass")
    errors: Errors = []
    if before.get("type") == "LoadBalancer" and name != before.get("loadBalancerClass"):
        errors.append(errors_of.invalid(where, name, "may not change once set"))
    return errors if name is None else errors + rules.qualified_name(name, where)


def prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    """What only the old type needed is dropped, when the writer has left it as it was."""
    spec, before = obj["spec"], old["spec"]
    kind, was = spec.get("type"), before.get("type")
    if was != "ExternalName" and kind == "ExternalName":
        if _same(spec, before, "clusterIP") and _same(spec, before, "clusterIPs"):
            _drop(spec, "clusterIP", "clusterIPs")
        _drop_same(spec, before, "ipFamilies", "ipFamilyPolicy")
    if kind == "ExternalName":
        _drop(spec, "internalTrafficPolicy")
    external = ("NodePort", "LoadBalancer")
    given_up = was in external and kind not in external and _node_ports_known(spec, before)
    if given_up and spec.get("ports"):
        spec["ports"] = [_without(port, "nodePort") for port in spec["ports"]]
    if _needs_health_check(before) and not _needs_health_check(spec):
        _drop_same(spec, before, "healthCheckNodePort")
    if was == "LoadBalancer" and kind != "LoadBalancer":
        _drop_same(spec, before, "allocateLoadBalancerNodePorts", "loadBalancerClass")
    if _is_external(before) and not _is_external(spec):
        _drop_same(spec, before, "externalTrafficPolicy")
    if kind != "LoadBalancer" and (obj.get("status") or {}).get("loadBalancer"):
        obj["status"] = {**obj["status"], "loadBalancer": {}}


def _same(spec: Any, before: Any, name: str) -> bool:
    return bool(spec.get(name) == before.get(name))


def _drop(spec: Any, *keys: str) -> None:
    for key in keys:
        spec.pop(key, None)


def _drop_same(spec: Any, before: Any, *keys: str) -> None:
    for key in keys:
        if _same(spec, before, key):
            spec.pop(key, None)


def _without(port: Any, key: str) -> Any:
    return {k: v for k, v in port.items() if k != key}


def _node_ports_known(spec: Any, before: Any) -> bool:
    now = {port.get("nodePort") for port in spec.get("ports") or ()}
    return now - {None, 0} <= {port.get("nodePort") for port in before.get("ports") or ()}


def _validate_status(obj: Obj, old: Obj) -> Errors:
    status = (obj.get("status") or {}).get("loadBalancer") or {}
    before = ((old.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    path = Path("status", "loadBalancer", "ingress")
    ingress = status.get("ingress") or ()
    if ingress and obj["spec"].get("type") != "LoadBalancer":
        detail = "may only be used when `spec.type` is 'LoadBalancer'"
        return [errors_of.forbidden(path, detail)]
    known = tuple(item["ip"] for item in before if item.get("ip"))
    errors: Errors = []
    for index, item in enumerate(ingress):
        errors += _ingress(item, known, path.index(index))
    return errors


def _ingress(item: Any, known: tuple[str, ...], path: Path) -> Errors:
    ip, mode, host = item.get("ip"), item.get("ipMode"), item.get("hostname")
    errors: Errors = []
    if ip:
        errors += addresses.validate_ip(ip, path.child("ip"), old=known)
    where = path.child("ipMode")
    if mode is None and ip:
        errors.append(errors_of.required(where, "must be specified when `ip` is set"))
    elif mode is not None and not ip:
        detail = "may not be specified when `ip` is not set"
        errors.append(errors_of.forbidden(where, detail))
    elif mode is not None:
        errors += rules.one_of(mode, where, ("Proxy", "VIP"))
    if host:
        errors += rules.each(formats.dns1123_subdomain, host, path.child("hostname"))
        if addresses.parse_sloppy(host) is not None:
            detail = "must be a DNS name, not an IP address"
            errors.append(errors_of.invalid(path.child("hostname"), host, detail))
    return errors


def warnings(obj: Obj, old: Obj | None) -> list[str]:
    spec = obj["spec"]
    found: list[str] = []
    if _HINTS in (obj["metadata"].get("annotations") or {}):
        found.append(f"annotation {_HINTS} is deprecated, please use {_MODE} instead")
    if spec.get("clusterIP") not in (None, "", "None"):
        for index, ip in enumerate(spec.get("clusterIPs") or ()):
            found += addresses.ip_warnings(ip, SPEC.child("clusterIPs").index(index))
    kind, external = spec.get("type"), spec.get("externalIPs")
    headless = kind == "ClusterIP" and spec.get("clusterIP") == "None"
    if headless:
        found += _headless_warnings(spec)
    for index, ip in enumerate(external or ()):
        found += addresses.ip_warnings(ip, SPEC.child("externalIPs").index(index))
    if external and not headless and kind != "ExternalName":
        found.append(
            "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
        )
    if spec.get("loadBalancerIP"):
        found += addresses.ip_warnings(spec["loadBalancerIP"], SPEC.child("loadBalancerIP"))
    for index, cidr in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        where = SPEC.child("loadBalancerSourceRanges").index(index)
        found += addresses.cidr_warnings(cidr, where)
    if kind == "ExternalName" and external:
        found.append('spec.externalIPs is ignored when spec.type is "ExternalName"')
    if kind != "ExternalName" and spec.get("externalName"):
        found.append('spec.externalName is ignored when spec.type is not "ExternalName"')
    if spec.get("trafficDistribution") == "PreferClose":
        found.append('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
    return found


def _headless_warnings(spec: Any) -> list[str]:
    found = []
    if spec.get("loadBalancerIP"):
        found.append("spec.loadBalancerIP is ignored for headless services")
    if spec.get("externalIPs"):
        found.append("spec.externalIPs is ignored for headless services")
    if spec.get("sessionAffinity") != "None":
        found.append("spec.SessionAffinity is ignored for headless services")
    return found


STRATEGY = Strategy(
    group="",
    kind="Service",
    validate_name=names.dns_label,
    prepare_update=prepare_update,
    validate=validate,
    validate_update=validate_update,
    warnings=warnings,
    has_status=True,
    status=StatusStrategy(validate_update=_validate_status),
    create_on_update=True,
    selectable={
        "spec.clusterIP": fields.text("spec", "clusterIP"),
        "spec.type": fields.text("spec", "type"),
    },
)
