"""CronJob."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="batch",
    kind="CronJob",
    has_generation=True,
    has_status=True,
)
