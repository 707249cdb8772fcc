"""ClusterTrustBundle."""

from mockapi.machinery.resource import Strategy
from mockapi.machinery.validation import names
from mockapi.resources import fields

STRATEGY = Strategy(
    group="certificates.k8s.io",
    kind="ClusterTrustBundle",
    validate_name=names.anything,
    unconditional_update=False,
    selectable={"spec.signerName": fields.text("spec", "signerName")},
)
