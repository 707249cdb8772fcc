"""Constraints of a claim: devices that must agree in an attribute, or differ in it.

Source: structured/internal/incubating (allocator_incubating.go, constraint.go).
"""

from collections.abc import Collection, Mapping
from typing import Any

from mockapi.scheduler.devices.pools import Candidate

Value = tuple[str, Any]
"""The kind of an attribute's value and the value."""


class Constraint:
    """`distinct` ones let no value appear twice, the others no second value."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.distinct = spec.get("matchAttribute") is None
        self._attribute: str = spec.get("matchAttribute") or spec["distinctAttribute"]
        self._requests: Collection[str] = frozenset(spec.get("requests") or ())
        self._values: list[Value] = []

    def _concerns(self, names: tuple[str, ...]) -> bool:
        return not self._requests or any(name in self._requests for name in names)

    def add(self, names: tuple[str, ...], candidate: Candidate) -> bool:
        """May the device be taken for a request known by these names? If so, it is."""
        if not self._concerns(names):
            return True
        value = _attribute(candidate, self._attribute)
        if value is None:
            return False
        if self.distinct and value in self._values:
            return False
        if not self.distinct and self._values and value != self._values[0]:
            return False
        self._values.append(value)
        return True

    def remove(self, names: tuple[str, ...]) -> None:
        """Take the latest back."""
        if self._concerns(names):
            self._values.pop()


def _attribute(candidate: Candidate, name: str) -> Value | None:
    attributes = candidate.device.get("attributes") or {}
    found = attributes.get(name)
    domain, _, id = name.partition("/")
    if found is None and domain == candidate.id[0]:
        found = attributes.get(id)
    if not found:
        return None
    kind, value = next(iter(found.items()))
    return kind, value
