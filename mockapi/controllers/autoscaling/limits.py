"""What holds a recommendation back: windows, policies, bounds. Pure but for what it remembers.

Source: the normalisation in pkg/controller/podautoscaler/horizontal.go. Times in seconds.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DOWNSCALE_WINDOW = 300.0
UP_FACTOR, UP_LEAST = 2.0, 4.0
MOST = 2**31 - 1

Rules = Mapping[str, Any]
"""An HPAScalingRules."""


@dataclass(slots=True)
class _Change:
    replicas: int
    when: float


@dataclass(slots=True)
class Memory:
    """What one autoscaler recommended and did."""

    recommendations: list[tuple[int, float]] = field(default_factory=list)
    ups: list[_Change] = field(default_factory=list)
    downs: list[_Change] = field(default_factory=list)

    def recommend(self, replicas: int, now: float, old: int | None) -> None:
        """Remember; `old` is the index of one that nobody needs any more."""
        if old is None:
            self.recommendations.append((replicas, now))
        else:
            self.recommendations[old] = (replicas, now)

    def scaled(self, before: int, after: int, rules: Rules, now: float) -> None:
        """Remember a change, as long as the longest policy looks back."""
        changes = self.ups if after > before else self.downs
        longest = max((row["periodSeconds"] for row in rules.get("policies") or ()), default=0)
        new = _Change(abs(after - before), now)
        outdated = [i for i, one in enumerate(changes) if one.when < now - longest]
        if outdated:
            changes[outdated[-1]] = new
        else:
            changes.append(new)


@dataclass(frozen=True, slots=True)
class Word:
    """A condition's status, reason and message."""

    status: bool
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Decision:
    """How many replicas, and what AbleToScale and ScalingLimited say."""

    replicas: int
    able: Word
    limited: Word


_READY = Word(True, "ReadyForNewScale", "recommended size matches current size")
_DOWN_STABILIZED = Word(
    True,
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, "
    "applying the highest recent recommendation",
)
_UP_STABILIZED = Word(
    True,
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)
_WITHIN = ("DesiredWithinRange", "the desired count is within the acceptable range")
_UP_LIMIT = (
    "ScaleUpLimit",
    "the desired replica count is increasing faster than the maximum scale rate",
)
_DOWN_LIMIT = (
    "ScaleDownLimit",
    "the desired replica count is decreasing faster than the maximum scale rate",
)
_TOO_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
_TOO_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")


@dataclass(frozen=True, slots=True)
class Bounds:
    least: int
    most: int


def plain(memory: Memory, current: int, wanted: int, bounds: Bounds, now: float) -> Decision:
    """Without `behavior`: the highest recommendation of the last five minutes counts."""
    highest, old = wanted, None
    for index, (replicas, when) in enumerate(memory.recommendations):
        if when < now - DOWNSCALE_WINDOW:
            old = index
        else:
            highest = max(highest, replicas)
    memory.recommend(wanted, now, old)
    able = _READY if highest == wanted else _DOWN_STABILIZED
    replicas, why = _bounded(current, highest, bounds)
    return Decision(replicas, able, Word(replicas != highest, *why))


def _bounded(current: int, wanted: int, bounds: Bounds) -> tuple[int, tuple[str, str]]:
    limit = int(max(UP_FACTOR * current, UP_LEAST))
    if wanted < bounds.least:
        return bounds.least, _TOO_FEW
    if wanted > min(bounds.most, limit):
        return min(bounds.most, limit), _UP_LIMIT if bounds.most > limit else _TOO_MANY
    return wanted, _WITHIN


def with_behavior(
    memory: Memory,
    current: int,
    wanted: int,
    bounds: Bounds,
    behavior: Mapping[str, Rules],
    now: float,
) -> Decision:
    """By the windows and policies of `behavior`."""
    up, down = behavior["scaleUp"], behavior["scaleDown"]
    stabilized = _stabilized(memory, current, wanted, up, down, now)
    able = _READY
    if stabilized != wanted:
        able = _UP_STABILIZED if wanted >= current else _DOWN_STABILIZED
    replicas, why = stabilized, _WITHIN
    if stabilized > current:
        limit = max(_limit(memory, current, up, now, sign=1), current)
        most = min(bounds.most, limit)
        if stabilized > most:
            replicas, why = most, _UP_LIMIT if bounds.most > limit else _TOO_MANY
    elif stabilized < current:
        limit = min(_limit(memory, current, down, now, sign=-1), current)
        least = max(bounds.least, limit)
        if stabilized < least:
            replicas, why = least, _DOWN_LIMIT if bounds.least < limit else _TOO_FEW
    return Decision(replicas, able, Word(replicas != stabilized, *why))


def _stabilized(
    memory: Memory, current: int, wanted: int, up: Rules, down: Rules, now: float
) -> int:
    up_from = now - (up.get("stabilizationWindowSeconds") or 0)
    window = down.get("stabilizationWindowSeconds")
    down_from = now - (DOWNSCALE_WINDOW if window is None else window)
    lowest, highest, old = wanted, wanted, None
    for index, (replicas, when) in enumerate(memory.recommendations):
        if when > up_from:
            lowest = min(lowest, replicas)
        if when > down_from:
            highest = max(highest, replicas)
        if when < up_from and when < down_from:
            old = index
    memory.recommend(wanted, now, old)
    return min(max(current, lowest), highest)


def _limit(memory: Memory, current: int, rules: Rules, now: float, *, sign: int) -> int:
    """The replicas that the policies allow now, upwards (sign 1) or downwards (-1)."""
    choice = rules.get("selectPolicy") or "Max"
    if choice == "Disabled":
        return current
    proposed = [_proposed(memory, current, row, now, sign) for row in rules.get("policies") or ()]
    furthest = (choice != "Min") == (sign > 0)
    if not proposed:
        return -MOST - 1 if furthest else MOST
    return max(proposed) if furthest else min(proposed)


def _proposed(memory: Memory, current: int, policy: Rules, now: float, sign: int) -> int:
    period, amount = policy["periodSeconds"], int(policy["value"])
    start = current - _within(memory.ups, period, now) + _within(memory.downs, period, now)
    if policy["type"] == "Pods":
        return start + sign * amount
    if sign > 0:
        return math.ceil(start * (1 + amount / 100))
    return int(start * (1 - amount / 100))


def _within(changes: Sequence[_Change], period: float, now: float) -> int:
    return sum(one.replicas for one in changes if one.when > now - period)
