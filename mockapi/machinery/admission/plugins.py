"""The default plugins in the real server's order. Source: pkg/kubeapiserver/options/plugins.go."""

from mockapi.machinery.admission.certificates import CertificateSubjectRestriction
from mockapi.machinery.admission.chain import Chain
from mockapi.machinery.admission.namespace_lifecycle import NamespaceLifecycle
from mockapi.machinery.admission.priority import Priority
from mockapi.machinery.admission.service_account import ServiceAccount
from mockapi.machinery.admission.storage import DefaultStorageClass, StorageObjectInUseProtection
from mockapi.machinery.admission.tolerations import DefaultTolerationSeconds, TaintNodesByCondition


def default_chain() -> Chain:
    return Chain(
        (
            NamespaceLifecycle(),
            ServiceAccount(),
            TaintNodesByCondition(),
            Priority(),
            DefaultTolerationSeconds(),
            DefaultStorageClass(),
            StorageObjectInUseProtection(),
            CertificateSubjectRestriction(),
        )
    )
