"""Job."""

from mockapi.machinery.resource import Strategy
from mockapi.resources import fields

STRATEGY = Strategy(
    group="batch",
    kind="Job",
    has_generation=True,
    has_status=True,
    default_propagation="Orphan",
    selectable={"status.successful": fields.number("status", "succeeded")},
)
