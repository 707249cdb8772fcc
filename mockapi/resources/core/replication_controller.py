"""ReplicationController."""

from collections.abc import Mapping

from mockapi.machinery.resource import Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import declared, formats
from mockapi.machinery.validation.declarations import Declarations, Field, at_least, by
from mockapi.meta import fields as errors_of
from mockapi.meta.fields import FieldError
from mockapi.resources import fields
from mockapi.resources.pods import workloads
from mockapi.resources.pods.workloads import SPEC, TEMPLATE

Errors = list[FieldError]


def _written(spec: Obj) -> Errors:
    selector: Mapping[str, str] = spec.get("selector") or {}
    errors = declared.covered(workloads.not_negative(spec, ("minReadySeconds",), SPEC), "minimum")
    if not selector:
        errors.append(errors_of.required(SPEC.child("selector")))
    if spec.get("replicas") is None:
        errors += declared.covered([errors_of.required(SPEC.child("replicas"))])
    else:
        errors += declared.covered(workloads.not_negative(spec, ("replicas",), SPEC), "minimum")
    if spec.get("template") is None:
        return [*errors, errors_of.required(TEMPLATE)]
    return errors + workloads.validate_template_of(
        spec,
        (lambda own: selector.items() <= own.items()) if selector else None,
        what="ReplicationController",
    )


_DECLARED = Declarations(
    {
        "Controller": (Field("metadata", kind="Metadata"), Field("spec", kind="Spec")),
        "Metadata": (Field("name", judges=(by("format=k8s-long-name", formats.long_name),)),),
        "Spec": (
            Field("replicas", is_pointer=True, is_required=True, judges=(at_least(0),)),
            Field("minReadySeconds", judges=(at_least(0),)),
        ),
    }
)


def _validate(obj: Obj, old: Obj | None = None) -> Errors:
    return _DECLARED.settle(_written(obj["spec"]), "Controller", obj, old, None)


def _any_name(name: str, prefix: bool) -> list[str]:
    """What is declared of names is told last."""
    return []


def _validate_status(obj: Obj, old: Obj) -> Errors:
    return workloads.validate_replica_status(obj.get("status") or {})


STRATEGY = Strategy(
    group="",
    kind="ReplicationController",
    validate_name=_any_name,
    prepare_create=workloads.prepare_create,
    prepare_update=workloads.prepare_update,
    validate=_validate,
    validate_update=_validate,
    warnings=workloads.warnings,
    has_generation=True,
    has_status=True,
    status=StatusStrategy(validate_update=_validate_status),
    default_propagation="Orphan",
    scale=fields.scale(selector_is_map=True),
    selectable={"status.replicas": fields.number("status", "replicas")},
)
