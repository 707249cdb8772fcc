"""DeviceTaintRule."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="resource.k8s.io",
    kind="DeviceTaintRule",
    has_generation=True,
    has_status=True,
    unconditional_update=False,
)
