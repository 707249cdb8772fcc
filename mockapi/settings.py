"""Settings: arguments over environment (`MOCKAPI_*`) over file, checked in one place.

`SettingsError` is one clear line that names what is wrong and the nearest valid name.
"""

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import marshmallow
import yaml
from marshmallow import validate

MINORS = ("1.37",)
CLOCKS = ("real", "scaled", "manual")
LOG_LEVELS = ("debug", "info", "warning", "error")
AUTHORIZATIONS = ("AlwaysAllow", "RBAC")
PREFIX = "MOCKAPI_"


class SettingsError(ValueError):
    """A setting that is unknown or has a bad value; str() is the line for the user."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a cluster is built from."""

    host: str = "127.0.0.1"
    port: int = 8001
    """0: any free port."""
    tls: bool = False
    kubeconfig: str = ""
    """Where `serve` writes its kubeconfig; empty: `mockapi.kubeconfig` in the working folder."""
    nodes: int | str = 3
    """How many nodes, or the file of their shapes (docs/behaviours.md), or the shapes as JSON."""
    behaviours: str = ""
    """The file of the behaviour rules that hold from the start, or the rules as JSON."""
    kubernetes_version: str = "1.37"
    clock: str = "real"
    """real, scaled (by `speed`) or manual (moved by `advance` only)."""
    speed: float = 1.0
    """Cluster seconds per real second."""
    seed: int | None = None
    """Of all generated names and ids; None: different on every run."""
    controllers: str = "*"
    """As the real --controllers: `*`, `name`, `-name`, with commas."""
    scheduler: bool = True
    scheduler_config: str = ""
    """A file in the real scheduler's format (KubeSchedulerConfiguration); empty: the defaults."""
    kubelet: bool = True
    metrics_server: bool = True
    """Serve metrics.k8s.io, as a cluster with metrics-server does; needs the kubelet."""
    authorization: str = "AlwaysAllow"
    log_level: str = "warning"

    def arguments(self) -> list[str]:
        """The command line that gives these settings (kubeconfig apart)."""
        defaults = Settings()
        out: list[str] = []
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "kubeconfig" or value == getattr(defaults, field.name):
                continue
            flag = "--" + field.name.replace("_", "-")
            if field.name == "tls":
                out.append(flag)
            else:
                out.append(f"{flag}={_text(value)}")
        return out


def _text(value: Any) -> str:
    return (
        {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    )


_ON_OFF = {"on", "true", "yes", "1"}, {"off", "false", "no", "0"}


class _Switch(marshmallow.fields.Field[bool]):
    """on or off, as YAML and people write it."""

    default_error_messages = {"invalid": "must be on or off"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if isinstance(value, bool):
            return value
        text = str(value).lower()
        if text in _ON_OFF[0]:
            return True
        if text in _ON_OFF[1]:
            return False
        raise self.make_error("invalid")


class _PathText(marshmallow.fields.String):
    """The name of a file, as text or as a path."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = os.fspath(value) if isinstance(value, os.PathLike) else value
        return super()._deserialize(text, attr, data, **kwargs)


class _FileOrTree(marshmallow.fields.Field[str]):
    """The path of a file, or its content: a tree (in a settings file, in a program), or JSON."""

    default_error_messages = {"invalid": "must be a file, or a list"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, list | dict):
            return json.dumps(value)
        if isinstance(value, Path | str):
            return str(value)
        raise self.make_error("invalid")


class _Nodes(_FileOrTree):
    """Also a number."""

    default_error_messages = {
        "invalid": "must be a number, a file, or a list",
        "range": "must be between 0 and 20000",
    }

    def _deserialize(  # type: ignore[override]
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> int | str:
        if isinstance(value, bool):
            raise self.make_error("invalid")
        if not isinstance(value, int) and not str(value).lstrip("-").isdigit():
            return super()._deserialize(value, attr, data, **kwargs)
        if not 0 <= int(value) <= 20_000:
            raise self.make_error("range")
        return int(value)


def _one_of(choices: tuple[str, ...]) -> validate.OneOf:
    return validate.OneOf(choices, error="must be one of {choices}")


class _Schema(marshmallow.Schema):
    host = marshmallow.fields.String(validate=validate.Length(min=1, error="must not be empty"))
    port = marshmallow.fields.Integer(
        validate=validate.Range(0, 65535, error="must be between 0 and 65535")
    )
    tls = _Switch()
    kubeconfig = marshmallow.fields.String()
    nodes = _Nodes()
    behaviours = _FileOrTree()
    kubernetes_version = marshmallow.fields.String(validate=_one_of(MINORS))
    clock = marshmallow.fields.String(validate=_one_of(CLOCKS))
    speed = marshmallow.fields.Float(
        validate=validate.Range(0, min_inclusive=False, error="must be greater than 0")
    )
    seed = marshmallow.fields.Integer(allow_none=True)
    controllers = marshmallow.fields.String()
    scheduler = _Switch()
    scheduler_config = _PathText()
    kubelet = _Switch()
    metrics_server = _Switch()
    authorization = marshmallow.fields.String(validate=_one_of(AUTHORIZATIONS))
    log_level = marshmallow.fields.String(validate=_one_of(LOG_LEVELS))


NAMES = tuple(field.name for field in fields(Settings))


def nearest(name: str, known: tuple[str, ...]) -> str:
    """` (did you mean X?)`, or nothing when nothing is near."""
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {found[0]}?" if found else f"; valid are {', '.join(known)}"


def _load(values: Mapping[str, Any], shown: Mapping[str, str]) -> dict[str, Any]:
    """Check values by setting name; `shown` is how the user wrote each name."""
    try:
        loaded: dict[str, Any] = _Schema().load(dict(values))
    except marshmallow.ValidationError as error:
        messages = error.messages
        assert isinstance(messages, dict)
        name, texts = next(iter(messages.items()))
        text = str(texts[0]) if isinstance(texts, list) else str(texts)
        text = text.replace("Not a valid integer.", "must be a whole number")
        text = text.replace("Not a valid number.", "must be a number")
        text = text.replace("Not a valid string.", "must be a text")
        raise SettingsError(f"{shown.get(name, name)}: {values.get(name)!r}: {text}") from None
    return loaded


def from_sources(
    arguments: Mapping[str, Any], environment: Mapping[str, str], file: Path | None = None
) -> Settings:
    """Settings from all three sources. `arguments` hold only what was given."""
    merged: dict[str, Any] = {}
    for source in (_from_file(file), _from_environment(environment), _from_arguments(arguments)):
        merged.update(source)
    settings = Settings(**merged)
    return replace(settings, clock="scaled") if _implies_scaled(settings, merged) else settings


def _implies_scaled(settings: Settings, given: Mapping[str, Any]) -> bool:
    return "speed" in given and "clock" not in given and settings.speed != 1.0


def _from_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: "--" + name.replace("_", "-") for name in arguments}
    return _load(arguments, shown)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values, shown = {}, {}
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or variable in _OTHER_VARIABLES:
            continue
        name = variable[len(PREFIX) :].lower()
        if name not in NAMES:
            variables = tuple(PREFIX + known.upper() for known in NAMES)
            raise SettingsError(
                f"unknown environment variable {variable}{nearest(variable, variables)}"
            )
        values[name], shown[name] = value, variable
    return _load(values, shown)


# Variables of the test suite and the command line itself.
_OTHER_VARIABLES = frozenset(
    (
        "MOCKAPI_ORACLE",
        "MOCKAPI_CONFIG",
        "MOCKAPI_BINARIES",
        "MOCKAPI_KUBE_SCHEDULER",
        "MOCKAPI_SCHEDULER_ORACLE",
    )
)


def _from_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"--config: {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0]
        raise SettingsError(f"--config: {path} is not YAML: {first}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError(f"--config: {path} must hold settings by name")
    return _load_named(content, str(path))


def _load_named(content: Mapping[Any, Any], origin: str) -> dict[str, Any]:
    values = {}
    for key, value in content.items():
        name = str(key).replace("-", "_")
        if name not in NAMES:
            known = tuple(n.replace("_", "-") for n in NAMES)
            raise SettingsError(f"{origin}: unknown setting {key}{nearest(str(key), known)}")
        values[name] = value
    shown = {name: f"{origin}: {name.replace('_', '-')}" for name in values}
    return _load(values, shown)


def settings_from(base: Settings | None = None, **overrides: Any) -> Settings:
    """Settings made in a program; raises SettingsError as the command line does."""
    for name in overrides:
        if name not in NAMES:
            raise SettingsError(f"unknown setting {name}{nearest(name, NAMES)}")
    merged = {**(asdict(base) if base is not None else {}), **overrides}
    loaded = _load(merged, {})
    settings = Settings(**loaded)
    return replace(settings, clock="scaled") if _implies_scaled(settings, overrides) else settings
