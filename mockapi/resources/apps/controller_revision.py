"""ControllerRevision."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="apps",
    kind="ControllerRevision",
)
