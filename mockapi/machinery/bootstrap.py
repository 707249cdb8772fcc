"""What a cluster holds before anybody writes to it, from the recorded table `bootstrap.json`."""

from collections.abc import Iterable
from typing import Any

from mockapi.base import tree
from mockapi.base.clock import timestamp
from mockapi.machinery.pipeline import Pipeline
from mockapi.meta.names import GroupVersionKind

TRACKING = "kube-apiserver-legacy-service-account-token-tracking"
SERVICE_IP = "10.96.0.1"


def populate(pipeline: Pipeline, besides: Iterable[dict[str, Any]] = ()) -> None:
    """Store the initial objects of an empty cluster, and others."""
    now = timestamp(pipeline.clock.now())
    catalogue = pipeline.registry.catalogue
    for template in (*catalogue.table("bootstrap"), *besides):
        obj = _dated(template, pipeline.ids.uid(), now)
        group, _, version = obj["apiVersion"].rpartition("/")
        served = catalogue.resource_of_kind[GroupVersionKind(group, version, obj["kind"])]
        resource = pipeline.registry.find(*served.gvr)
        assert resource is not None
        metadata = obj["metadata"]
        key = resource.path(metadata.get("namespace", ""), metadata["name"])
        pipeline.writer.put_new(key, obj)
    pipeline.writer.put_new(f"ipaddresses.networking.k8s.io/{SERVICE_IP}", _address(pipeline, now))
    pipeline.writer.put_new(f"configmaps/kube-system/{TRACKING}", _tracking(pipeline, now))


def _dated(template: dict[str, Any], uid: str, now: str) -> dict[str, Any]:
    obj = {"kind": template["kind"], "apiVersion": template["apiVersion"], **template}
    metadata = obj["metadata"] = {**template["metadata"], "uid": uid, "creationTimestamp": now}
    if "managedFields" in metadata:
        metadata["managedFields"] = [{**e, "time": now} for e in metadata["managedFields"]]
    conditions = tree.get(obj, "status", "conditions")
    if conditions:
        dated = [{"lastTransitionTime": now, **condition} for condition in conditions]
        obj["status"] = {**obj["status"], "conditions": dated}
    return obj


def _tracking(pipeline: Pipeline, now: str) -> dict[str, Any]:
    """Since when the server notes which tokens from Secrets are used."""
    return {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {
            "name": TRACKING,
            "namespace": "kube-system",
            "uid": pipeline.ids.uid(),
            "creationTimestamp": now,
            "managedFields": [
                {
                    "manager": "kube-apiserver",
                    "operation": "Update",
                    "apiVersion": "v1",
                    "time": now,
                    "fieldsType": "FieldsV1",
                    "fieldsV1": {"f:data": {".": {}, "f:since": {}}},
                }
            ],
        },
        "data": {"since": now[:10]},
    }


def _address(pipeline: Pipeline, now: str) -> dict[str, Any]:
    """The IPAddress of the `kubernetes` Service."""
    return {
        "kind": "IPAddress",
        "apiVersion": "networking.k8s.io/v1",
        "metadata": {
            "name": SERVICE_IP,
            "uid": pipeline.ids.uid(),
            "creationTimestamp": now,
            "labels": {
                "ipaddress.kubernetes.io/ip-family": "IPv4",
                "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
            },
        },
        "spec": {
            "parentRef": {"name": "kubernetes", "namespace": "default", "resource": "services"}
        },
    }
