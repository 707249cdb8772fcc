"""Endpoints."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="",
    kind="Endpoints",
    create_on_update=True,
)
