"""CustomResourceDefinition."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="apiextensions.k8s.io",
    kind="CustomResourceDefinition",
    has_generation=True,
    has_status=True,
    unconditional_update=False,
)
