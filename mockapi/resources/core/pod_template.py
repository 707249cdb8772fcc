"""PodTemplate."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="",
    kind="PodTemplate",
    has_generation=True,
)
