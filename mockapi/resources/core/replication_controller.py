"""ReplicationController."""

from collections.abc import Mapping

from mockapi.machinery.resource import Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import names
from mockapi.meta import fields as errors_of
from mockapi.meta.fields import FieldError
from mockapi.resources import fields
from mockapi.resources.pods import workloads
from mockapi.resources.pods.workloads import SPEC, TEMPLATE

Errors = list[FieldError]


def _validate(obj: Obj) -> Errors:
    spec = obj["spec"]
    selector: Mapping[str, str] = spec.get("selector") or {}
    errors: Errors = []
    if not selector:
        errors.append(errors_of.required(SPEC.child("selector")))
    if spec.get("template") is None:
        errors.append(errors_of.required(TEMPLATE))
    else:
        errors += workloads.validate_template_of(
            spec,
            (lambda own: selector.items() <= own.items()) if selector else None,
            what="ReplicationController",
        )
    if spec.get("replicas") is None:
        errors.append(errors_of.required(SPEC.child("replicas")))
    return errors + workloads.not_negative(spec, ("replicas", "minReadySeconds"), SPEC)


def _validate_update(obj: Obj, old: Obj) -> Errors:
    return _validate(obj)


def _validate_status(obj: Obj, old: Obj) -> Errors:
    return workloads.validate_replica_status(obj.get("status") or {})


STRATEGY = Strategy(
    group="",
    kind="ReplicationController",
    validate_name=names.long_name,
    prepare_create=workloads.prepare_create,
    prepare_update=workloads.prepare_update,
    validate=_validate,
    validate_update=_validate_update,
    warnings=workloads.warnings,
    has_generation=True,
    has_status=True,
    status=StatusStrategy(validate_update=_validate_status),
    default_propagation="Orphan",
    scale=fields.scale(selector_is_map=True),
    selectable={"status.replicas": fields.number("status", "replicas")},
)
