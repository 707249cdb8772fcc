"""Deployment."""

from mockapi.machinery.resource import Strategy
from mockapi.resources import fields

STRATEGY = Strategy(
    group="apps",
    kind="Deployment",
    has_generation=True,
    has_status=True,
    scale=fields.scale(),
)
