"""What the kinds that keep a number of pods share: template and selector, replicas, status."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mockapi.machinery.resource import Context, Obj
from mockapi.machinery.validation import internal, labels, rules
from mockapi.meta import fields, selectors
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.pods import gates
from mockapi.resources.pods.spec import validate_template
from mockapi.resources.pods.warnings import template_warnings

Errors = list[FieldError]

SPEC = Path("spec")
STATUS = Path("status")
TEMPLATE = SPEC.child("template")


def prepare_create(obj: Obj, context: Context) -> None:
    gates.drop_disabled((obj["spec"].get("template") or {}).get("spec") or {})


def prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    if obj["spec"] is not old["spec"]:
        prepare_create(obj, context)


def warnings(obj: Obj, old: Obj | None) -> list[str]:
    if old is not None and obj["spec"] == old["spec"]:
        return []
    return template_warnings(obj["spec"].get("template") or {}, TEMPLATE)


def not_negative(holder: Any, names: Sequence[str], path: Path) -> Errors:
    errors: Errors = []
    for name in names:
        if holder.get(name, 0) < 0:
            errors += rules.not_negative(holder[name], path.child(name))
    return errors


def validate_selector(spec: Any, empty: Callable[[Any, Path], FieldError]) -> Errors:
    """spec.selector: there, well formed, and not of everything."""
    selector, path = spec.get("selector"), SPEC.child("selector")
    if selector is None:
        return [fields.required(path)]
    errors = labels.validate_selector(selector, path)
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        errors.append(empty(selector, path))
    return errors


def compile_selector(selector: Any) -> tuple[selectors.LabelSelector | None, str]:
    """The selector, or what is wrong with it as the real server says it."""
    try:
        return selectors.from_object(selector), ""
    except selectors.SelectorError as problem:
        return None, str(problem)


def validate_template_of(
    spec: Any, matches: Callable[[Mapping[str, str]], bool] | None, *, what: str
) -> Errors:
    """The template fits the selector (None: selects nothing or is not to be asked)."""
    template = spec.get("template") or {}
    errors: Errors = []
    own = (template.get("metadata") or {}).get("labels")
    if matches is not None and not matches(own or {}):
        detail = "`selector` does not match template `labels`"
        errors.append(
            fields.invalid(TEMPLATE.child("metadata", "labels"), internal.shown("{s", own), detail)
        )
    errors += validate_template(template, TEMPLATE)
    return errors + runs_forever(template.get("spec") or {}, what)


def runs_forever(pod: Any, what: str) -> Errors:
    errors: Errors = []
    restart = pod.get("restartPolicy", "")
    if restart != "Always":
        where = TEMPLATE.child("spec", "restartPolicy")
        errors.append(fields.not_supported(where, restart, ("Always",)))
    if pod.get("activeDeadlineSeconds") is not None:
        where = TEMPLATE.child("spec", "activeDeadlineSeconds")
        detail = f"activeDeadlineSeconds in {what} is not Supported"
        errors.append(fields.forbidden(where, detail))
    return errors


def not_above(status: Any, name: str, limit: str, detail: str) -> Errors:
    value = status.get(name, 0)
    if value <= status.get(limit, 0):
        return []
    return [fields.invalid(STATUS.child(name), value, detail)]


def validate_replica_status(status: Any) -> Errors:
    """Of ReplicaSet and ReplicationController."""
    names = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    errors = not_negative(status, names, STATUS)
    errors += not_negative(status, ("observedGeneration",), STATUS)
    for name in names[1:]:
        errors += not_above(status, name, "replicas", "cannot be greater than status.replicas")
    detail = "cannot be greater than readyReplicas"
    return errors + not_above(status, "availableReplicas", "readyReplicas", detail)
