"""IngressClass."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="networking.k8s.io",
    kind="IngressClass",
    has_generation=True,
)
