"""ClusterRoleBinding, RoleBinding."""

from mockapi.machinery.resource import Strategy
from mockapi.machinery.validation import names

CLUSTER_ROLE_BINDING = Strategy(
    group="rbac.authorization.k8s.io",
    kind="ClusterRoleBinding",
    validate_name=names.path_segment,
    create_on_update=True,
)
ROLE_BINDING = Strategy(
    group="rbac.authorization.k8s.io",
    kind="RoleBinding",
    validate_name=names.path_segment,
    create_on_update=True,
)
