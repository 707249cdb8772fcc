"""How field errors show whole structs: as Go's JSON of the internal type.

Internal types carry no JSON tags, so all fields are shown, in Go's order and with Go's names.
Their layout is data (openapi/v*/internal.json, see scripts/data/gointernal), read when the first
such error is made.
"""

import difflib
import json
from collections.abc import Collection, Mapping, Sequence
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
    tree = {go: shown(kind, holder.get(wire)) for go, wire, kind in _layouts()[layout]}
    embedded = tree.pop("ObjectMeta", None) or {}
    # Which is written as on the wire: what is empty is left out.
    return {**{k: v for k, v in embedded.items() if v not in ([], {})}, **tree}


def ordered(layout: str, value: Any) -> Any:
    """`value` as on the wire, its fields in Go's order."""
    if layout[0] in "*":
        return ordered(layout[1:], value)
    if layout[0] == "[" and isinstance(value, list):
        return [ordered(layout[1:], item) for item in value]
    if layout[0] == "{" and isinstance(value, dict):
        return {key: ordered(layout[1:], value[key]) for key in sorted(value)}
    rows = _layouts().get(layout)
    if rows is None or not isinstance(value, dict):
        return value
    known = {wire: ordered(kind, value[wire]) for _, wire, kind in rows if wire in value}
    return {**known, **{name: part for name, part in value.items() if name not in known}}


def diff(layout: str, old: Any, new: Any, *, only: Collection[str] | None = None) -> str:
    """The unified diff that the real server adds to refusals of a change.

    `only` names the wire fields that are compared, where they are an embedded struct.
    """
    lines = difflib.unified_diff(_lines(layout, old, only), _lines(layout, new, only), n=3)
    return "".join(line for line in lines if not line.startswith(("--- ", "+++ ")))


def _lines(layout: str, value: Any, only: Collection[str] | None) -> list[str]:
    tree = shown(layout, value)
    if only is not None:
        names = {go for go, wire, _ in _layouts()[layout] if wire in only}
        tree = {go: inner for go, inner in tree.items() if go in names}
    text = json.dumps(tree, indent=1, ensure_ascii=False)
    for char, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(char, escape)
    return [f"{line}\n" for line in text.split("\n")]
