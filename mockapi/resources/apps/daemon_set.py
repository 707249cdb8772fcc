"""DaemonSet."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="apps",
    kind="DaemonSet",
    has_generation=True,
    has_status=True,
)
