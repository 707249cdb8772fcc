"""The spec of a Job, in a Job and in a CronJob's template."""

import re
from collections.abc import Sequence
from typing import Any

from mockapi.machinery.validation import internal, rules
from mockapi.meta import fields, gofmt
from mockapi.meta.fields import OMITTED, FieldError, Path
from mockapi.resources.pods.spec import validate_template
from mockapi.resources.pods.warnings import template_warnings
from mockapi.resources.pods.workloads import not_negative

Errors = list[FieldError]

INDEXED = "Indexed"
_COUNTS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
)
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_STATUSES = ("False", "True", "Unknown")
_MANY = 100_000
_HIGH = 10_000
_TOO_HIGH = (
    "must be less than or equal to 10000 when completions are above 100000 and used with backoff "
    "limit per index"
)


def _listed(values: Sequence[str]) -> str:
    """`%q` of a list."""
    return f"[{' '.join(gofmt.quote(v) for v in values)}]"


def validate_spec(spec: Any, path: Path) -> Errors:
    """All but the selector, which a template has not."""
    errors = not_negative(spec, _COUNTS, path)
    failed = spec.get("maxFailedIndexes")
    if failed is not None:
        errors += rules.not_negative(failed, path.child("maxFailedIndexes"))
        if spec.get("backoffLimitPerIndex") is None:
            where = path.child("backoffLimitPerIndex")
            errors.append(fields.required(where, "when maxFailedIndexes is specified"))
    if (manager := spec.get("managedBy")) is not None:
        where = path.child("managedBy")
        errors += rules.domain_prefixed_path(manager, where)
        if len(manager) > 63:
            errors.append(fields.too_long(where, 63))
    errors += _completion_mode(spec, path)
    if (policy := spec.get("podFailurePolicy")) is not None:
        errors += _failure_policy(spec, policy, path.child("podFailurePolicy", "rules"))
    if (success := spec.get("successPolicy")) is not None:
        errors += _success_policy(spec, success, path.child("successPolicy"))
    errors += _replacement(spec, path.child("podReplacementPolicy"))
    template = spec.get("template") or {}
    errors += validate_template(template, path.child("template"))
    return errors + _restart(spec, template, path.child("template", "spec", "restartPolicy"))


def _completion_mode(spec: Any, path: Path) -> Errors:
    mode = spec.get("completionMode")
    errors: Errors = []
    if mode is not None:
        where = path.child("completionMode")
        errors += rules.one_of(mode, where, ("NonIndexed", INDEXED))
    if mode == INDEXED:
        return errors + _indexed(spec, path)
    if mode in (None, "NonIndexed"):
        for name in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(name) is not None:
                detail = "requires indexed completion mode"
                errors.append(fields.invalid(path.child(name), spec[name], detail))
    return errors


def _indexed(spec: Any, path: Path) -> Errors:
    errors: Errors = []
    completions, parallelism = spec.get("completions"), spec.get("parallelism")
    failed, at_failed = spec.get("maxFailedIndexes"), path.child("maxFailedIndexes")
    if completions is None:
        detail = "when completion mode is Indexed"
        errors.append(fields.required(path.child("completions"), detail))
    if parallelism is not None and parallelism > _MANY:
        detail = f"must be less than or equal to {_MANY} when completion mode is Indexed"
        errors.append(fields.invalid(path.child("parallelism"), parallelism, detail))
    if completions is not None and failed is not None and failed > completions:
        detail = "must be less than or equal to completions"
        errors.append(fields.invalid(at_failed, failed, detail))
    if failed is not None and failed > _MANY:
        errors.append(fields.invalid(at_failed, failed, f"must be less than or equal to {_MANY}"))
    if (completions or 0) <= _MANY or spec.get("backoffLimitPerIndex") is None:
        return errors
    if failed is None:
        detail = f"must be specified when completions is above {_MANY}"
        errors.append(fields.required(at_failed, detail))
    if parallelism is not None and parallelism > _HIGH:
        errors.append(fields.invalid(path.child("parallelism"), parallelism, _TOO_HIGH))
    if failed is not None and failed > _HIGH:
        errors.append(fields.invalid(at_failed, failed, _TOO_HIGH))
    return errors


def _failure_policy(spec: Any, policy: Any, path: Path) -> Errors:
    given = policy.get("rules") or ()
    errors: Errors = [fields.too_many(path, len(given), 20)] if len(given) > 20 else []
    pod = (spec.get("template") or {}).get("spec") or {}
    containers = (*(pod.get("containers") or ()), *(pod.get("initContainers") or ()))
    names = frozenset(container.get("name", "") for container in containers)
    for index, rule in enumerate(given):
        errors += _failure_rule(spec, rule, names, path.index(index))
    return errors


def _failure_rule(spec: Any, rule: Any, names: frozenset[str], path: Path) -> Errors:
    action, where = rule.get("action"), path.child("action")
    errors: Errors = []
    if not action:
        errors.append(fields.required(where, f"valid values: {_listed(_ACTIONS)}"))
    elif action == "FailIndex":
        if spec.get("backoffLimitPerIndex") is None:
            detail = "requires the backoffLimitPerIndex to be set"
            errors.append(fields.invalid(where, action, detail))
    else:
        errors += rules.one_of(action, where, _ACTIONS)
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions")
    if codes is not None:
        errors += _exit_codes(codes, names, path.child("onExitCodes"))
    if conditions:
        errors += _pod_conditions(conditions, path.child("onPodConditions"))
    if codes is not None and conditions:
        detail = "specifying both OnExitCodes and OnPodConditions is not supported"
        errors.append(fields.invalid(path, OMITTED, detail))
    if codes is None and not conditions:
        detail = "specifying one of OnExitCodes and OnPodConditions is required"
        errors.append(fields.invalid(path, OMITTED, detail))
    return errors


def _exit_codes(codes: Any, names: frozenset[str], path: Path) -> Errors:
    errors: Errors = []
    operator, where = codes.get("operator"), path.child("operator")
    if not operator:
        errors.append(fields.required(where, f"valid values: {_listed(('In', 'NotIn'))}"))
    else:
        errors += rules.one_of(operator, where, ("In", "NotIn"))
    container = codes.get("containerName")
    if container is not None and container not in names:
        detail = "must be one of the container or initContainer names in the pod template"
        errors.append(fields.invalid(path.child("containerName"), container, detail))
    values, where = codes.get("values") or [], path.child("values")
    if not values:
        errors.append(fields.invalid(where, codes.get("values"), "at least one value is required"))
    elif len(values) > 255:
        errors.append(fields.too_many(where, len(values), 255))
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            detail = "must not be 0 for the In operator"
            errors.append(fields.invalid(where.index(index), value, detail))
        if value in values[:index]:
            errors.append(fields.duplicate(where.index(index), value))
    if list(values) != sorted(values):
        errors.append(fields.invalid(where, values, "must be ordered"))
    return errors


def _pod_conditions(patterns: Sequence[Any], path: Path) -> Errors:
    errors: Errors = []
    if len(patterns) > 20:
        errors.append(fields.too_many(path, len(patterns), 20))
    for index, pattern in enumerate(patterns):
        where = path.index(index)
        errors += rules.qualified_name(pattern.get("type", ""), where.child("type"))
        status, at = pattern.get("status"), where.child("status")
        if not status:
            errors.append(fields.required(at, f"valid values: {_listed(_STATUSES)}"))
        else:
            errors += rules.one_of(status, at, _STATUSES)
    return errors


def _success_policy(spec: Any, policy: Any, path: Path) -> Errors:
    if spec.get("completionMode") != INDEXED:
        shown = internal.shown("batch.SuccessPolicy", policy)
        return [fields.invalid(path, shown, "requires indexed completion mode")]
    given, where = policy.get("rules") or (), path.child("rules")
    errors: Errors = []
    if not given:
        detail = "at least one rules must be specified when the successPolicy is specified"
        errors.append(fields.required(where, detail))
    if len(given) > 20:
        errors.append(fields.too_many(where, len(given), 20))
    for index, rule in enumerate(given):
        errors += _success_rule(spec.get("completions") or 0, rule, where.index(index))
    return errors


def _success_rule(completions: int, rule: Any, path: Path) -> Errors:
    count, indexes = rule.get("succeededCount"), rule.get("succeededIndexes")
    errors: Errors = []
    if count is None and indexes is None:
        detail = "at least one of succeededCount or succeededIndexes must be specified"
        errors.append(fields.required(path, detail))
    total = 0
    if indexes is not None:
        where = path.child("succeededIndexes")
        if len(indexes) > 64 * 1024:
            errors.append(fields.too_long(where, 64 * 1024))
        total, problem = parse_indexes(indexes, completions)
        if problem:
            detail = f"error parsing succeededIndexes: {problem}"
            errors.append(fields.invalid(where, indexes, detail))
    if count is None:
        return errors
    where = path.child("succeededCount")
    errors += rules.not_negative(count, where)
    if count > completions:
        detail = (
            f"must be less than or equal to {completions} (the number of specified completions)"
        )
        errors.append(fields.invalid(where, count, detail))
    if indexes is not None and count > total:
        detail = (
            f"must be less than or equal to {total} (the number of indexes in the specified "
            "succeededIndexes field)"
        )
        errors.append(fields.invalid(where, count, detail))
    return errors


def intervals(text: str, completions: int) -> tuple[list[tuple[int, int]], str]:
    """`1,3-5` as pairs, and what is wrong with it."""
    pairs: list[tuple[int, int]] = []
    for part in text.split(","):
        pair, problem = _interval(part, completions)
        if problem:
            return [], problem
        if pairs and pairs[-1][1] >= pair[0]:
            return [], f"non-increasing order, previous: {pairs[-1][1]}, current: {pair[0]}"
        pairs.append(pair)
    return pairs, ""


def _interval(text: str, completions: int) -> tuple[tuple[int, int], str]:
    parts = text.split("-")
    if len(parts) > 2:
        return (0, 0), (
            f"the fragment {gofmt.quote(text)} violates the requirement that an index interval "
            "can have at most two parts separated by '-'"
        )
    numbers = []
    for part in parts:
        if not re.fullmatch(r"\+?[0-9]+", part):
            return (0, 0), f"cannot convert string to integer for index: {gofmt.quote(part)}"
        numbers.append(int(part))
        if numbers[-1] >= completions:
            return (0, 0), f"too large index: {gofmt.quote(part)}"
    low, high = numbers[0], numbers[-1]
    if len(parts) == 2 and low >= high:
        return (0, 0), f"non-increasing order, previous: {low}, current: {high}"
    return (low, high), ""


def parse_indexes(text: str, completions: int) -> tuple[int, str]:
    """How many indexes a text names, and what is wrong with it."""
    if not text:
        return 0, ""
    pairs, problem = intervals(text, completions)
    return sum(high - low + 1 for low, high in pairs), problem


def _replacement(spec: Any, path: Path) -> Errors:
    policy = spec.get("podReplacementPolicy")
    if policy is None:
        return []
    strict = spec.get("podFailurePolicy") is not None
    return rules.one_of(policy, path, ("Failed",) if strict else ("Failed", "TerminatingOrFailed"))


def _restart(spec: Any, template: Any, path: Path) -> Errors:
    policy = (template.get("spec") or {}).get("restartPolicy", "")
    if policy in ("Always", ""):
        return [fields.required(path, 'valid values: "OnFailure", "Never"')]
    if policy not in ("OnFailure", "Never"):
        return [fields.not_supported(path, policy, ("OnFailure", "Never"))]
    if spec.get("podFailurePolicy") is not None and policy != "Never":
        detail = 'only "Never" is supported when podFailurePolicy is specified'
        return [fields.invalid(path, policy, detail)]
    return []


def spec_warnings(spec: Any, path: Path) -> list[str]:
    found = []
    many = (spec.get("completions") or 0) > _MANY and (spec.get("parallelism") or 0) > _HIGH
    if spec.get("completionMode") == INDEXED and many:
        found.append(
            f"{path}: In Indexed Jobs with a number of completions higher than 10^5 and a "
            "parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes "
            "when a big number of indexes fail"
        )
    return found + template_warnings(spec.get("template") or {}, path.child("template"))
