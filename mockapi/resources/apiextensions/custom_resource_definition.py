"""CustomResourceDefinition."""

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


STRATEGY = Strategy(
    group="apiextensions.k8s.io",
    kind="CustomResourceDefinition",
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    mark_deleted=_mark_deleted,
    has_generation=True,
    has_status=True,
    unconditional_update=False,
)
