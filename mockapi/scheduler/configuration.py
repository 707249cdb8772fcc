"""A scheduler's configuration file: KubeSchedulerConfiguration in the real format.

Sources: pkg/scheduler/apis/config (v1/defaults.go, v1/default_plugins.go, validation),
framework/runtime/framework.go (NewFramework). What only steers the real scheduler's process
(leader election, client connection, debugging) is accepted and has nothing to act on here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mockapi.meta import codec, fields, gofmt
from mockapi.meta.codec import CodecError
from mockapi.meta.fields import Path
from mockapi.scheduler import structure
from mockapi.scheduler.arguments import (
    argument_problems,
    extended_name_problems,
    init_problems,
    with_defaults,
)
from mockapi.scheduler.extenders import Extender, extender
from mockapi.scheduler.plugin import Plugin
from mockapi.scheduler.profile import DEFAULT_NAME, FACTORIES, WEIGHTS, Profile
from mockapi.settings import nearest

API_VERSION: Final = "kubescheduler.config.k8s.io/v1"
KIND: Final = "KubeSchedulerConfiguration"

# Extension points of plugin lists and the real names of what is plugged in there.
POINTS: Final = {point: f"{point[0].upper()}{point[1:]}Plugin" for point in structure.POINTS}
_GROUP_POINTS: Final = {
    "placementGenerate": "PlacementGeneratePlugin",
    "placementScore": "PlacementScorePlugin",
    "podGroupPostFilter": "PodGroupPostFilterPlugin",
}
_LARGEST_PERCENTAGE: Final = 100
_NOT_OFFERED: Final = frozenset(("serverName", "caData", "certData", "keyData"))
_GONE: Final = ("AzureDiskLimits", "CinderLimits", "EBSLimits", "GCEPDLimits")


class ConfigurationError(ValueError):
    """What is wrong with the configuration, in one line: the real scheduler's words (`text`) and,
    where a name is wrong, the nearest valid one."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(f"{text}{hint}")
        self.text = text


@dataclass(frozen=True)
class Configuration:
    profiles: Sequence[Profile]
    first_back_off: float = 1.0
    last_back_off: float = 10.0
    extenders: Sequence[Extender] = ()


def load(text: bytes) -> Configuration:
    """Read a file's text, YAML or JSON. Raises ConfigurationError."""
    try:
        tree, repeated = codec.parse_yaml_strictly(text)
    except CodecError as error:
        raise ConfigurationError(str(error)) from error
    if repeated:
        raise ConfigurationError(f"strict decoding error: {', '.join(repeated)}")
    return parse(tree)


def parse(tree: Any) -> Configuration:
    """Raises ConfigurationError."""
    _check_kind(tree)
    _check_structure(tree, structure.ROOT)
    given = [profile or {} for profile in tree.get("profiles") or [{}]]
    arguments = [_arguments(profile, index) for index, profile in enumerate(given)]
    first = _given(tree, "podInitialBackoffSeconds", 1)
    last = _given(tree, "podMaxBackoffSeconds", 10)
    _check(
        [
            *_top_problems(tree),
            *_profile_problems(given, arguments),
            *_queue_problems(given),
            *_percentage_problems(Path("percentageOfNodesToScore"), tree),
            *_back_off_problems(first, last),
            *_extender_problems(tree.get("extenders") or ()),
        ]
    )
    extenders = [each or {} for each in tree.get("extenders") or ()]
    _ignore_resources(arguments, extenders)
    percentage = tree.get("percentageOfNodesToScore") or 0
    profiles = [
        _profile(profile, arguments[index], _name(profile, len(given)), percentage)
        for index, profile in enumerate(given)
    ]
    return Configuration(profiles, first, last, [extender(each) for each in extenders])


def _ignore_resources(
    arguments: Sequence[dict[str, Any]], extenders: Sequence[Mapping[str, Any]]
) -> None:
    """What extenders care for alone is not counted by NodeResourcesFit."""
    ignored = [
        resource["name"]
        for each in extenders
        for resource in each.get("managedResources") or ()
        if resource.get("ignoredByScheduler")
    ]
    if ignored:
        for known in arguments:
            fit = known.setdefault("NodeResourcesFit", with_defaults("NodeResourcesFit", {}))
            fit["ignoredResources"] = ignored


def _given(tree: Mapping[str, Any], name: str, default: Any) -> Any:
    value = tree.get(name)
    return default if value is None else value


def _check_kind(tree: Any) -> None:
    if tree is not None and not isinstance(tree, Mapping):
        raise ConfigurationError("the scheduler's configuration must be a mapping")
    version, kind = (tree or {}).get("apiVersion"), (tree or {}).get("kind")
    expected = f"; expected {KIND} of {API_VERSION}"
    if not kind or not version:
        missing = "Kind" if not kind else "apiVersion"
        raise ConfigurationError(f"Object '{missing}' is missing", expected)
    if (version, kind) != (API_VERSION, KIND):
        text = f'no kind "{kind}" is registered for version "{version}"'
        raise ConfigurationError(text, expected)


def _check_structure(tree: Any, struct: str, *, within: str = "") -> None:
    found = structure.mistakes(tree, struct)
    if found.type:
        raise ConfigurationError(f"{within}{found.type}")
    if found.unknown:
        strict = "strict decoding error: " if within else ""
        inside = within.replace(": decoding", ": strict decoding error: decoding")
        line = f"{strict}{inside}{found.unknown_line()}"
        raise ConfigurationError(line, _nearest_field(min(found.unknown), struct))


def _nearest_field(path: str, struct: str) -> str:
    """A hint at the field that was meant, for a path like `profiles[0].plugins.scores`."""
    *way, name = re.sub(r"\[\d+\]", "", path).split(".")
    for step in way:
        struct = structure.STRUCTS[struct][step].removeprefix("[]")
    return nearest(name, tuple(structure.STRUCTS[struct]))


def _check(problems: Sequence[Any]) -> None:
    texts = [str(problem) for problem in problems]
    if texts:
        raise ConfigurationError(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")


def _name(profile: Mapping[str, Any], count: int) -> str:
    return str(_given(profile, "schedulerName", DEFAULT_NAME if count == 1 else ""))


def _top_problems(tree: Mapping[str, Any]) -> list[Any]:
    parallelism = _given(tree, "parallelism", 16)
    if parallelism > 0:
        return []
    text = "should be an integer value greater than zero"
    return [fields.invalid("parallelism", parallelism, text)]


def _back_off_problems(first: int, last: int) -> list[Any]:
    problems = []
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


def _profile_problems(
    profiles: Sequence[Mapping[str, Any]], arguments: Sequence[Mapping[str, Any]]
) -> list[Any]:
    problems: list[Any] = []
    seen: dict[str, int] = {}
    for index, profile in enumerate(profiles):
        path = Path("profiles").index(index)
        name = _name(profile, len(profiles))
        if not name:
            problems.append(fields.required(path.child("schedulerName"), ""))
        problems += _percentage_problems(path.child("percentageOfNodesToScore"), profile)
        problems += _gone_problems(profile.get("plugins") or {}, path.child("plugins"))
        problems += _argument_problems(profile, arguments[index], path)
        if name in seen:
            # The real one prints the path that it is a duplicate of as Go prints an empty struct.
            problems.append(fields.duplicate(path.child("schedulerName"), {}))
        seen.setdefault(name, index)
    return problems


def _gone_problems(plugins: Mapping[str, Any], path: Path) -> list[Any]:
    version = f'"v1" (KubeSchedulerConfiguration is version "{API_VERSION}")'
    return [
        fields.invalid(
            path.child(point, "enabled").index(index), name, f"was invalid in version {version}"
        )
        for point in (*structure.POINTS, "podGroupPostFilter")
        for index, entry in enumerate(_enabled(plugins, point))
        if (name := _plugin_name(entry)) in _GONE
    ]


def _argument_problems(
    profile: Mapping[str, Any], arguments: Mapping[str, Any], path: Path
) -> list[Any]:
    problems: list[Any] = []
    seen = set()
    for index, entry in enumerate(profile.get("pluginConfig") or ()):
        where = path.child("pluginConfig").index(index)
        name = _plugin_name(entry)
        if name in seen:
            problems.append(fields.duplicate(where, name))
            continue
        seen.add(name)
        problems += argument_problems(name, arguments[name], where)
    return problems


def _queue_problems(profiles: Sequence[Mapping[str, Any]]) -> list[Any]:
    sorts = [(profile.get("plugins") or {}).get("queueSort") or {} for profile in profiles]
    problems = []
    count = len(sorts[0].get("enabled") or ())
    if count > 1:
        path = Path("profiles").index(0).child("plugins", "queueSort", "Enabled")
        problems.append(fields.invalid(path, count, "only one queue sort plugin can be enabled"))
    for index, sort in enumerate(sorts):
        if sort != sorts[0]:
            path = Path("profiles").index(index).child("plugins", "queueSort")
            shown = {"Enabled": sort.get("enabled"), "Disabled": sort.get("disabled")}
            problems.append(fields.invalid(path, shown, "must be the same for all profiles"))
    return problems


def _extender_problems(extenders: Sequence[Mapping[str, Any]]) -> list[Any]:
    problems: list[Any] = []
    seen: set[str] = set()
    for index, each in enumerate(extenders):
        path = Path("extenders").index(index)
        weight = each.get("weight") or 0
        for name in _NOT_OFFERED & (each.get("tlsConfig") or {}).keys():
            problems.append(f"{path.child('tlsConfig', name)}: not offered, name files instead")
        if each.get("prioritizeVerb") and weight <= 0:
            text = "must have a positive weight applied to it"
            problems.append(fields.invalid(path.child("weight"), weight, text))
        for number, resource in enumerate(each.get("managedResources") or ()):
            at = path.child("managedResources").index(number).child("name")
            name = _plugin_name(resource)
            problems += extended_name_problems(at, name)
            if name in seen:
                text = "duplicate extender managed resource name"
                problems.append(fields.invalid(at, name, text))
            seen.add(name)
    binders = sum(bool(each.get("bindVerb")) for each in extenders)
    if binders > 1:
        shown = f"found {binders} extenders implementing bind"
        text = "only one extender can implement bind"
        problems.append(fields.invalid("extenders", shown, text))
    return problems


def _enabled(plugins: Mapping[str, Any], point: str) -> Sequence[Mapping[str, Any]]:
    return (plugins.get(point) or {}).get("enabled") or ()


def _plugin_name(entry: Mapping[str, Any] | None) -> str:
    return (entry or {}).get("name") or ""


def _profile(
    given: Mapping[str, Any], arguments: Mapping[str, Any], name: str, percentage: int
) -> Profile:
    plugins = given.get("plugins") or {}
    merged = _merged_multi_point(plugins.get("multiPoint") or {})
    names = {entry["name"] for entry in merged}
    for point in POINTS:
        names |= {_plugin_name(entry) for entry in _enabled(plugins, point)}
    try:
        _check_initial(names, arguments)
        made = {
            plugin: make(arguments.get(plugin) or with_defaults(plugin, {}))
            for plugin, make in FACTORIES.items()
            if plugin in names
        }
        points = {point: _at(point, plugins.get(point) or {}, merged, made) for point in POINTS}
        _check_whole(plugins, points, name)
        weights = _weights(_enabled(plugins, "score"), merged)
        if any(weight < 0 for weight in weights.values()):
            raise ConfigurationError("score plugins: total score of Score plugins could overflow")
    except ConfigurationError as error:
        hint = str(error).removeprefix(error.text)
        where = f"initializing profiles: creating profile for scheduler name {name}: "
        raise ConfigurationError(f"{where}{error.text}", hint) from None
    own = given.get("percentageOfNodesToScore")
    return Profile(name, points, weights, percentage if own is None else own)


def _check_initial(names: set[str], arguments: Mapping[str, Any]) -> None:
    """What a plugin itself refuses when it is made."""
    for name in names & arguments.keys():
        if problems := init_problems(name, arguments[name]):
            try:
                _check(problems)
            except ConfigurationError as error:
                text = f'initializing plugin "{name}": {error.text}'
                raise ConfigurationError(text) from None


def _arguments(profile: Mapping[str, Any], index: int) -> dict[str, dict[str, Any]]:
    """Of the plugins that have some, with defaults."""
    found: dict[str, dict[str, Any]] = {}
    for number, entry in enumerate(profile.get("pluginConfig") or ()):
        name, given = _plugin_name(entry), (entry or {}).get("args") or {}
        where = f"decoding .profiles[{index}].pluginConfig[{number}]: "
        if name not in FACTORIES:
            raise ConfigurationError(*_unknown("PluginConfig", name))
        struct = f"{name}Args"
        if struct not in structure.STRUCTS:
            if given:
                raise ConfigurationError(f"{where}plugin {name} takes no arguments")
            found[name] = {}
            continue
        kind = given.get("kind", struct) if isinstance(given, Mapping) else struct
        if kind != struct:
            group = API_VERSION.partition("/")[0]
            text = f"args for plugin {name} were not of type {struct}.{group}, got {kind}.{group}"
            raise ConfigurationError(f"{where}{text}")
        _check_structure(given, struct, within=f"{where}decoding args for plugin {name}: ")
        found.setdefault(name, with_defaults(name, given))
    return found


def _unknown(kind: str, name: str) -> tuple[str, str]:
    hint = nearest(name, tuple(FACTORIES)) if name else ""
    return f"{kind} {gofmt.quote(name)} does not exist", hint


def _merged_multi_point(custom: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The default plugins without those disabled, in their order, re-configured where the custom
    list names them, then what the custom list adds."""
    disabled = {_plugin_name(entry) for entry in custom.get("disabled") or ()}
    own = {_plugin_name(entry): entry or {} for entry in custom.get("enabled") or ()}
    merged: list[dict[str, Any]] = []
    if "*" not in disabled:
        for name in FACTORIES:
            if name not in disabled:
                default = {"name": name, "weight": WEIGHTS.get(name, 0)}
                merged.append(dict(own.pop(name, default)))
    return merged + [{**entry, "name": name} for name, entry in own.items()]


def _at(
    point: str,
    chosen: Mapping[str, Any],
    multi_point: Sequence[Mapping[str, Any]],
    made: Mapping[str, Plugin],
) -> list[Plugin]:
    """Plugins of one point: multi-point ones that it re-configures, the other multi-point ones
    that have it, and its own."""
    for entry in multi_point:
        if entry["name"] not in FACTORIES:
            raise ConfigurationError(*_unknown(POINTS[point], entry["name"]))
    enabled: list[str] = []
    for entry in chosen.get("enabled") or ():
        name = _plugin_name(entry)
        if name not in made:
            raise ConfigurationError(*_unknown(POINTS[point], name))
        if point not in made[name].points:
            raise ConfigurationError(f'plugin "{name}" does not extend {POINTS[point]} plugin')
        if name in enabled:
            raise ConfigurationError(f'plugin "{name}" already registered as "{POINTS[point]}"')
        enabled.append(name)
    disabled = {_plugin_name(entry) for entry in chosen.get("disabled") or ()}
    everywhere = [entry["name"] for entry in multi_point if point in made[entry["name"]].points]
    if "*" in disabled:
        everywhere = []
    everywhere = [name for name in everywhere if name not in disabled]
    overriding = [name for name in enabled if name in everywhere]
    others = [name for name in everywhere if name not in enabled]
    rest = [name for name in enabled if name not in overriding]
    return [made[name] for name in (*overriding, *others, *rest)]


def _check_whole(
    plugins: Mapping[str, Any], points: Mapping[str, Sequence[Plugin]], name: str
) -> None:
    for point, kind in _GROUP_POINTS.items():
        for entry in _enabled(plugins, point):
            plugin = _plugin_name(entry)
            if plugin not in FACTORIES:
                raise ConfigurationError(*_unknown(kind, plugin))
            raise ConfigurationError(f'plugin "{plugin}" does not extend {kind} plugin')
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
        weights.setdefault(_plugin_name(entry), entry.get("weight") or 1)
    return weights
