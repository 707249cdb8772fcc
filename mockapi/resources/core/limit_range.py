"""LimitRange."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="",
    kind="LimitRange",
    create_on_update=True,
)
