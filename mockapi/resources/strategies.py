"""Every served kind and how its objects behave: the one list of strategies."""

from collections.abc import Mapping

from mockapi.machinery.resource import Strategy
from mockapi.resources.admissionregistration import bindings as policy_bindings
from mockapi.resources.admissionregistration import policies, webhooks
from mockapi.resources.apiextensions import custom_resource_definition
from mockapi.resources.apiregistration import api_service
from mockapi.resources.apps import (
    controller_revision,
    daemon_set,
    deployment,
    replica_set,
    stateful_set,
)
from mockapi.resources.autoscaling import horizontal_pod_autoscaler
from mockapi.resources.batch import cron_job, job
from mockapi.resources.certificates import (
    certificate_signing_request,
    cluster_trust_bundle,
    pod_certificate_request,
)
from mockapi.resources.coordination import lease
from mockapi.resources.core import (
    config_map,
    endpoints,
    event,
    limit_range,
    namespace,
    node,
    persistent_volume,
    persistent_volume_claim,
    pod,
    pod_template,
    replication_controller,
    resource_quota,
    secret,
    service,
    service_account,
)
from mockapi.resources.discovery import endpoint_slice
from mockapi.resources.dynamic import (
    device_class,
    device_taint_rule,
    resource_claim,
    resource_claim_template,
    resource_slice,
)
from mockapi.resources.finalizers import with_known_finalizers
from mockapi.resources.flowcontrol import flow_schema, priority_level_configuration
from mockapi.resources.networking import (
    ingress,
    ingress_class,
    ip_address,
    network_policy,
    service_cidr,
)
from mockapi.resources.node import runtime_class
from mockapi.resources.policy import pod_disruption_budget
from mockapi.resources.rbac import bindings, roles
from mockapi.resources.scheduling import priority_class
from mockapi.resources.storage import (
    csi_driver,
    csi_node,
    csi_storage_capacity,
    storage_class,
    volume_attachment,
    volume_attributes_class,
)
from mockapi.resources.storagemigration import storage_version_migration

_STORED = (
    pod.STRATEGY,
    pod_template.STRATEGY,
    service.STRATEGY,
    endpoints.STRATEGY,
    node.STRATEGY,
    namespace.STRATEGY,
    config_map.STRATEGY,
    secret.STRATEGY,
    service_account.STRATEGY,
    persistent_volume.STRATEGY,
    persistent_volume_claim.STRATEGY,
    replication_controller.STRATEGY,
    resource_quota.STRATEGY,
    limit_range.STRATEGY,
    event.STRATEGY,
    controller_revision.STRATEGY,
    daemon_set.STRATEGY,
    deployment.STRATEGY,
    replica_set.STRATEGY,
    stateful_set.STRATEGY,
    job.STRATEGY,
    cron_job.STRATEGY,
    horizontal_pod_autoscaler.STRATEGY,
    certificate_signing_request.STRATEGY,
    cluster_trust_bundle.STRATEGY,
    pod_certificate_request.STRATEGY,
    ingress_class.STRATEGY,
    ingress.STRATEGY,
    ip_address.STRATEGY,
    network_policy.STRATEGY,
    service_cidr.STRATEGY,
    pod_disruption_budget.STRATEGY,
    bindings.CLUSTER_ROLE_BINDING,
    bindings.ROLE_BINDING,
    roles.CLUSTER_ROLE,
    roles.ROLE,
    csi_driver.STRATEGY,
    csi_node.STRATEGY,
    csi_storage_capacity.STRATEGY,
    storage_class.STRATEGY,
    volume_attachment.STRATEGY,
    volume_attributes_class.STRATEGY,
    policies.MUTATING_ADMISSION_POLICY,
    policy_bindings.MUTATING_ADMISSION_POLICY_BINDING,
    policies.VALIDATING_ADMISSION_POLICY,
    policy_bindings.VALIDATING_ADMISSION_POLICY_BINDING,
    webhooks.MUTATING_WEBHOOK_CONFIGURATION,
    webhooks.VALIDATING_WEBHOOK_CONFIGURATION,
    api_service.STRATEGY,
    custom_resource_definition.STRATEGY,
    priority_class.STRATEGY,
    lease.STRATEGY,
    runtime_class.STRATEGY,
    endpoint_slice.STRATEGY,
    device_class.STRATEGY,
    device_taint_rule.STRATEGY,
    resource_claim.STRATEGY,
    resource_claim_template.STRATEGY,
    resource_slice.STRATEGY,
    flow_schema.STRATEGY,
    priority_level_configuration.STRATEGY,
    storage_version_migration.STRATEGY,
)

_NEVER_STORED = (
    ("", "Binding"),
    ("", "ComponentStatus"),
    ("authentication.k8s.io", "SelfSubjectReview"),
    ("authentication.k8s.io", "TokenReview"),
    ("authorization.k8s.io", "LocalSubjectAccessReview"),
    ("authorization.k8s.io", "SelfSubjectAccessReview"),
    ("authorization.k8s.io", "SelfSubjectRulesReview"),
    ("authorization.k8s.io", "SubjectAccessReview"),
    ("metrics.k8s.io", "NodeMetrics"),
    ("metrics.k8s.io", "PodMetrics"),
)
"""Answered, not kept: their rules live where they are answered."""

_ANY_FINALIZER = frozenset(
    (
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "coordination.k8s.io",
        "node.k8s.io",
        "policy",
    )
)
"""Groups whose objects may have finalizers without a domain."""


def _with_finalizers(strategy: Strategy) -> Strategy:
    free = strategy.group in _ANY_FINALIZER or strategy is event.STRATEGY
    return strategy if free else with_known_finalizers(strategy)


STRATEGIES: Mapping[tuple[str, str], Strategy] = {
    **{(strategy.group, strategy.kind): _with_finalizers(strategy) for strategy in _STORED},
    ("events.k8s.io", "Event"): with_known_finalizers(event.STRICT),
    **{(group, kind): Strategy(group=group, kind=kind) for group, kind in _NEVER_STORED},
}
