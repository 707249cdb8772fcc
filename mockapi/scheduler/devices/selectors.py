"""Device selectors in CEL: `device.driver`, `.attributes`, `.capacity`, quantities and versions.

Needs the optional package cel-expr-python (`mockapi[cel]`). Source:
dynamic-resource-allocation cel (compile.go, errors.go), apiserver pkg/cel/library.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from mockapi.scheduler.devices.environment import Environment
from mockapi.scheduler.devices.pools import Candidate

_LITERAL: Final = re.compile(r"""["']([^"'\\]*)["']""")
_MISSING_KEY: Final = re.compile(r'Key not found in map : "(.*)"')
_HINT: Final = (
    ". consider using CEL optional chaining (.? followed by orValue()) or guarding the check "
    "with has() for optional fields"
)


class SelectorError(ValueError):
    """`compile` or `runtime`, and what CEL says."""

    def __init__(self, stage: str, text: str) -> None:
        super().__init__(f"CEL {stage} error: {text}")
        self.stage = stage


def matches(expression: str, candidate: Candidate) -> bool:
    """Raises SelectorError."""
    compiled, env = _compiled(expression)
    data = _data(candidate, _literals(expression))
    found = compiled.eval(env.activation(data))
    value = found.value()
    if isinstance(value, bool):
        return value
    if found.type().name() == "*error*" or isinstance(value, str):
        raise SelectorError("runtime", _runtime_text(str(value)))
    raise SelectorError("runtime", f"CEL result of type {found.type().name()} is no bool")


def _runtime_text(text: str) -> str:
    missing = _MISSING_KEY.search(text)
    if missing:
        return f"no such key: {missing[1]}{_HINT}"
    return text.partition(": ")[2] or text


@lru_cache(maxsize=1)
def _environment() -> Environment:
    try:
        return Environment()
    except ImportError:
        raise SelectorError("compile", "the extra mockapi[cel] is not installed") from None


@lru_cache(maxsize=256)
def _compiled(expression: str) -> tuple[Any, Environment]:
    env = _environment()
    try:
        return env.compile(expression), env
    except RuntimeError as error:
        raise SelectorError("compile", f"compilation failed: {error}") from error


@lru_cache(maxsize=256)
def _literals(expression: str) -> tuple[str, ...]:
    """Texts in the expression: a domain that is asked for is there, if need be without anything."""
    return tuple(set(_LITERAL.findall(expression)))


def _data(candidate: Candidate, domains: tuple[str, ...]) -> dict[str, Any]:
    driver, device = candidate.id[0], candidate.device
    env = _environment()
    attributes = {
        name: env.semver(value["version"]) if "version" in value else next(iter(value.values()))
        for name, value in (device.get("attributes") or {}).items()
    }
    capacity = {
        name: env.quantity(str(value["value"]))
        for name, value in (device.get("capacity") or {}).items()
    }
    return {
        "device.driver": driver,
        "device.allowMultipleAllocations": bool(device.get("allowMultipleAllocations")),
        "device.attributes": _by_domain(attributes, driver, domains),
        "device.capacity": _by_domain(capacity, driver, domains),
    }


def _by_domain(
    values: Mapping[str, Any], driver: str, domains: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {domain: {} for domain in domains}
    for name, value in values.items():
        domain, slash, id = name.partition("/")
        found.setdefault(domain if slash else driver, {})[id if slash else name] = value
    return found
