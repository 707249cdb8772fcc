"""CustomResourceDefinition."""

from typing import Any

from mockapi.machinery.cel import programs
from mockapi.machinery.resource import Context, Obj, Strategy

FINALIZER = "customresourcecleanup.apiextensions.k8s.io"


def _note_storage(obj: Obj) -> None:
    """The storage version is among those in which objects may be stored."""
    status = obj["status"]
    stored = status.get("storedVersions") or []
    name = next((v["name"] for v in obj["spec"].get("versions") or () if v.get("storage")), None)
    if name is not None and name not in stored:
        obj["status"] = {**status, "storedVersions": [*stored, name]}


def _prepare_create(obj: Obj, context: Context) -> None:
    _note_storage(obj)


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    _note_storage(obj)


def _mark_deleted(obj: Obj, now: str) -> None:
    """The objects go first: the finalizer waits for that."""
    finalizers = obj["metadata"].setdefault("finalizers", [])
    if FINALIZER not in finalizers:
        finalizers.append(FINALIZER)
    condition = {
        "type": "Terminating",
        "status": "True",
        "lastTransitionTime": now,
        "reason": "InstanceDeletionPending",
        "message": "CustomResourceDefinition marked for deletion; "
        "CustomResource deletion will begin soon",
    }
    conditions = [c for c in obj["status"].get("conditions") or () if c["type"] != "Terminating"]
    obj["status"]["conditions"] = [*conditions, condition]


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    """Rules that will not be asked are not passed over in silence."""
    if programs.available() or not _has_rules(obj["spec"].get("versions")):
        return []
    return ["x-kubernetes-validations are not evaluated: install mockapi[cel]"]


def _has_rules(schema: Any) -> bool:
    if isinstance(schema, dict):
        return "x-kubernetes-validations" in schema or any(map(_has_rules, schema.values()))
    return isinstance(schema, list) and any(map(_has_rules, schema))


STRATEGY = Strategy(
    group="apiextensions.k8s.io",
    kind="CustomResourceDefinition",
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    mark_deleted=_mark_deleted,
    warnings=_warnings,
    has_generation=True,
    has_status=True,
    unconditional_update=False,
)
