"""CertificateApproval and CertificateSigning: who may approve and sign for which signer.

Source: plugin/pkg/admission/certificates/approval and signing, pkg/certauthorization.
"""

from collections.abc import Callable

from mockapi.machinery import authorization
from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.resource import UserInfo
from mockapi.meta.gofmt import quote

May = Callable[[UserInfo, authorization.Attributes], bool]
_BUCKET = "certificatesigningrequests.certificates.k8s.io"


class _SignerPlugin:
    """Asks whether the user may do `verb` for the signer of the stored request."""

    name: str
    verb: str
    subresource: str

    def __init__(self, may: May) -> None:
        self._may = may

    def handles(self, attributes: Attributes) -> bool:
        return (
            attributes.subresource == self.subresource
            and attributes.resource.bucket == _BUCKET
            and attributes.operation == "UPDATE"
        )

    def admit(self, attributes: Attributes) -> None:
        return None

    def validate(self, attributes: Attributes) -> None:
        assert attributes.old is not None
        signer = str(attributes.old["spec"].get("signerName") or "")
        if self._concerns(attributes) and not self._authorized(attributes.user, signer):
            text = f"user not permitted to {self.verb} requests with signerName {quote(signer)}"
            raise attributes.forbidden(text)

    def _concerns(self, attributes: Attributes) -> bool:
        return True

    def _authorized(self, user: UserInfo, signer: str) -> bool:
        """For the signer by name, or for all of its domain."""
        return any(
            self._may(
                user,
                authorization.Attributes(
                    self.verb, group="certificates.k8s.io", resource="signers", name=name
                ),
            )
            for name in (signer, signer.partition("/")[0] + "/*")
        )


class CertificateApproval(_SignerPlugin):
    name = "CertificateApproval"
    verb = "approve"
    subresource = "approval"


class CertificateSigning(_SignerPlugin):
    name = "CertificateSigning"
    verb = "sign"
    subresource = "status"

    def _concerns(self, attributes: Attributes) -> bool:
        """Only certificates and conditions are the signer's."""
        new = (attributes.obj or {}).get("status") or {}
        old = (attributes.old or {}).get("status") or {}
        fields = ("certificate", "conditions")
        return any((new.get(field) or None) != (old.get(field) or None) for field in fields)
