"""Namespace."""

from mockapi.machinery.resource import Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import names
from mockapi.machinery.validation.metadata import validate_finalizer_name
from mockapi.meta import fields as errors_of
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import fields
from mockapi.resources.finalizers import validate_known

Errors = list[FieldError]

FINALIZER = "kubernetes"
_NAME_LABEL = "kubernetes.io/metadata.name"
_FINALIZERS = Path("spec", "finalizers")


def _label_name(obj: Obj) -> None:
    metadata = obj["metadata"]
    if metadata.get("name"):
        metadata["labels"] = {**(metadata.get("labels") or {}), _NAME_LABEL: metadata["name"]}


def _prepare_create(obj: Obj, context: Context) -> None:
    obj["status"] = {"phase": "Active"}
    spec = obj.setdefault("spec", {})
    finalizers = spec.get("finalizers") or []
    if FINALIZER not in finalizers:
        spec["finalizers"] = [*finalizers, FINALIZER]
    _label_name(obj)


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    before = (old.get("spec") or {}).get("finalizers")
    spec = {k: v for k, v in (obj.get("spec") or {}).items() if k != "finalizers"}
    obj["spec"] = {**spec, "finalizers": before} if before is not None else spec
    _label_name(obj)


def _finalizer(name: str, path: Path) -> Errors:
    return validate_finalizer_name(name, path) + validate_known(name, path)


def _validate(obj: Obj) -> Errors:
    errors: Errors = []
    for name in (obj.get("spec") or {}).get("finalizers") or ():
        errors += _finalizer(name, _FINALIZERS)
    return errors


def _validate_status(obj: Obj, old: Obj) -> Errors:
    phase = (obj.get("status") or {}).get("phase", "")
    deleted = bool(obj["metadata"].get("deletionTimestamp"))
    wanted = "Terminating" if deleted else "Active"
    if phase == wanted:
        return []
    state = "not empty" if deleted else "empty"
    detail = f"may only be '{wanted}' if `deletionTimestamp` is {state}"
    return [errors_of.invalid(Path("status", "Phase"), phase, detail)]


def _validate_finalize(obj: Obj, old: Obj) -> Errors:
    errors: Errors = []
    for index, name in enumerate((obj.get("spec") or {}).get("finalizers") or ()):
        errors += _finalizer(name, _FINALIZERS.index(index))
    return errors


FINALIZE = StatusStrategy(validate_update=_validate_finalize)
"""Of the finalize subresource."""

STRATEGY = Strategy(
    group="",
    kind="Namespace",
    validate_name=names.dns_label,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    validate=_validate,
    has_status=True,
    status=StatusStrategy(validate_update=_validate_status),
    parts={"finalize": ("spec", FINALIZE)},
    selectable={
        "status.phase": fields.text("status", "phase"),
        "name": fields.text("metadata", "name"),
    },
)
