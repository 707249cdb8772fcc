"""CSIDriver."""

from mockapi.machinery.resource import Context, Obj, Strategy


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    """The generation counts changes; there is none before the first."""
    if obj["spec"] != old["spec"]:
        obj["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


STRATEGY = Strategy(
    group="storage.k8s.io",
    kind="CSIDriver",
    prepare_update=_prepare_update,
    unconditional_update=False,
)
