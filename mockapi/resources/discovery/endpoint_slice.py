"""EndpointSlice."""

from mockapi.machinery.resource import Obj, Strategy


def _counts(obj: Obj, old: Obj) -> bool:
    """Labels count as well: they say which Service the slice is for."""
    return any(
        obj.get(name) != old.get(name) for name in ("addressType", "endpoints", "ports")
    ) or ((obj["metadata"].get("labels") or {}) != (old["metadata"].get("labels") or {}))


STRATEGY = Strategy(
    group="discovery.k8s.io",
    kind="EndpointSlice",
    has_generation=True,
    generation_counts=_counts,
)
