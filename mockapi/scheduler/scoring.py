"""How full a node would be, as a score. Sources: plugins/noderesources/*_allocated.go,
requested_to_capacity_ratio.go, balanced_allocation.go, plugins/helper/shape_score.go."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from mockapi.scheduler.plugin import MAX_SCORE

Shape = Sequence[tuple[int, int]]
"""Utilization in percent and score from 0 to 100, in rising order of utilization."""
Scorer = Callable[[Sequence[int], Sequence[int]], int]
"""Requested with the pod and allocatable, resource by resource, to 0..100."""

MAX_CUSTOM_SCORE: Final = 10
"""The scale of scores in a configuration's shapes."""


def shape_of(points: Sequence[dict[str, Any]]) -> Shape:
    scale = MAX_SCORE // MAX_CUSTOM_SCORE
    return [(point["utilization"], point["score"] * scale) for point in points]


def _quotient(dividend: int, divisor: int) -> int:
    """Go's division of integers, towards zero."""
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def broken_line(shape: Shape) -> Callable[[int], int]:
    def score(utilization: int) -> int:
        for index, (at, value) in enumerate(shape):
            if utilization <= at:
                if index == 0:
                    return value
                before, start = shape[index - 1]
                rise = (value - start) * (utilization - before)
                return start + _quotient(rise, at - before)
        return shape[-1][1]

    return score


def rounded_half_away(value: float) -> int:
    """Go's math.Round for values that are not negative."""
    return math.floor(value + 0.5)


def _weighted(weights: Sequence[int], one: Callable[[int, int], int]) -> Scorer:
    def score(requested: Sequence[int], allocatable: Sequence[int]) -> int:
        total = weighed = 0
        for weight, wanted, capacity in zip(weights, requested, allocatable, strict=True):
            if capacity:
                total += one(wanted, capacity) * weight
                weighed += weight
        return total // weighed if weighed else 0

    return score


def least_allocated(weights: Sequence[int]) -> Scorer:
    """The emptier the better."""

    def one(wanted: int, capacity: int) -> int:
        return 0 if wanted > capacity else (capacity - wanted) * MAX_SCORE // capacity

    return _weighted(weights, one)


def most_allocated(weights: Sequence[int]) -> Scorer:
    """The fuller the better."""

    def one(wanted: int, capacity: int) -> int:
        return min(wanted, capacity) * MAX_SCORE // capacity

    return _weighted(weights, one)


def requested_to_capacity(weights: Sequence[int], shape: Shape) -> Scorer:
    """By a configured curve; resources that score nothing do not count."""
    curve = broken_line(shape)

    def score(requested: Sequence[int], allocatable: Sequence[int]) -> int:
        total = weighed = 0
        for weight, wanted, capacity in zip(weights, requested, allocatable, strict=True):
            if capacity:
                found = curve(100 if wanted > capacity else wanted * 100 // capacity)
                if found > 0:
                    total += found * weight
                    weighed += weight
        return rounded_half_away(total / weighed) if weighed else 0

    return score


def balance(requested: Sequence[int], allocatable: Sequence[int]) -> int:
    """100 when all resources would be used to the same fraction."""
    fractions = [
        min(wanted / capacity, 1.0)
        for wanted, capacity in zip(requested, allocatable, strict=True)
        if capacity
    ]
    deviation = 0.0
    if len(fractions) == 2:
        deviation = abs((fractions[0] - fractions[1]) / 2)
    elif len(fractions) > 2:
        total = 0.0
        for fraction in fractions:
            total += fraction
        mean = total / len(fractions)
        squares = 0.0
        for fraction in fractions:
            squares += (fraction - mean) * (fraction - mean)
        deviation = math.sqrt(squares / len(fractions))
    return int((1 - deviation) * MAX_SCORE)


def balance_gained(after: int, before: int) -> int:
    """75 when the pod changes nothing, more when it makes the use more even."""
    half = MAX_SCORE // 2
    return half + _quotient(half + after - before, 2)
