"""StorageVersionMigration."""

from mockapi.machinery.resource import Strategy

STRATEGY = Strategy(
    group="storagemigration.k8s.io",
    kind="StorageVersionMigration",
    has_status=True,
    unconditional_update=False,
)
