"""What pods ask for, worked out once for all that ask for the same: pods of one template differ in
little but their names.

Source: pkg/scheduler/framework/types.go (PodInfo), and the idea of pod signatures (KEP-5598).
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from mockapi.meta import host_ports
from mockapi.scheduler import amounts
from mockapi.scheduler.affinity import NO_TERMS, AffinityTerms, affinity_terms
from mockapi.scheduler.amounts import Amounts, Nanos

Spec = Mapping[str, Any]

# What is looked at, of a spec and of its containers. Of volumes all but those that any node can
# have, of their mounts only what may ask for a feature of the node.
_PARTS: Final = (
    "affinity",
    "hostNetwork",
    "hostUsers",
    "nodeSelector",
    "overhead",
    "resourceClaims",
    "resources",
    "tolerations",
    "topologySpreadConstraints",
)
_OF_CONTAINERS: Final = (
    "name",
    "image",
    "ports",
    "resources",
    "restartPolicy",
    "restartPolicyRules",
)
_ANYWHERE: Final = frozenset(
    ("configMap", "downwardAPI", "emptyDir", "hostPath", "nfs", "projected", "secret")
)
_FEATURE: Final = "bindMountOptions"
_MOST_USAGES: Final = 256


class Usage(NamedTuple):
    """What a pod takes from its node (source: PodInfo.CalculateResource)."""

    requests: Amounts
    cpu: int
    """With stand-ins for containers that name none, as `memory` is."""
    memory: int
    exact: Nanos


class Shape:
    """All that the same specs have in common. Compared by identity: there is one of each, as long
    as it is among those last used."""

    __slots__ = (
        "_terms",
        "_usages",
        "affinity",
        "claims",
        "compared",
        "host_ports",
        "spec",
        "usual",
        "volumes",
        "wanted",
    )

    def __init__(self, spec: Spec) -> None:
        """`spec` holds only the parts that are looked at."""
        self.spec = spec
        pod = {"spec": spec}
        self.wanted = amounts.amounts(amounts.pod_requests(pod))
        """What a node must have left (source: computePodResourceRequest)."""
        self.compared = amounts.amounts(
            amounts.pod_requests(pod, pod_level=False, defaults=amounts.DEFAULTS)
        )
        """What the pod counts for when nodes are compared by what would be left."""
        self.host_ports = host_ports.host_ports(spec)
        self.volumes: Sequence[Mapping[str, Any]] = spec.get("volumes") or ()
        """Without those that any node can have."""
        self.claims = tuple(
            volume["persistentVolumeClaim"]["claimName"]
            for volume in self.volumes
            if volume.get("persistentVolumeClaim")
        )
        """Names of the claims in its volumes, ephemeral ones apart."""
        affinity = spec.get("affinity") or {}
        parts = (affinity.get("podAffinity"), affinity.get("podAntiAffinity"))
        self.affinity = orjson.dumps(parts) if affinity.keys() & _TOWARDS_PODS else b""
        """The same for the same terms of pod affinity; nothing when there are none."""
        self._terms: dict[str, AffinityTerms] = {}
        self._usages: dict[bytes, Usage] = {}
        self.usual = self._worked_out({})
        """What a pod takes while its status tells of no allocations."""

    def terms(self, namespace: str) -> AffinityTerms:
        """Those of a pod in this namespace."""
        if not self.affinity:
            return NO_TERMS
        found = self._terms.get(namespace)
        if found is None:
            found = self._terms[namespace] = affinity_terms(namespace, self.spec["affinity"])
        return found

    def usage(self, status: Mapping[str, Any]) -> Usage:
        """Of a pod with this status, which may tell of a resize."""
        reported = amounts.allocations(status)
        if not reported:
            return self.usual
        key = orjson.dumps(reported)
        found = self._usages.get(key)
        if found is None:
            if len(self._usages) >= _MOST_USAGES:
                self._usages.clear()
            found = self._usages[key] = self._worked_out(reported)
        return found

    def _worked_out(self, status: Mapping[str, Any]) -> Usage:
        pod = {"spec": self.spec, "status": status}
        requests = amounts.pod_requests(pod, from_status=True)
        fill = amounts.DEFAULTS
        if amounts.has_pod_level_requests(self.spec):
            fill = {name: value for name, value in fill.items() if name not in requests}
        filled = amounts.pod_requests(pod, from_status=True, defaults=fill)
        counted = amounts.amounts(filled)
        return Usage(amounts.amounts(requests), counted.cpu, counted.memory, requests)


_TOWARDS_PODS: Final = frozenset(("podAffinity", "podAntiAffinity"))


def shape_of(spec: Spec) -> Shape:
    parts = {name: spec[name] for name in _PARTS if name in spec}
    parts["containers"] = _containers(spec.get("containers") or ())
    if "initContainers" in spec:
        parts["initContainers"] = _containers(spec["initContainers"] or ())
    if "ephemeralContainers" in spec:
        parts["ephemeralContainers"] = _containers(spec["ephemeralContainers"] or ())
    if volumes := [v for v in spec.get("volumes") or () if _ANYWHERE.isdisjoint(v)]:
        parts["volumes"] = volumes
    return _shape(orjson.dumps(parts))


def _containers(containers: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for container in containers:
        parts = {name: container[name] for name in _OF_CONTAINERS if name in container}
        for mount in container.get("volumeMounts") or ():
            if _FEATURE in mount:
                parts.setdefault("volumeMounts", []).append({_FEATURE: mount[_FEATURE]})
        found.append(parts)
    return found


@lru_cache(maxsize=4096)
def _shape(parts: bytes) -> Shape:
    return Shape(orjson.loads(parts))
