"""ReplicationController."""

from mockapi.machinery.resource import Strategy
from mockapi.resources import fields

STRATEGY = Strategy(
    group="",
    kind="ReplicationController",
    has_generation=True,
    has_status=True,
    default_propagation="Orphan",
    scale=fields.scale(selector_is_map=True),
    selectable={"status.replicas": fields.number("status", "replicas")},
)
