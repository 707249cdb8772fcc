"""ClusterRole, Role."""

from mockapi.machinery.resource import Strategy
from mockapi.machinery.validation import names

CLUSTER_ROLE = Strategy(
    group="rbac.authorization.k8s.io",
    kind="ClusterRole",
    validate_name=names.path_segment,
    create_on_update=True,
)
ROLE = Strategy(
    group="rbac.authorization.k8s.io",
    kind="Role",
    validate_name=names.path_segment,
    create_on_update=True,
)
