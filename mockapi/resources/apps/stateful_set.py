"""StatefulSet."""

from mockapi.machinery.resource import Strategy
from mockapi.machinery.validation import names
from mockapi.resources import fields

STRATEGY = Strategy(
    group="apps",
    kind="StatefulSet",
    validate_name=names.dns_label,
    has_generation=True,
    has_status=True,
    scale=fields.scale(),
)
