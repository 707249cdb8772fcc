"""CertificateSigningRequest."""

from mockapi.machinery.resource import Strategy
from mockapi.machinery.validation import names
from mockapi.resources import fields

STRATEGY = Strategy(
    group="certificates.k8s.io",
    kind="CertificateSigningRequest",
    validate_name=names.anything,
    has_status=True,
    selectable={"spec.signerName": fields.text("spec", "signerName")},
)
