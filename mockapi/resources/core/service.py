"""Service."""

from mockapi.machinery.resource import Strategy
from mockapi.machinery.validation import names
from mockapi.resources import fields

STRATEGY = Strategy(
    group="",
    kind="Service",
    validate_name=names.dns_label,
    has_status=True,
    create_on_update=True,
    selectable={
        "spec.clusterIP": fields.text("spec", "clusterIP"),
        "spec.type": fields.text("spec", "type"),
    },
)
