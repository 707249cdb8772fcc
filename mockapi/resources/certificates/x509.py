"""What the kinds ask of certificates, requests and keys in DER. The library is loaded lazily."""

from typing import Any

from mockapi.base.lazy import module

_X509 = "cryptography.x509"
_HAZMAT = "cryptography.hazmat.primitives"
_ALGORITHMS = {"rsa": "crypto/rsa: verification error"}
_OTHERS = "x509: {} verification failure"
_NAMES = {"ed25519": "Ed25519", "ec": "ECDSA"}
CURVES = ("secp256r1", "secp384r1", "secp521r1")
_CURVE_NAMES = {"secp224r1": "P-224"}
MODULI = (3072, 4096)


def certificate(der: bytes) -> Any | None:
    return _loaded("load_der_x509_certificate", der)


def request(der: bytes) -> Any | None:
    """A PKCS#10 request whose key is understood."""
    found = _loaded("load_der_x509_csr", der)
    return found if found is not None and _key(found) is not None else None


def _loaded(loader: str, der: bytes) -> Any | None:
    try:
        return getattr(module(_X509), loader)(der)
    except ValueError:
        return None


def _key(holder: Any) -> Any | None:
    unsupported = module("cryptography.exceptions").UnsupportedAlgorithm
    try:
        return holder.public_key()
    except (ValueError, unsupported):
        return None


def public_key(der: bytes) -> Any | None:
    """A key in PKIX form."""
    unsupported = module("cryptography.exceptions").UnsupportedAlgorithm
    try:
        return module(f"{_HAZMAT}.serialization").load_der_public_key(der)
    except (ValueError, unsupported):
        return None


def kind_of(key: Any) -> str:
    """`ed25519`, `ec`, `rsa`, or nothing when it is another kind of key."""
    asymmetric = f"{_HAZMAT}.asymmetric"
    if isinstance(key, module(f"{asymmetric}.ed25519").Ed25519PublicKey):
        return "ed25519"
    if isinstance(key, module(f"{asymmetric}.ec").EllipticCurvePublicKey):
        return "ec"
    return "rsa" if isinstance(key, module(f"{asymmetric}.rsa").RSAPublicKey) else ""


def curve(key: Any) -> str:
    """What Go calls an elliptic key's curve, when it is not one of `CURVES`."""
    name: str = key.curve.name
    return "" if name in CURVES else _CURVE_NAMES.get(name, name)


def signature_error(request: Any) -> str:
    """Empty when a request is signed by its own key; else what Go says."""
    if request.is_signature_valid:
        return ""
    kind = kind_of(request.public_key())
    return _ALGORITHMS.get(kind) or _OTHERS.format(_NAMES.get(kind, kind))


def same_key(one: Any, other: Any) -> bool:
    return bool(one == other)


def is_authority(certificate: Any) -> bool:
    return bool(_extension(certificate, "BasicConstraints", "ca"))


def dns_names(certificate: Any) -> list[str]:
    return _alternative_names(certificate, "DNSName")


def email_addresses(certificate: Any) -> list[str]:
    return _alternative_names(certificate, "RFC822Name")


def _alternative_names(certificate: Any, kind: str) -> list[str]:
    x509 = module(_X509)
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return list(found.value.get_values_for_type(getattr(x509, kind)))


def _extension(certificate: Any, name: str, attribute: str) -> Any:
    x509 = module(_X509)
    try:
        found = certificate.extensions.get_extension_for_class(getattr(x509, name))
    except x509.ExtensionNotFound:
        return None
    return getattr(found.value, attribute)


def is_signed(key: Any, message: bytes, signature: bytes) -> bool:
    """A proof of possession: by Ed25519 of the message, else of its SHA-256."""
    hashes, sha = module(f"{_HAZMAT}.hashes"), module(f"{_HAZMAT}.hashes").SHA256
    kind = kind_of(key)
    try:
        if kind == "ed25519":
            key.verify(signature, message)
        elif kind == "ec":
            key.verify(signature, message, module(f"{_HAZMAT}.asymmetric.ec").ECDSA(sha()))
        else:
            padding = module(f"{_HAZMAT}.asymmetric.padding")
            pss = padding.PSS(mgf=padding.MGF1(sha()), salt_length=padding.PSS.AUTO)
            key.verify(signature, message, pss, hashes.SHA256())
    except module("cryptography.exceptions").InvalidSignature:
        return False
    return True
