"""ServiceCIDR."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="networking.k8s.io",
    kind="ServiceCIDR",
    has_status=True,
)
