"""CertificateSigningRequest."""

from collections.abc import Sequence

from mockapi.machinery.resource import Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import names
from mockapi.meta import fields as errors_of
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import fields

Errors = list[FieldError]

APPROVED, DENIED, FAILED = "Approved", "Denied", "Failed"
_CONDITIONS = Path("status", "conditions")
_CERTIFICATE = Path("status", "certificate")
_STATUSES = ("False", "True", "Unknown")
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
    errors = _check_conditions(obj) + _check_removed(obj, old) + _check_added(obj, old)
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
    has_status=True,
    status=StatusStrategy(prepare_update=_prepare_status, validate_update=_validate_status),
    parts={"approval": ("status", APPROVAL)},
    selectable={"spec.signerName": fields.text("spec", "signerName")},
)
