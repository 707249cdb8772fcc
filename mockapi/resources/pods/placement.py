"""Where a pod may run: affinity, tolerations, topology spread."""

from collections.abc import Sequence
from typing import Any

from mockapi.machinery.validation import formats, labels, names, rules
from mockapi.machinery.validation.metadata import validate_label_name
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = rules.Errors

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_NO_SELECTOR = "must not be specified when labelSelector is not set"


def validate_affinity(affinity: Any, path: Path) -> Errors:
    errors: Errors = []
    if (node := affinity.get("nodeAffinity")) is not None:
        errors += validate_node_affinity(node, path.child("nodeAffinity"))
    for name in ("podAffinity", "podAntiAffinity"):
        if affinity.get(name) is not None:
            errors += _pod_affinity(affinity[name], path.child(name))
    return errors


def validate_node_affinity(affinity: Any, path: Path) -> Errors:
    errors: Errors = []
    if (required := affinity.get(_REQUIRED)) is not None:
        errors += validate_node_selector(required, path.child(_REQUIRED))
    for index, term in enumerate(affinity.get(_PREFERRED) or ()):
        where = path.child(_PREFERRED).index(index)
        errors += _weight(term, where)
        preference = term.get("preference") or {}
        errors += _node_term(preference, where.child("preference"), check_values=False)
    return errors


def _weight(term: Any, path: Path) -> Errors:
    weight = term.get("weight", 0)
    if 0 < weight <= 100:
        return []
    return [fields.invalid(path.child("weight"), weight, "must be in the range 1-100")]


def validate_node_selector(selector: Any, path: Path) -> Errors:
    terms = selector.get("nodeSelectorTerms")
    where = path.child("nodeSelectorTerms")
    if not terms:
        return [fields.required(where, "must have at least one node selector term")]
    errors: Errors = []
    for index, term in enumerate(terms):
        errors += _node_term(term, where.index(index))
    return errors


def _node_term(term: Any, path: Path, *, check_values: bool = True) -> Errors:
    errors: Errors = []
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        where = path.child("matchExpressions").index(index)
        errors += _node_expression(requirement, where, check_values=check_values)
    for index, requirement in enumerate(term.get("matchFields") or ()):
        errors += _node_field(requirement, path.child("matchFields").index(index))
    return errors


def _node_expression(requirement: Any, path: Path, *, check_values: bool) -> Errors:
    errors: Errors = []
    operator, values = requirement.get("operator", ""), requirement.get("values") or ()
    where = path.child("values")
    if operator in ("In", "NotIn"):
        if not values:
            detail = "must be specified when `operator` is 'In' or 'NotIn'"
            errors.append(fields.required(where, detail))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            errors.append(fields.forbidden(where, detail))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            errors.append(fields.required(where, detail))
    else:
        detail = "not a valid selector operator"
        errors.append(fields.invalid(path.child("operator"), operator, detail))
    errors += validate_label_name(requirement.get("key", ""), path.child("key"))
    if check_values:
        for index, value in enumerate(values):
            errors += rules.each(formats.label_value, value, where.index(index))
    return errors


def _node_field(requirement: Any, path: Path) -> Errors:
    errors: Errors = []
    operator, values = requirement.get("operator", ""), requirement.get("values") or ()
    if operator not in ("In", "NotIn"):
        detail = "not a valid selector operator"
        errors.append(fields.invalid(path.child("operator"), operator, detail))
    elif len(values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        errors.append(fields.required(path.child("values"), detail))
    key = requirement.get("key", "")
    if key != "metadata.name":
        return [*errors, fields.invalid(path.child("key"), key, "not a valid field selector key")]
    for index, value in enumerate(values):
        errors += rules.object_name(value, path.child("values").index(index))
    return errors


def _pod_affinity(affinity: Any, path: Path) -> Errors:
    errors: Errors = []
    for index, term in enumerate(affinity.get(_REQUIRED) or ()):
        errors += _pod_term(term, path.child(_REQUIRED).index(index))
    for index, weighted in enumerate(affinity.get(_PREFERRED) or ()):
        where = path.child(_PREFERRED).index(index)
        errors += _weight(weighted, where)
        term = weighted.get("podAffinityTerm") or {}
        errors += _pod_term(term, where.child("podAffinityTerm"))
    return errors


def _pod_term(term: Any, path: Path) -> Errors:
    selector = term.get("labelSelector")
    errors = labels.validate_selector(selector, path.child("labelSelector"))
    errors += labels.validate_selector(
        term.get("namespaceSelector"), path.child("namespaceSelector")
    )
    for name in term.get("namespaces") or ():
        for detail in names.dns_label(name, False):
            errors.append(fields.invalid(path.child("namespace"), name, detail))
    errors += _label_keys(term, selector, path)
    key = term.get("topologyKey", "")
    if not key:
        errors.append(fields.required(path.child("topologyKey"), "can not be empty"))
    return errors + validate_label_name(key, path.child("topologyKey"))


def _label_keys(term: Any, selector: Any, path: Path) -> Errors:
    """matchLabelKeys and mismatchLabelKeys."""
    matching = term.get("matchLabelKeys") or ()
    differing = term.get("mismatchLabelKeys") or ()
    errors: Errors = []
    for name, keys in (("matchLabelKeys", matching), ("mismatchLabelKeys", differing)):
        if keys and selector is None:
            errors.append(fields.forbidden(path.child(name), _NO_SELECTOR))
        elif keys:
            for index, key in enumerate(keys):
                errors += validate_label_name(key, path.child(name).index(index))
    if selector is not None and matching:
        errors += _merged_twice(matching, selector, path)
    for index, key in enumerate(matching):
        if key in differing:
            detail = "exists in both matchLabelKeys and mismatchLabelKeys"
            where = path.child("matchLabelKeys").index(index)
            errors.append(fields.invalid(where, key, detail))
    return errors


def _merged_twice(matching: Sequence[str], selector: Any, path: Path) -> Errors:
    """The server merges each key into the selector once; what was there before is the user's."""
    errors: Errors = []
    positions = {key: index for index, key in enumerate(matching)}
    seen = set(selector.get("matchLabels") or ())
    for expression in selector.get("matchExpressions") or ():
        key = expression.get("key", "")
        if key in positions and key in seen:
            detail = "exists in both matchLabelKeys and labelSelector"
            errors.append(fields.invalid(path.index(positions[key]), key, detail))
        seen.add(key)
    return errors


def validate_taint_effect(effect: str, path: Path) -> list[FieldError]:
    return rules.required_one_of(effect, path, EFFECTS)


def validate_tolerations(tolerations: Sequence[Any], path: Path) -> Errors:
    errors: Errors = []
    for index, toleration in enumerate(tolerations):
        errors += _toleration(toleration, path.index(index))
    return errors


def _toleration(toleration: Any, path: Path) -> Errors:
    errors: Errors = []
    key, operator = toleration.get("key", ""), toleration.get("operator", "")
    value, effect = toleration.get("value", ""), toleration.get("effect", "")
    if key:
        errors += validate_label_name(key, path.child("key"))
    where = path.child("operator")
    if not key and operator != "Exists":
        detail = (
            'operator must be Exists when `key` is empty, which means "match all values and all '
            'keys"'
        )
        errors.append(fields.invalid(where, operator, detail))
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        errors.append(fields.invalid(path.child("effect"), effect, detail))
    errors += _toleration_value(operator, value, where)
    if effect:
        errors += rules.one_of(effect, path.child("effect"), EFFECTS)
    return errors


def _toleration_value(operator: str, value: str, path: Path) -> Errors:
    if operator in ("Equal", ""):
        if details := formats.label_value(value):
            return [fields.invalid(path, value, ";".join(details))]
        return []
    if operator == "Exists":
        if value:
            detail = "value must be empty when `operator` is 'Exists'"
            return [fields.invalid(path, value, detail)]
        return []
    valid = ("Equal", "Exists", "Lt", "Gt") if operator in ("Lt", "Gt") else ("Equal", "Exists")
    return [fields.not_supported(path, operator, valid)]


def validate_topology_spread(constraints: Sequence[Any], path: Path) -> Errors:
    errors: Errors = []
    for index, constraint in enumerate(constraints):
        where = path.index(index)
        errors += _constraint(constraint, where)
        same = set(map(_identity, constraints[index + 1 :]))
        topology, action = _identity(constraint)
        if (topology, action) in same:
            at = where.child("{topologyKey, whenUnsatisfiable}")
            errors.append(fields.duplicate(at, f"{{{topology}, {action}}}"))
        errors += _constraint_options(constraint, where)
    return errors


def _identity(constraint: Any) -> tuple[str, str]:
    return constraint.get("topologyKey", ""), constraint.get("whenUnsatisfiable", "")


def _constraint(constraint: Any, path: Path) -> Errors:
    errors = rules.positive(constraint.get("maxSkew", 0), path.child("maxSkew"))
    topology, action = _identity(constraint)
    if not topology:
        errors.append(fields.required(path.child("topologyKey"), "can not be empty"))
    valid = ("DoNotSchedule", "ScheduleAnyway")
    return errors + rules.one_of(action, path.child("whenUnsatisfiable"), valid)


def _constraint_options(constraint: Any, path: Path) -> Errors:
    errors: Errors = []
    minimum, action = constraint.get("minDomains"), constraint.get("whenUnsatisfiable", "")
    if minimum is not None:
        where = path.child("minDomains")
        errors += rules.positive(minimum, where)
        if action != "DoNotSchedule":
            detail = "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not " + action
            errors.append(fields.invalid(where, minimum, detail))
    for name in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        if constraint.get(name) is not None:
            errors += rules.one_of(constraint[name], path.child(name), ("Honor", "Ignore"))
    selector = constraint.get("labelSelector")
    errors += _label_keys(constraint, selector, path)
    return errors + labels.validate_selector(selector, path.child("labelSelector"))
