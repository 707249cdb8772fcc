"""Reading certificate requests. Loaded by the first of them: cryptography takes its time."""

from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """What signers and approvers look at."""

    common_name: str
    organizations: tuple[str, ...]
    dns: int
    addresses: int
    emails: int
    uris: int
    """How many alternative names of each kind."""


def parse(pem: bytes) -> CertificateRequest:
    """Raises ValueError."""
    asked = x509.load_pem_x509_csr(pem)
    subject = asked.subject
    names = [str(one.value) for one in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    groups = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    try:
        found = list(asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        found = []
    kinds = [type(name) for name in found]
    return CertificateRequest(
        common_name=names[-1] if names else "",
        organizations=tuple(str(one.value) for one in groups),
        dns=kinds.count(x509.DNSName),
        addresses=kinds.count(x509.IPAddress),
        emails=kinds.count(x509.RFC822Name),
        uris=kinds.count(x509.UniformResourceIdentifier),
    )


def expiry(pem: bytes) -> float:
    """When a certificate ends, in seconds since the epoch. Raises ValueError."""
    return x509.load_pem_x509_certificate(pem).not_valid_after_utc.timestamp()
