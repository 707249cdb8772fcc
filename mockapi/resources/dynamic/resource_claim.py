"""ResourceClaim."""

from mockapi.machinery.resource import METADATA_OF_STATUS, StatusStrategy, Strategy

STRATEGY = Strategy(
    group="resource.k8s.io",
    kind="ResourceClaim",
    has_status=True,
    status=StatusStrategy(kept_metadata=METADATA_OF_STATUS),
)
