"""Rows of the remaining groups.

Source: kubernetes pkg/printers/internalversion; kube-aggregator pkg/registry/apiservice.
"""

from collections.abc import Iterable, Sequence

from mockapi.machinery.tables.ages import Ages, human_duration
from mockapi.machinery.tables.core import load_balancers
from mockapi.machinery.tables.parts import (
    NONE,
    UNSET,
    Cells,
    Obj,
    age,
    annotations,
    condition_status,
    conditions,
    is_deleted,
    labels,
    name,
    selector,
    shortened,
    spec,
    status,
)

DEFAULT_CLASS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
DEFAULT_INGRESS_CLASS = "ingressclass.kubernetes.io/is-default-class"


def named(obj: Obj, ages: Ages) -> Cells:
    """Kinds that show their name and age only."""
    return [name(obj), age(obj, ages)]


def ingress(obj: Obj, ages: Ages) -> Cells:
    found = spec(obj)
    address = ",".join(load_balancers(status(obj).get("loadBalancer")))
    ports = "80, 443" if found.get("tls") else "80"
    cells = [name(obj), found.get("ingressClassName", NONE), _hosts(found.get("rules") or ())]
    return [*cells, address, ports, age(obj, ages)]


def _hosts(rules: Sequence[Obj]) -> str:
    hosts: list[str] = []
    for rule in rules:
        if len(hosts) == 3:
            return f"{','.join(hosts)} + {len(rules) - 3} more..."
        if rule.get("host"):
            hosts.append(rule["host"])
    return ",".join(hosts) or "*"


def ingress_class(obj: Obj, ages: Ages) -> Cells:
    is_default = annotations(obj).get(DEFAULT_INGRESS_CLASS) == "true"
    shown = f"{name(obj)} (default)" if is_default else name(obj)
    parameters, text = spec(obj).get("parameters"), NONE
    if parameters:
        group = parameters.get("apiGroup")
        kind = parameters["kind"] if group is None else f"{parameters['kind']}.{group}"
        text = f"{kind}/{parameters['name']}"
    return [shown, spec(obj).get("controller", ""), text, age(obj, ages)]


def network_policy(obj: Obj, ages: Ages) -> Cells:
    return [name(obj), selector(spec(obj).get("podSelector") or {}), age(obj, ages)]


def service_cidr(obj: Obj, ages: Ages) -> Cells:
    return [name(obj), ",".join(spec(obj).get("cidrs") or ()), age(obj, ages)]


def ip_address(obj: Obj, ages: Ages) -> Cells:
    parent, text = spec(obj).get("parentRef"), NONE
    if parent:
        text = _group_resource(parent).lower()
        parts = [text, parent.get("namespace", ""), parent.get("name", "")]
        text = "/".join(parts if parts[1] else [parts[0], parts[2]])
    return [name(obj), text, age(obj, ages)]


def _group_resource(found: Obj) -> str:
    resource, group = found.get("resource", ""), found.get("group", "")
    return f"{resource}.{group}" if group else str(resource)


def endpoint_slice(obj: Obj, ages: Ages) -> Cells:
    ports = shortened(map(_slice_port, obj.get("ports") or ()))
    endpoints = obj.get("endpoints") or ()
    addresses = shortened(a for endpoint in endpoints for a in endpoint.get("addresses") or ())
    return [name(obj), obj.get("addressType", ""), ports, addresses, age(obj, ages)]


def _slice_port(port: Obj) -> str:
    if port.get("port") is not None:
        return str(port["port"])
    return port["name"] if port.get("name") is not None else "*"


def storage_class(obj: Obj, ages: Ages) -> Cells:
    cells = [name(obj), obj.get("provisioner", ""), obj.get("reclaimPolicy", "Delete")]
    cells += [obj.get("volumeBindingMode", "Immediate")]
    return [*cells, obj.get("allowVolumeExpansion", False), age(obj, ages)]


def default_storage_class(objects: Iterable[Obj]) -> str:
    """The name of the newest default class, of several of the same second the first by name."""
    defaults = [
        (obj["metadata"].get("creationTimestamp") or "", name(obj))
        for obj in objects
        if any(annotations(obj).get(key) == "true" for key in DEFAULT_CLASS)
    ]
    newest = max((created for created, _ in defaults), default="")
    return min((name for created, name in defaults if created == newest), default="")


def volume_attributes_class(obj: Obj, ages: Ages) -> Cells:
    return [name(obj), obj.get("driverName", ""), age(obj, ages)]


def volume_attachment(obj: Obj, ages: Ages) -> Cells:
    found = spec(obj)
    volume = (found.get("source") or {}).get("persistentVolumeName", "")
    cells = [name(obj), found.get("attacher", ""), volume, found.get("nodeName", "")]
    return [*cells, status(obj).get("attached", False), age(obj, ages)]


def csi_node(obj: Obj, ages: Ages) -> Cells:
    return [name(obj), len(spec(obj).get("drivers") or ()), age(obj, ages)]


def csi_driver(obj: Obj, ages: Ages) -> Cells:
    found = spec(obj)
    tokens = found.get("tokenRequests")
    audiences = UNSET if tokens is None else ",".join(t.get("audience", "") for t in tokens)
    return [
        name(obj),
        found.get("attachRequired", True),
        found.get("podInfoOnMount", False),
        found.get("storageCapacity", False),
        audiences,
        found.get("requiresRepublish", False),
        ",".join(found.get("volumeLifecycleModes") or ()) or NONE,
        age(obj, ages),
    ]


def webhooks(obj: Obj, ages: Ages) -> Cells:
    return [name(obj), len(obj.get("webhooks") or ()), age(obj, ages)]


def validating_admission_policy(obj: Obj, ages: Ages) -> Cells:
    return _policy(obj, ages, "validations")


def mutating_admission_policy(obj: Obj, ages: Ages) -> Cells:
    return _policy(obj, ages, "mutations")


def _policy(obj: Obj, ages: Ages, rules: str) -> Cells:
    param = spec(obj).get("paramKind")
    text = f"{param.get('apiVersion', '')}/{param.get('kind', '')}" if param else UNSET
    return [name(obj), len(spec(obj).get(rules) or ()), text, age(obj, ages)]


def admission_policy_binding(obj: Obj, ages: Ages) -> Cells:
    text = _param_reference(spec(obj).get("paramRef") or {})
    return [name(obj), spec(obj).get("policyName", ""), text, age(obj, ages)]


def _param_reference(reference: Obj) -> str:
    if reference.get("name"):
        return f"{reference.get('namespace') or '*'}/{reference['name']}"
    if reference.get("selector") is not None:
        return _go_selector(reference["selector"])
    return UNSET


def _go_selector(found: Obj) -> str:
    """The text that Go's generated String() makes of a LabelSelector."""
    matched = found.get("matchLabels") or {}
    pairs = "".join(f"{key}: {matched[key]}," for key in sorted(matched))
    expressions = "".join(map(_go_requirement, found.get("matchExpressions") or ()))
    labels = f"MatchLabels:map[string]string{{{pairs}}}"
    return (
        f"&LabelSelector{{{labels},MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )


def _go_requirement(found: Obj) -> str:
    values = " ".join(found.get("values") or ())
    inner = f"Key:{found['key']},Operator:{found['operator']},Values:[{values}],"
    return f"LabelSelectorRequirement{{{inner}}},"


def role_binding(obj: Obj, ages: Ages) -> Cells:
    role, subjects = obj.get("roleRef") or {}, obj.get("subjects") or ()
    users = [s["name"] for s in subjects if s["kind"] == "User"]
    groups = [s["name"] for s in subjects if s["kind"] == "Group"]
    accounts = [
        f"{s.get('namespace', '')}/{s['name']}" for s in subjects if s["kind"] == "ServiceAccount"
    ]
    lists = [", ".join(found) for found in (users, groups, accounts)]
    return [name(obj), f"{role.get('kind', '')}/{role.get('name', '')}", age(obj, ages), *lists]


def certificate_signing_request(obj: Obj, ages: Ages) -> Cells:
    found, seconds = spec(obj), spec(obj).get("expirationSeconds")
    duration = NONE if seconds is None else human_duration(seconds)
    cells = [name(obj), age(obj, ages), found.get("signerName") or NONE]
    return [*cells, found.get("username", ""), duration, _signing_state(obj)]


def _signing_state(request: Obj) -> str:
    types = {condition["type"] for condition in conditions(request)}
    text = "Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"
    text += ",Failed" if "Failed" in types else ""
    return text + (",Issued" if status(request).get("certificate") else "")


def cluster_trust_bundle(obj: Obj, ages: Ages) -> Cells:
    return [name(obj), spec(obj).get("signerName") or NONE]


def pod_certificate_request(obj: Obj, ages: Ages) -> Cells:
    keys = ("podName", "serviceAccountName", "nodeName", "signerName")
    known = [c["type"] for c in conditions(obj) if c["type"] in ("Issued", "Denied", "Failed")]
    state = known[-1] if known else "Pending"
    cells = [name(obj), *(spec(obj).get(key, "") for key in keys), state]
    return [*cells, labels(spec(obj).get("unverifiedUserAnnotations"))]


def lease(obj: Obj, ages: Ages) -> Cells:
    return [name(obj), spec(obj).get("holderIdentity") or "", age(obj, ages)]


def priority_class(obj: Obj, ages: Ages) -> Cells:
    cells = [name(obj), obj.get("value", 0), obj.get("globalDefault", False), age(obj, ages)]
    return [*cells, obj.get("preemptionPolicy", "")]


def runtime_class(obj: Obj, ages: Ages) -> Cells:
    return [name(obj), obj.get("handler", ""), age(obj, ages)]


def flow_schema(obj: Obj, ages: Ages) -> Cells:
    found = spec(obj)
    method = found.get("distinguisherMethod")
    dangling = [c["status"] for c in conditions(obj) if c["type"] == "Dangling"]
    cells = [name(obj), (found.get("priorityLevelConfiguration") or {}).get("name", "")]
    cells += [found.get("matchingPrecedence", 0), method["type"] if method else NONE]
    return [*cells, age(obj, ages), dangling[0] if dangling else "?"]


def flow_schema_order(obj: Obj) -> tuple[int, str]:
    return spec(obj).get("matchingPrecedence", 0), name(obj)


def priority_level(obj: Obj, ages: Ages) -> Cells:
    limited = spec(obj).get("limited")
    shares = NONE if limited is None else limited.get("nominalConcurrencyShares")
    queuing = ((limited or {}).get("limitResponse") or {}).get("queuing")
    keys = ("queues", "handSize", "queueLengthLimit")
    queues = [NONE if queuing is None else queuing.get(key, 0) for key in keys]
    return [name(obj), spec(obj).get("type", ""), shares, *queues, age(obj, ages)]


def resource_claim(obj: Obj, ages: Ages) -> Cells:
    allocated = status(obj).get("allocation") is not None
    states = ["deleted"] if is_deleted(obj) else [] if allocated else ["pending"]
    if allocated:
        states += ["allocated", *(["reserved"] if status(obj).get("reservedFor") else [])]
    return [name(obj), ",".join(states), age(obj, ages)]


def resource_slice(obj: Obj, ages: Ages) -> Cells:
    found = spec(obj)
    pool = (found.get("pool") or {}).get("name", "")
    return [name(obj), found.get("nodeName", ""), found.get("driver", ""), pool, age(obj, ages)]


def device_taint_rule(obj: Obj, ages: Ages) -> Cells:
    taint = spec(obj).get("taint") or {}
    added = taint.get("timeAdded")
    cells = [name(obj), *(taint.get(key, "") for key in ("key", "value", "effect"))]
    return [*cells, "" if added is None else ages.since(added), age(obj, ages)]


def storage_version_migration(obj: Obj, ages: Ages) -> Cells:
    shown = ("Running", "Failed", "Succeeded")
    states = [c["type"] for c in conditions(obj) if c["status"] == "True" and c["type"] in shown]
    resource = _group_resource(spec(obj).get("resource") or {})
    return [name(obj), resource, states[-1] if states else "Unknown"]


def api_service(obj: Obj, ages: Ages) -> Cells:
    service = spec(obj).get("service")
    text = f"{service['namespace']}/{service['name']}" if service else "Local"
    return [name(obj), text, _availability(obj), age(obj, ages)]


def _availability(service: Obj) -> str:
    available = [c for c in conditions(service) if c["type"] == "Available"]
    if not available:
        return "Unknown"
    state, reason = available[0]["status"], available[0].get("reason")
    return f"{state} ({reason})" if state != "True" and reason else str(state)


def custom_resource_definition(obj: Obj, ages: Ages) -> Cells:
    """Served versions are sorted by name. Source: apiextensions-apiserver, its tableconvertor."""
    found, names = spec(obj), spec(obj).get("names") or {}
    versions = sorted(
        f"{version['name']}(storage)" if version.get("storage") else version["name"]
        for version in found.get("versions") or ()
        if version.get("served")
    )
    created = obj["metadata"].get("creationTimestamp") or ""
    cells = [name(obj), found.get("scope", ""), ",".join(versions), created]
    cells += [found.get("group", ""), names.get("kind", ""), ",".join(names.get("shortNames", ()))]
    return [*cells, condition_status(obj, "Established") == "True"]


def result(obj: Obj, ages: Ages) -> Cells:
    """A Status."""
    return [obj.get("status", ""), obj.get("reason", ""), obj.get("message", "")]
