"""PersistentVolumeClaim."""

from mockapi.machinery.resource import Strategy
from mockapi.resources import fields

STRATEGY = Strategy(
    group="",
    kind="PersistentVolumeClaim",
    has_status=True,
    selectable={"name": fields.text("metadata", "name")},
)
