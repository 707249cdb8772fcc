"""The status of a PodCertificateRequest: one verdict, and the chain that was issued."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from mockapi.machinery.resource import Context, Obj
from mockapi.machinery.validation import conditions, formats
from mockapi.meta import fields, pem
from mockapi.meta.fields import OMITTED, FieldError, Path
from mockapi.resources.certificates import x509

Errors = list[FieldError]

_STATUS = Path("status")
_CONDITIONS, _CHAIN = _STATUS.child("conditions"), _STATUS.child("certificateChain")
_NOT_BEFORE, _NOT_AFTER = _STATUS.child("notBefore"), _STATUS.child("notAfter")
_REFRESH = _STATUS.child("beginRefreshAt")
_VERDICTS = ("Issued", "Denied", "Failed")
_LARGEST_CHAIN = 100 * 1024
_SKEW, _MARGIN = timedelta(minutes=5), timedelta(minutes=10)
_CONSISTENT = "must be present and consistent with the issued certificate"
_IN_RANGE = "must be present and in the range [notbefore+10min, notafter-10min]"


def _verdicts(obj: Obj) -> set[str]:
    listed = (obj.get("status") or {}).get("conditions") or ()
    return {c["type"] for c in listed if c.get("status") == "True" and c.get("type") in _VERDICTS}


def validate(obj: Obj, old: Obj, context: Context) -> Errors:
    status = obj.get("status") or {}
    listed = status.get("conditions") or []
    errors = _conditions(listed) + conditions.validate(listed, _CONDITIONS)
    if errors:
        return errors
    now, before = _verdicts(obj), _verdicts(old)
    if before:
        detail = "immutable after PodCertificateRequest is issued, denied, or failed"
    elif now - {"Issued"}:
        detail = "non-condition status fields must be empty when denying or failing the"
        detail += " PodCertificateRequest"
        return [] if not status.keys() - {"conditions"} else [_whole(detail)]
    elif now:
        return _issued(obj, status, context)
    else:
        detail = 'status is immutable unless transitioning to "Issued", "Denied", or "Failed"'
    return [] if status == (old.get("status") or {}) else [_whole(detail)]


def _whole(detail: str) -> FieldError:
    return fields.invalid(_STATUS, OMITTED, detail)


def _conditions(listed: list[Any]) -> Errors:
    errors: Errors = []
    known = 0
    for index, condition in enumerate(listed):
        path, kind = _CONDITIONS.child(f"[{index}]"), condition.get("type", "")
        if kind not in _VERDICTS:
            errors.append(fields.not_supported(path.child("type"), kind, _VERDICTS))
            continue
        known += 1
        if known > 1:
            detail = 'There may be at most one condition with type "Issued", "Denied", or "Failed"'
            errors.append(fields.invalid(path.child("type"), kind, detail))
        status = condition.get("status", "")
        if status != "True":
            errors.append(fields.not_supported(path.child("status"), status, ("True",)))
    return errors


def _issued(obj: Obj, status: Any, context: Context) -> Errors:
    chain = status.get("certificateChain", "")
    if formats.size(chain) > _LARGEST_CHAIN:
        return [fields.too_long(_CHAIN, _LARGEST_CHAIN)]
    leaf, *others = pem.blocks(chain.encode()) if "-----BEGIN" in chain else (None,)
    if leaf is None:
        detail = "issued certificate chain must contain at least one certificate"
        return [fields.invalid(_CHAIN, chain, detail)]
    if leaf.kind != "CERTIFICATE":
        detail = "issued certificate chain must consist entirely of CERTIFICATE PEM blocks"
        return [fields.invalid(_CHAIN, chain, detail)]
    certificate = x509.certificate(leaf.body)
    if certificate is None:
        detail = "leaf certificate does not parse as valid X.509"
        return [fields.invalid(_CHAIN, chain, detail)]
    errors = _names(certificate)
    if not x509.same_key(certificate.public_key(), _wanted_key(obj["spec"])):
        detail = "leaf certificate was not issued to the requested public key"
        return [*errors, fields.invalid(_CHAIN, chain, detail)]
    errors += _missing(status)
    if not errors:
        errors += _times(obj, status, certificate, context) or _rest(others, chain)
    return errors


def _names(certificate: Any) -> Errors:
    errors: Errors = []
    for name in x509.dns_names(certificate):
        if not name:
            detail = "leaf certificate should not contain empty DNSName"
            errors.append(fields.invalid(_CHAIN, name, detail))
        if ".." in name:
            detail = "leaf certificate's DNSName should not contain '..'"
            errors.append(fields.invalid(_CHAIN, name, detail))
        if name.startswith(".") or name.endswith("."):
            detail = "leaf certificate's DNSName should not start or end with '.'"
            errors.append(fields.invalid(_CHAIN, name, detail))
    for address in x509.email_addresses(certificate):
        if address.count("@") != 1 or address.startswith("@") or address.endswith("@"):
            detail = "leaf certificate should not contain invalid EmailAddress"
            errors.append(fields.invalid(_CHAIN, address, detail))
    return errors


def _wanted_key(spec: Any) -> Any:
    if stub := spec.get("stubPKCS10Request"):
        request = x509.request(base64.b64decode(stub))
        return None if request is None else request.public_key()
    return x509.public_key(base64.b64decode(spec.get("pkixPublicKey") or ""))


def _missing(status: Any) -> Errors:
    wanted = ((_NOT_BEFORE, _CONSISTENT), (_NOT_AFTER, _CONSISTENT), (_REFRESH, _IN_RANGE))
    return [
        fields.required(path, detail)
        for path, detail in wanted
        if not status.get(str(path).removeprefix("status."))
    ]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _times(obj: Obj, status: Any, certificate: Any, context: Context) -> Errors:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    lifetime, longest = end - start, obj["spec"]["maxExpirationSeconds"]
    refresh = _time(status["beginRefreshAt"])
    if _time(status["notBefore"]) != start:
        detail = "must be set to the NotBefore time encoded in the leaf certificate"
        return [fields.invalid(_NOT_BEFORE, status["notBefore"], detail)]
    if not abs(start - _time(context.now).astimezone(UTC)) < _SKEW:
        detail = "must be set to within 5 minutes of kube-apiserver's current time"
        return [fields.invalid(_NOT_BEFORE, status["notBefore"], detail)]
    if _time(status["notAfter"]) != end:
        detail = "must be set to the NotAfter time encoded in the leaf certificate"
        return [fields.invalid(_NOT_AFTER, status["notAfter"], detail)]
    if lifetime < timedelta(hours=1):
        detail = "leaf certificate lifetime must be >= 1 hour"
        return [fields.invalid(_CHAIN, int(lifetime.total_seconds() * 1e9), detail)]
    if lifetime > timedelta(seconds=longest):
        detail = f"leaf certificate lifetime must be <= spec.maxExpirationSeconds ({longest})"
        return [fields.invalid(_CHAIN, int(lifetime.total_seconds() * 1e9), detail)]
    if refresh < start + _MARGIN:
        detail = "must be at least 10 minutes after status.notBefore"
        return [fields.invalid(_REFRESH, status["beginRefreshAt"], detail)]
    if refresh > end - _MARGIN:
        detail = "must be at least 10 minutes before status.notAfter"
        return [fields.invalid(_REFRESH, status["beginRefreshAt"], detail)]
    return []


def _rest(blocks: list[pem.Block], chain: str) -> Errors:
    for block in blocks:
        if block.kind != "CERTIFICATE":
            detail = "issued certificate chain must consist entirely of CERTFICATE PEM blocks"
            return [fields.invalid(_CHAIN, chain, detail)]
        if x509.certificate(block.body) is None:
            detail = "intermediate certificate does not parse as valid X.509"
            return [fields.invalid(_CHAIN, chain, detail)]
    return []
