"""ClusterRole, Role."""

from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import declared, labels, names
from mockapi.machinery.validation.declarations import Declarations, Field
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]


_DECLARED = Declarations(
    {"Role": (Field("rules", kind="Rule"),), "Rule": (Field("verbs", is_required=True),)}
)


def _rule(rule: Any, namespaced: bool, path: Path) -> Errors:
    errors: Errors = []
    if not rule.get("verbs"):
        detail = "verbs must contain at least one value"
        errors += declared.covered([fields.required(path.child("verbs"), detail)])
    if urls := rule.get("nonResourceURLs"):
        where = path.child("nonResourceURLs")
        if namespaced:
            detail = "namespaced rules cannot apply to non-resource URLs"
            errors.append(fields.invalid(where, urls, detail))
        if any(rule.get(name) for name in ("apiGroups", "resources", "resourceNames")):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            errors.append(fields.invalid(where, urls, detail))
        return errors
    needed = (("apiGroups", "at least one api group"), ("resources", "at least one resource"))
    return errors + [
        fields.required(path.child(name), f"resource rules must supply {what}")
        for name, what in needed
        if not rule.get(name)
    ]


def _rules(obj: Obj, namespaced: bool) -> Errors:
    errors: Errors = []
    for index, rule in enumerate(obj.get("rules") or ()):
        errors += _rule(rule, namespaced, Path("rules").index(index))
    return errors


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


def _role(obj: Obj, old: Obj | None = None) -> Errors:
    return _DECLARED.settle(_rules(obj, namespaced=True), "Role", obj, old, None)


def _cluster_role(obj: Obj, old: Obj | None = None) -> Errors:
    written = _rules(obj, namespaced=False) + _aggregation(obj)
    return _DECLARED.settle(written, "Role", obj, old, None)


CLUSTER_ROLE = Strategy(
    group="rbac.authorization.k8s.io",
    kind="ClusterRole",
    validate_name=names.path_segment,
    validate=_cluster_role,
    validate_update=_cluster_role,
    create_on_update=True,
)
ROLE = Strategy(
    group="rbac.authorization.k8s.io",
    kind="Role",
    validate_name=names.path_segment,
    validate=_role,
    validate_update=_role,
    create_on_update=True,
)
