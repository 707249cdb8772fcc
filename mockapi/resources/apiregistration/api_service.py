"""APIService."""

from mockapi.machinery.resource import Strategy
from mockapi.machinery.validation import names

STRATEGY = Strategy(
    group="apiregistration.k8s.io",
    kind="APIService",
    validate_name=names.path_segment,
    has_status=True,
    unconditional_update=False,
)
