"""ConfigMap."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="",
    kind="ConfigMap",
)
