"""Admission policies, mutating and validating."""

from collections.abc import Sequence
from typing import Any

from mockapi.machinery.resource import METADATA_OF_STATUS, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import conditions, formats, internal, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.admissionregistration import expressions, matching
from mockapi.resources.admissionregistration.expressions import Scope

Errors = list[FieldError]

_SPEC = Path("spec")
_REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_PATCHES = {"JSONPatch": "jsonPatch", "ApplyConfiguration": "applyConfiguration"}
_PATCH_RESULTS = {"JSONPatch": ("list(JSONPatch)",), "ApplyConfiguration": ("Object",)}
_REINVOCATION = ("IfNeeded", "Never")
_MOST_ANNOTATIONS = 20
_LONGEST_VALUE = 5 * 1024
_ONE_ITEM = "validations or auditAnnotations must contain at least one item"


def _common(spec: Any) -> Errors:
    """What both kinds of policy have first."""
    policy, where = spec.get("failurePolicy"), _SPEC.child("failurePolicy")
    if policy is None:
        errors: Errors = [fields.required(where)]
    else:
        errors = rules.one_of(policy, where, matching.FAILURE_POLICIES)
    if (kind := spec.get("paramKind")) is not None:
        errors += matching.param_kind(kind, _SPEC.child("paramKind"))
    match, where = spec.get("matchConstraints"), _SPEC.child("matchConstraints")
    if match is None:
        errors.append(fields.required(where))
    else:
        errors += matching.match_resources(match, where)
        rules.required(match, "resourceRules", where, errors)
    return errors


def _match_conditions(spec: Any) -> Errors:
    has_params = spec.get("paramKind") is not None
    given = spec.get("matchConditions") or ()
    return matching.conditions(given, _SPEC.child("matchConditions"), has_params=has_params)


def _scope(spec: Any, variables: Sequence[str] | None, **more: bool) -> Scope:
    has_params = spec.get("paramKind") is not None
    known = None if variables is None else tuple(variables)
    return Scope(has_params=has_params, variables=known, **more)


def _variables(spec: Any, known: list[str]) -> Errors:
    """Each may use those before it, which `known` collects."""
    errors: Errors = []
    for index, variable in enumerate(spec.get("variables") or ()):
        path, name = _SPEC.child("variables").index(index), variable.get("name", "")
        text = variable.get("expression", "")
        if not expressions.trimmed(name):
            errors.append(fields.required(path.child("name"), "name is not specified"))
        elif not formats.is_cel_identifier(name):
            detail = "must be a valid CEL identifier"
            errors.append(fields.invalid(path.child("name"), name, detail))
        where = path.child("expression")
        if not expressions.trimmed(text):
            errors.append(fields.required(where, "expression is not specified"))
            continue
        errors += expressions.judge(text, _scope(spec, known), where, results=())
        known.append(name)
    return errors


def _validation(validation: Any, spec: Any, known: list[str] | None, path: Path) -> Errors:
    text, message = validation.get("expression", ""), validation.get("message", "")
    made = validation.get("messageExpression", "")
    errors: Errors = []
    if expressions.trimmed(text):
        errors += expressions.judge(text, _scope(spec, known), path.child("expression"))
    else:
        errors.append(fields.required(path.child("expression"), "expression is not specified"))
    where = path.child("messageExpression")
    if expressions.trimmed(made):
        scope = _scope(spec, known, has_authorizer=False)
        errors += expressions.judge(made, scope, where, results=("string",))
    elif made:
        errors.append(fields.invalid(where, made, "must be non-empty if specified"))
    short, where = expressions.trimmed(message), path.child("message")
    if message and not short:
        errors.append(fields.invalid(where, message, "must be non-empty if specified"))
    elif "\n" in short or "\r" in short:
        errors.append(fields.invalid(where, message, "must not contain line breaks"))
    if (reason := validation.get("reason")) is not None:
        errors += rules.one_of(reason, path.child("reason"), _REASONS)
    return errors


def _annotations(obj: Obj, known: list[str] | None) -> Errors:
    given, path = obj["spec"].get("auditAnnotations") or [], _SPEC.child("auditAnnotations")
    errors: Errors = []
    if len(given) > _MOST_ANNOTATIONS:
        shown = internal.shown("[admissionregistration.AuditAnnotation", given)
        detail = f"must not have more than {_MOST_ANNOTATIONS} auditAnnotations"
        errors.append(fields.invalid(path, shown, detail))
    keys: set[str] = set()
    for index, annotation in enumerate(given):
        where, key = path.index(index), annotation.get("key", "")
        if name := obj["metadata"].get("name"):
            errors += rules.qualified_name(f"{name}/{key}", where.child("key"))
        else:
            detail = "requires metadata.name be non-empty"
            errors.append(fields.invalid(where.child("key"), key, detail))
        errors += _value(annotation.get("valueExpression", ""), obj["spec"], known, where)
        if key in keys:
            errors.append(fields.duplicate(where.child("key"), key))
        keys.add(key)
    return errors


def _value(text: str, spec: Any, known: list[str] | None, path: Path) -> Errors:
    short, where = expressions.trimmed(text), path.child("valueExpression")
    if not short:
        return [fields.required(where, "valueExpression is not specified")]
    if formats.size(short) > _LONGEST_VALUE:
        return [fields.required(where, f"must not exceed {_LONGEST_VALUE} bytes in length")]
    scope, results = _scope(spec, known), ("string", "null_type")
    return expressions.judge(short, scope, where, results=results, shown=text)


def _validating(obj: Obj, *, judge_conditions: bool = True) -> Errors:
    spec = obj["spec"]
    errors = _common(spec)
    errors += _match_conditions(spec) if judge_conditions else []
    known: list[str] | None = [] if spec.get("variables") else None
    if known is not None:
        errors += _variables(spec, known)
    validations = spec.get("validations") or ()
    if not validations and not spec.get("auditAnnotations"):
        names = ("validations", "auditAnnotations")
        return errors + [fields.required(_SPEC.child(name), _ONE_ITEM) for name in names]
    for index, validation in enumerate(validations):
        errors += _validation(validation, spec, known, _SPEC.child("validations").index(index))
    return errors + _annotations(obj, known)


def _mutating(obj: Obj, *, judge_conditions: bool = True) -> Errors:
    spec = obj["spec"]
    errors = _common(spec)
    match = spec.get("matchConstraints") or {}
    errors += matching.only_mutable(match, _SPEC.child("matchConstraints"))
    errors += _match_conditions(spec) if judge_conditions else []
    known: list[str] = []
    errors += _variables(spec, known)
    mutations, where = spec.get("mutations") or (), _SPEC.child("mutations")
    if not mutations:
        errors.append(fields.required(where, "mutations must contain at least one item"))
    for index, mutation in enumerate(mutations):
        errors += _mutation(mutation, spec, known, where.index(index))
    policy, where = spec.get("reinvocationPolicy"), _SPEC.child("reinvocationPolicy")
    return errors + rules.required_one_of(policy, where, _REINVOCATION)


def _mutation(mutation: Any, spec: Any, known: list[str], path: Path) -> Errors:
    kind = mutation.get("patchType", "")
    if not kind:
        return [fields.required(path.child("patchType"))]
    if kind not in _PATCHES:
        return [fields.not_supported(path.child("patchType"), kind, sorted(_PATCHES))]
    member = _PATCHES[kind]
    patch, where = mutation.get(member), path.child(member)
    errors: Errors = []
    if patch is None:
        errors.append(fields.required(where, f"must be specified when patchType is {kind}"))
    elif text := expressions.trimmed(patch.get("expression", "")):
        scope, at = _scope(spec, known, has_patches=True), where.child("expression")
        errors += expressions.judge(text, scope, at, results=_PATCH_RESULTS[kind])
    else:
        errors.append(fields.required(where.child("expression")))
    for name in set(_PATCHES.values()) - {member}:
        if mutation.get(name) is not None:
            detail = f"must not be specified when patchType is {kind}"
            errors.append(fields.invalid(path.child(name), f"{{{name}}}", detail))
    return errors


def _same_conditions(obj: Obj, old: Obj) -> bool:
    """Conditions that stay are not judged again."""
    spec, before = obj["spec"], old["spec"]
    names = ("paramKind", "matchConditions")
    return all((spec.get(name) or None) == (before.get(name) or None) for name in names)


def _validate_status(obj: Obj, old: Obj) -> Errors:
    status = obj.get("status") or {}
    errors: Errors = []
    warnings = (status.get("typeChecking") or {}).get("expressionWarnings") or ()
    for index, warning in enumerate(warnings):
        path = Path("status", "typeChecking", "expressionWarnings").index(index)
        rules.required(warning, "warning", path, errors)
        if not expressions.trimmed(warning.get("fieldRef", "")):
            errors.append(fields.required(path.child("fieldRef")))
    listed = status.get("conditions") or ()
    return errors + conditions.validate(listed, Path("status", "conditions"))


MUTATING_ADMISSION_POLICY = Strategy(
    group="admissionregistration.k8s.io",
    kind="MutatingAdmissionPolicy",
    validate=lambda obj: _mutating(obj) + matching.static_name(obj),
    validate_update=lambda obj, old: _mutating(
        obj, judge_conditions=not _same_conditions(obj, old)
    ),
    has_generation=True,
    unconditional_update=False,
)
VALIDATING_ADMISSION_POLICY = Strategy(
    group="admissionregistration.k8s.io",
    kind="ValidatingAdmissionPolicy",
    validate=lambda obj: _validating(obj) + matching.static_name(obj),
    validate_update=lambda obj, old: _validating(
        obj, judge_conditions=not _same_conditions(obj, old)
    ),
    has_generation=True,
    has_status=True,
    status=StatusStrategy(validate_update=_validate_status, kept_metadata=METADATA_OF_STATUS),
    status_creates=True,
    unconditional_update=False,
)
