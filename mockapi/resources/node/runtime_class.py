"""RuntimeClass."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="node.k8s.io",
    kind="RuntimeClass",
    create_on_update=True,
    unconditional_update=False,
)
