"""Columns of custom resources.

Source: apiextensions-apiserver pkg/registry/customresource/tableconvertor.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import orjson

from mockapi.base.clock import parse_timestamp
from mockapi.machinery.tables.ages import Ages
from mockapi.machinery.tables.jsonpath import compile_path
from mockapi.machinery.tables.parts import Cells, Obj, Printer
from mockapi.meta import gofmt

AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
"""Shown when a definition names no columns."""


def definitions(columns: Sequence[Obj]) -> list[Obj]:
    """`additionalPrinterColumns` -> columnDefinitions of a Table."""
    name = {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0}
    return [name, *map(_definition, columns or (AGE,))]


def _definition(column: Obj) -> Obj:
    path = f"Custom resource definition column (in JSONPath format): {column['jsonPath']}"
    return {
        "name": column["name"],
        "type": column["type"],
        "format": column.get("format", ""),
        "description": "" if column is AGE else column.get("description") or path,
        "priority": column.get("priority", 0),
    }


def printer(columns: Sequence[Obj]) -> Printer:
    """Writes the rows of a kind with these `additionalPrinterColumns`."""
    cells = [_cell(column) for column in columns or (AGE,)]

    def row(obj: Obj, ages: Ages) -> Cells:
        return [obj["metadata"].get("name", ""), *(cell(obj, ages) for cell in cells)]

    return row


def _cell(column: Obj) -> Callable[[Obj, Ages], Any]:
    find, convert = compile_path(column["jsonPath"]), _CONVERSIONS[column["type"]]

    def cell(obj: Obj, ages: Ages) -> Any:
        for value in find(obj):
            return convert(value, ages)
        return None

    return cell


def _text(value: Any, ages: Ages) -> str:
    if isinstance(value, dict | list):
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
        return text.translate(_HTML)
    return _go_float(value) if isinstance(value, float) else gofmt.value(value)


def _go_float(value: float) -> str:
    """`%v` of a float64: the shortest digits, with an exponent from a million on."""
    number = Decimal(repr(value)).normalize()
    power = number.adjusted()
    if not number or -4 <= power < 6:
        return format(number, "f")
    return f"{format(number.scaleb(-power), 'f')}e{power:+03d}"


_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
"""Go's JSON encoder escapes these."""


def _integer(value: Any, ages: Ages) -> int | None:
    return int(value) if _is_number(value) else None


def _number(value: Any, ages: Ages) -> float | None:
    return value if _is_number(value) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _boolean(value: Any, ages: Ages) -> bool | None:
    return value if isinstance(value, bool) else None


def _date(value: Any, ages: Ages) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        if value:
            parse_timestamp(value)
    except ValueError:
        return "<invalid>"
    return ages.since(value)


_CONVERSIONS: dict[str, Callable[[Any, Ages], Any]] = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
}
