"""The controllers of kube-controller-manager, each a small component on `mockapi.runtime`.

One module per controller (`start` takes informers and queues, `sync` does one key), pure arithmetic
in modules of its own. `CONTROLLERS` names them all as the real `--controllers` does.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mockapi.controllers import replicaset
from mockapi.controllers.attachdetach import AttachDetachController, SimulatedAttacher
from mockapi.controllers.autoscaling.controller import AutoscalerController
from mockapi.controllers.binder import PersistentVolumeBinder, SimulatedProvisioner
from mockapi.controllers.bootstraptokens import BootstrapSigner, TokenCleaner
from mockapi.controllers.certificates import (
    ApprovingController,
    CleaningController,
    SigningController,
)
from mockapi.controllers.cidrs import ServiceCIDRController
from mockapi.controllers.cronjob import CronJobController
from mockapi.controllers.daemonset import DaemonSetController
from mockapi.controllers.deployment import DeploymentController
from mockapi.controllers.deviceeviction import DeviceTaintEvictionController
from mockapi.controllers.disruption import DisruptionController
from mockapi.controllers.endpoints_controller import EndpointsController
from mockapi.controllers.endpointslice import EndpointSliceController
from mockapi.controllers.ephemeral import EphemeralVolumeController
from mockapi.controllers.expansion import ExpanderController, SimulatedResizer
from mockapi.controllers.garbage import GarbageCollector
from mockapi.controllers.job import JobController
from mockapi.controllers.migration import StorageVersionMigrator
from mockapi.controllers.mirroring import EndpointSliceMirroringController
from mockapi.controllers.namespace import NamespaceController
from mockapi.controllers.nodelifecycle import NodeLifecycleController
from mockapi.controllers.podgc import PodGarbageCollector
from mockapi.controllers.policystatus import PolicyStatusController
from mockapi.controllers.protection import (
    ClaimProtectionController,
    VolumeProtectionController,
)
from mockapi.controllers.replicaset import ReplicaSetController
from mockapi.controllers.resourceclaims import ResourceClaimController
from mockapi.controllers.resourcequota import ResourceQuotaController
from mockapi.controllers.selinux import SELinuxWarningController
from mockapi.controllers.serviceaccount import RootCAPublisher, ServiceAccountController
from mockapi.controllers.small import (
    ClusterRoleAggregationController,
    NodeIPAMController,
    ServiceLBController,
    TTLController,
)
from mockapi.controllers.statefulset import StatefulSetController
from mockapi.controllers.tainteviction import TaintEvictionController
from mockapi.controllers.tokens import LegacyTokenCleaner, TokensController
from mockapi.controllers.ttl import TTLAfterFinishedController
from mockapi.controllers.upkeep import (
    AttributesProtectionController,
    PodCertificateRequestCleaner,
    TrustBundlePublisher,
)
from mockapi.runtime.loop import Component


@dataclass(frozen=True, slots=True)
class Row:
    """A controller's canonical name, how it is made, its older names, and whether it is on."""

    name: str
    make: Callable[[], Component]
    aliases: tuple[str, ...] = ()
    default: bool = True


def _replication_controllers() -> Component:
    return ReplicaSetController(replicaset.REPLICATION_CONTROLLER)


CONTROLLERS: tuple[Row, ...] = (
    Row("serviceaccount-controller", ServiceAccountController, ("serviceaccount",)),
    Row("root-ca-certificate-publisher-controller", RootCAPublisher, ("root-ca-cert-publisher",)),
    Row("namespace-controller", NamespaceController, ("namespace",)),
    Row(
        "endpointslice-mirroring-controller",
        EndpointSliceMirroringController,
        ("endpointslicemirroring",),
    ),
    Row("endpoints-controller", EndpointsController, ("endpoint",)),
    Row("endpointslice-controller", EndpointSliceController, ("endpointslice",)),
    Row("serviceaccount-token-controller", TokensController, ("serviceaccount-token",)),
    Row(
        "legacy-serviceaccount-token-cleaner-controller",
        LegacyTokenCleaner,
        ("legacy-service-account-token-cleaner",),
    ),
    Row("resourceclaim-controller", ResourceClaimController, ("resource-claim-controller",)),
    Row("service-cidr-controller", ServiceCIDRController),
    Row(
        "validatingadmissionpolicy-status-controller",
        PolicyStatusController,
        ("validatingadmissionpolicy-status",),
    ),
    Row("volumeattributesclass-protection-controller", AttributesProtectionController),
    Row("podcertificaterequest-cleaner-controller", PodCertificateRequestCleaner),
    Row(
        "kube-apiserver-serving-clustertrustbundle-publisher-controller",
        TrustBundlePublisher,
    ),
    Row(
        "persistentvolume-attach-detach-controller",
        AttachDetachController,
        ("attachdetach",),
    ),
    Row("persistentvolume-attacher-simulation", SimulatedAttacher),
    Row(
        "persistentvolume-expander-controller",
        ExpanderController,
        ("persistentvolume-expander",),
    ),
    Row("persistentvolume-resizer-simulation", SimulatedResizer),
    Row("storage-version-migrator-controller", StorageVersionMigrator, ("svm",)),
    Row("bootstrap-signer-controller", BootstrapSigner, ("bootstrapsigner",), default=False),
    Row("token-cleaner-controller", TokenCleaner, ("tokencleaner",), default=False),
    Row("replicationcontroller-controller", _replication_controllers, ("replicationcontroller",)),
    Row("node-lifecycle-controller", NodeLifecycleController, ("nodelifecycle",)),
    Row("taint-eviction-controller", TaintEvictionController),
    Row("device-taint-eviction-controller", DeviceTaintEvictionController),
    Row("selinux-warning-controller", SELinuxWarningController, default=False),
    Row("pod-garbage-collector-controller", PodGarbageCollector, ("podgc",)),
    Row("daemonset-controller", DaemonSetController, ("daemonset",)),
    Row("job-controller", JobController, ("job",)),
    Row("cronjob-controller", CronJobController, ("cronjob",)),
    Row("ttl-after-finished-controller", TTLAfterFinishedController, ("ttl-after-finished",)),
    Row(
        "horizontal-pod-autoscaler-controller",
        AutoscalerController,
        ("horizontalpodautoscaling",),
    ),
    Row("disruption-controller", DisruptionController, ("disruption",)),
    Row(
        "certificatesigningrequest-signing-controller",
        SigningController,
        ("csrsigning",),
    ),
    Row(
        "certificatesigningrequest-approving-controller",
        ApprovingController,
        ("csrapproving",),
    ),
    Row(
        "certificatesigningrequest-cleaner-controller",
        CleaningController,
        ("csrcleaner",),
    ),
    Row(
        "clusterrole-aggregation-controller",
        ClusterRoleAggregationController,
        ("clusterrole-aggregation",),
    ),
    Row("node-ipam-controller", NodeIPAMController, ("nodeipam",)),
    Row("service-lb-controller", ServiceLBController, ("service",)),
    Row("ttl-controller", TTLController, ("ttl",)),
    Row(
        "persistentvolume-binder-controller",
        PersistentVolumeBinder,
        ("persistentvolume-binder",),
    ),
    Row("persistentvolume-provisioner-simulation", SimulatedProvisioner),
    Row(
        "persistentvolumeclaim-protection-controller",
        ClaimProtectionController,
        ("pvc-protection",),
    ),
    Row("persistentvolume-protection-controller", VolumeProtectionController, ("pv-protection",)),
    Row("resourcequota-controller", ResourceQuotaController, ("resourcequota",)),
    Row("ephemeral-volume-controller", EphemeralVolumeController, ("ephemeral-volume",)),
    Row("statefulset-controller", StatefulSetController, ("statefulset",)),
    # Before the Deployments', so that a set answers its own change first, as in the real cluster.
    Row("replicaset-controller", ReplicaSetController, ("replicaset",)),
    Row("deployment-controller", DeploymentController, ("deployment",)),
    # It asks the server before it acts: those who own the objects come first.
    Row("garbage-collector-controller", GarbageCollector, ("garbagecollector",)),
)


GATED: Mapping[str, tuple[str, ...]] = {
    "podgroup-protection-controller": (),
    "resourcepoolstatusrequest-controller": (),
    "storageversion-garbage-collector-controller": ("storage-version-gc",),
}
"""Real names whose controllers a feature gate keeps off: they may be named, and nothing starts."""


def canonical_names() -> Mapping[str, str]:
    """The name of each controller by every name that it has."""
    names = {alias: row.name for row in CONTROLLERS for alias in (row.name, *row.aliases)}
    return names | {alias: name for name, more in GATED.items() for alias in (name, *more)}


def chosen(text: str = "*") -> list[Component]:
    """New components for a list as in `--controllers=*,-job`: later entries do not undo earlier
    ones; `*` is all that are on by default. Raises ValueError for a name that there is not."""
    names = canonical_names()
    wanted = {
        ("-" if word.startswith("-") else "") + _canonical(word.removeprefix("-"), names)
        for word in _words(text)
    }
    return [row.make() for row in CONTROLLERS if _enabled(row, wanted)]


def kept_off(text: str) -> set[str]:
    """The controllers that `mockapi.dev/controllers` keeps off: `-job,-cronjob`, or `-*` for all.
    Raises ValueError for a name that there is not, and for one without the dash."""
    names = canonical_names()
    found = set()
    for word in _words(text):
        canonical = _canonical(word.removeprefix("-"), names)
        if not word.startswith("-"):
            raise ValueError(f'controllers are kept off by a leading dash: "-{word}"')
        found |= {canonical} if canonical != "*" else set(names.values())
    return found


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _canonical(word: str, names: Mapping[str, str]) -> str:
    if word == "*":
        return word
    if word not in names:
        near = difflib.get_close_matches(word, names, 1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise ValueError(f'"{word}" is not in the list of known controllers{hint}')
    return names[word]


def _enabled(row: Row, wanted: set[str]) -> bool:
    if row.name in wanted:
        return True
    if f"-{row.name}" in wanted or "-*" in wanted:
        return False
    return "*" in wanted and row.default
