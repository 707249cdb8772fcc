"""CertificateSigningRequest."""

import base64
from collections.abc import Sequence

from mockapi.machinery.resource import Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import names, rules
from mockapi.meta import fields as errors_of
from mockapi.meta import gofmt, pem
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import fields
from mockapi.resources.certificates import x509

Errors = list[FieldError]

APPROVED, DENIED, FAILED = "Approved", "Denied", "Failed"
_SPEC = Path("spec")
_CONDITIONS = Path("status", "conditions")
_CERTIFICATE = Path("status", "certificate")
_STATUSES = ("False", "True", "Unknown")
_LEGACY_SIGNER = "kubernetes.io/legacy-unknown"
_SHORTEST = 600
_MALFORMED = "asn1: structure error: malformed certificate request"
_USAGES = (
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
)
_ABOUT_USER = ("username", "uid", "groups", "extra")


def _prepare_create(obj: Obj, context: Context) -> None:
    """Who asks is not for the client to say."""
    spec, user = obj["spec"], context.user
    for name in _ABOUT_USER:
        spec.pop(name, None)
    said = {
        "username": user.name,
        "uid": user.uid,
        "groups": list(user.groups),
        "extra": {key: list(values) for key, values in user.extra.items()},
    }
    spec.update({name: value for name, value in said.items() if value})


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    obj["spec"] = old["spec"]


def _conditions(obj: Obj, kind: str = "") -> list[Obj]:
    listed = (obj.get("status") or {}).get("conditions") or []
    return [c for c in listed if not kind or c.get("type") == kind]


def _with_times(conditions: Sequence[Obj], old: Obj, now: str) -> list[Obj]:
    known = reversed(_conditions(old))  # the first of equals wins
    before = {(c.get("type"), c.get("status")): c.get("lastTransitionTime") for c in known}
    return [
        {
            **condition,
            "lastUpdateTime": condition.get("lastUpdateTime") or now,
            "lastTransitionTime": condition.get("lastTransitionTime")
            or before.get((condition.get("type"), condition.get("status")))
            or now,
        }
        for condition in conditions
    ]


def _set_conditions(obj: Obj, conditions: list[Obj]) -> None:
    status = dict(obj.get("status") or {})
    status.pop("conditions", None)
    obj["status"] = {"conditions": conditions, **status} if conditions else status


def _prepare_approval(obj: Obj, old: Obj, context: Context) -> None:
    conditions = _with_times(_conditions(obj), old, context.now)
    obj["status"] = old.get("status") or {}
    _set_conditions(obj, conditions)


def _prepare_status(obj: Obj, old: Obj, context: Context) -> None:
    conditions = list(_conditions(obj))
    for kind in (APPROVED, DENIED):
        kept = _conditions(old, kind)
        places = [i for i, c in enumerate(conditions) if c.get("type") == kind]
        if len(kept) == len(places):
            for place, condition in zip(places, kept, strict=True):
                conditions[place] = condition
    _set_conditions(obj, _with_times(conditions, old, context.now))


def _check_conditions(obj: Obj) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, condition in enumerate(_conditions(obj)):
        where, kind = _CONDITIONS.index(index), condition.get("type", "")
        if not kind:
            errors.append(errors_of.required(where.child("type")))
        allowed = ("True",) if kind in (APPROVED, DENIED, FAILED) else _STATUSES
        if not condition.get("status"):
            errors.append(errors_of.required(where.child("status")))
        elif condition["status"] not in allowed:
            at = where.child("status")
            errors.append(errors_of.not_supported(at, condition["status"], allowed))
        if kind in seen:
            errors.append(errors_of.duplicate(where.child("type"), kind))
        seen.add(kind)
    if {APPROVED, DENIED} <= seen:
        errors.append(_exclusive())
    return errors


def _exclusive() -> FieldError:
    one, other = (f'conditions[{{"type": "{kind}"}}]' for kind in (APPROVED, DENIED))
    detail = f"must specify at most one of: `{one}`, `{other}`"
    return errors_of.invalid(_CONDITIONS, f"{{{one}, {other}}}", detail)


def _validate(obj: Obj) -> Errors:
    spec = obj["spec"]
    errors = _check_request(spec.get("request"))
    usages, where = spec.get("usages") or (), _SPEC.child("usages")
    if not usages:
        errors.append(errors_of.required(where))
    for index, usage in enumerate(usages):
        errors += rules.one_of(usage, where.index(index), _USAGES)
    for index, usage in enumerate(usages):
        if usage in usages[:index]:
            errors.append(errors_of.duplicate(where.index(index), usage))
    signer, where = spec.get("signerName", ""), _SPEC.child("signerName")
    if signer == _LEGACY_SIGNER:
        detail = "the legacy signerName is not allowed via this API version"
        errors.append(errors_of.invalid(where, signer, detail))
    else:
        errors += rules.signer_name(signer, where)
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < _SHORTEST:
        where = _SPEC.child("expirationSeconds")
        detail = "may not specify a duration less than 600 seconds (10 minutes)"
        errors.append(errors_of.invalid(where, seconds, detail))
    return errors


def _check_request(given: str | None) -> Errors:
    block = pem.first(base64.b64decode(given or ""))
    if block is None or block.kind != "CERTIFICATE REQUEST":
        detail = "PEM block type must be CERTIFICATE REQUEST"
    else:
        request = x509.request(block.body)
        detail = _MALFORMED if request is None else x509.signature_error(request)
    return [errors_of.invalid(_SPEC.child("request"), given, detail)] if detail else []


def _check_certificate(obj: Obj, old: Obj) -> Errors:
    """A certificate that is set is a chain of certificates."""
    given, before = ((o.get("status") or {}).get("certificate") for o in (obj, old))
    if not given or given == before:
        return []
    detail = "must contain at least one CERTIFICATE PEM block"
    for block in pem.blocks(base64.b64decode(given)):
        detail = ""
        if block.kind != "CERTIFICATE":
            found = gofmt.quote(block.kind)
            detail = f"only CERTIFICATE PEM blocks are allowed, found {found}"
        elif block.has_headers:
            detail = "no PEM block headers are permitted"
        elif x509.certificate(block.body) is None:
            detail = "x509: malformed certificate"
        if detail:
            break
    return [errors_of.invalid(_CERTIFICATE, "<certificate data>", detail)] if detail else []


def _check_removed(obj: Obj, old: Obj) -> Errors:
    return [
        errors_of.forbidden(_CONDITIONS, f'updates may not remove a condition of type "{kind}"')
        for kind in (APPROVED, DENIED, FAILED)
        if len(_conditions(obj, kind)) < len(_conditions(old, kind))
    ]


def _check_added(obj: Obj, old: Obj) -> Errors:
    return [
        errors_of.forbidden(_CONDITIONS, f'updates may not add a condition of type "{kind}"')
        for kind in (APPROVED, DENIED)
        if len(_conditions(obj, kind)) > len(_conditions(old, kind))
    ]


def _validate_approval(obj: Obj, old: Obj) -> Errors:
    return _check_conditions(obj) + _check_removed(obj, old)


def _validate_status(obj: Obj, old: Obj) -> Errors:
    errors = _check_conditions(obj) + _check_certificate(obj, old)
    errors += _check_removed(obj, old) + _check_added(obj, old)
    before = (old.get("status") or {}).get("certificate")
    if before and (obj.get("status") or {}).get("certificate") != before:
        detail = "updates may not modify existing certificate content"
        errors.append(errors_of.forbidden(_CERTIFICATE, detail))
    return errors


APPROVAL = StatusStrategy(prepare_update=_prepare_approval, validate_update=_validate_approval)
"""Of the approval subresource."""

STRATEGY = Strategy(
    group="certificates.k8s.io",
    kind="CertificateSigningRequest",
    validate_name=names.anything,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    validate=_validate,
    has_status=True,
    status=StatusStrategy(prepare_update=_prepare_status, validate_update=_validate_status),
    parts={"approval": ("status", APPROVAL)},
    selectable={"spec.signerName": fields.text("spec", "signerName")},
)
