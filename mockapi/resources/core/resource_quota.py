"""ResourceQuota."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="",
    kind="ResourceQuota",
    has_status=True,
)
