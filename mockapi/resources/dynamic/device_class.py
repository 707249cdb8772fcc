"""DeviceClass."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="resource.k8s.io",
    kind="DeviceClass",
    has_generation=True,
)
