"""PodCertificateRequest."""

from mockapi.machinery.resource import Strategy
from mockapi.resources import fields

STRATEGY = Strategy(
    group="certificates.k8s.io",
    kind="PodCertificateRequest",
    has_status=True,
    unconditional_update=False,
    selectable={
        "spec.signerName": fields.text("spec", "signerName"),
        "spec.podName": fields.text("spec", "podName"),
        "spec.nodeName": fields.text("spec", "nodeName"),
    },
)
