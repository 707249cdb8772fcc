"""What several printers share: safe access and the usual texts of cells."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mockapi.machinery.tables.ages import Ages
from mockapi.meta import selectors

Obj = dict[str, Any]
Cells = list[Any]
Printer = Callable[[Obj, Ages], Cells]

NONE = "<none>"
UNSET = "<unset>"


def spec(obj: Obj) -> Obj:
    found: Obj = obj.get("spec") or {}
    return found


def status(obj: Obj) -> Obj:
    found: Obj = obj.get("status") or {}
    return found


def name(obj: Obj) -> str:
    return str(obj["metadata"].get("name", ""))


def age(obj: Obj, ages: Ages) -> str:
    return ages.since(obj["metadata"].get("creationTimestamp"))


def is_deleted(obj: Obj) -> bool:
    return obj["metadata"].get("deletionTimestamp") is not None


def annotations(obj: Obj) -> Mapping[str, str]:
    found: Mapping[str, str] = obj["metadata"].get("annotations") or {}
    return found


def conditions(obj: Obj) -> Sequence[Obj]:
    return status(obj).get("conditions") or ()


def condition_status(obj: Obj, type_: str) -> str:
    """Of the first condition of the type; "" when there is none."""
    return next((str(c["status"]) for c in conditions(obj) if c["type"] == type_), "")


def labels(found: Mapping[str, str] | None) -> str:
    return ",".join(f"{key}={found[key]}" for key in sorted(found)) if found else NONE


def selector(found: Obj | None) -> str:
    """A metav1.LabelSelector as text."""
    try:
        return str(selectors.from_object(found)) or NONE
    except selectors.SelectorError:
        return "<error>"


def containers(pod_spec: Obj) -> Cells:
    """Two cells: names and images."""
    found = pod_spec.get("containers") or ()
    return [
        ",".join(str(container.get("name", "")) for container in found),
        ",".join(str(container.get("image", "")) for container in found),
    ]


def template(obj: Obj) -> Obj:
    """The pod spec of a workload's template."""
    found: Obj = (spec(obj).get("template") or {}).get("spec") or {}
    return found


def shortened(items: Iterable[str], limit: int = 3) -> str:
    """The first few and how many more there are."""
    found = list(items)
    text = ",".join(found[:limit])
    if len(found) > limit:
        return f"{text} + {len(found) - limit} more..."
    return text or UNSET


def flag(value: bool | None) -> str:
    return UNSET if value is None else str(value)
