"""discovery, networking, rbac, flowcontrol, storage, scheduling, resource."""

from collections.abc import Callable
from typing import Final

from mockapi.resources.defaults.filling import Defaulter, Obj, fill, pointers

RBAC: Final = "rbac.authorization.k8s.io"


def network_policy(obj: Obj) -> None:
    spec = obj["spec"]
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def ingress_class(obj: Obj) -> None:
    parameters = obj["spec"].get("parameters")
    if parameters is not None and parameters.get("scope") is None:
        parameters["scope"] = "Cluster"


def binding(obj: Obj) -> None:
    fill(obj["roleRef"], "apiGroup", RBAC)


def subject(obj: Obj) -> None:
    if obj.get("kind") in ("User", "Group"):
        fill(obj, "apiGroup", RBAC)


def queuing(obj: Obj) -> None:
    fill(obj, "handSize", 8)
    fill(obj, "queues", 64)
    fill(obj, "queueLengthLimit", 50)


def flow_schema_spec(obj: Obj) -> None:
    fill(obj, "matchingPrecedence", 1000)


def csi_driver(obj: Obj) -> None:
    spec = obj["spec"]
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]
    _csi_driver(spec)


_csi_driver: Final = pointers(
    attachRequired=True,
    podInfoOnMount=False,
    storageCapacity=False,
    requiresRepublish=False,
    seLinuxMount=False,
    preventPodSchedulingIfMissing=False,
)


def device_request(obj: Obj) -> None:
    fill(obj, "allocationMode", "ExactCount")
    if obj["allocationMode"] == "ExactCount" and not obj.get("count"):
        obj["count"] = 1


def with_time(now: Callable[[], str]) -> dict[str, Defaulter]:
    """The defaults that depend on the moment of the request."""

    def device_taint(obj: Obj) -> None:
        if obj.get("timeAdded") is None:
            obj["timeAdded"] = now()

    return {"io.k8s.api.resource.v1.DeviceTaint": device_taint}


DEFAULTS: Final[dict[str, Defaulter]] = {
    "io.k8s.api.discovery.v1.EndpointPort": pointers(name="", protocol="TCP"),
    "io.k8s.api.networking.v1.NetworkPolicyPort": pointers(protocol="TCP"),
    "io.k8s.api.networking.v1.NetworkPolicy": network_policy,
    "io.k8s.api.networking.v1.IngressClass": ingress_class,
    "io.k8s.api.rbac.v1.ClusterRoleBinding": binding,
    "io.k8s.api.rbac.v1.RoleBinding": binding,
    "io.k8s.api.rbac.v1.Subject": subject,
    "io.k8s.api.flowcontrol.v1.FlowSchemaSpec": flow_schema_spec,
    "io.k8s.api.flowcontrol.v1.ExemptPriorityLevelConfiguration": pointers(
        nominalConcurrencyShares=0, lendablePercent=0
    ),
    "io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration": pointers(
        nominalConcurrencyShares=30, lendablePercent=0
    ),
    "io.k8s.api.flowcontrol.v1.QueuingConfiguration": queuing,
    "io.k8s.api.storage.v1.StorageClass": pointers(
        reclaimPolicy="Delete", volumeBindingMode="Immediate"
    ),
    "io.k8s.api.storage.v1.CSIDriver": csi_driver,
    "io.k8s.api.storage.v1.CSIDriverSpec": pointers(fsGroupPolicy="ReadWriteOnceWithFSType"),
    "io.k8s.api.scheduling.v1.PriorityClass": pointers(preemptionPolicy="PreemptLowerPriority"),
    "io.k8s.api.resource.v1.ExactDeviceRequest": device_request,
    "io.k8s.api.resource.v1.DeviceSubRequest": device_request,
}
