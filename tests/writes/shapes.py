"""Objects as scenarios write them: short forms for what occurs often, whole objects otherwise."""

import copy
from collections.abc import Mapping
from typing import Any

Obj = dict[str, Any]

# What a scenario names by plural, what a history names by kind; all of these are watched.
RESOURCES = {
    "pods": "v1/pods",
    "replicationcontrollers": "v1/replicationcontrollers",
    "services": "v1/services",
    "endpoints": "v1/endpoints",
    "events": "v1/events",
    "configmaps": "v1/configmaps",
    "secrets": "v1/secrets",
    "serviceaccounts": "v1/serviceaccounts",
    "persistentvolumeclaims": "v1/persistentvolumeclaims",
    "persistentvolumes": "v1/persistentvolumes",
    "nodes": "v1/nodes",
    "namespaces": "v1/namespaces",
    "resourcequotas": "v1/resourcequotas",
    "deployments": "apps/v1/deployments",
    "replicasets": "apps/v1/replicasets",
    "statefulsets": "apps/v1/statefulsets",
    "daemonsets": "apps/v1/daemonsets",
    "controllerrevisions": "apps/v1/controllerrevisions",
    "jobs": "batch/v1/jobs",
    "cronjobs": "batch/v1/cronjobs",
    "poddisruptionbudgets": "policy/v1/poddisruptionbudgets",
    "endpointslices": "discovery.k8s.io/v1/endpointslices",
    "horizontalpodautoscalers": "autoscaling/v2/horizontalpodautoscalers",
    "certificatesigningrequests": "certificates.k8s.io/v1/certificatesigningrequests",
    "storageclasses": "storage.k8s.io/v1/storageclasses",
    "volumeattachments": "storage.k8s.io/v1/volumeattachments",
    "clusterroles": "rbac.authorization.k8s.io/v1/clusterroles",
    "csinodes": "storage.k8s.io/v1/csinodes",
    "csidrivers": "storage.k8s.io/v1/csidrivers",
    "volumeattributesclasses": "storage.k8s.io/v1/volumeattributesclasses",
    "servicecidrs": "networking.k8s.io/v1/servicecidrs",
    "ipaddresses": "networking.k8s.io/v1/ipaddresses",
    "leases": "coordination.k8s.io/v1/leases",
    "resourceclaims": "resource.k8s.io/v1/resourceclaims",
    "resourceclaimtemplates": "resource.k8s.io/v1/resourceclaimtemplates",
    "storageversionmigrations": "storagemigration.k8s.io/v1/storageversionmigrations",
    "deviceclasses": "resource.k8s.io/v1/deviceclasses",
    "resourceslices": "resource.k8s.io/v1/resourceslices",
    "devicetaintrules": "resource.k8s.io/v1/devicetaintrules",
    "validatingadmissionpolicies": ("admissionregistration.k8s.io/v1/validatingadmissionpolicies"),
}
CLUSTER_SCOPED = frozenset(
    (
        "namespaces",
        "nodes",
        "persistentvolumes",
        "certificatesigningrequests",
        "storageclasses",
        "volumeattachments",
        "clusterroles",
        "csinodes",
        "csidrivers",
        "volumeattributesclasses",
        "servicecidrs",
        "ipaddresses",
        "deviceclasses",
        "resourceslices",
        "devicetaintrules",
        "storageversionmigrations",
        "validatingadmissionpolicies",
    )
)
_KINDS = {
    "Endpoints": "endpoints",
    "StorageClass": "storageclasses",
    "VolumeAttributesClass": "volumeattributesclasses",
    "DeviceClass": "deviceclasses",
    "IPAddress": "ipaddresses",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
}


def plural(kind: str) -> str:
    return _KINDS.get(kind, kind.lower() + "s")


def _pod_spec(short: Mapping[str, Any]) -> Obj:
    # No scheduler and no kubelet touches such a pod: the scenario itself plays both.
    base = {
        "schedulerName": "nobody",
        "containers": [{"name": "c", "image": "nginx:1"}],
    }
    more = short.get("pod", {})
    return {**base, **more} if isinstance(more, dict) else base


def _template(name: str, short: Mapping[str, Any], **more: Any) -> Obj:
    labels = {"app": name, **short.get("podLabels", {})}
    metadata = {"labels": labels, **short.get("podMetadata", {})}
    return {"metadata": metadata, "spec": {**_pod_spec(short), **more}}


def _workload(name: str, short: Mapping[str, Any]) -> Obj:
    return {"selector": {"matchLabels": {"app": name}}, "template": _template(name, short)}


def _controller(name: str, short: Mapping[str, Any]) -> Obj:
    return {"selector": {"app": name}, "template": _template(name, short)}


def _job(name: str, short: Mapping[str, Any]) -> Obj:
    metadata: Obj = {"labels": {"app": name}}
    spec = {**_pod_spec(short), "restartPolicy": short.get("pod", {}).get("restartPolicy", "Never")}
    return {"template": {"metadata": metadata, "spec": spec}}


def _cronjob(name: str, short: Mapping[str, Any]) -> Obj:
    job = {**_job(name, short), **short.get("job", {})}
    return {"schedule": "* * * * *", "jobTemplate": {"spec": job}}


def _claim(name: str, short: Mapping[str, Any]) -> Obj:
    return {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "",
        "resources": {"requests": {"storage": "1Gi"}},
    }


def _node(short: Mapping[str, Any]) -> Obj:
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready"}
    size = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    status = {"capacity": size, "allocatable": size, "conditions": [ready]}
    return {"status": {**status, **short.get("status", {})}}


def describe(short: Mapping[str, Any]) -> Obj:
    """The object that a scenario's entry means.

    A whole object (it has `kind`) is itself. Else the first key is the sort and its value the
    name; `spec` is merged over the default spec, `pod` over the pod's spec, `metadata` over the
    metadata; `replicas` is short for the spec's.
    """
    if "kind" in short:
        return copy.deepcopy(dict(short))
    (sort, name), *_ = short.items()
    makers: dict[str, tuple[str, str, Any]] = {
        "deployment": ("apps/v1", "Deployment", _workload),
        "replicaset": ("apps/v1", "ReplicaSet", _workload),
        "replicationcontroller": ("v1", "ReplicationController", _controller),
        "statefulset": (
            "apps/v1",
            "StatefulSet",
            lambda n, s: {**_workload(n, s), "serviceName": n},
        ),
        "daemonset": ("apps/v1", "DaemonSet", _workload),
        "job": ("batch/v1", "Job", _job),
        "cronjob": ("batch/v1", "CronJob", _cronjob),
        "budget": (
            "policy/v1",
            "PodDisruptionBudget",
            lambda n, s: {"selector": {"matchLabels": {"app": n}}},
        ),
        "pod": ("v1", "Pod", lambda n, s: _pod_spec(s)),
        "node": ("v1", "Node", lambda n, s: {}),
        "service": (
            "v1",
            "Service",
            lambda n, s: {"selector": {"app": n}, "ports": [{"port": 80}]},
        ),
        "claim": ("v1", "PersistentVolumeClaim", _claim),
        "configmap": ("v1", "ConfigMap", None),
        "namespace": ("v1", "Namespace", lambda n, s: {}),
    }
    version, kind, spec_of = makers[sort]
    obj: Obj = {"apiVersion": version, "kind": kind}
    obj["metadata"] = {"name": name, **short.get("metadata", {})}
    if spec_of is not None:
        spec = {**spec_of(name, short), **short.get("spec", {})}
        if "replicas" in short:
            spec["replicas"] = short["replicas"]
        if spec:
            obj["spec"] = spec
    if sort == "node":
        obj.update(_node(short))
    return obj
