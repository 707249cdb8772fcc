"""PodDisruptionBudget."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="policy",
    kind="PodDisruptionBudget",
    has_generation=True,
    has_status=True,
    unconditional_update=False,
)
