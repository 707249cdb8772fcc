"""protobuf.json: field numbers of the messages behind the type tables, from the facts table.

{"<message>": {"<field>": [number, "optional" | "repeated" | "required" | "map", "<type>"]}};
field numbers never change between minors, so one table serves all.
"""

from collections.abc import Iterable
from typing import Any

Messages = dict[str, dict[str, list[Any]]]


def select(facts: Messages, type_names: Iterable[str]) -> Messages:
    """The messages of the named types and all that they reach."""
    roots = ["k8s.io." + name.removeprefix("io.k8s.").replace("-", "_") for name in type_names]
    roots += [name for name in facts if name.startswith("k8s.io.apimachinery.")]
    wanted: set[str] = set()
    open_ends = [name for name in roots if name in facts]
    while open_ends:
        name = open_ends.pop()
        if name in wanted:
            continue
        wanted.add(name)
        for _, _, kind in facts[name].values():
            open_ends += [part for part in kind.split(",") if part in facts]
    return {name: facts[name] for name in facts if name in wanted}
