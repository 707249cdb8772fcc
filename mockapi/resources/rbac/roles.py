"""ClusterRole, Role."""

from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import labels, names
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]


def _rule(rule: Any, namespaced: bool, path: Path) -> Errors:
    if urls := rule.get("nonResourceURLs"):
        where = path.child("nonResourceURLs")
        errors: Errors = []
        if namespaced:
            detail = "namespaced rules cannot apply to non-resource URLs"
            errors.append(fields.invalid(where, urls, detail))
        if any(rule.get(name) for name in ("apiGroups", "resources", "resourceNames")):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            errors.append(fields.invalid(where, urls, detail))
        return errors
    needed = (("apiGroups", "at least one api group"), ("resources", "at least one resource"))
    return [
        fields.required(path.child(name), f"resource rules must supply {what}")
        for name, what in needed
        if not rule.get(name)
    ]


def _rules(obj: Obj, namespaced: bool) -> tuple[Errors, Errors]:
    """What is wrong, and what the real server notes last."""
    errors: Errors = []
    last: Errors = []
    for index, rule in enumerate(obj.get("rules") or ()):
        path = Path("rules").index(index)
        errors += _rule(rule, namespaced, path)
        if not rule.get("verbs"):
            last.append(fields.required(path.child("verbs")))
    return errors, last


def _aggregation(obj: Obj) -> Errors:
    aggregation = obj.get("aggregationRule")
    if aggregation is None:
        return []
    where = Path("aggregationRule", "clusterRoleSelectors")
    selectors = aggregation.get("clusterRoleSelectors") or ()
    if not selectors:
        detail = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        return [fields.required(where, detail)]
    errors: Errors = []
    for index, selector in enumerate(selectors):
        if found := labels.validate_selector(selector, where.index(index)):
            errors += found
            errors.append(fields.invalid(where.index(index), None, "invalid label selector."))
    return errors


def _validate_role(obj: Obj) -> Errors:
    errors, last = _rules(obj, namespaced=True)
    return errors + last


def _validate_cluster_role(obj: Obj) -> Errors:
    errors, last = _rules(obj, namespaced=False)
    return errors + _aggregation(obj) + last


CLUSTER_ROLE = Strategy(
    group="rbac.authorization.k8s.io",
    kind="ClusterRole",
    validate_name=names.path_segment,
    validate=_validate_cluster_role,
    validate_update=lambda obj, old: _validate_cluster_role(obj),
    create_on_update=True,
)
ROLE = Strategy(
    group="rbac.authorization.k8s.io",
    kind="Role",
    validate_name=names.path_segment,
    validate=_validate_role,
    validate_update=lambda obj, old: _validate_role(obj),
    create_on_update=True,
)
