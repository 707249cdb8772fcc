"""A scheduler's configuration file: KubeSchedulerConfiguration in the real format.

Sources: pkg/scheduler/apis/config (v1/defaults.go, v1/default_plugins.go, validation),
framework/runtime/framework.go (NewFramework). What only steers the real scheduler's process
(leader election, client connection, debugging) is accepted and has nothing to act on here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from mockapi.meta import fields
from mockapi.meta.fields import Path
from mockapi.scheduler.arguments import argument_problems, with_defaults
from mockapi.scheduler.plugin import Plugin
from mockapi.scheduler.profile import DEFAULT_NAME, FACTORIES, WEIGHTS, Profile

API_VERSION: Final = "kubescheduler.config.k8s.io/v1"
KIND: Final = "KubeSchedulerConfiguration"

_TOP: Final = frozenset(
    (
        "apiVersion",
        "kind",
        "parallelism",
        "leaderElection",
        "clientConnection",
        "enableProfiling",
        "enableContentionProfiling",
        "percentageOfNodesToScore",
        "podInitialBackoffSeconds",
        "podMaxBackoffSeconds",
        "profiles",
        "extenders",
        "delayCacheUntilActive",
    )
)
_PROFILE: Final = frozenset(
    ("schedulerName", "percentageOfNodesToScore", "plugins", "pluginConfig")
)
# Extension points of plugin lists and the real names of what is plugged in there.
POINTS: Final = {
    "preEnqueue": "PreEnqueuePlugin",
    "queueSort": "QueueSortPlugin",
    "preFilter": "PreFilterPlugin",
    "filter": "FilterPlugin",
    "postFilter": "PostFilterPlugin",
    "preScore": "PreScorePlugin",
    "score": "ScorePlugin",
    "reserve": "ReservePlugin",
    "permit": "PermitPlugin",
    "preBind": "PreBindPlugin",
    "bind": "BindPlugin",
    "postBind": "PostBindPlugin",
}
_SETS: Final = frozenset((*POINTS, "multiPoint"))
_LARGEST_PERCENTAGE: Final = 100


class ConfigurationError(ValueError):
    """What is wrong with the configuration, in one line."""


@dataclass(frozen=True)
class Configuration:
    profiles: Sequence[Profile]
    first_back_off: float = 1.0
    last_back_off: float = 10.0


def load(text: str | bytes) -> Configuration:
    """Read a file's text, YAML or JSON. Raises ConfigurationError."""
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"the scheduler's configuration is no YAML: {error}") from error
    return parse(tree)


def parse(tree: Any) -> Configuration:
    """Raises ConfigurationError."""
    if not isinstance(tree, Mapping):
        raise ConfigurationError("the scheduler's configuration must be a mapping")
    if (tree.get("apiVersion"), tree.get("kind")) != (API_VERSION, KIND):
        raise ConfigurationError(
            f'no kind "{tree.get("kind")}" is registered for version "{tree.get("apiVersion")}"; '
            f"expected {KIND} of {API_VERSION}"
        )
    _refuse_unknown(tree, _TOP, "")
    if tree.get("extenders"):
        raise ConfigurationError("extenders: scheduler extenders are not offered")
    given = tree.get("profiles") or [{}]
    percentage = tree.get("percentageOfNodesToScore") or 0
    first = tree.get("podInitialBackoffSeconds", 1)
    last = tree.get("podMaxBackoffSeconds", 10)
    _check([*_top_problems(tree, first, last), *_name_problems(given)])
    profiles = [_profile(item, index, percentage, len(given)) for index, item in enumerate(given)]
    return Configuration(profiles, first, last)


def _check(problems: Sequence[Any]) -> None:
    texts = [str(problem) for problem in problems]
    if texts:
        raise ConfigurationError(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")


def _refuse_unknown(tree: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    for name in tree:
        if name not in known:
            path = f"{where}.{name}" if where else name
            raise ConfigurationError(f'strict decoding error: unknown field "{path}"')


def _top_problems(tree: Mapping[str, Any], first: int, last: int) -> list[Any]:
    problems = []
    parallelism = tree.get("parallelism", 16)
    if parallelism <= 0:
        text = "should be an integer value greater than zero"
        problems.append(fields.invalid("parallelism", parallelism, text))
    problems += _percentage_problems(Path("percentageOfNodesToScore"), tree)
    if first <= 0:
        problems.append(fields.invalid("podInitialBackoffSeconds", first, "must be greater than 0"))
    if last < first:
        text = "must be greater than or equal to PodInitialBackoffSeconds"
        problems.append(fields.invalid("podMaxBackoffSeconds", last, text))
    return problems


def _percentage_problems(path: Path, tree: Mapping[str, Any]) -> list[Any]:
    value = tree.get("percentageOfNodesToScore")
    if value is None or 0 <= value <= _LARGEST_PERCENTAGE:
        return []
    return [fields.invalid(path, value, "not in valid range [0-100]")]


def _name_problems(profiles: Sequence[Mapping[str, Any]]) -> list[Any]:
    problems: list[Any] = []
    seen: dict[str, int] = {}
    for index, profile in enumerate(profiles):
        path = Path("profiles").index(index)
        name = profile.get("schedulerName", DEFAULT_NAME if len(profiles) == 1 else "")
        if not name:
            problems.append(fields.required(path.child("schedulerName"), ""))
        problems += _percentage_problems(path.child("percentageOfNodesToScore"), profile)
        if name in seen:
            first = Path("profiles").index(seen[name]).child("schedulerName")
            problems.append(fields.duplicate(path.child("schedulerName"), str(first)))
        seen.setdefault(name, index)
    return problems


def _profile(given: Mapping[str, Any], index: int, percentage: int, count: int) -> Profile:
    where = f"profiles[{index}]"
    _refuse_unknown(given, _PROFILE, where)
    name = given.get("schedulerName", DEFAULT_NAME if count == 1 else "")
    plugins = given.get("plugins") or {}
    _refuse_unknown(plugins, _SETS, f"{where}.plugins")
    arguments = _arguments(given.get("pluginConfig") or (), Path("profiles").index(index))
    merged = _merged_multi_point(plugins.get("multiPoint") or {})
    names = {entry["name"] for entry in merged}
    for point in POINTS:
        names |= {entry["name"] for entry in (plugins.get(point) or {}).get("enabled") or ()}
    made = {
        plugin: make(arguments.get(plugin, {}))
        for plugin, make in FACTORIES.items()
        if plugin in names
    }
    points = {point: _at(point, plugins.get(point) or {}, merged, made, name) for point in POINTS}
    _check_whole(points, name)
    own = given.get("percentageOfNodesToScore")
    weights = _weights((plugins.get("score") or {}).get("enabled") or (), merged)
    return Profile(name, points, weights, percentage if own is None else own)


def _arguments(given: Sequence[Mapping[str, Any]], path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    problems: list[Any] = []
    for index, entry in enumerate(given):
        name = entry.get("name", "")
        if name in found:
            raise ConfigurationError(f"repeated config for plugin {name}")
        if name not in FACTORIES:
            raise ConfigurationError(_unknown("PluginConfig", name))
        where = path.child("pluginConfig").index(index)
        found[name] = with_defaults(name, entry.get("args") or {})
        problems += argument_problems(name, found[name], where)
    _check(problems)
    return found


def _unknown(kind: str, name: str) -> str:
    return f'{kind} "{name}" does not exist'


def _merged_multi_point(custom: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The default plugins without those disabled, in their order, re-configured where the custom
    list names them, then what the custom list adds."""
    disabled = {entry["name"] for entry in custom.get("disabled") or ()}
    own = {entry["name"]: entry for entry in custom.get("enabled") or ()}
    merged: list[dict[str, Any]] = []
    if "*" not in disabled:
        for name in FACTORIES:
            if name not in disabled:
                default = {"name": name, "weight": WEIGHTS.get(name, 0)}
                merged.append(dict(own.pop(name, default)))
    merged += [dict(entry) for entry in own.values()]
    for entry in merged:
        if entry["name"] not in FACTORIES:
            raise ConfigurationError(_unknown("PreEnqueuePlugin", entry["name"]))
    return merged


def _at(
    point: str,
    chosen: Mapping[str, Any],
    multi_point: Sequence[Mapping[str, Any]],
    made: Mapping[str, Plugin],
    profile: str,
) -> list[Plugin]:
    """Plugins of one point: multi-point ones that it re-configures, the other multi-point ones
    that have it, and its own."""
    enabled: list[str] = []
    for entry in chosen.get("enabled") or ():
        name = entry["name"]
        if name not in made:
            raise ConfigurationError(_unknown(POINTS[point], name))
        if point not in made[name].points:
            raise ConfigurationError(f'plugin "{name}" does not extend {POINTS[point]} plugin')
        if name in enabled:
            raise ConfigurationError(f'plugin "{name}" already registered as "{POINTS[point]}"')
        enabled.append(name)
    disabled = {entry["name"] for entry in chosen.get("disabled") or ()}
    everywhere = [entry["name"] for entry in multi_point if point in made[entry["name"]].points]
    if "*" in disabled:
        everywhere = []
    everywhere = [name for name in everywhere if name not in disabled]
    overriding = [name for name in enabled if name in everywhere]
    others = [name for name in everywhere if name not in enabled]
    rest = [name for name in enabled if name not in overriding]
    return [made[name] for name in (*overriding, *others, *rest)]


def _check_whole(points: Mapping[str, Sequence[Plugin]], name: str) -> None:
    sorts = len(points["queueSort"])
    if sorts != 1:
        raise ConfigurationError(
            f'only one queue sort plugin required for profile with scheduler name "{name}", '
            f"but got {sorts}"
        )
    if not points["bind"]:
        raise ConfigurationError(
            f'at least one bind plugin is needed for profile with scheduler name "{name}"'
        )


def _weights(
    own: Sequence[Mapping[str, Any]], multi_point: Sequence[Mapping[str, Any]]
) -> dict[str, int]:
    """The score list's weights go before the multi-point list's; none is 1."""
    weights: dict[str, int] = {}
    for entry in (*own, *multi_point):
        weights.setdefault(entry["name"], entry.get("weight") or 1)
    return weights
