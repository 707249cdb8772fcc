"""CustomResourceDefinition."""

from mockapi.machinery.resource import Context, Obj, Strategy


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


STRATEGY = Strategy(
    group="apiextensions.k8s.io",
    kind="CustomResourceDefinition",
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    has_generation=True,
    has_status=True,
    unconditional_update=False,
)
