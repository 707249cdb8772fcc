"""Ingress."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="networking.k8s.io",
    kind="Ingress",
    has_generation=True,
    has_status=True,
)
