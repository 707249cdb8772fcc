"""Node."""

from mockapi.machinery.resource import Strategy
from mockapi.resources import fields

STRATEGY = Strategy(
    group="",
    kind="Node",
    has_status=True,
    selectable={"spec.unschedulable": fields.flag("spec", "unschedulable")},
)
