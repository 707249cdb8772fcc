"""Event."""

from collections.abc import Mapping

from mockapi.machinery.resource import Obj, Strategy
from mockapi.resources import fields


def _source(obj: Obj) -> str:
    component: str = (obj.get("source") or {}).get("component") or obj.get("reportingComponent", "")
    return component


SELECTABLE: Mapping[str, fields.Text] = {
    **{
        f"involvedObject.{name}": fields.text("involvedObject", name)
        for name in (
            "kind",
            "namespace",
            "name",
            "uid",
            "apiVersion",
            "resourceVersion",
            "fieldPath",
        )
    },
    "reason": fields.text("reason"),
    "reportingComponent": fields.text("reportingComponent"),
    "source": _source,
    "type": fields.text("type"),
}


STRATEGY = Strategy(
    group="",
    kind="Event",
    create_on_update=True,
    selectable=SELECTABLE,
)
