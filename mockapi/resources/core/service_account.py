"""ServiceAccount."""

from mockapi.machinery.resource import Context, Obj, Strategy

_ENFORCE = "kubernetes.io/enforce-mountable-secrets"


def _prepare(obj: Obj, context: Context) -> None:
    """Of the references to secrets only the names are kept."""
    if secrets := obj.get("secrets"):
        obj["secrets"] = [{"name": s["name"]} if "name" in s else {} for s in secrets]


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    _prepare(obj, context)


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    if old is not None and _ENFORCE in (old["metadata"].get("annotations") or {}):
        return []
    if _ENFORCE not in (obj["metadata"].get("annotations") or {}):
        return []
    return [
        f"metadata.annotations[{_ENFORCE}]: deprecated in v1.32+; prefer separate namespaces to "
        "isolate access to mounted secrets"
    ]


STRATEGY = Strategy(
    group="",
    kind="ServiceAccount",
    prepare_create=_prepare,
    prepare_update=_prepare_update,
    warnings=_warnings,
)
