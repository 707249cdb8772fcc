"""The kinds that are fuzzed, each with objects that a real server takes."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mockapi.machinery import catalogue
from mockapi.meta.names import GroupVersionKind, split_api_version
from tests.contract import validation

SOURCE = Path(__file__).parents[1] / "default_objects"

Tree = dict[str, Any]

# The real server itself writes to these at its own time: they are never stored, only tried.
_TRIED = frozenset(("APIService", "CustomResourceDefinition", "FlowSchema"))
# Kinds that admission reads from caches that lag behind: never in a sequence with others.
_ALONE = frozenset(
    (
        "CSIDriver",
        "IngressClass",
        "LimitRange",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "ResourceQuota",
        "RuntimeClass",
        "ServiceCIDR",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttributesClass",
    )
)
# Their names say what else they are.
_NAMED = frozenset(("APIService", "CustomResourceDefinition"))
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
    statuses: tuple[Tree, ...] = ()

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

    @property
    def raw(self) -> tuple[str, ...]:
        """What is left as it is: the real server compares its text ("decoding" in
        docs/deviations.md)."""
        return ("data",) if self.gvk.kind == "ControllerRevision" else ()

    @property
    def tried(self) -> bool:
        """Every write is a dry run."""
        return self.gvk.kind in _TRIED

    @property
    def named(self) -> bool:
        """Samples keep their names."""
        return self.gvk.kind in _NAMED

    def name(self, letter: str) -> str:
        """Cluster-scoped names are the sequence's own by `{id}`, addresses by `{ip}`."""
        if self.namespaced:
            return letter
        if self.gvk.kind == "IPAddress":
            return f"2001:db8:{{ip}}::{letter if letter in 'abc' else 'e'}"
        return f"{_PREFIXES.get(self.gvk.kind, '')}{{id}}-{letter}"


@cache
def kinds() -> Mapping[str, Kind]:
    """Those that can be fuzzed, by `apps/v1 Deployment`: with the objects of `validation` too."""
    found = dict(every_kind())
    for file in sorted(validation.OBJECTS.glob("*.yaml")):
        for subject in validation.subjects(file):
            gvk = GroupVersionKind(
                *split_api_version(subject.obj["apiVersion"]), subject.obj["kind"]
            )
            name = f"{gvk.api_version} {gvk.kind}"
            more = _kind(gvk, [_own(subject.obj)])
            known = found.get(name, replace(more, samples=()))
            statuses = () if subject.status is None else (subject.status,)
            found[name] = replace(
                known,
                samples=(*known.samples, *more.samples),
                statuses=(*known.statuses, *statuses),
            )
    return {name: replace(kind, samples=_kept(kind)) for name, kind in found.items()}


def _own(obj: Tree) -> Tree:
    """In the namespace of the sequence; about nothing that others use."""
    text = json.dumps(obj).replace(f'"{validation.NAMESPACE}"', '"{ns}"')
    # Empty bytes and none are not told apart: see "validation" in docs/deviations.md.
    text = text.replace('"caBundle": "", ', "").replace(', "caBundle": ""', "")
    if obj["apiVersion"].startswith("admissionregistration"):
        text = re.sub(r'"resources": \["[^]]*\]', '"resources": ["nothings"]', text)
    found: Tree = json.loads(text)
    return found


def _kept(kind: Kind) -> tuple[Tree, ...]:
    if kind.gvk.group != "admissionregistration.k8s.io":
        return kind.samples
    return tuple(_own(sample) for sample in kind.samples)


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
    for sample in samples:
        if gvk.kind == "ControllerRevision":
            sample["data"] = {"a": 1}
        if gvk.kind not in _NAMED:
            sample["metadata"].pop("name", None)
        if gvk.kind in _UNTIMED:
            _tell_time(sample)
    return Kind(
        gvk,
        resource.gvr.resource,
        resource.namespaced,
        facts.types.kinds[gvk],
        tuple(sub.name for sub in resource.subresources),
        resource.selectable,
        tuple(samples),
    )


def _tell_time(node: Any) -> None:
    """Whatever has an effect is a taint or tolerates one: those say since when."""
    if isinstance(node, dict) and "effect" in node and "operator" not in node:
        node["timeAdded"] = "2024-01-02T03:04:05Z"
    for inner in node.values() if isinstance(node, dict) else node:
        if isinstance(inner, dict | list):
            _tell_time(inner)
