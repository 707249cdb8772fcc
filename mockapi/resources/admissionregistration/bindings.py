"""Bindings of admission policies, mutating and validating."""

from collections.abc import Sequence
from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import declared, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.admissionregistration import matching

Errors = list[FieldError]

_SPEC = Path("spec")
_POLICY, _MATCH = _SPEC.child("policyName"), _SPEC.child("matchResources")
_ACTIONS_PATH = _SPEC.child("validationActions")
_ACTIONS = ("Audit", "Deny", "Warn")
_BOTH = (
    "must not contain both Deny and Warn (repeating the same validation failure information in "
    "the API response and headers serves no purpose)"
)


def _common(spec: Any) -> Errors:
    errors: Errors = []
    if name := spec.get("policyName"):
        errors += rules.object_name(name, _POLICY)
    else:
        errors += declared.covered([fields.required(_POLICY)])
    if (reference := spec.get("paramRef")) is not None:
        errors += matching.param_ref(reference, _SPEC.child("paramRef"))
    if (match := spec.get("matchResources")) is not None:
        errors += matching.match_resources(match, _MATCH)
    return errors


def _mutating(obj: Obj) -> Errors:
    return _common(obj["spec"]) + matching.only_mutable(
        obj["spec"].get("matchResources") or {}, _MATCH
    )


def _actions(actions: Sequence[str]) -> Errors:
    errors: Errors = []
    for index, action in enumerate(actions):
        errors += rules.one_of(action, _ACTIONS_PATH.index(index), _ACTIONS)
        if action in actions[:index]:
            errors.append(fields.duplicate(_ACTIONS_PATH.index(index), action))
    if {"Deny", "Warn"} <= set(actions):
        errors.append(fields.invalid(_ACTIONS_PATH, list(actions), _BOTH))
    if not actions:
        detail = "at least one validation action is required"
        errors += declared.covered([fields.required(_ACTIONS_PATH, detail)])
    return errors


def _validating(obj: Obj, old: Obj | None = None) -> Errors:
    spec, before = obj["spec"], {} if old is None else old["spec"]
    said = [
        fields.required(path)
        for name, path in (("policyName", _POLICY), ("validationActions", _ACTIONS_PATH))
        if not spec.get(name) and (old is None or before.get(name))
    ]
    return declared.settle(_common(spec) + _actions(spec.get("validationActions") or ()), said)


MUTATING_ADMISSION_POLICY_BINDING = Strategy(
    group="admissionregistration.k8s.io",
    kind="MutatingAdmissionPolicyBinding",
    validate=lambda obj: _mutating(obj) + matching.static_name(obj),
    validate_update=lambda obj, old: _mutating(obj),
    has_generation=True,
    unconditional_update=False,
)
VALIDATING_ADMISSION_POLICY_BINDING = Strategy(
    group="admissionregistration.k8s.io",
    kind="ValidatingAdmissionPolicyBinding",
    validate=lambda obj: _validating(obj) + matching.static_name(obj),
    validate_update=_validating,
    has_generation=True,
    unconditional_update=False,
)
