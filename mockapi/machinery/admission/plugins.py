"""The default plugins in the real server's order. Source: pkg/kubeapiserver/options/plugins.go."""

from collections.abc import Sequence

from mockapi.machinery.admission.certificates import CertificateSubjectRestriction
from mockapi.machinery.admission.chain import Chain, Plugin
from mockapi.machinery.admission.custom import CustomResourceTermination
from mockapi.machinery.admission.ingress import DefaultIngressClass
from mockapi.machinery.admission.limits import LimitRanger
from mockapi.machinery.admission.namespace_lifecycle import NamespaceLifecycle
from mockapi.machinery.admission.pod_security import PodSecurity
from mockapi.machinery.admission.priority import Priority
from mockapi.machinery.admission.quota import Charge, ResourceQuota
from mockapi.machinery.admission.resize import PersistentVolumeClaimResize, PodResizeValidator
from mockapi.machinery.admission.runtime_class import RuntimeClass
from mockapi.machinery.admission.service_account import ServiceAccount
from mockapi.machinery.admission.signers import CertificateApproval, CertificateSigning, May
from mockapi.machinery.admission.storage import DefaultStorageClass, StorageObjectInUseProtection
from mockapi.machinery.admission.tolerations import DefaultTolerationSeconds, TaintNodesByCondition
from mockapi.machinery.admission.topology import PodTopologyLabels
from mockapi.machinery.authorization import Attributes
from mockapi.machinery.resource import Obj, UserInfo


def anybody(user: UserInfo, attributes: Attributes) -> bool:
    """For servers without authorization."""
    return True


def uncharged(quota: Obj) -> None:
    """For servers whose quotas are checked and stay as they are."""


def default_chain(
    charge: Charge = uncharged, may: May = anybody, more: Sequence[Plugin] = ()
) -> Chain:
    """`charge` stores the status of a ResourceQuota that a write uses more of; `may` tells whether
    a user is authorized; `more` come last."""
    return Chain(
        (
            CustomResourceTermination(),
            NamespaceLifecycle(),
            LimitRanger(),
            ServiceAccount(),
            TaintNodesByCondition(),
            PodSecurity(),
            Priority(),
            DefaultTolerationSeconds(),
            DefaultStorageClass(),
            StorageObjectInUseProtection(),
            PersistentVolumeClaimResize(),
            RuntimeClass(),
            CertificateApproval(may),
            CertificateSigning(may),
            CertificateSubjectRestriction(),
            DefaultIngressClass(),
            PodTopologyLabels(),
            PodResizeValidator(),
            ResourceQuota(charge),
            *more,
        )
    )
