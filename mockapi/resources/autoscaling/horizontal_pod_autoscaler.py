"""HorizontalPodAutoscaler."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="autoscaling",
    kind="HorizontalPodAutoscaler",
    has_generation=True,
    has_status=True,
)
