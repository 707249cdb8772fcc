"""What access reviews may ask. Source: pkg/apis/authorization/validation."""

from collections.abc import Mapping
from typing import Any

from mockapi.machinery.validation import labels
from mockapi.machinery.validation.metadata import GO_ORDER
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Obj = Mapping[str, Any]
Errors = list[FieldError]

_SPEC = Path("spec")
_ONE_OF = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def self_access(obj: Obj) -> Errors:
    return _attributes(obj["spec"]) + _metadata(obj, "must be empty")


def access(obj: Obj) -> Errors:
    return _whose(obj["spec"]) + _metadata(obj, "must be empty")


def local_access(obj: Obj) -> Errors:
    """A LocalSubjectAccessReview is about its own namespace."""
    spec = obj["spec"]
    errors = _whose(spec) + _metadata(obj, "must be empty except for namespace", "namespace")
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    namespace = (resource or {}).get("namespace", "")
    if resource is not None and namespace != obj["metadata"].get("namespace", ""):
        where = _SPEC.child("resourceAttributes", "namespace")
        errors.append(fields.invalid(where, namespace, "must match metadata.namespace"))
    if path is not None:
        text = "disallowed on this kind of request"
        errors.append(fields.invalid(_SPEC.child("nonResourceAttributes"), path, text))
    return errors


def _whose(spec: Obj) -> Errors:
    errors = _attributes(spec)
    if not spec.get("user") and not spec.get("groups"):
        text = "at least one of user or group must be specified"
        errors.append(fields.invalid(_SPEC.child("user"), spec.get("user", ""), text))
    return errors


def _attributes(spec: Obj) -> Errors:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    errors: Errors = []
    if (resource is None) == (path is None):
        # The real server shows its internal type, which has no JSON names.
        given = path or {}
        inner = {"Path": given.get("path", ""), "Verb": given.get("verb", "")}
        errors.append(fields.invalid(_SPEC, None if path is None else inner, _ONE_OF))
    where = _SPEC.child("resourceAttributes")
    for name in ("fieldSelector", "labelSelector"):
        selector = (resource or {}).get(name)
        if selector is not None:
            errors += _selector(selector, where.child(name), labelled=name == "labelSelector")
    return errors


def _selector(selector: Obj, path: Path, *, labelled: bool) -> Errors:
    raw, requirements = selector.get("rawSelector", ""), selector.get("requirements") or ()
    errors: Errors = []
    if raw and requirements:
        text = "may not specified at the same time as requirements"
        errors.append(fields.invalid(path.child("rawSelector"), raw, text))
    if not raw and not requirements:
        text = f"when {path} is specified, requirements or rawSelector is required"
        errors.append(fields.required(path.child("requirements"), text))
    for index, requirement in enumerate(requirements):
        errors += _requirement(
            requirement, path.child("requirements").index(index), labelled=labelled
        )
    return errors


def _requirement(requirement: Obj, path: Path, *, labelled: bool) -> Errors:
    """Operators that nobody knows are let through: newer clients may."""
    known = requirement.get("operator", "") in _OPERATORS
    if labelled:
        errors = labels.validate_requirement(requirement, path)
        return errors if known else errors[1:]
    errors = []
    if not requirement.get("key"):
        errors.append(fields.required(path.child("key"), "must be specified"))
    return errors + (labels.operator_errors(requirement, path) if known else [])


def _metadata(obj: Obj, text: str, *allowed: str) -> Errors:
    metadata = obj["metadata"]
    said = {key for key, value in metadata.items() if value not in ("", None, [], {})}
    if said <= {"managedFields", *allowed}:
        return []
    return [fields.invalid(Path("metadata"), in_go_order(metadata), text)]


def in_go_order(metadata: Obj) -> Obj:
    return {name: metadata[name] for name in GO_ORDER if name in metadata}
