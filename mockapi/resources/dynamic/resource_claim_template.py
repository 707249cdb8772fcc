"""ResourceClaimTemplate."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="resource.k8s.io",
    kind="ResourceClaimTemplate",
)
