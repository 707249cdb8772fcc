"""ResourceClaim."""

from typing import Any

from mockapi.machinery.resource import METADATA_OF_STATUS, Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import declared
from mockapi.meta.errors import Invalid
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.dynamic import allocations, claims, declarations, permissions

Errors = list[FieldError]

_SPEC, _STATUS = Path("spec"), Path("status")


def _devices(obj: Obj) -> Obj:
    return (obj.get("spec") or {}).get("devices") or {}


def _prepare_create(obj: Obj, context: Context) -> None:
    claims.drop_disabled(_devices(obj))
    meta = obj["metadata"]
    if errors := claims.admin_access(_devices(obj), namespace_labels(obj, context)):
        raise Invalid(
            "resource.k8s.io", "ResourceClaim", meta.get("name", ""), [*errors, *_validate(obj)]
        )


def namespace_labels(obj: Obj, context: Context) -> Any:
    name = obj["metadata"].get("namespace", "")
    namespace = context.reader.get("namespaces", "", name) or {}
    return (namespace.get("metadata") or {}).get("labels")


def _validate(obj: Obj) -> Errors:
    spec = obj.get("spec") or {}
    errors = claims.validate(_devices(obj), _SPEC.child("devices"))
    return declarations.TABLES.settle(errors, "ResourceClaimSpec", spec, None, _SPEC)


def _validate_update(obj: Obj, old: Obj) -> Errors:
    return declared.immutable(obj.get("spec") or {}, old.get("spec") or {}, _SPEC)


def _prepare_status(obj: Obj, old: Obj, context: Context) -> None:
    """What is told of devices that are given back is dropped."""
    status, was = obj.get("status") or {}, old.get("status") or {}
    for result in allocations.results(status):
        result.pop("skipNodeOperations", None)
    gone = [allocations.device_id(result) for result in allocations.results(was)]
    kept = [allocations.device_id(result) for result in allocations.results(status)]
    told = [
        device
        for device in status.get("devices") or ()
        if (own := allocations.device_id(device)) not in gone or own in kept
    ]
    if "devices" in status:
        status["devices"] = told
        if not told:
            del status["devices"]


def _judge_status(obj: Obj, old: Obj, context: Context) -> Errors:
    status, was = obj.get("status") or {}, old.get("status") or {}
    errors: Errors = []
    if not any(result.get("adminAccess") for result in allocations.results(was)):
        for index, result in enumerate(allocations.results(status)):
            if result.get("adminAccess"):
                path = _STATUS.child("allocation", "devices", "results").index(index)
                labels = namespace_labels(obj, context)
                errors += claims.no_admin(path.child("adminAccess"), labels)
                break
    errors += permissions.binding(status, was, _STATUS.child("allocation"), context)
    if status.get("allocation") is not None:
        where, namespace = _STATUS.child("devices"), obj["metadata"].get("namespace", "")
        errors += permissions.device_status(status, was, namespace, where, context)
    names = claims.request_names(_devices(obj))
    leaving = "deletionTimestamp" in obj["metadata"]
    errors += allocations.validate(status, was, names, _STATUS, is_leaving=leaving)
    return declarations.TABLES.settle(errors, "ResourceClaimStatus", status, was, _STATUS)


STRATEGY = Strategy(
    group="resource.k8s.io",
    kind="ResourceClaim",
    prepare_create=_prepare_create,
    prepare_update=lambda obj, old, context: claims.drop_disabled(_devices(obj)),
    validate=_validate,
    validate_update=_validate_update,
    has_status=True,
    status=StatusStrategy(
        prepare_update=_prepare_status,
        judge_update=_judge_status,
        kept_metadata=METADATA_OF_STATUS,
    ),
)
