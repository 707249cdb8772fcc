"""ReplicaSet, and the template rules that Deployment shares."""

from typing import Any

from mockapi.machinery.resource import Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import formats, rules
from mockapi.meta import fields as errors_of
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import fields
from mockapi.resources.pods import workloads
from mockapi.resources.pods.workloads import SPEC, STATUS

Errors = list[FieldError]

_SELECTOR = SPEC.child("selector")


def selector_and_template(spec: Any) -> Errors:
    """The real server says deployment for both kinds."""

    def empty(selector: Any, path: Path) -> FieldError:
        return errors_of.invalid(path, selector, "empty selector is invalid for deployment")

    errors = workloads.validate_selector(spec, empty)
    selector, _ = workloads.compile_selector(spec.get("selector"))
    if selector is None:
        shown = spec.get("selector")
        return [*errors, errors_of.invalid(_SELECTOR, shown, "invalid label selector")]
    matches = None if selector.empty else selector.matches
    return errors + workloads.validate_template_of(spec, matches, what="ReplicaSet")


def selector_update(obj: Obj, old: Obj) -> Errors:
    now, was = obj["spec"].get("selector"), old["spec"].get("selector")
    return rules.immutable(now, was, _SELECTOR)


def name_warnings(obj: Obj) -> list[str]:
    details = formats.dns1123_label(obj["metadata"].get("name", ""))
    if not details:
        return []
    return [
        "metadata.name: this is used in Pod names and hostnames, which can result in surprising "
        f"behavior; a DNS label is recommended: [{' '.join(details)}]"
    ]


def warnings(obj: Obj, old: Obj | None) -> list[str]:
    found = name_warnings(obj) if old is None else []
    return found + workloads.warnings(obj, old)


def _validate(obj: Obj) -> Errors:
    spec = obj["spec"]
    errors = workloads.not_negative(spec, ("replicas", "minReadySeconds"), SPEC)
    return errors + selector_and_template(spec)


def _validate_update(obj: Obj, old: Obj) -> Errors:
    if obj["spec"] == old["spec"]:
        return []
    return _validate(obj) + selector_update(obj, old)


def _validate_status(obj: Obj, old: Obj) -> Errors:
    status = obj.get("status") or {}
    errors = workloads.validate_replica_status(status)
    return errors + workloads.not_negative(status, ("terminatingReplicas",), STATUS)


STRATEGY = Strategy(
    group="apps",
    kind="ReplicaSet",
    prepare_create=workloads.prepare_create,
    prepare_update=workloads.prepare_update,
    validate=_validate,
    validate_update=_validate_update,
    warnings=warnings,
    has_generation=True,
    has_status=True,
    status=StatusStrategy(validate_update=_validate_status),
    scale=fields.scale(),
    selectable={"status.replicas": fields.number("status", "replicas")},
)
