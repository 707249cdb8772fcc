"""CertificateSubjectRestriction: nobody gets a certificate of the cluster's masters.

Source: plugin/pkg/admission/certificates/subjectrestriction.
"""

import base64
import binascii
from collections.abc import Iterator

from mockapi.machinery.admission.chain import Attributes

SIGNER = "kubernetes.io/kube-apiserver-client"
MASTERS = "system:masters"
_BEGIN, _END = b"-----BEGIN CERTIFICATE REQUEST-----", b"-----END CERTIFICATE REQUEST-----"
_SEQUENCE = 0x30
_ORGANIZATION = bytes((0x55, 0x04, 0x0A))


class CertificateSubjectRestriction:
    name = "CertificateSubjectRestriction"

    def handles(self, attributes: Attributes) -> bool:
        return (
            attributes.resource.bucket == "certificatesigningrequests.certificates.k8s.io"
            and attributes.operation == "CREATE"
            and not attributes.subresource
        )

    def admit(self, attributes: Attributes) -> None:
        return None

    def validate(self, attributes: Attributes) -> None:
        assert attributes.obj is not None
        spec = attributes.obj["spec"]
        if spec.get("signerName") != SIGNER:
            return
        if MASTERS in organizations(base64.b64decode(spec.get("request") or "")):
            raise attributes.forbidden(
                f"use of {SIGNER} signer with {MASTERS} group is not allowed"
            )


def organizations(pem: bytes) -> list[str]:
    """The organizations of a certificate request's subject; none where it cannot be read."""
    body = pem.partition(_BEGIN)[2].partition(_END)[0]
    try:
        request = base64.b64decode(b"".join(body.split()), validate=True)
        return list(_organizations(request))
    except (binascii.Error, ValueError, IndexError):
        return []


def _organizations(request: bytes) -> Iterator[str]:
    """PKCS#10: request { info { version, subject { set { sequence { id, value } } }, .. }, .. }."""
    (_, content), *_ = _elements(request)
    (_, info), *_ = _elements(content)
    subject, *_ = (inner for tag, inner in _elements(info) if tag == _SEQUENCE)
    for _, names in _elements(subject):
        for _, name in _elements(names):
            (_, identifier), (_, value) = _elements(name)
            if identifier == _ORGANIZATION:
                yield value.decode("utf-8", "replace")


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The tag and content of each DER element."""
    at = 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[at : at + size], "big")
            at += size
        yield tag, data[at : at + length]
        at += length
