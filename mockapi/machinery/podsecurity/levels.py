"""What the labels of a namespace ask for. Source: pod-security-admission api/helpers.go."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mockapi.meta import fields
from mockapi.meta.fields import FieldError

PREFIX: Final = "pod-security.kubernetes.io/"
PRIVILEGED: Final = "privileged"
BASELINE: Final = "baseline"
RESTRICTED: Final = "restricted"
_STRICTNESS: Final = (PRIVILEGED, BASELINE, RESTRICTED)
_VERSION: Final = re.compile(r"v1\.([0-9]|[1-9][0-9]*)")
_LATEST: Final = "latest"


@dataclass(frozen=True, slots=True)
class Level:
    """`baseline:v1.30`."""

    name: str = PRIVILEGED
    version: str = _LATEST

    @property
    def minor(self) -> int | None:
        """None: the latest."""
        found = _VERSION.fullmatch(self.version)
        return int(found[1]) if found else None

    @property
    def strictness(self) -> int:
        return _STRICTNESS.index(self.name)

    def __str__(self) -> str:
        return f"{self.name}:{self.version}"


@dataclass(frozen=True, slots=True)
class Policy:
    enforce: Level = Level()
    audit: Level = Level()
    warn: Level = Level()


PRIVILEGED_POLICY: Final = Policy()


def policy(labels: Mapping[str, str] | None) -> tuple[Policy, list[FieldError]]:
    """A policy even where labels are wrong: a wrong one of `enforce` restricts, a wrong one of the
    others lets everything through."""
    if not labels or not any(name.startswith(PREFIX) for name in labels):
        return PRIVILEGED_POLICY, []
    errors: list[FieldError] = []
    enforce = _level(labels, "enforce", RESTRICTED, errors)
    audit = _level(labels, "audit", PRIVILEGED, errors)
    warn = _level(labels, "warn", PRIVILEGED, errors)
    said = labels.get(f"{PREFIX}enforce")
    follows = f"{PREFIX}warn" not in labels and said in _STRICTNESS
    if follows and enforce.strictness > warn.strictness:
        own = f"{PREFIX}warn-version" in labels
        warn = Level(enforce.name, warn.version if own else enforce.version)
    return Policy(enforce, audit, warn), errors


def _level(labels: Mapping[str, str], mode: str, otherwise: str, errors: list[FieldError]) -> Level:
    label, version_label = f"{PREFIX}{mode}", f"{PREFIX}{mode}-version"
    name, version = labels.get(label, PRIVILEGED), labels.get(version_label, _LATEST)
    if name not in _STRICTNESS:
        errors.append(_wrong(label, name, f"must be one of {', '.join(_STRICTNESS)}"))
        name = otherwise
    if version != _LATEST and not _VERSION.fullmatch(version):
        errors.append(_wrong(version_label, version, 'must be "latest" or "v1.x"'))
        version = _LATEST
    return Level(name, version)


def _wrong(label: str, value: str, text: str) -> FieldError:
    return fields.invalid(f"metadata.labels[{label}]", value, text)
