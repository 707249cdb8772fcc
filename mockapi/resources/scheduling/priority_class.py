"""PriorityClass."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="scheduling.k8s.io",
    kind="PriorityClass",
    has_generation=True,
    generation_counts=lambda obj, old: False,
)
