"""A certificate authority for one cluster: made at start-up, kept in memory. The certificate that
it signs with is a `base.selfsigned` one."""

import ipaddress
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from gevent.ssl import SSLContext

from mockapi.base.selfsigned import SelfSigned
from mockapi.machinery.resource import UserInfo
from mockapi.meta import users

_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
_ADDRESSES = ("127.0.0.1", "::1", "10.96.0.1")
_YEARS = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, both as PEM."""

    certificate: bytes
    key: bytes


class Authority:
    """Signs serving and client certificates."""

    def __init__(self, root: SelfSigned) -> None:
        self._key = ec.derive_private_key(root.key, ec.SECP256R1())
        self._certificate = x509.load_der_x509_certificate(root.certificate)
        self._name = self._certificate.subject

    @property
    def pem(self) -> bytes:
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def serving(self, hosts: Sequence[str]) -> Pair:
        """For `localhost`, the service's names, and more hosts or addresses."""
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in _NAMES]
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in _ADDRESSES]
        names += [_alternative(host) for host in hosts if host not in (*_NAMES, *_ADDRESSES)]
        usage = ExtendedKeyUsageOID.SERVER_AUTH
        return self._issue(_name("kube-apiserver", ()), usage, x509.SubjectAlternativeName(names))

    def client(self, user: str, groups: Sequence[str]) -> Pair:
        return self._issue(_name(user, groups), ExtendedKeyUsageOID.CLIENT_AUTH)

    def sign(self, request: bytes, usages: Sequence[str], begin: float, end: float) -> bytes:
        """The certificate for a PKCS#10 request, both as PEM, as the real local signer makes it:
        the subject and the alternative names of the request, the given usages, nothing else.
        Raises ValueError."""
        asked = x509.load_pem_x509_csr(request)
        if not asked.is_signature_valid:
            raise ValueError("unable to verify certificate request signature")
        own_end = self._certificate.not_valid_after_utc
        builder = (
            x509.CertificateBuilder()
            .subject_name(asked.subject)
            .issuer_name(self._name)
            .public_key(asked.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.fromtimestamp(int(begin), UTC))
            .not_valid_after(min(datetime.fromtimestamp(int(end), UTC), own_end))
        )
        for extension, critical in _extensions(asked, usages, self._key.public_key()):
            builder = builder.add_extension(extension, critical=critical)
        signed = builder.sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    def _issue(
        self,
        subject: x509.Name,
        usage: x509.ObjectIdentifier,
        names: x509.SubjectAlternativeName | None = None,
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(subject, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return Pair(certificate.public_bytes(serialization.Encoding.PEM), _pem(key))

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + _YEARS)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )


_KEY_USAGES = {
    "signing": "digital_signature",
    "digital signature": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "key agreement": "key_agreement",
    "data encipherment": "data_encipherment",
    "cert sign": "key_cert_sign",
    "crl sign": "crl_sign",
    "encipher only": "encipher_only",
    "decipher only": "decipher_only",
}
_EXTENDED_USAGES = {
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "s/mime": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "ipsec end system": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5"),
    "ipsec tunnel": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.6"),
    "ipsec user": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.7"),
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp signing": ExtendedKeyUsageOID.OCSP_SIGNING,
    "microsoft sgc": x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),
    "netscape sgc": x509.ObjectIdentifier("2.16.840.1.113730.4.1"),
}


def _extensions(
    asked: x509.CertificateSigningRequest, usages: Sequence[str], issuer: ec.EllipticCurvePublicKey
) -> Iterator[tuple[x509.ExtensionType, bool]]:
    """Each with whether it is critical, in the order of Go's x509."""
    unknown = [usage for usage in usages if usage not in {**_KEY_USAGES, **_EXTENDED_USAGES}]
    if unknown:
        raise ValueError(f"unrecognized usage values: {unknown}")
    names = {_KEY_USAGES[usage] for usage in usages if usage in _KEY_USAGES}
    if names:
        yield x509.KeyUsage(**{name: name in names for name in _KEY_USAGES.values()}), True
    extended = [_EXTENDED_USAGES[usage] for usage in usages if usage in _EXTENDED_USAGES]
    if extended:
        yield x509.ExtendedKeyUsage(sorted(set(extended), key=str)), False
    yield x509.BasicConstraints(False, None), True
    yield x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), False
    try:
        found = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return
    yield found.value, found.critical


def server_context(authority: Authority, pair: Pair) -> SSLContext:
    """TLS for the listener; client certificates are welcome but not asked of everybody."""
    context = SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    context.load_verify_locations(cadata=authority.pem.decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    with tempfile.TemporaryDirectory(prefix="mockapi-") as folder:
        path = Path(folder) / "pair.pem"
        path.touch(mode=0o600)
        path.write_bytes(pair.certificate + pair.key)
        context.load_cert_chain(path)
    return context


def user_of(der: bytes) -> UserInfo:
    """The user that a client certificate speaks for."""
    subject = x509.load_der_x509_certificate(der).subject
    names = [str(one.value) for one in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    groups = [str(one.value) for one in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    return UserInfo(names[0] if names else "", groups=(*groups, users.AUTHENTICATED))


def _name(common: str, groups: Sequence[str]) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
