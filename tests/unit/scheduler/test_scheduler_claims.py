"""Resource claims of pods. Texts from plugins/dynamicresources and dynamic-resource-allocation."""

from collections.abc import Sequence
from typing import Any

from mockapi.scheduler.algorithm import Search
from mockapi.scheduler.cluster import Cluster, Listers, Objects
from mockapi.scheduler.nominations import Nominations
from mockapi.scheduler.plugins.dynamic_resources import DynamicResources
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.profile import default_profile

Obj = dict[str, Any]


def _pod(claim: Obj, **status: Any) -> PodInfo:
    metadata = {"name": "p", "namespace": "default", "uid": "u"}
    spec = {"containers": [], "resourceClaims": [{"name": "gpu", **claim}]}
    return PodInfo({"metadata": metadata, "spec": spec, "status": status})


def _claim(**parts: Any) -> Obj:
    metadata = {"name": "c", "namespace": "default", **parts.pop("metadata", {})}
    return {"metadata": metadata, "spec": {}, **parts}


def _cluster(*claims: Obj, classes: Sequence[Obj] = ()) -> Cluster:
    listers = Listers(resource_claims=Objects(claims), device_classes=Objects(classes))
    cluster = Cluster(listers)
    for name in ("a", "b"):
        labels = {"kubernetes.io/hostname": name}
        allocatable = {"cpu": "1", "memory": "1Gi", "pods": "5"}
        metadata = {"name": name, "labels": labels}
        cluster.set_node({"metadata": metadata, "status": {"allocatable": allocatable}})
    return cluster


def _gate(pod: PodInfo, cluster: Cluster) -> str:
    status = DynamicResources().pre_enqueue(pod, cluster)
    return status.message if status is not None else ""


NAMED = {"resourceClaimName": "c"}
MADE = {"resourceClaimTemplateName": "t"}


def test_missing_claim_keeps_the_pod_out_of_the_queue() -> None:
    assert _gate(_pod(NAMED), _cluster()) == 'could not find ResourceClaim "default/c"'


def test_claim_of_a_template_must_have_been_made_for_the_pod() -> None:
    assert _gate(_pod(MADE), _cluster()) == 'pod "default/p": ResourceClaim not created yet'
    made = _pod(MADE, resourceClaimStatuses=[{"name": "gpu", "resourceClaimName": "c"}])
    assert _gate(made, _cluster(_claim())) == (
        "ResourceClaim default/c was not created for Pod default/p (Pod is not owner)"
    )
    owned = _claim(metadata={"ownerReferences": [{"uid": "u", "controller": True}]})
    assert _gate(made, _cluster(owned)) == ""


def test_allocated_claim_binds_the_pod_to_the_nodes_of_the_allocation() -> None:
    expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["b"]}
    selector = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    cluster = _cluster(_claim(status={"allocation": {"nodeSelector": selector}}))
    attempt = Search(cluster, Nominations()).run(default_profile(), _pod(NAMED))
    assert [node.name for node in attempt.feasible] == ["b"]
    assert attempt.diagnosis.statuses["a"].reasons == ("resourceclaim not available on the node",)


def test_claim_without_devices_cannot_be_allocated() -> None:
    request = {"name": "r", "exactly": {"deviceClassName": "gpu", "count": 1}}
    claim = _claim(spec={"devices": {"requests": [request]}})
    gpu = {"metadata": {"name": "gpu"}, "spec": {}}
    cluster = _cluster(claim, classes=[gpu])
    attempt = Search(cluster, Nominations()).run(default_profile(), _pod(NAMED))
    assert attempt.diagnosis.message(2) == "0/2 nodes are available: 2 cannot allocate all claims."
