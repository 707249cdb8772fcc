"""PriorityLevelConfiguration."""

import math
from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import declared, internal
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.flowcontrol import fixed

Errors = list[FieldError]

_SPEC = Path("spec")
_LIMITED, _RESPONSE = _SPEC.child("limited"), _SPEC.child("limited", "limitResponse")
_EXEMPT = "exempt"
_ZERO_SHARES = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"
_TYPES, _RESPONSES = ("Exempt", "Limited"), ("Queue", "Reject")
_MOST_QUEUES = 10_000_000
_MOST_BITS = 60
_WHOLE = "must be a non-negative integer"
_PERCENT = "must be between 0 and 100, inclusive"


def _written(obj: Obj) -> Errors:
    errors: Errors = []
    if _ZERO_SHARES in (obj["metadata"].get("annotations") or {}):
        detail = f"annotation '{_ZERO_SHARES}' is forbidden"
        errors.append(fields.forbidden(Path("metadata", "annotations"), detail))
    errors += _spec(obj["spec"], obj["metadata"].get("name", ""))
    return errors + _mandatory(obj) + fixed.validate_status(obj)


def _spec(spec: Any, name: str) -> Errors:
    kind, where = spec.get("type", ""), _SPEC.child("type")
    errors: Errors = []
    if (name == _EXEMPT) != (kind == "Exempt"):
        detail = "must be 'Exempt' if and only if `name` is 'exempt'"
        errors.append(fields.invalid(where, kind, detail))
    if kind == "Exempt":
        if spec.get("limited") is not None:
            detail = "must be nil if the type is not Limited"
            errors += declared.covered([fields.forbidden(_LIMITED, detail)])
        return errors + _exempt(spec.get("exempt") or {}, _SPEC.child("exempt"))
    if kind == "Limited":
        return errors + _limited_only(spec)
    if not kind:
        return errors + declared.covered([fields.required(where)])
    return [*errors, fields.not_supported(where, kind, _TYPES)]


def _limited_only(spec: Any) -> Errors:
    errors: Errors = []
    if spec.get("exempt") is not None:
        where, detail = _SPEC.child("exempt"), "must be nil if the type is Limited"
        errors += declared.covered([fields.forbidden(where, detail)])
    if spec.get("limited") is None:
        detail = "must not be empty when type is Limited"
        return errors + declared.covered([fields.required(_LIMITED, detail)])
    return errors + _limited(spec["limited"])


def _exempt(exempt: Any, path: Path) -> Errors:
    errors: Errors = []
    shares, percent = exempt.get("nominalConcurrencyShares"), exempt.get("lendablePercent")
    if shares is not None and shares < 0:
        errors.append(fields.invalid(path.child("nominalConcurrencyShares"), shares, _WHOLE))
    if percent is not None and not 0 <= percent <= 100:
        errors.append(fields.invalid(path.child("lendablePercent"), percent, _PERCENT))
    return errors


def _limited(limited: Any) -> Errors:
    errors: Errors = []
    shares = limited.get("nominalConcurrencyShares", 0)
    if shares < 0:
        errors.append(fields.invalid(_LIMITED.child("nominalConcurrencyShares"), shares, _WHOLE))
    errors += _response(limited.get("limitResponse") or {})
    percent, most = limited.get("lendablePercent"), limited.get("borrowingLimitPercent")
    if percent is not None and not 0 <= percent <= 100:
        errors.append(fields.invalid(_LIMITED.child("lendablePercent"), percent, _PERCENT))
    if most is not None and most < 0:
        detail = f"if specified, {_WHOLE}"
        errors.append(fields.invalid(_LIMITED.child("borrowingLimitPercent"), most, detail))
    return errors


def _response(response: Any) -> Errors:
    kind, queuing = response.get("type", ""), response.get("queuing")
    where, queues = _RESPONSE.child("type"), _RESPONSE.child("queuing")
    if kind == "Reject":
        detail = "must be nil if limited.limitResponse.type is not Limited"
        wrong = [fields.forbidden(queues, detail)] if queuing is not None else []
        return declared.covered(wrong)
    if kind == "Queue":
        if queuing is not None:
            return _queuing(queuing, queues)
        detail = "must not be empty if limited.limitResponse.type is Limited"
        return declared.covered([fields.required(queues, detail)])
    if not kind:
        return declared.covered([fields.required(where)])
    return [fields.not_supported(where, kind, _RESPONSES)]


def _queuing(queuing: Any, path: Path) -> Errors:
    errors: Errors = []
    limit, queues = queuing.get("queueLengthLimit", 0), queuing.get("queues", 0)
    if limit <= 0:
        errors.append(fields.invalid(path.child("queueLengthLimit"), limit, "must be positive"))
    if queues <= 0:
        errors.append(fields.invalid(path.child("queues"), queues, "must be positive"))
    elif queues > _MOST_QUEUES:
        detail = f"must not be greater than {_MOST_QUEUES}"
        errors.append(fields.invalid(path.child("queues"), queues, detail))
    if detail := _hand_size(queuing.get("handSize", 0), queues):
        errors.append(fields.invalid(path.child("handSize"), queuing.get("handSize", 0), detail))
    return errors


def _hand_size(hand: int, queues: int) -> str:
    if hand <= 0:
        return "must be positive"
    if hand > queues:
        return f"should not be greater than queues ({queues})"
    if math.ceil(math.log2(queues) * hand) <= _MOST_BITS:
        return ""
    return (
        f"required entropy bits of deckSize {queues} and handSize {hand} should not be greater "
        f"than {_MOST_BITS}"
    )


def _mandatory(obj: Obj) -> Errors:
    name, spec = obj["metadata"].get("name", ""), obj["spec"]
    must_be = fixed.spec_of("PriorityLevelConfiguration", name)
    if must_be is None:
        return []
    if name == _EXEMPT:
        must_be = {k: v for k, v in must_be.items() if k != "exempt"}
        free, said = {k: v for k, v in spec.items() if k != "exempt"}, _EXCEPT_EXEMPT
    else:
        free, said = spec, ""
    if free == must_be:
        return []
    shown = internal.shown("flowcontrol.PriorityLevelConfigurationSpec", spec)
    return [fields.invalid(_SPEC, shown, f"spec of '{name}'{said} must equal the fixed value")]


_EXCEPT_EXEMPT = " except the 'spec.exempt' field"


def _declared(spec: Any, before: Any = None) -> Errors:
    """`before` is None at creation; what has not changed is not judged again."""
    if spec == before:
        return []
    errors: Errors = []
    kind, limited, old = spec.get("type", ""), spec.get("limited"), before or {}
    same_kind = before is not None and kind == old.get("type", "")
    same_exempt = same_kind and spec.get("exempt") == old.get("exempt")
    if kind != "Exempt" and spec.get("exempt") is not None and not same_exempt:
        errors.append(fields.forbidden(_SPEC.child("exempt")))
    if not (same_kind and limited == old.get("limited")):
        if kind == "Limited" and limited is None:
            errors.append(fields.required(_LIMITED))
        if kind != "Limited" and limited is not None:
            errors.append(fields.forbidden(_LIMITED))
    if not kind and not same_kind:
        errors.append(fields.required(_SPEC.child("type")))
    if limited is not None and limited != old.get("limited"):
        was = (old.get("limited") or {}).get("limitResponse")
        errors += _declared_response(limited.get("limitResponse") or {}, was)
    return errors


def _declared_response(response: Any, before: Any) -> Errors:
    if response == before:
        return []
    kind, queuing = response.get("type", ""), response.get("queuing")
    errors: Errors = []
    if kind == "Queue" and queuing is None:
        errors.append(fields.required(_RESPONSE.child("queuing")))
    if kind != "Queue" and queuing is not None:
        errors.append(fields.forbidden(_RESPONSE.child("queuing")))
    if not kind and (before is None or before.get("type")):
        errors.append(fields.required(_RESPONSE.child("type")))
    return errors


STRATEGY = Strategy(
    group="flowcontrol.apiserver.k8s.io",
    kind="PriorityLevelConfiguration",
    validate=lambda obj: declared.settle(_written(obj), _declared(obj["spec"])),
    validate_update=lambda obj, old: declared.settle(
        _written(obj), _declared(obj["spec"], old["spec"])
    ),
    has_generation=True,
    has_status=True,
    status=fixed.STATUS,
)
