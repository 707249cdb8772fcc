"""metrics.k8s.io: what a cluster serves besides its own groups when metrics-server runs in it.

Source: metrics-server v0.8.0, pkg/api/install.go and manifests/base.
"""

from typing import Any

from mockapi.machinery.catalogue import Group, ServedResource
from mockapi.meta.names import GroupVersionResource

Obj = dict[str, Any]

GROUP = Group("metrics.k8s.io", ("v1beta1",), "v1beta1")
_READER = "system:aggregated-metrics-reader"


def _resource(plural: str, kind: str, *, namespaced: bool) -> ServedResource:
    selectable = ("metadata.name", "metadata.namespace")
    return ServedResource(
        gvr=GroupVersionResource(GROUP.name, GROUP.preferred, plural),
        kind=kind,
        singular="",
        namespaced=namespaced,
        verbs=("get", "list"),
        short_names=(),
        categories=(),
        storage_version_hash="",
        storage_group=GROUP.name,
        storage_version=GROUP.preferred,
        selectable=selectable,
        subresources=(),
    )


NODES = _resource("nodes", "NodeMetrics", namespaced=False)
PODS = _resource("pods", "PodMetrics", namespaced=True)
RESOURCES = (NODES, PODS)

API_SERVICE: Obj = {
    "kind": "APIService",
    "apiVersion": "apiregistration.k8s.io/v1",
    "metadata": {"name": "v1beta1.metrics.k8s.io", "labels": {"k8s-app": "metrics-server"}},
    "spec": {
        "service": {"namespace": "kube-system", "name": "metrics-server", "port": 443},
        "group": "metrics.k8s.io",
        "version": "v1beta1",
        "insecureSkipTLSVerify": True,
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
    },
    "status": {
        "conditions": [
            {
                "type": "Available",
                "status": "True",
                "reason": "Passed",
                "message": "all checks passed",
            }
        ]
    },
}
READER: Obj = {
    "kind": "ClusterRole",
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "metadata": {
        "name": _READER,
        "labels": {
            "k8s-app": "metrics-server",
            "rbac.authorization.k8s.io/aggregate-to-admin": "true",
            "rbac.authorization.k8s.io/aggregate-to-edit": "true",
            "rbac.authorization.k8s.io/aggregate-to-view": "true",
        },
    },
    "rules": [
        {
            "verbs": ["get", "list", "watch"],
            "apiGroups": ["metrics.k8s.io"],
            "resources": ["pods", "nodes"],
        }
    ],
}
OBJECTS = (API_SERVICE, READER)
