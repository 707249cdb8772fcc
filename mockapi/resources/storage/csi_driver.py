"""CSIDriver."""

from collections.abc import Sequence
from typing import Any

from mockapi.machinery.resource import Context, Obj, Strategy
from mockapi.machinery.validation import rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_SPEC = Path("spec")
_REQUIRED = {
    "attachRequired": "attachedRequired",
    "podInfoOnMount": "podInfoOnMount",
    "storageCapacity": "storageCapacity",
}
"""What defaults fill in unless it is given as null, and how errors call it."""
_GROUP_POLICIES = ("File", "None", "ReadWriteOnceWithFSType")
_MODES = ("Persistent", "Ephemeral")
_SHORTEST_TOKEN = 600
_LONGEST_TOKEN = 1 << 32
_SHORTEST_PERIOD = 10
_TOKENS_IN_SECRETS = (
    "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to "
    "prevent possible logging of tokens in volume attributes"
)


def _check(obj: Obj) -> Errors:
    spec = obj["spec"]
    errors: Errors = [
        fields.required(_SPEC.child(shown))
        for name, shown in _REQUIRED.items()
        if spec.get(name) is None
    ]
    if (policy := spec.get("fsGroupPolicy")) is not None:
        errors += rules.one_of(policy, _SPEC.child("fsGroupPolicy"), _GROUP_POLICIES)
    errors += _tokens(spec.get("tokenRequests") or ())
    for mode in spec.get("volumeLifecycleModes") or ():
        errors += rules.one_of(mode, _SPEC.child("volumeLifecycleModes"), _MODES)
    if spec.get("seLinuxMount") is None:
        errors.append(fields.required(_SPEC.child("seLinuxMount")))
    return errors + _rest(spec)


def _tokens(requests: Sequence[Any]) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, request in enumerate(requests):
        path, audience = _SPEC.child("tokenRequests").index(index), request.get("audience", "")
        if audience in seen:
            errors.append(fields.duplicate(path.child("audience"), audience))
            continue
        seen.add(audience)
        seconds, where = request.get("expirationSeconds"), path.child("expirationSeconds")
        if seconds is not None and seconds < _SHORTEST_TOKEN:
            detail = "may not specify a duration less than 10 minutes"
            errors.append(fields.invalid(where, seconds, detail))
        if seconds is not None and seconds > _LONGEST_TOKEN:
            detail = "may not specify a duration larger than 2^32 seconds"
            errors.append(fields.invalid(where, seconds, detail))
    return errors


def _rest(spec: Any) -> Errors:
    errors: Errors = []
    period = spec.get("nodeAllocatableUpdatePeriodSeconds")
    if period is not None and period < _SHORTEST_PERIOD:
        where = _SPEC.child("nodeAllocatableUpdatePeriodSeconds")
        detail = "must be greater than or equal to 10 seconds"
        errors.append(fields.invalid(where, period, detail))
    in_secrets = spec.get("serviceAccountTokenInSecrets")
    if in_secrets is not None and not spec.get("tokenRequests"):
        where = _SPEC.child("serviceAccountTokenInSecrets")
        detail = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
        errors.append(fields.invalid(where, in_secrets, detail))
    return errors


def _validate_update(obj: Obj, old: Obj) -> Errors:
    spec, before = obj["spec"], old["spec"]
    errors = _check(obj)
    attach, modes = "attachRequired", "volumeLifecycleModes"
    errors += rules.immutable(spec.get(attach), before.get(attach), _SPEC.child(_REQUIRED[attach]))
    return errors + rules.immutable(spec.get(modes), before.get(modes), _SPEC.child(modes))


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    spec = obj["spec"]
    requests = spec.get("tokenRequests")
    if not requests or spec.get("serviceAccountTokenInSecrets") is not None:
        return []
    if old is not None and old["spec"].get("tokenRequests") == requests:
        return []
    return [_TOKENS_IN_SECRETS]


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    """The generation counts changes; there is none before the first."""
    if obj["spec"] != old["spec"]:
        obj["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


STRATEGY = Strategy(
    group="storage.k8s.io",
    kind="CSIDriver",
    prepare_update=_prepare_update,
    validate=_check,
    validate_update=_validate_update,
    warnings=_warnings,
    unconditional_update=False,
)
