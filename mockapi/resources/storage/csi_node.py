"""CSINode."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="storage.k8s.io",
    kind="CSINode",
    has_status=True,
    unconditional_update=False,
)
