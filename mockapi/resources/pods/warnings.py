"""What a pod or template is warned about in the Warning header. Source: pkg/api/pod/warnings.go."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mockapi.machinery.validation import addresses
from mockapi.meta import gofmt, quantity
from mockapi.meta.fields import Path
from mockapi.resources import node_labels
from mockapi.resources.pods.security import APP_ARMOR, containers_of

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_OLD_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": (
        'non-functional in v1.16+; use the "priorityClassName" field instead'
    ),
    "security.alpha.kubernetes.io/sysctls": (
        'non-functional in v1.11+; use the "sysctls" field instead'
    ),
    "security.alpha.kubernetes.io/unsafe-sysctls": (
        'non-functional in v1.11+; use the "sysctls" field instead'
    ),
}
_OLD_VOLUMES = {
    "photonPersistentDisk": (
        "photonPersistentDisk",
        "deprecated in v1.11, non-functional in v1.16+",
    ),
    "gitRepo": ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    "scaleIO": ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    "flocker": ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
    "storageos": ("storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    "quobyte": ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    "glusterfs": ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    "cephfs": ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    "rbd": ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
}
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
_EMPTY: Mapping[str, str] = {}


def template_warnings(template: Any, path: Path) -> list[str]:
    """Of a PodTemplateSpec at `path`."""
    return _warnings(template.get("metadata") or {}, template.get("spec") or {}, path)


def pod_warnings(pod: Any) -> list[str]:
    return _warnings(pod["metadata"], pod["spec"], None)


def _below(path: Path | None, name: str) -> Path:
    return path.child(name) if path else Path(name)


def _warnings(meta: Any, spec: Any, path: Path | None) -> list[str]:
    at = _below(path, "spec")
    annotations = meta.get("annotations") or _EMPTY
    found = [
        *_placement(spec, at),
        *_annotations(annotations, _below(path, "metadata")),
        *_volumes(spec.get("volumes") or (), at.child("volumes")),
        *_duplicates(spec, at),
        *_overhead(spec.get("overhead") or _EMPTY, at.child("overhead")),
        *_containers(annotations, spec, at, path),
        *_ports(spec, at),
        *_port_names(spec, at),
    ]
    period = spec.get("terminationGracePeriodSeconds")
    if period is not None and period < 0:
        where = at.child("terminationGracePeriodSeconds")
        found.append(f"{where}: must be >= 0; negative values are invalid and will be treated as 1")
    return [*found, *_null_selectors(spec, at), *_addresses(spec, at)]


def _placement(spec: Any, path: Path) -> Iterator[str]:
    for key in spec.get("nodeSelector") or ():
        if message := node_labels.DEPRECATED.get(key):
            yield f"{path.child('nodeSelector').key(key)}: {message}"
    affinity = (spec.get("affinity") or {}).get("nodeAffinity")
    if affinity:
        at = path.child("affinity", "nodeAffinity")
        terms = (affinity.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ()
        for index, term in enumerate(terms):
            where = at.child(_REQUIRED, "nodeSelectorTerms").index(index)
            yield from node_labels.term_warnings(term, where)
        for index, term in enumerate(affinity.get(_PREFERRED) or ()):
            where = at.child(_PREFERRED).index(index).child("preference")
            preference = term.get("preference") or {}
            yield from node_labels.term_warnings(preference, where, check_values=True)
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        where = path.child("topologySpreadConstraints").index(index)
        topology = constraint.get("topologyKey", "")
        if message := node_labels.DEPRECATED.get(topology):
            yield f"{where.child('topologyKey')}: {topology} is {message}"
        if constraint.get("labelSelector") is None:
            yield _null_selector(where.child("labelSelector"))


def _null_selector(path: Path) -> str:
    return f"{path}: a null labelSelector results in matching no pod"


def _annotations(annotations: Mapping[str, str], path: Path) -> Iterator[str]:
    if annotations:
        for key, message in _OLD_ANNOTATIONS.items():
            if key in annotations:
                yield f"{path.child('annotations').key(key)}: {message}"


def claim_spec_warnings(spec: Any, path: Path) -> Iterator[str]:
    resources = spec.get("resources") or {}
    for part in ("requests", "limits"):
        where = path.child("resources", part)
        yield from _fractional(resources.get(part) or _EMPTY, ("storage",), where)


def _volumes(volumes: Sequence[Any], path: Path) -> Iterator[str]:
    for index, volume in enumerate(volumes):
        for name, (shown, message) in _OLD_VOLUMES.items():
            if name in volume and name not in ("cephfs", "rbd"):
                yield f"{path.index(index).child(shown)}: {message}"
        template = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
        if template is not None:
            where = path.index(index).child("ephemeral", "volumeClaimTemplate", "spec")
            yield from claim_spec_warnings(template.get("spec") or {}, where)
        for name in ("cephfs", "rbd"):
            if name in volume:
                yield f"{path.index(index).child(name)}: {_OLD_VOLUMES[name][1]}"
    for volume in volumes:
        yield from _overlaps(volume)


Target = tuple[str, str]
"""(path in the volume, where it comes from)."""


def _overlaps(volume: Any) -> Iterator[str]:
    name = gofmt.quote(volume.get("name", ""))
    for key, kind, named in (
        ("configMap", "ConfigMap", "name"),
        ("secret", "Secret", "secretName"),
        ("downwardAPI", "DownwardAPI", ""),
    ):
        source = volume.get(key)
        if source and source.get("items"):
            what = f"{kind} {gofmt.quote(source.get(named, ''))}" if named else kind
            taken: list[Target] = []
            for item in source["items"]:
                for clash in _clashes((item.get("path", ""), ""), taken):
                    yield f"volume {name} ({what}): overlapping paths: {clash}"
    if projected := volume.get("projected"):
        yield from _projected_overlaps(name, projected)


def _projected_overlaps(name: str, projected: Any) -> Iterator[str]:
    taken: list[Target] = []
    for source in projected.get("sources") or ():
        if not source:
            yield f"volume {name} (Projected) has no sources provided"
        for target in _targets(source):
            for clash in _clashes(target, taken):
                yield f"volume {name} (Projected): overlapping paths: {clash}"


def _targets(source: Any) -> Iterator[Target]:
    """The files of one source of a projected volume."""
    for key, kind in (("configMap", "ConfigMap"), ("secret", "Secret"), ("downwardAPI", "")):
        part = source.get(key)
        if part and part.get("items"):
            named = f"{kind} {gofmt.quote(part.get('name', ''))}" if kind else "DownwardAPI"
            yield from ((item.get("path", ""), named) for item in part["items"])
            return
    if (token := source.get("serviceAccountToken")) is not None:
        yield token.get("path", ""), "ServiceAccountToken"
    elif (bundle := source.get("clusterTrustBundle")) is not None:
        named = bundle.get("name", bundle.get("signerName", ""))
        yield bundle.get("path", ""), f"ClusterTrustBundle {gofmt.quote(named)}"
    elif (certificate := source.get("podCertificate")) is not None:
        for key, what in (
            ("certificateChainPath", "chain"),
            ("keyPath", "key"),
            ("credentialBundlePath", "credential bundle"),
        ):
            if certificate.get(key):
                yield certificate[key], f"PodCertificate {what}"


def _clashes(target: Target, taken: list[Target]) -> list[str]:
    path, origin = target[0].rstrip("/"), target[1]
    found = []
    for other, source in taken:
        if not path or not other:
            continue
        if f"{other}/".startswith(f"{path}/") or f"{path}/".startswith(f"{other}/"):
            found.append(f"{_shown((path, origin))} with {_shown((other, source))}")
    taken.append((path, origin))
    return found


def _shown(target: Target) -> str:
    quoted = gofmt.quote(target[0])
    return f"{quoted} ({target[1]})" if target[1] else quoted


def _duplicates(spec: Any, path: Path) -> Iterator[str]:
    for key, name, text in (("hostAliases", "ip", "ip"), ("imagePullSecrets", "name", "name")):
        seen: set[str] = set()
        for index, item in enumerate(spec.get(key) or ()):
            value = item.get(name, "")
            if value in seen:
                where = path.child(key).index(index).child(name)
                yield f"{where}: duplicate {text} {gofmt.quote(value)}"
            seen.add(value)
    for index, item in enumerate(spec.get("imagePullSecrets") or ()):
        if not item.get("name"):
            where = path.child("imagePullSecrets").index(index).child("name")
            yield f'{where}: invalid empty name ""'


def _fractional(amounts: Mapping[str, str], names: Sequence[str], path: Path) -> Iterator[str]:
    for name in names:
        value = amounts.get(name)
        if value is not None and value[-1] == "m" and quantity.parse(value).milli_value() % 1000:
            quoted = gofmt.quote(value)
            yield f"{path.key(name)}: fractional byte value {quoted} is invalid, must be an integer"


def _overhead(overhead: Mapping[str, str], path: Path) -> Iterator[str]:
    return _fractional(overhead, ("memory", "ephemeral-storage"), path)


def _containers(
    annotations: Mapping[str, str], spec: Any, path: Path, template: Path | None
) -> Iterator[str]:
    context = spec.get("securityContext") or {}
    notes = _below(template, "metadata").child("annotations")
    seccomp = 'non-functional in v1.27+; use the "seccompProfile" field instead'
    if context.get("seccompProfile") is None and _SECCOMP_POD in annotations:
        yield f"{notes.key(_SECCOMP_POD)}: {seccomp}"
    for container, where in containers_of(spec, path):
        own = container.get("securityContext") or {}
        key = _SECCOMP_CONTAINER + container.get("name", "")
        if own.get("seccompProfile") is None and key in annotations:
            yield f"{notes.key(key)}: {seccomp}"
        key = APP_ARMOR + container.get("name", "")
        if template and own.get("appArmorProfile") is None and key in annotations:
            profile = context.get("appArmorProfile")
            if profile is None or profile != app_armor_profile(annotations[key]):
                yield (
                    f"{notes.key(key)}: deprecated since v1.30; use the "
                    '"appArmorProfile" field instead'
                )
        for name in ("memory", "ephemeral-storage"):
            for part in ("limits", "requests"):
                amounts = (container.get("resources") or {}).get(part)
                if amounts:
                    yield from _fractional(amounts, (name,), where.child("resources", part))
        if len(container.get("env") or ()) > 1:
            yield from _hidden_variables(container["env"], where.child("env"))


def app_armor_profile(annotation: str) -> Any:
    """The field that an AppArmor annotation stands for; None when it stands for nothing."""
    if annotation == "unconfined":
        return {"type": "Unconfined"}
    if annotation == "runtime/default":
        return {"type": "RuntimeDefault"}
    name = annotation.removeprefix("localhost/")
    if name and name != annotation:
        return {"type": "Localhost", "localhostProfile": name}
    return None


def _hidden_variables(variables: Sequence[Any], path: Path) -> Iterator[str]:
    seen: set[str] = set()
    for index, variable in enumerate(variables):
        name = variable.get("name", "")
        if name in seen:
            reference, value = f"$({name})", variable.get("value", "")
            extends = variable.get("valueFrom") is None and reference in value
            if not extends or value == reference:
                yield (
                    f"{path.index(index)}: hides previous definition of {gofmt.quote(name)}, "
                    "which may be dropped when using apply"
                )
        seen.add(name)


def _ports(spec: Any, path: Path) -> Iterator[str]:
    others: dict[tuple[int, str], list[tuple[str, Any]]] = {}
    for container, where in containers_of(spec, path):
        for index, port in enumerate(container.get("ports") or ()):
            at = str(where.child("ports").index(index))
            if port.get("hostIP") and not port.get("hostPort"):
                yield f"{at}: hostIP set without hostPort: {_port_text(port)}"
            key = port.get("containerPort", 0), port.get("protocol", "")
            for other_at, other in others.get(key, ()):
                if kind := _port_clash(port, other):
                    yield f"{at}: {kind} port definition with {other_at}"
            others.setdefault(key, []).append((at, port))


def _port_text(port: Any) -> str:
    """`%+v` of the internal type."""
    return (
        f"{{Name:{port.get('name', '')} HostPort:{port.get('hostPort', 0)} "
        f"ContainerPort:{port.get('containerPort', 0)} Protocol:{port.get('protocol', '')} "
        f"HostIP:{port.get('hostIP', '')}}}"
    )


def _port_clash(port: Any, other: Any) -> str:
    ip, other_ip = port.get("hostIP", ""), other.get("hostIP", "")
    host, other_host = port.get("hostPort", 0), other.get("hostPort", 0)
    if ip == other_ip and host == other_host:
        return "duplicate"
    if not host or not other_host:
        return "overlapping"
    return "dangerously ambiguous" if host == other_host and bool(ip) != bool(other_ip) else ""


def _port_names(spec: Any, path: Path) -> Iterator[str]:
    first: dict[str, str] = {}
    for container, where in containers_of(spec, path):
        for index, port in enumerate(container.get("ports") or ()):
            name = port.get("name")
            if not name:
                continue
            at = str(where.child("ports").index(index))
            if name not in first:
                first[name] = at
                continue
            yield (
                f"{at}: duplicate port name {gofmt.quote(name)} with {first[name]}, services and "
                f"probes that select ports by name will use {first[name]}"
            )


def _null_selectors(spec: Any, path: Path) -> Iterator[str]:
    affinity = spec.get("affinity") or {}
    for name in ("podAffinity", "podAntiAffinity"):
        own = affinity.get(name) or {}
        at = path.child("affinity", name)
        for index, term in enumerate(own.get(_REQUIRED) or ()):
            if term.get("labelSelector") is None:
                yield _null_selector(at.child(_REQUIRED).index(index).child("labelSelector"))
        for index, term in enumerate(own.get(_PREFERRED) or ()):
            if (term.get("podAffinityTerm") or {}).get("labelSelector") is None:
                where = at.child(_PREFERRED).index(index)
                yield _null_selector(where.child("podAffinityTerm", "labelSelector"))


def _addresses(spec: Any, path: Path) -> Iterator[str]:
    for index, server in enumerate((spec.get("dnsConfig") or {}).get("nameservers") or ()):
        where = path.child("dnsConfig", "nameservers").index(index)
        yield from addresses.ip_warnings(server, where)
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        where = path.child("hostAliases").index(index).child("ip")
        yield from addresses.ip_warnings(alias.get("ip", ""), where)
