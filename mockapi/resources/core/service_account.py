"""ServiceAccount."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="",
    kind="ServiceAccount",
)
