"""MutatingWebhookConfiguration, ValidatingWebhookConfiguration."""

from dataclasses import dataclass
from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import labels, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import webhook_client
from mockapi.resources.admissionregistration import matching

Errors = list[FieldError]

_NO_SIDE_EFFECTS = ("None", "NoneOnDryRun")
_SIDE_EFFECTS = ("None", "NoneOnDryRun", "Some", "Unknown")
_REINVOCATION = ("IfNeeded", "Never")
_LONGEST_TIMEOUT = 30
_NOT_INTERCEPTED = (
    ("authentication.k8s.io", "selfsubjectreviews"),
    ("authentication.k8s.io", "tokenreviews"),
    ("authorization.k8s.io", "localsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("authorization.k8s.io", "subjectaccessreviews"),
)


@dataclass(frozen=True, slots=True)
class _Lenience:
    """What the old object did wrong already is not asked of the new one."""

    side_effects: bool = False
    versions: bool = False
    names: bool = False
    conditions: bool = False


def _lenience(obj: Obj, old: Obj) -> _Lenience:
    hooks, now = old.get("webhooks") or [], obj.get("webhooks") or []
    names = [hook.get("name", "") for hook in hooks]
    reviews = [hook.get("admissionReviewVersions") or () for hook in hooks]
    return _Lenience(
        side_effects=any(hook.get("sideEffects") not in _NO_SIDE_EFFECTS for hook in hooks),
        versions=any(given and not set(given) & set(webhook_client.REVIEWS) for given in reviews),
        names=len(set(names)) < len(names),
        conditions=[hook.get("matchConditions") or [] for hook in hooks]
        == [hook.get("matchConditions") or [] for hook in now],
    )


def _check(obj: Obj, lenience: _Lenience = _Lenience()) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, hook in enumerate(obj.get("webhooks") or ()):
        path, name = Path("webhooks").index(index), hook.get("name", "")
        errors += _hook(hook, path, lenience)
        given = hook.get("admissionReviewVersions") or []
        errors += webhook_client.review_versions(
            given,
            path.child("admissionReviewVersions"),
            missing=f"must specify one of {', '.join(webhook_client.REVIEWS)}",
            lenient=lenience.versions,
        )
        if name and name in seen and not lenience.names:
            errors.append(fields.duplicate(path.child("name"), name))
        seen.add(name)
    return errors


def _hook(hook: Any, path: Path, lenience: _Lenience) -> Errors:
    errors = rules.fully_qualified_name(hook.get("name", ""), path.child("name"))
    for index, rule in enumerate(hook.get("rules") or ()):
        errors += matching.rule_with_operations(rule, path.child("rules").index(index))
    for name, valid in (
        ("failurePolicy", matching.FAILURE_POLICIES),
        ("matchPolicy", matching.MATCH_POLICIES),
    ):
        if hook.get(name) is not None:
            errors += rules.one_of(hook[name], path.child(name), valid)
    errors += _side_effects(hook.get("sideEffects"), path.child("sideEffects"), lenience)
    seconds, where = hook.get("timeoutSeconds"), path.child("timeoutSeconds")
    if seconds is not None and not 1 <= seconds <= _LONGEST_TIMEOUT:
        detail = "the timeout value must be between 1 and 30 seconds"
        errors.append(fields.invalid(where, seconds, detail))
    for name in ("namespaceSelector", "objectSelector"):
        errors += labels.validate_selector(hook.get(name), path.child(name))
    if (again := hook.get("reinvocationPolicy")) is not None:
        errors += rules.one_of(again, path.child("reinvocationPolicy"), _REINVOCATION)
    errors += webhook_client.validate(hook.get("clientConfig") or {}, path.child("clientConfig"))
    if lenience.conditions:
        return errors
    given = hook.get("matchConditions") or ()
    return errors + matching.conditions(given, path.child("matchConditions"))


def _side_effects(value: str | None, path: Path, lenience: _Lenience) -> Errors:
    allowed = _SIDE_EFFECTS if lenience.side_effects else _NO_SIDE_EFFECTS
    if value is None:
        return [fields.required(path, f"must specify one of {', '.join(allowed)}")]
    return rules.one_of(value, path, allowed)


def _validate_update(obj: Obj, old: Obj) -> Errors:
    return _check(obj, _lenience(obj, old))


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    found: list[str] = []
    for index, hook in enumerate(obj.get("webhooks") or ()):
        for place, rule in enumerate(hook.get("rules") or ()):
            path = Path("webhooks").index(index).child("rules").index(place)
            found += [
                f"{path}: {resource}.{group} is excluded from admission webhooks; "
                "this rule will have no effect"
                for group, resource in _named_in_vain(rule)
            ]
    return found


def _named_in_vain(rule: Any) -> list[tuple[str, str]]:
    groups, resources = rule.get("apiGroups") or (), rule.get("resources") or ()
    if "*" in groups or "*" in resources:
        return []
    pairs = [(group, resource) for group in groups for resource in resources]
    return [pair for pair in dict.fromkeys(pairs) if pair in _NOT_INTERCEPTED]


def _strategy(kind: str) -> Strategy:
    return Strategy(
        group="admissionregistration.k8s.io",
        kind=kind,
        validate=lambda obj: _check(obj) + matching.static_name(obj),
        validate_update=_validate_update,
        warnings=_warnings,
        has_generation=True,
        counts_emptied=True,
        unconditional_update=False,
    )


MUTATING_WEBHOOK_CONFIGURATION = _strategy("MutatingWebhookConfiguration")
VALIDATING_WEBHOOK_CONFIGURATION = _strategy("ValidatingWebhookConfiguration")
