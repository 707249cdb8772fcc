"""Namespace."""

from mockapi.machinery.resource import Strategy
from mockapi.machinery.validation import names
from mockapi.resources import fields

STRATEGY = Strategy(
    group="",
    kind="Namespace",
    validate_name=names.dns_label,
    has_status=True,
    selectable={
        "status.phase": fields.text("status", "phase"),
        "name": fields.text("metadata", "name"),
    },
)
