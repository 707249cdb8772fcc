"""Arguments of plugins in a configuration: their fields, defaults and limits.

Sources: pkg/scheduler/apis/config/v1/defaults.go, validation/validation_pluginargs.go.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockapi.meta import fields, selectors
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.pods.placement import validate_node_affinity
from mockapi.scheduler import amounts
from mockapi.scheduler.node_affinity import OPERATORS

Arguments = dict[str, Any]

_DEFAULTS: Final[dict[str, Arguments]] = {
    "DefaultPreemption": {"minCandidateNodesPercentage": 10, "minCandidateNodesAbsolute": 100},
    "InterPodAffinity": {"hardPodAffinityWeight": 1},
    "PodTopologySpread": {"defaultingType": "System"},
    "VolumeBinding": {
        "bindTimeoutSeconds": 600,
        "shape": [{"utilization": 0, "score": 10}, {"utilization": 100, "score": 0}],
    },
}
_RESOURCES: Final = ({"name": "cpu", "weight": 1}, {"name": "memory", "weight": 1})
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
_STRATEGIES: Final = ("LeastAllocated", "MostAllocated", "RequestedToCapacityRatio")


def with_defaults(plugin: str, given: Mapping[str, Any]) -> Arguments:
    """What is absent or null is set."""
    args = {name: value for name, value in given.items() if value is not None}
    args.pop("apiVersion", None)
    args.pop("kind", None)
    args = {**_DEFAULTS.get(plugin, {}), **args}
    if plugin == "NodeResourcesFit":
        strategy = dict(args.get("scoringStrategy") or {"type": "LeastAllocated"})
        strategy["resources"] = _weighted(strategy.get("resources") or _RESOURCES)
        args["scoringStrategy"] = strategy
    if plugin == "NodeResourcesBalancedAllocation":
        args["resources"] = _weighted(args.get("resources") or _RESOURCES)
    return args


def _weighted(resources: Sequence[Mapping[str, Any]]) -> list[Arguments]:
    return [{**resource, "weight": resource.get("weight") or 1} for resource in resources]


def argument_problems(plugin: str, args: Arguments, path: Path) -> list[FieldError]:
    """What the real scheduler refuses in a file, as field errors below the profile."""
    check = {
        "DefaultPreemption": _preemption,
        "InterPodAffinity": _pod_affinity,
        "NodeAffinity": _node_affinity,
        "NodeResourcesBalancedAllocation": _balanced,
        "PodTopologySpread": _spread,
        "VolumeBinding": _volume_binding,
    }.get(plugin)
    return [] if check is None else [*check(args, path.child("args"))]


def init_problems(plugin: str, args: Arguments) -> list[FieldError]:
    """What a plugin refuses only when it is made; the paths then begin at its arguments."""
    return _fit(args) if plugin == "NodeResourcesFit" else []


def extended_name_problems(path: Path, name: str) -> list[FieldError]:
    problems = _name_problems(path, name)
    if problems or amounts.is_extended(name):
        return problems
    return [fields.invalid(path, name, "is an invalid extended resource name")]


def _node_affinity(args: Arguments, path: Path) -> list[FieldError]:
    affinity = args.get("addedAffinity")
    if affinity is None:
        return []
    where = path.child("addedAffinity")
    terms = [
        (where.child(_REQUIRED, "nodeSelectorTerms").index(index), term)
        for index, term in enumerate((affinity.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ())
    ]
    terms += [
        (where.child(_PREFERRED).index(index), (term or {}).get("preference"))
        for index, term in enumerate(affinity.get(_PREFERRED) or ())
    ]
    operators = [problem for at, term in terms for problem in _operators(term or {}, at)]
    return operators or [*validate_node_affinity(affinity, where)]


def _operators(term: Mapping[str, Any], path: Path) -> list[FieldError]:
    """Of a node selector term; the configuration names those that are valid."""
    return [
        fields.not_supported(path.child(name).index(index).child("operator"), operator, OPERATORS)
        for name in ("matchExpressions", "matchFields")
        for index, requirement in enumerate(term.get(name) or ())
        if (operator := (requirement or {}).get("operator") or "") not in OPERATORS
    ]


def _preemption(args: Arguments, path: Path) -> list[FieldError]:
    percentage, absolute = args["minCandidateNodesPercentage"], args["minCandidateNodesAbsolute"]
    at, at_absolute = (
        path.child("minCandidateNodesPercentage"),
        path.child("minCandidateNodesAbsolute"),
    )
    problems = []
    if not 0 <= percentage <= 100:
        problems.append(fields.invalid(at, percentage, "not in valid range [0, 100]"))
    if absolute < 0:
        problems.append(fields.invalid(at_absolute, absolute, "not in valid range [0, inf)"))
    if percentage == 0 and absolute == 0:
        text = "cannot be zero at the same time as "
        problems += [
            fields.invalid(at, 0, f"{text}minCandidateNodesAbsolute"),
            fields.invalid(at_absolute, 0, f"{text}minCandidateNodesPercentage"),
        ]
    return problems


def _pod_affinity(args: Arguments, path: Path) -> list[FieldError]:
    weight = args["hardPodAffinityWeight"]
    if 0 <= weight <= 100:
        return []
    text = "not in valid range [0, 100]"
    return [fields.invalid(path.child("hardPodAffinityWeight"), weight, text)]


def _balanced(args: Arguments, path: Path) -> list[FieldError]:
    problems = []
    seen: set[str] = set()
    for index, resource in enumerate(args["resources"]):
        at = path.child("resources").index(index)
        if resource["name"] in seen:
            problems.append(fields.duplicate(at.child("name"), resource["name"]))
        seen.add(resource["name"])
        if resource["weight"] != 1:
            problems.append(fields.invalid(at.child("weight"), resource["weight"], "must be 1"))
    return problems


def _fit(args: Arguments) -> list[FieldError]:
    problems = []
    for index, name in enumerate(args.get("ignoredResources") or ()):
        problems += _name_problems(Path("ignoredResources").index(index), name)
    for index, group in enumerate(args.get("ignoredResourceGroups") or ()):
        at = Path("ignoredResourceGroups").index(index)
        if "/" in group:
            problems.append(fields.invalid(at, group, "resource group name can't contain '/'"))
        problems += _name_problems(at, group)
    return problems + _strategy(args["scoringStrategy"], Path("scoringStrategy"))


def _name_problems(path: Path, name: str) -> list[FieldError]:
    return [fields.invalid(path, name, text) for text in selectors.key_problems(name)]


def _strategy(strategy: Arguments, path: Path) -> list[FieldError]:
    problems = []
    kind = strategy.get("type", "")
    if kind not in _STRATEGIES:
        problems.append(fields.not_supported(path.child("type"), kind, _STRATEGIES))
    for index, resource in enumerate(strategy["resources"]):
        if not 0 < resource["weight"] <= 100:
            text = f"resource weight of {resource['name']} not in valid range (0, 100]"
            at = path.child("resources").index(index).child("weight")
            problems.append(fields.invalid(at, resource["weight"], text))
    ratio = strategy.get("requestedToCapacityRatio")
    at = path.child("requestedToCapacityRatio")
    if kind != "RequestedToCapacityRatio":
        text = "must be nil when type is not RequestedToCapacityRatio"
        return problems + ([fields.forbidden(at, text)] if ratio else [])
    if ratio is None:
        text = "must be specified when type is RequestedToCapacityRatio"
        return [*problems, fields.required(at, text)]
    return problems + _shape(ratio.get("shape") or [], at.child("shape"))


def _shape(points: Sequence[Arguments], path: Path) -> list[FieldError]:
    if not points:
        return [fields.required(path, "at least one point must be specified")]
    problems = []
    for index in range(1, len(points)):
        at = path.index(index).child("utilization")
        if points[index - 1].get("utilization", 0) >= points[index].get("utilization", 0):
            text = "values must be sorted in increasing order"
            problems.append(fields.invalid(at, points[index].get("utilization", 0), text))
            break
    for index, point in enumerate(points):
        for name, most in (("utilization", 100), ("score", 10)):
            value = point.get(name) or 0
            if not 0 <= value <= most:
                text = f"not in valid range [0, {most}]"
                problems.append(fields.invalid(path.index(index).child(name), value, text))
    return problems


def _volume_binding(args: Arguments, path: Path) -> list[FieldError]:
    problems = []
    seconds = args["bindTimeoutSeconds"]
    if seconds < 0:
        text = "invalid BindTimeoutSeconds, should not be a negative value"
        problems.append(fields.invalid(path.child("bindTimeoutSeconds"), seconds, text))
    return problems + _shape(args["shape"], path.child("shape"))


def _spread(args: Arguments, path: Path) -> list[FieldError]:
    problems = []
    constraints = args.get("defaultConstraints") or ()
    kind = args["defaultingType"]
    at = path.child("defaultingType")
    if kind not in ("System", "List"):
        problems.append(fields.not_supported(at, kind, ("System", "List")))
    elif kind == "System" and constraints:
        problems.append(fields.invalid(at, kind, "when .defaultConstraints are not empty"))
    seen: set[tuple[str, str]] = set()
    for index, constraint in enumerate(constraints):
        at = path.child("defaultConstraints").index(index)
        problems += _constraint(constraint, at)
        pair = constraint.get("topologyKey", ""), constraint.get("whenUnsatisfiable", "")
        if pair in seen:
            problems.append(fields.duplicate(at, f"{{{pair[0]}, {pair[1]}}}"))
        seen.add(pair)
    return problems


def _constraint(constraint: Arguments, path: Path) -> list[FieldError]:
    problems = []
    skew = constraint.get("maxSkew", 0)
    if skew <= 0:
        problems.append(fields.invalid(path.child("maxSkew"), skew, "not in valid range (0, inf)"))
    key = constraint.get("topologyKey", "")
    if not key:
        problems.append(fields.required(path.child("topologyKey"), "can not be empty"))
    else:
        problems += _name_problems(path.child("topologyKey"), key)
    action = constraint.get("whenUnsatisfiable", "")
    at = path.child("whenUnsatisfiable")
    if not action:
        problems.append(fields.required(at, "can not be empty"))
    elif action not in ("DoNotSchedule", "ScheduleAnyway"):
        problems.append(fields.not_supported(at, action, ("DoNotSchedule", "ScheduleAnyway")))
    if constraint.get("labelSelector") is not None:
        text = "constraint must not define a selector, as they deduced for each pod"
        problems.append(fields.forbidden(path.child("labelSelector"), text))
    return problems
