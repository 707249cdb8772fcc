"""How field errors show whole structs: as Go's JSON of the internal type.

Internal types carry no JSON tags, so all fields are shown, in Go's order and with Go's names.
Their layout is data (openapi/v*/internal.json, see scripts/data/gointernal), read when the first
such error is made.
"""

import difflib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from mockapi.machinery import catalogue

Row = tuple[str, str, str]


@cache
def _layouts() -> Mapping[str, Sequence[Row]]:
    table: Mapping[str, Sequence[Row]] = catalogue.load().table("internal")
    return table


_ZEROS = {"s": "", "n": 0, "b": False, "y": None, "w": None}


def shown(layout: str, value: Any) -> Any:
    """`value`, as on the wire, of the type `layout` (`core.PodSpec`, `*core.PodSpec`, ...)."""
    head = layout[0]
    if head in "*[{" and value is None:
        return None
    if head == "*":
        return shown(layout[1:], value)
    if head == "[":
        return [shown(layout[1:], item) for item in value]
    if head == "{":
        return {key: shown(layout[1:], value[key]) for key in sorted(value)}
    if layout in _ZEROS:
        return _ZEROS[layout] if value is None else value
    holder = value or {}
    return {go: shown(kind, holder.get(wire)) for go, wire, kind in _layouts()[layout]}


def diff(layout: str, old: Any, new: Any) -> str:
    """The unified diff that the real server adds to refusals of a change."""
    lines = difflib.unified_diff(_lines(layout, old), _lines(layout, new), n=3)
    return "".join(line for line in lines if not line.startswith(("--- ", "+++ ")))


def _lines(layout: str, value: Any) -> list[str]:
    text = json.dumps(shown(layout, value), indent=1, ensure_ascii=False)
    for char, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(char, escape)
    return [f"{line}\n" for line in text.split("\n")]
