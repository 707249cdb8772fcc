"""`--controllers` takes the names of kube-controller-manager 1.37.2, as its --help lists them."""

import pytest

from mockapi.controllers import CONTROLLERS, GATED, chosen

HELP = """
bootstrap-signer-controller certificatesigningrequest-approving-controller
certificatesigningrequest-cleaner-controller certificatesigningrequest-signing-controller
clusterrole-aggregation-controller cronjob-controller daemonset-controller deployment-controller
device-taint-eviction-controller disruption-controller endpoints-controller
endpointslice-controller endpointslice-mirroring-controller ephemeral-volume-controller
garbage-collector-controller horizontal-pod-autoscaler-controller job-controller
kube-apiserver-serving-clustertrustbundle-publisher-controller
legacy-serviceaccount-token-cleaner-controller namespace-controller node-ipam-controller
node-lifecycle-controller persistentvolume-attach-detach-controller
persistentvolume-binder-controller persistentvolume-expander-controller
persistentvolume-protection-controller persistentvolumeclaim-protection-controller
pod-garbage-collector-controller podcertificaterequest-cleaner-controller
podgroup-protection-controller replicaset-controller replicationcontroller-controller
resourceclaim-controller resourcepoolstatusrequest-controller resourcequota-controller
root-ca-certificate-publisher-controller selinux-warning-controller service-cidr-controller
serviceaccount-controller serviceaccount-token-controller statefulset-controller
storage-version-migrator-controller storageversion-garbage-collector-controller
taint-eviction-controller token-cleaner-controller ttl-after-finished-controller ttl-controller
validatingadmissionpolicy-status-controller volumeattributesclass-protection-controller
"""
OFF_BY_DEFAULT = {
    "bootstrap-signer-controller",
    "selinux-warning-controller",
    "token-cleaner-controller",
}
# The cloud's part, and what plays drivers that a real cluster has elsewhere.
OURS = {
    "service-lb-controller",
    "persistentvolume-provisioner-simulation",
    "persistentvolume-attacher-simulation",
    "persistentvolume-resizer-simulation",
}


def test_names_are_those_of_the_real_help() -> None:
    known = {row.name for row in CONTROLLERS} | set(GATED)
    assert known - OURS == set(HELP.split())


def test_the_same_ones_are_off_by_default() -> None:
    off = {row.name for row in CONTROLLERS if not row.default}
    assert off == OFF_BY_DEFAULT


def test_what_a_feature_gate_keeps_off_may_be_named() -> None:
    assert chosen("podgroup-protection-controller") == []


def test_a_wrong_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match='did you mean "cronjob"'):
        chosen("*,-cronjobs")
