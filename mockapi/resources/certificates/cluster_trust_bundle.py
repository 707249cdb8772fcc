"""ClusterTrustBundle."""

from collections.abc import Mapping

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import formats, names, rules
from mockapi.machinery.validation import metadata as metadata_rules
from mockapi.machinery.validation.names import NameRule
from mockapi.meta import fields as errors_of
from mockapi.meta import pem
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import fields
from mockapi.resources.certificates import x509

Errors = list[FieldError]

_SIGNER, _BUNDLE = Path("spec", "signerName"), Path("spec", "trustBundle")
_LARGEST = 1024 * 1024
_HIDDEN = "<value omitted>"


def _name_rule(obj: Obj) -> NameRule:
    return names.cluster_trust_bundle(obj["spec"].get("signerName", ""))


def _anchors(text: str) -> Errors:
    if formats.size(text) > _LARGEST:
        return [errors_of.too_long(_BUNDLE, _LARGEST)]
    details: list[str] = []
    seen: dict[bytes, list[int]] = {}
    for index, block in enumerate(pem.blocks(text.encode())):
        if detail := _anchor(block):
            details.append(f"entry {index} {detail}")
        else:
            seen.setdefault(block.body, []).append(index)
    if not details:
        details = _repeated(seen)
    return [errors_of.invalid(_BUNDLE, _HIDDEN, detail) for detail in details]


def _anchor(block: pem.Block) -> str:
    if block.kind != "CERTIFICATE":
        return f"has bad block type: {block.kind}"
    if block.has_headers:
        return "has PEM block headers"
    certificate = x509.certificate(block.body)
    if certificate is None:
        return "does not parse as X.509"
    return "" if x509.is_authority(certificate) else "does not have the CA bit set"


def _repeated(seen: Mapping[bytes, list[int]]) -> list[str]:
    if not seen:
        return ["at least one trust anchor must be provided"]
    return [
        f"duplicate trust anchor (indices [{' '.join(map(str, places))}])"
        for places in seen.values()
        if len(places) > 1
    ]


def _check(obj: Obj) -> Errors:
    signer = obj["spec"].get("signerName")
    return rules.signer_name(signer, _SIGNER) if signer else []


def _validate(obj: Obj) -> Errors:
    return _check(obj) + _anchors(obj["spec"].get("trustBundle", ""))


def _validate_update(obj: Obj, old: Obj) -> Errors:
    errors = metadata_rules.validate_object_meta(
        obj["metadata"], namespaced=False, validate_name=_name_rule(obj)
    )
    spec, before = obj["spec"], old["spec"]
    errors += _check(obj)
    if spec.get("trustBundle") != before.get("trustBundle"):
        errors += _anchors(spec.get("trustBundle", ""))
    signer, was = spec.get("signerName", ""), before.get("signerName", "")
    return errors + rules.immutable(signer, was, _SIGNER)


STRATEGY = Strategy(
    group="certificates.k8s.io",
    kind="ClusterTrustBundle",
    name_rule=_name_rule,
    validate=_validate,
    validate_update=_validate_update,
    unconditional_update=False,
    selectable={"spec.signerName": fields.text("spec", "signerName")},
)
