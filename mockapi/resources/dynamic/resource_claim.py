"""ResourceClaim."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="resource.k8s.io",
    kind="ResourceClaim",
    has_status=True,
)
