"""What webhooks and policies match: rules, selectors, conditions, parameters."""

from collections.abc import Sequence
from typing import Any

from mockapi.machinery.validation import formats, labels, names, rules
from mockapi.meta import fields, gofmt
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.admissionregistration import expressions

Errors = list[FieldError]

FAILURE_POLICIES = ("Fail", "Ignore")
MATCH_POLICIES = ("Equivalent", "Exact")
_ANY = "*"
_SCOPES = ("*", "Cluster", "Namespaced")
_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
MUTABLE_OPERATIONS = ("*", "CONNECT", "CREATE", "UPDATE")
_MOST_CONDITIONS = 64
_STATIC = ".static.k8s.io"
STATIC_NAME = (
    f"names ending with {gofmt.quote(_STATIC)} are reserved for static manifest-based "
    "configurations and cannot be managed via the API"
)


def static_name(obj: Any) -> Errors:
    name = obj["metadata"].get("name", "")
    if not name.endswith(_STATIC):
        return []
    return [fields.invalid(Path("metadata", "name"), name, STATIC_NAME)]


def _lonely(values: Sequence[str], path: Path, what: str) -> Errors:
    if len(values) < 2 or _ANY not in values:
        return []
    detail = f"if '*' is present, must not specify other {what}"
    return [fields.invalid(path, list(values), detail)]


def rule_with_operations(rule: Any, path: Path) -> Errors:
    """One entry of a webhook's `rules`, or of a policy's `resourceRules`."""
    errors: Errors = []
    operations, where = rule.get("operations") or (), path.child("operations")
    rules.required(rule, "operations", path, errors)
    errors += _lonely(operations, where, "operations")
    for index, operation in enumerate(operations):
        errors += rules.one_of(operation, where.index(index), _OPERATIONS)
    rules.required(rule, "apiGroups", path, errors)
    errors += _lonely(rule.get("apiGroups") or (), path.child("apiGroups"), "API groups")
    versions, where = rule.get("apiVersions") or (), path.child("apiVersions")
    rules.required(rule, "apiVersions", path, errors)
    errors += _lonely(versions, where, "API versions")
    errors += [fields.required(where.index(i)) for i, v in enumerate(versions) if not v]
    errors += _resources(rule.get("resources") or (), path.child("resources"))
    if (scope := rule.get("scope")) is not None:
        errors += rules.one_of(scope, path.child("scope"), _SCOPES)
    return errors


def _resources(resources: Sequence[str], path: Path) -> Errors:
    if not resources:
        return [fields.required(path)]
    errors: Errors = []
    whole: set[str] = set()
    everywhere: set[str] = set()
    has_plain = False
    for index, name in enumerate(resources):
        where = path.index(index)
        resource, slash, part = name.partition("/")
        if not name:
            errors.append(fields.required(where))
        elif not slash:
            has_plain = name != _ANY
        else:
            errors += _covered(name, where, whole, everywhere)
            whole |= {resource} if part == _ANY else set()
            everywhere |= {part} if resource == _ANY else set()
    if len(resources) > 1 and "*/*" in resources:
        detail = "if '*/*' is present, must not specify other resources"
        errors.append(fields.invalid(path, list(resources), detail))
    if _ANY in resources and has_plain:
        detail = "if '*' is present, must not specify other resources without subresources"
        errors.append(fields.invalid(path, list(resources), detail))
    return errors


def _covered(name: str, path: Path, whole: set[str], everywhere: set[str]) -> Errors:
    """What an earlier wildcard says already."""
    resource, _, part = name.partition("/")
    errors: Errors = []
    for seen, said, pattern in ((whole, resource, "{}/*"), (everywhere, part, "*/{}")):
        if said in seen:
            detail = f"if '{pattern.format(said)}' is present, must not specify {name}"
            errors.append(fields.invalid(path, name, detail))
    return errors


def match_resources(match: Any, path: Path) -> Errors:
    errors: Errors = []
    policy, where = match.get("matchPolicy"), path.child("matchPolicy")
    if policy is None:
        errors.append(fields.required(where))
    else:
        errors += rules.one_of(policy, where, MATCH_POLICIES)
    for name in ("namespaceSelector", "objectSelector"):
        if match.get(name) is None:
            errors.append(fields.required(path.child(name)))
        else:
            errors += labels.validate_selector(match[name], path.child(name))
    for name in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(match.get(name) or ()):
            errors += _named_rule(rule, path.child(name).index(index))
    return errors


def _named_rule(rule: Any, path: Path) -> Errors:
    errors: Errors = []
    given = rule.get("resourceNames") or ()
    for index, name in enumerate(given):
        where = path.child("resourceNames").index(index)
        errors += [fields.invalid(where, name, d) for d in names.path_segment(name, False)]
        if name in given[:index]:
            errors.append(fields.duplicate(where, name))
    return errors + rule_with_operations(rule, path)


def only_mutable(match: Any, path: Path) -> Errors:
    """What is deleted cannot be mutated."""
    where = path.child("resourceRules", "operations")
    return [
        fields.not_supported(where, operation, MUTABLE_OPERATIONS)
        for rule in match.get("resourceRules") or ()
        for operation in rule.get("operations") or ()
        if operation not in MUTABLE_OPERATIONS
    ]


def conditions(given: Sequence[Any], path: Path, *, has_params: bool = False) -> Errors:
    """`matchConditions`."""
    errors: Errors = []
    if len(given) > _MOST_CONDITIONS:
        errors.append(fields.too_many(path, len(given), _MOST_CONDITIONS))
    seen: set[str] = set()
    for index, condition in enumerate(given):
        where, name = path.index(index), condition.get("name", "")
        text = expressions.trimmed(condition.get("expression", ""))
        if text:
            scope = expressions.Scope(has_params=has_params)
            errors += expressions.judge(text, scope, where.child("expression"))
        else:
            errors.append(fields.required(where.child("expression")))
        if name:
            errors += rules.qualified_name(name, where.child("name"))
        else:
            errors.append(fields.required(where.child("name")))
        if name and name in seen:
            errors.append(fields.duplicate(where.child("name"), name))
        seen.add(name)
    return errors


def param_kind(kind: Any, path: Path) -> Errors:
    version, where = kind.get("apiVersion", ""), path.child("apiVersion")
    errors = _group_version(version, where) if version else [fields.required(where)]
    name, where = kind.get("kind", ""), path.child("kind")
    if not name:
        errors.append(fields.required(where))
    elif details := formats.dns1035_label(name.lower()):
        detail = f"may have mixed case, but should otherwise match: {','.join(details)}"
        errors.append(fields.invalid(where, name, detail))
    return errors


def _group_version(text: str, path: Path) -> Errors:
    if text.count("/") > 1:
        return [fields.invalid(path, text, f"unexpected GroupVersion string: {text}")]
    group, _, version = text.rpartition("/")
    errors: Errors = []
    if group and (details := formats.dns1123_subdomain(group)):
        errors.append(fields.invalid(path, group, ",".join(details)))
    if not version:
        errors.append(fields.invalid(path, text, "version must be specified"))
    elif details := formats.dns1035_label(version):
        errors.append(fields.invalid(path, version, ",".join(details)))
    return errors


def param_ref(reference: Any, path: Path) -> Errors:
    name, selector = reference.get("name", ""), reference.get("selector")
    exclusive = "name and selector are mutually exclusive"
    errors: Errors = []
    if name:
        where = path.child("name")
        errors += [fields.invalid(where, name, d) for d in names.path_segment(name, False)]
        if selector is not None:
            errors.append(fields.forbidden(where, exclusive))
    if selector is not None:
        errors += labels.validate_selector(selector, path.child("selector"))
        if name:
            errors.append(fields.forbidden(path.child("selector"), exclusive))
    if not name and selector is None:
        errors.append(fields.required(path, "one of name or selector must be specified"))
    action, where = reference.get("parameterNotFoundAction"), path.child("parameterNotFoundAction")
    return errors + rules.required_one_of(action, where, ("Deny", "Allow"))
