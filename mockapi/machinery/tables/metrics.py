"""Rows of metrics.k8s.io. Source: metrics-server v0.8.0, pkg/api/table.go."""

from collections.abc import Iterable

from mockapi.machinery.tables.ages import Ages
from mockapi.machinery.tables.parts import Cells, Obj, name
from mockapi.meta.quantity import BINARY_SI, DECIMAL_SI, Quantity, parse

COLUMNS = (
    ("Name", "string", "name"),
    ("cpu", "string", "quantity"),
    ("memory", "string", "quantity"),
    ("Window", "string", "duration"),
)


def definitions() -> list[Obj]:
    """What is measured names the columns: of no rows there are none."""
    keys = ("name", "type", "format")
    rows = [dict(zip(keys, column, strict=True)) for column in COLUMNS]
    return [{**row, "description": "", "priority": 0} for row in rows]


def node(obj: Obj, ages: Ages) -> Cells:
    return [name(obj), obj["usage"]["cpu"], obj["usage"]["memory"], obj["window"]]


def pod(obj: Obj, ages: Ages) -> Cells:
    usages = [container["usage"] for container in obj["containers"]]
    cpu = _sum((usage["cpu"] for usage in usages), DECIMAL_SI)
    memory = _sum((usage["memory"] for usage in usages), BINARY_SI)
    return [name(obj), cpu, memory, obj["window"]]


def _sum(texts: Iterable[str], format: str) -> str:
    total = Quantity(0, format=format)
    for text in texts:
        total = total.add(parse(text))
    return str(total)
