"""The states that docs/lifecycle.md shows, as `lifecycle.yaml` says them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SOURCE = Path(__file__).with_name("lifecycle.yaml")


@dataclass(frozen=True, slots=True)
class State:
    """A pod that gets somewhere; see the head of the file for the fields."""

    title: str
    text: str
    spec: str
    status: str = ""
    behaviour: str = ""
    after: float = 2.0
    ready: str = "0/1"
    delete: bool = False
    names: Sequence[str] = ()
    life: str = ""

    @property
    def name(self) -> str:
        return re.sub("[^a-z0-9]+", "-", self.title.lower().replace("/", "-of-"))

    @property
    def shown_status(self) -> str:
        return self.status or self.title

    @property
    def manifest(self) -> str:
        head = f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {self.name}\n"
        if self.behaviour:
            head += f"  annotations:\n    mockapi.dev/behaviour: '{self.behaviour}'\n"
        body = "".join(f"  {line}\n" for line in self.spec.splitlines())
        return f"{head}spec:\n{body}"


@dataclass(frozen=True, slots=True)
class Contents:
    """`nodes`: Node objects besides the first one. `chapters`: title and states."""

    nodes: Sequence[dict[str, Any]]
    chapters: Sequence[tuple[str, Sequence[State]]]

    @property
    def states(self) -> list[State]:
        return [state for _, states in self.chapters for state in states]


@cache
def contents() -> Contents:
    tree = yaml.safe_load(SOURCE.read_text())
    chapters = [(c["chapter"], [State(**s) for s in c["states"]]) for c in tree["chapters"]]
    return Contents(tree["nodes"], chapters)
