"""A budget by percent counts what a custom resource's scale asks for, as documented for PDBs."""

from typing import Any

from mockapi.composition import Cluster
from mockapi.settings import Settings

Obj = dict[str, Any]
CRDS = "apiextensions.k8s.io/v1/customresourcedefinitions"
BUDGETS = "policy/v1/poddisruptionbudgets"


def definition() -> Obj:
    integer = {"type": "object", "properties": {"replicas": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"spec": integer, "status": integer}}
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    version: Obj = {"name": "v1", "served": True, "storage": True}
    version["schema"] = {"openAPIV3Schema": schema}
    version["subresources"] = {"status": {}, "scale": scale}
    names = {"plural": "farms", "singular": "farm", "kind": "Farm"}
    spec = {"group": "example.com", "names": names, "scope": "Namespaced", "versions": [version]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "farms.example.com"},
        "spec": spec,
    }


def test_the_scale_of_a_custom_resource_is_counted() -> None:
    cluster = Cluster(Settings(clock="manual", nodes=0, kubelet=False, scheduler=False, seed=1))
    cluster.start(listen=False)
    client = cluster.clients.client("kubectl")
    client.create(CRDS, "", definition())
    cluster.advance(10)
    farm = {"apiVersion": "example.com/v1", "kind": "Farm", "metadata": {"name": "farm"}}
    made = client.create("example.com/v1/farms", "default", {**farm, "spec": {"replicas": 4}})
    owner = {"apiVersion": "example.com/v1", "kind": "Farm", "name": "farm", "controller": True}
    reference = {**owner, "uid": made["metadata"]["uid"]}
    labels = {"app": "farm"}
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "c", "image": "i"}]}}
    metadata = {"name": "one", "labels": labels, "ownerReferences": [reference]}
    client.create("v1/pods", "default", {**pod, "metadata": metadata})
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    client.patch("v1/pods", "default", "one", {"status": ready}, subresource="status")
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"}}
    spec = {"maxUnavailable": "50%", "selector": {"matchLabels": labels}}
    client.create(BUDGETS, "default", {**budget, "spec": spec})
    cluster.advance(10)
    status = client.get(BUDGETS, "default", "b")["status"]
    del status["conditions"]
    assert status == {
        "observedGeneration": 1,
        "expectedPods": 4,
        "desiredHealthy": 2,
        "currentHealthy": 1,
        "disruptionsAllowed": 0,
    }
    cluster.stop()
