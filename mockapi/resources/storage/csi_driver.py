"""CSIDriver."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="storage.k8s.io",
    kind="CSIDriver",
    has_generation=True,
    unconditional_update=False,
)
