"""Which function writes the rows of which kind."""

from collections.abc import Mapping

from mockapi.machinery.tables import core, metrics, others, pods, workloads
from mockapi.machinery.tables.ages import Ages
from mockapi.machinery.tables.parts import Cells, Obj, Printer

PRINTERS: Mapping[tuple[str, str], Printer] = {
    ("", "ComponentStatus"): core.component_status,
    ("", "ConfigMap"): core.config_map,
    ("", "Endpoints"): core.endpoints,
    ("", "Event"): core.event,
    ("", "Namespace"): core.namespace,
    ("", "Node"): core.node,
    ("", "PersistentVolume"): core.persistent_volume,
    ("", "PersistentVolumeClaim"): core.persistent_volume_claim,
    ("", "Pod"): pods.pod,
    ("", "PodTemplate"): core.pod_template,
    ("", "ReplicationController"): core.replication_controller,
    ("", "ResourceQuota"): core.resource_quota,
    ("", "Secret"): core.secret,
    ("", "Service"): core.service,
    ("", "ServiceAccount"): core.service_account,
    ("", "Status"): others.result,
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): others.mutating_admission_policy,
    (
        "admissionregistration.k8s.io",
        "MutatingAdmissionPolicyBinding",
    ): others.admission_policy_binding,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): others.webhooks,
    (
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicy",
    ): others.validating_admission_policy,
    (
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicyBinding",
    ): others.admission_policy_binding,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): others.webhooks,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): others.custom_resource_definition,
    ("apiregistration.k8s.io", "APIService"): others.api_service,
    ("apps", "ControllerRevision"): workloads.controller_revision,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("autoscaling", "HorizontalPodAutoscaler"): workloads.horizontal_pod_autoscaler,
    ("autoscaling", "Scale"): workloads.scale,
    ("batch", "CronJob"): workloads.cron_job,
    ("batch", "Job"): workloads.job,
    ("certificates.k8s.io", "CertificateSigningRequest"): others.certificate_signing_request,
    ("certificates.k8s.io", "ClusterTrustBundle"): others.cluster_trust_bundle,
    ("certificates.k8s.io", "PodCertificateRequest"): others.pod_certificate_request,
    ("coordination.k8s.io", "Lease"): others.lease,
    ("discovery.k8s.io", "EndpointSlice"): others.endpoint_slice,
    ("events.k8s.io", "Event"): core.event,
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): others.flow_schema,
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): others.priority_level,
    ("metrics.k8s.io", "NodeMetrics"): metrics.node,
    ("metrics.k8s.io", "PodMetrics"): metrics.pod,
    ("networking.k8s.io", "IPAddress"): others.ip_address,
    ("networking.k8s.io", "Ingress"): others.ingress,
    ("networking.k8s.io", "IngressClass"): others.ingress_class,
    ("networking.k8s.io", "NetworkPolicy"): others.network_policy,
    ("networking.k8s.io", "ServiceCIDR"): others.service_cidr,
    ("node.k8s.io", "RuntimeClass"): others.runtime_class,
    ("policy", "PodDisruptionBudget"): workloads.pod_disruption_budget,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): others.role_binding,
    ("rbac.authorization.k8s.io", "RoleBinding"): others.role_binding,
    ("resource.k8s.io", "DeviceClass"): others.named,
    ("resource.k8s.io", "DeviceTaintRule"): others.device_taint_rule,
    ("resource.k8s.io", "ResourceClaim"): others.resource_claim,
    ("resource.k8s.io", "ResourceClaimTemplate"): others.named,
    ("resource.k8s.io", "ResourceSlice"): others.resource_slice,
    ("scheduling.k8s.io", "PriorityClass"): others.priority_class,
    ("storage.k8s.io", "CSIDriver"): others.csi_driver,
    ("storage.k8s.io", "CSINode"): others.csi_node,
    ("storage.k8s.io", "StorageClass"): others.storage_class,
    ("storage.k8s.io", "VolumeAttachment"): others.volume_attachment,
    ("storage.k8s.io", "VolumeAttributesClass"): others.volume_attributes_class,
    ("storagemigration.k8s.io", "StorageVersionMigration"): others.storage_version_migration,
}


def default(obj: Obj, ages: Ages) -> Cells:
    """Kinds without a printer of their own: name and time of creation."""
    meta = obj["metadata"]
    return [meta.get("name", ""), meta.get("creationTimestamp") or "0001-01-01T00:00:00Z"]
