"""The fields of a scheduler's configuration file and their types, and the mistakes in them.

Source: kube-scheduler config/v1 (types.go, types_pluginargs.go), component-base config/v1alpha1;
the words are those of Go's JSON decoder.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mockapi.meta import gotime
from mockapi.meta.fields import Path
from mockapi.meta.gotime import GoTimeError

_SET: Final = "PluginSet"
POINTS: Final = (
    "preEnqueue",
    "queueSort",
    "preFilter",
    "filter",
    "postFilter",
    "preScore",
    "score",
    "reserve",
    "permit",
    "preBind",
    "bind",
    "postBind",
)
_META: Final = {"apiVersion": "string", "kind": "string"}
ROOT: Final = "KubeSchedulerConfiguration"

# By name of the Go type: fields and their types; `any` is not looked into here.
STRUCTS: Final[Mapping[str, Mapping[str, str]]] = {
    ROOT: {
        **_META,
        "parallelism": "int32",
        "leaderElection": "LeaderElectionConfiguration",
        "clientConnection": "ClientConnectionConfiguration",
        "enableProfiling": "bool",
        "enableContentionProfiling": "bool",
        "percentageOfNodesToScore": "int32",
        "podInitialBackoffSeconds": "int64",
        "podMaxBackoffSeconds": "int64",
        "profiles": "[]KubeSchedulerProfile",
        "extenders": "[]Extender",
        "delayCacheUntilActive": "bool",
    },
    "LeaderElectionConfiguration": {
        "leaderElect": "bool",
        "leaseDuration": "Duration",
        "renewDeadline": "Duration",
        "retryPeriod": "Duration",
        "resourceLock": "string",
        "resourceName": "string",
        "resourceNamespace": "string",
    },
    "ClientConnectionConfiguration": {
        "kubeconfig": "string",
        "acceptContentTypes": "string",
        "contentType": "string",
        "qps": "float32",
        "burst": "int32",
    },
    "KubeSchedulerProfile": {
        "schedulerName": "string",
        "percentageOfNodesToScore": "int32",
        "plugins": "Plugins",
        "pluginConfig": "[]PluginConfig",
    },
    "Plugins": dict.fromkeys((*POINTS, "multiPoint"), _SET)
    | dict.fromkeys(("placementGenerate", "placementScore", "podGroupPostFilter"), _SET),
    _SET: {"enabled": "[]Plugin", "disabled": "[]Plugin"},
    "Plugin": {"name": "string", "weight": "int32"},
    "PluginConfig": {"name": "string", "args": "any"},
    "Extender": {
        "urlPrefix": "string",
        "filterVerb": "string",
        "preemptVerb": "string",
        "prioritizeVerb": "string",
        "weight": "int64",
        "bindVerb": "string",
        "enableHTTPS": "bool",
        "tlsConfig": "ExtenderTLSConfig",
        "httpTimeout": "Duration",
        "nodeCacheCapable": "bool",
        "managedResources": "[]ExtenderManagedResource",
        "ignorable": "bool",
    },
    "ExtenderTLSConfig": {
        "insecure": "bool",
        **dict.fromkeys(("serverName", "certFile", "keyFile", "caFile"), "string"),
        **dict.fromkeys(("certData", "keyData", "caData"), "string"),
    },
    "ExtenderManagedResource": {"name": "string", "ignoredByScheduler": "bool"},
    "DefaultPreemptionArgs": {
        **_META,
        "minCandidateNodesPercentage": "int32",
        "minCandidateNodesAbsolute": "int32",
    },
    "DynamicResourcesArgs": {**_META, "filterTimeout": "Duration", "bindingTimeout": "Duration"},
    "InterPodAffinityArgs": {
        **_META,
        "hardPodAffinityWeight": "int32",
        "ignorePreferredTermsOfExistingPods": "bool",
    },
    "NodeAffinityArgs": {**_META, "addedAffinity": "NodeAffinity"},
    "NodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": "NodeSelector",
        "preferredDuringSchedulingIgnoredDuringExecution": "[]PreferredSchedulingTerm",
    },
    "NodeSelector": {"nodeSelectorTerms": "[]NodeSelectorTerm"},
    "PreferredSchedulingTerm": {"weight": "int32", "preference": "NodeSelectorTerm"},
    "NodeSelectorTerm": {
        "matchExpressions": "[]NodeSelectorRequirement",
        "matchFields": "[]NodeSelectorRequirement",
    },
    "NodeSelectorRequirement": {"key": "string", "operator": "string", "values": "[]string"},
    "NodeResourcesBalancedAllocationArgs": {**_META, "resources": "[]ResourceSpec"},
    "NodeResourcesFitArgs": {
        **_META,
        "ignoredResources": "[]string",
        "ignoredResourceGroups": "[]string",
        "scoringStrategy": "ScoringStrategy",
    },
    "ScoringStrategy": {
        "type": "string",
        "resources": "[]ResourceSpec",
        "requestedToCapacityRatio": "RequestedToCapacityRatioParam",
    },
    "RequestedToCapacityRatioParam": {"shape": "[]UtilizationShapePoint"},
    "UtilizationShapePoint": {"utilization": "int32", "score": "int32"},
    "ResourceSpec": {"name": "string", "weight": "int64"},
    "PodTopologySpreadArgs": {
        **_META,
        "defaultConstraints": "[]TopologySpreadConstraint",
        "defaultingType": "string",
    },
    "TopologySpreadConstraint": {
        "maxSkew": "int32",
        "topologyKey": "string",
        "whenUnsatisfiable": "string",
        "labelSelector": "any",
        "minDomains": "int32",
        "nodeAffinityPolicy": "string",
        "nodeTaintsPolicy": "string",
        "matchLabelKeys": "[]string",
    },
    "VolumeBindingArgs": {
        **_META,
        "bindTimeoutSeconds": "int64",
        "shape": "[]UtilizationShapePoint",
    },
}
_PACKAGES: Final = {
    "LeaderElectionConfiguration": "v1alpha1",
    "ClientConnectionConfiguration": "v1alpha1",
}
_LIMITS: Final = {"int32": 2**31, "int64": 2**63}


@dataclass
class Mistakes:
    """`type` is the first value of a wrong type, in one line; `unknown` are paths of fields."""

    type: str = ""
    unknown: list[str] = field(default_factory=list)

    def unknown_line(self) -> str:
        listed = ", ".join(f'unknown field "{path}"' for path in sorted(self.unknown))
        return f"strict decoding error: {listed}"


def mistakes(tree: Any, struct: str) -> Mistakes:
    """Of a tree that should be a struct of this name."""
    found = Mistakes()
    for kind, text in _judge(tree, struct, None, _Where(struct)):
        if kind == "unknown":
            found.unknown.append(text)
        elif not found.type:
            found.type = text
    return found


@dataclass(frozen=True)
class _Where:
    """The innermost struct and the fields on the way to it."""

    struct: str
    fields: tuple[str, ...] = ()

    def refusal(self, value: Any, go_type: str) -> tuple[str, str]:
        at = ".".join((self.struct, *self.fields))
        place = f"Go struct field {at}" if self.fields else "Go value"
        return (
            "type",
            f"json: cannot unmarshal {_named(value, go_type)} into {place} of type {go_type}",
        )


def _judge(value: Any, kind: str, path: Path | None, at: _Where) -> Iterator[tuple[str, str]]:
    if value is None or kind == "any":
        return
    if kind.startswith("[]"):
        if not isinstance(value, list):
            yield at.refusal(value, f"[]{_go(kind[2:])}")
            return
        for index, item in enumerate(value):
            yield from _judge(item, kind[2:], path.index(index) if path else None, at)
    elif kind == "Duration" and isinstance(value, str):
        try:
            gotime.parse_duration(value)
        except GoTimeError as error:
            yield "type", str(error)
    elif kind not in STRUCTS:
        if not _is(value, kind):
            yield at.refusal(value, "string" if kind == "Duration" else kind)
    elif not isinstance(value, Mapping):
        yield at.refusal(value, _go(kind))
    else:
        yield from _fields(value, kind, path, at)


def _fields(
    tree: Mapping[Any, Any], struct: str, path: Path | None, at: _Where
) -> Iterator[tuple[str, str]]:
    known = STRUCTS[struct]
    for key, value in tree.items():
        name = str(key)
        below = path.child(name) if path else Path(name)
        if name not in known:
            yield "unknown", str(below)
        else:
            yield from _judge(value, known[name], below, _Where(struct, (*at.fields, name)))


def _go(kind: str) -> str:
    return f"{_PACKAGES.get(kind, 'v1')}.{kind}" if kind in STRUCTS else kind


def _is(value: Any, kind: str) -> bool:
    if kind == "string":
        return isinstance(value, str)
    if kind == "bool":
        return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    limit = _LIMITS.get(kind)
    return limit is None or (isinstance(value, int) and -limit <= value < limit)


def _named(value: Any, go_type: str) -> str:
    """As Go names what JSON it has met; a number that does not fit is shown."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return f"number {value}" if go_type in _LIMITS else "number"
    if isinstance(value, list):
        return "array"
    return "object" if isinstance(value, Mapping) else "string"
