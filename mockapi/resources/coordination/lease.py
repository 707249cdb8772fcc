"""Lease."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="coordination.k8s.io",
    kind="Lease",
    create_on_update=True,
    unconditional_update=False,
)
