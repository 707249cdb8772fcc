"""StorageClass."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="storage.k8s.io",
    kind="StorageClass",
)
