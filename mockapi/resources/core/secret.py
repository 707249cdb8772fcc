"""Secret."""

from mockapi.machinery.resource import Strategy
from mockapi.resources import fields

STRATEGY = Strategy(
    group="",
    kind="Secret",
    selectable={"type": fields.text("type")},
)
