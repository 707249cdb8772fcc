"""PodCertificateRequest."""

import base64
from typing import Any

from mockapi.machinery.resource import METADATA_OF_STATUS, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import formats, internal, metadata, rules
from mockapi.meta import fields as errors_of
from mockapi.meta.fields import OMITTED, FieldError, Path
from mockapi.resources import fields
from mockapi.resources.certificates import pod_certificate_status, x509

Errors = list[FieldError]

_SPEC = Path("spec")
_KEY, _PROOF = _SPEC.child("pkixPublicKey"), _SPEC.child("proofOfPossession")
_STUB = _SPEC.child("stubPKCS10Request")
_LONGEST_UID = 128
_LARGEST = 10 * 1024
_SHORTEST = 60 * 60
_LONGEST, _LONGEST_OF_KUBERNETES = 91 * 24 * 60 * 60, 24 * 60 * 60
_MODULI = "RSA keys must have modulus size 3072 or 4096"
_UNKNOWN_KEY = "unknown public key type; supported types are Ed25519, ECDSA, and RSA"


def _uid(spec: Any, name: str) -> Errors:
    uid, path = spec.get(name, ""), _SPEC.child(name)
    if not uid:
        return [errors_of.invalid(path, uid, "must not be empty")]
    if formats.size(uid) > _LONGEST_UID:
        return [errors_of.too_long(path, _LONGEST_UID)]
    return []


def _annotations(given: Any) -> Errors:
    path = _SPEC.child("unverifiedUserAnnotations")
    errors: Errors = []
    for key in given:
        errors += rules.domain_prefixed_key(key.lower(), path)
    size = sum(formats.size(key) + formats.size(value) for key, value in given.items())
    if size > metadata.MAX_ANNOTATIONS:
        errors.append(errors_of.too_long(path, metadata.MAX_ANNOTATIONS))
    return errors


def _validate(obj: Obj) -> Errors:
    spec = obj["spec"]
    signer = spec.get("signerName", "")
    errors = rules.signer_name(signer, _SPEC.child("signerName"))
    errors += _annotations(spec.get("unverifiedUserAnnotations") or {})
    for owner in ("pod", "serviceAccount", "node"):
        name, uid = f"{owner}Name", f"{owner}UID"
        errors += rules.object_name(spec.get(name, ""), _SPEC.child(name)) + _uid(spec, uid)
    seconds, where = spec.get("maxExpirationSeconds"), _SPEC.child("maxExpirationSeconds")
    if seconds is None:
        return [*errors, errors_of.required(where, "must be set")]
    host = signer.partition("/")[0]
    of_kubernetes = host == "kubernetes.io" or host.endswith(".kubernetes.io")
    longest = _LONGEST_OF_KUBERNETES if of_kubernetes else _LONGEST
    if not _SHORTEST <= seconds <= longest:
        detail = f"must be in the range [{_SHORTEST}, {longest}]"
        errors.append(errors_of.invalid(where, seconds, detail))
    return errors + _proof(spec)


def _proof(spec: Any) -> Errors:
    names = ("stubPKCS10Request", "pkixPublicKey", "proofOfPossession")
    stub, key, proof = (base64.b64decode(spec.get(name) or "") for name in names)
    if stub and not key and not proof:
        return _judge_stub(stub)
    if key and proof and not stub:
        return _judge_key(key, proof, spec.get("podUID", ""))
    detail = "exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set"
    return [errors_of.invalid(_SPEC, OMITTED, detail)]


def _judge_key(der: bytes, proof: bytes, message: str) -> Errors:
    for path, data in ((_KEY, der), (_PROOF, proof)):
        if len(data) > _LARGEST:
            return [errors_of.too_long(path, _LARGEST)]
    key, shown = x509.public_key(der), base64.b64encode(der).decode()
    if key is None:
        return [errors_of.invalid(_KEY, shown, "must be a valid PKIX-serialized public key")]
    if wrong := _unfit(key, _KEY, "P256 or P384", shown):
        return [wrong]
    if x509.is_signed(key, message.encode(), proof):
        return []
    detail = "could not verify proof-of-possession signature"
    return [errors_of.invalid(_PROOF, OMITTED, detail)]


def _judge_stub(der: bytes) -> Errors:
    if len(der) > _LARGEST:
        return [errors_of.too_long(_STUB, _LARGEST)]
    request = x509.request(der)
    if request is None:
        return [errors_of.invalid(_STUB, OMITTED, "must be a valid PKCS#10 CSR")]
    if wrong := _unfit(request.public_key(), _STUB, "P256, P384, or P521", OMITTED):
        return [wrong]
    if x509.signature_error(request):
        return [errors_of.invalid(_STUB, OMITTED, "invalid signature")]
    return []


def _unfit(key: Any, path: Path, curves: str, shown: Any) -> FieldError | None:
    kind = x509.kind_of(key)
    if kind == "ec" and (curve := x509.curve(key)):
        detail = f"elliptic public keys must use curve {curves}"
        return errors_of.invalid(path, f"curve {curve}", detail)
    if kind == "rsa" and key.key_size not in x509.MODULI:
        return errors_of.invalid(path, f"{key.key_size}-bit modulus", _MODULI)
    return None if kind else errors_of.invalid(path, shown, _UNKNOWN_KEY)


def _validate_update(obj: Obj, old: Obj) -> Errors:
    shown = internal.shown("certificates.PodCertificateRequestSpec", obj["spec"])
    return rules.immutable(obj["spec"], old["spec"], _SPEC, shown=shown)


STRATEGY = Strategy(
    group="certificates.k8s.io",
    kind="PodCertificateRequest",
    validate=_validate,
    validate_update=_validate_update,
    has_status=True,
    status=StatusStrategy(
        judge_update=pod_certificate_status.validate, kept_metadata=METADATA_OF_STATUS
    ),
    unconditional_update=False,
    selectable={
        "spec.signerName": fields.text("spec", "signerName"),
        "spec.podName": fields.text("spec", "podName"),
        "spec.nodeName": fields.text("spec", "nodeName"),
    },
)
