"""The kinds that are fuzzed, each with objects that a real server takes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mockapi.machinery import catalogue
from mockapi.meta.names import GroupVersionKind, split_api_version

SOURCE = Path(__file__).parents[1] / "default_objects"

Tree = dict[str, Any]

# Kinds that the real server itself writes to, at its own time, or that change how it treats others.
_LEFT_OUT = frozenset(
    (
        "APIService",
        "CustomResourceDefinition",
        "FlowSchema",
        "IPAddress",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "Namespace",
        "PriorityLevelConfiguration",
        "ServiceCIDR",
        "StorageVersion",
        "StorageVersionMigration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    )
)
# Kinds that admission reads from caches that lag behind: never in a sequence with others.
_ALONE = frozenset(
    (
        "CSIDriver",
        "IngressClass",
        "LimitRange",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "ResourceQuota",
        "RuntimeClass",
        "StorageClass",
        "VolumeAttributesClass",
    )
)
# A taint that does not say since when gets the second of the write: two writes differ, or not.
_UNTIMED = frozenset(("DeviceTaintRule", "ResourceSlice"))
_PREFIXES = {"ClusterTrustBundle": "example.com:a:"}


@dataclass(frozen=True)
class Kind:
    """One kind in one version; `samples` are complete objects without a name."""

    gvk: GroupVersionKind
    plural: str
    namespaced: bool
    type_name: str
    subresources: tuple[str, ...]
    selectable: tuple[str, ...]
    samples: tuple[Tree, ...]

    @property
    def root(self) -> str:
        group = f"/apis/{self.gvk.api_version}" if self.gvk.group else "/api/v1"
        return f"{group}/{self.plural}"

    @property
    def collection(self) -> str:
        """Its path, with `{ns}` for the namespace of the sequence."""
        if not self.namespaced:
            return self.root
        head, _, plural = self.root.rpartition("/")
        return f"{head}/namespaces/{{ns}}/{plural}"

    @property
    def alone(self) -> bool:
        return self.gvk.kind in _ALONE

    def name(self, letter: str) -> str:
        """Cluster-scoped names are the sequence's own by `{id}`."""
        return letter if self.namespaced else f"{_PREFIXES.get(self.gvk.kind, '')}{{id}}-{letter}"


def kinds() -> Mapping[str, Kind]:
    """Those that can be fuzzed, by `apps/v1 Deployment`."""
    every = every_kind().items()
    return {name: kind for name, kind in every if kind.gvk.kind not in _LEFT_OUT}


@cache
def every_kind() -> Mapping[str, Kind]:
    """All that can be created from the samples, by `apps/v1 Deployment`."""
    found: dict[GroupVersionKind, list[Tree]] = {}
    for file in ("minimal", "rich"):
        for obj in _objects(file):
            gvk = GroupVersionKind(*split_api_version(obj["apiVersion"]), obj["kind"])
            found.setdefault(gvk, []).append(obj)
    return {f"{gvk.api_version} {gvk.kind}": _kind(gvk, samples) for gvk, samples in found.items()}


def _objects(file: str) -> list[Tree]:
    text = (SOURCE / f"{file}.yaml").read_text().replace("NAMESPACE", "'{ns}'")
    certificate = json.dumps((SOURCE / "certificate.pem").read_text())
    return list(yaml.safe_load(text.replace("CERTIFICATE", certificate)))


def _kind(gvk: GroupVersionKind, samples: list[Tree]) -> Kind:
    facts = catalogue.load("1.37")
    resource = facts.resource_of_kind[gvk]
    if gvk.kind in _UNTIMED:
        effect = '"effect": "NoSchedule"'
        timed = f'{effect}, "timeAdded": "2024-01-02T03:04:05Z"'
        samples = json.loads(json.dumps(samples).replace(effect, timed))
    for sample in samples:
        sample["metadata"].pop("name", None)
    return Kind(
        gvk,
        resource.gvr.resource,
        resource.namespaced,
        facts.types.kinds[gvk],
        tuple(sub.name for sub in resource.subresources),
        resource.selectable,
        tuple(samples),
    )
