"""Labels of nodes that have newer names: using one is warned about."""

from collections.abc import Mapping
from typing import Any

from mockapi.machinery.validation import formats
from mockapi.meta.fields import Path

DEPRECATED: Mapping[str, str] = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": (
        'deprecated since v1.17; use "topology.kubernetes.io/region" instead'
    ),
    "failure-domain.beta.kubernetes.io/zone": (
        'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'
    ),
    "beta.kubernetes.io/instance-type": (
        'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'
    ),
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods": (
        "deprecated since v1.22; use Taints and Tolerations instead"
    ),
    "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
}


def selector_warnings(selector: Any, path: Path) -> list[str]:
    """Of a metav1.LabelSelector for nodes."""
    warnings = _expressions(selector or {}, path, check_values=False)
    for label in (selector or {}).get("matchLabels") or ():
        if label in DEPRECATED:
            warnings.append(f"{path.child('matchLabels', label)}: {DEPRECATED[label]}")
    return warnings


def term_warnings(term: Any, path: Path, *, check_values: bool = False) -> list[str]:
    """Of a NodeSelectorTerm."""
    return _expressions(term, path, check_values=check_values)


def _expressions(holder: Any, path: Path, *, check_values: bool) -> list[str]:
    warnings = []
    for index, expression in enumerate(holder.get("matchExpressions") or ()):
        where = path.child("matchExpressions").index(index)
        key = expression.get("key", "")
        if key in DEPRECATED:
            warnings.append(f"{where.child('key')}: {key} is {DEPRECATED[key]}")
        if check_values:
            for position, value in enumerate(expression.get("values") or ()):
                for detail in formats.label_value(value):
                    at = where.child("values").index(position)
                    warnings.append(f"{at}: {value} is invalid, {detail}")
    return warnings
