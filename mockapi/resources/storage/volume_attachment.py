"""VolumeAttachment."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="storage.k8s.io",
    kind="VolumeAttachment",
    has_status=True,
    unconditional_update=False,
)
