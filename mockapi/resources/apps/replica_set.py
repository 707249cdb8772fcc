"""ReplicaSet."""

from mockapi.machinery.resource import Strategy
from mockapi.resources import fields

STRATEGY = Strategy(
    group="apps",
    kind="ReplicaSet",
    has_generation=True,
    has_status=True,
    scale=fields.scale(),
    selectable={"status.replicas": fields.number("status", "replicas")},
)
