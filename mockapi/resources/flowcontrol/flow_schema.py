"""FlowSchema."""

from collections.abc import Sequence
from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import internal, names, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.flowcontrol import fixed

Errors = list[FieldError]

_SPEC = Path("spec")
_ANY = "*"
_HIGHEST_PRECEDENCE = 10000
_METHODS = ("ByNamespace", "ByUser")
_SUBJECTS = {"ServiceAccount": "serviceAccount", "User": "user", "Group": "group"}
_VERBS = (
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "proxy",
    "update",
    "watch",
)
_NAMESPACE = "each member of this list must be '*' or a DNS-1123 label; "


def _check(obj: Obj) -> Errors:
    spec, name = obj["spec"], obj["metadata"].get("name", "")
    errors = _precedence(spec.get("matchingPrecedence", 0), name)
    method = spec.get("distinguisherMethod")
    if method is not None and method.get("type") not in _METHODS:
        shown = internal.shown("flowcontrol.FlowDistinguisherMethod", method)
        where = _SPEC.child("distinguisherMethod", "type")
        errors.append(fields.not_supported(where, shown, _METHODS))
    level = (spec.get("priorityLevelConfiguration") or {}).get("name", "")
    where = _SPEC.child("priorityLevelConfiguration", "name")
    if level:
        errors += rules.object_name(level, where)
    else:
        errors.append(fields.required(where, "must reference a priority level"))
    for index, rule in enumerate(spec.get("rules") or ()):
        errors += _rule(rule, _SPEC.child("rules").index(index))
    must_be = fixed.spec_of("FlowSchema", name)
    if must_be is not None and spec != must_be:
        shown = internal.shown("flowcontrol.FlowSchemaSpec", spec)
        errors.append(fields.invalid(_SPEC, shown, f"spec of '{name}' must equal the fixed value"))
    return errors + fixed.validate_status(obj)


def _precedence(value: int, name: str) -> Errors:
    detail = ""
    if value <= 0:
        detail = "must be a positive value"
    elif value > _HIGHEST_PRECEDENCE:
        detail = f"must not be greater than {_HIGHEST_PRECEDENCE}"
    elif value == 1 and name != "exempt":
        detail = "only the schema named 'exempt' may have matchingPrecedence 1"
    return [fields.invalid(_SPEC.child("matchingPrecedence"), value, detail)] if detail else []


def _rule(rule: Any, path: Path) -> Errors:
    errors: Errors = []
    for index, subject in enumerate(rule.get("subjects") or ()):
        errors += _subject(subject, path.child("subjects").index(index))
    rules.required(rule, "subjects", path, errors, "subjects must contain at least one value")
    resources, others = rule.get("resourceRules") or (), rule.get("nonResourceRules") or ()
    if not resources and not others:
        detail = "at least one of resourceRules and nonResourceRules has to be non-empty"
        errors.append(fields.required(path, detail))
    for index, inner in enumerate(resources):
        errors += _resource_rule(inner, path.child("resourceRules").index(index))
    for index, inner in enumerate(others):
        errors += _url_rule(inner, path.child("nonResourceRules").index(index))
    return errors


def _subject(subject: Any, path: Path) -> Errors:
    kind = subject.get("kind", "")
    if kind not in _SUBJECTS:
        return [fields.not_supported(path.child("kind"), kind, sorted(_SUBJECTS))]
    member = _SUBJECTS[kind]
    holder, where = subject.get(member), path.child(member)
    if holder is None:
        detail = f"{member} is required when subject kind is '{kind}'"
        errors: Errors = [fields.required(where, detail)]
    else:
        errors = _account(holder, where) if member == "serviceAccount" else _named(holder, where)
    for other, name in _SUBJECTS.items():
        if name != member and subject.get(name) is not None:
            detail = f"{name} is forbidden when subject kind is not '{other}'"
            errors.append(fields.forbidden(path.child(name), detail))
    return errors


def _named(holder: Any, path: Path) -> Errors:
    errors: Errors = []
    rules.required(holder, "name", path, errors)
    return errors


def _account(account: Any, path: Path) -> Errors:
    errors = _named(account, path)
    if account.get("name", "") not in ("", _ANY):
        errors += rules.object_name(account["name"], path.child("name"))
    detail = "must specify namespace for service account"
    if rules.required(account, "namespace", path, errors, detail):
        where, namespace = path.child("namespace"), account["namespace"]
        errors += [fields.invalid(where, namespace, d) for d in names.dns_label(namespace, False)]
    return errors


def _lonely(values: Sequence[str], path: Path, what: str) -> Errors:
    """A wildcard stands alone."""
    if _ANY not in values or len(values) == 1:
        return []
    detail = f"if '*' is present, must not specify other {what}"
    return [fields.invalid(path, list(values), detail)]


def _verbs(rule: Any, path: Path) -> Errors:
    verbs, where = rule.get("verbs") or (), path.child("verbs")
    if not verbs:
        return [fields.required(where, "verbs must contain at least one value")]
    if _ANY in verbs:
        return _lonely(verbs, where, "verbs")
    if set(verbs) <= set(_VERBS):
        return []
    return [fields.not_supported(where, list(verbs), _VERBS)]


def _url_rule(rule: Any, path: Path) -> Errors:
    errors = _verbs(rule, path)
    urls, where = rule.get("nonResourceURLs") or (), path.child("nonResourceURLs")
    detail = "nonResourceURLs must contain at least one value"
    if not rules.required(rule, "nonResourceURLs", path, errors, detail):
        return errors
    if _ANY in urls:
        return errors + _lonely(urls, where, "non-resource URLs")
    for index, url in enumerate(urls):
        errors += _url(url, where.index(index))
    return errors


def _url(url: str, path: Path) -> Errors:
    detail = ""
    if not url:
        detail = "must not be empty"
    elif url == "/":
        return []
    elif not url.startswith("/"):
        detail = "must start with slash"
    elif " " in url:
        detail = "must not contain white-space"
    elif "//" in url:
        detail = "must not contain double slash"
    elif url.count("*") > 1 or ("*" in url and not url.endswith("/*")):
        detail = "wildcard can only do suffix matching"
    return [fields.invalid(path, url, detail)] if detail else []


def _resource_rule(rule: Any, path: Path) -> Errors:
    errors = _verbs(rule, path)
    for name, one, many in (
        ("apiGroups", "api group", "api groups"),
        ("resources", "resource", "resources"),
    ):
        detail = f"resource rules must supply at least one {one}"
        if rules.required(rule, name, path, errors, detail):
            errors += _lonely(rule[name], path.child(name), many)
    namespaces, where = rule.get("namespaces") or (), path.child("namespaces")
    if not namespaces and not rule.get("clusterScope"):
        detail = "resource rules that are not cluster scoped must supply at least one namespace"
        errors.append(fields.required(where, detail))
    elif _ANY in namespaces:
        errors += _lonely(namespaces, where, "namespaces")
    else:
        for index, namespace in enumerate(namespaces):
            for detail in names.dns_label(namespace, False):
                at = where.index(index)
                errors.append(fields.invalid(at, namespace, _NAMESPACE + detail))
    return errors


STRATEGY = Strategy(
    group="flowcontrol.apiserver.k8s.io",
    kind="FlowSchema",
    validate=_check,
    validate_update=lambda obj, old: _check(obj),
    has_generation=True,
    has_status=True,
    status=fixed.STATUS,
)
