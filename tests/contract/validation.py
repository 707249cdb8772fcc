"""Cases of validation: valid objects, and small changes that may make them invalid.

A change is (path, value): the value is put at the path, or what is there is removed; it may have
further such changes with it. Most are made from the object itself: every field once removed, once
empty, once out of range, and so on.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

OBJECTS = Path(__file__).parent / "validation_objects"
RECORDINGS = Path(__file__).parent / "recordings" / "validation"
NAMESPACE = "validation"
REMOVED = "<removed>"
TIMES = "<times>"
"""`{<times>: 3, of: {name: "a#"}}` is a list of three, `#` counts; of a text, one long text."""

Step = str | int
Obj = dict[str, Any]


@dataclass(frozen=True)
class Change:
    path: tuple[Step, ...]
    value: Any = REMOVED
    others: tuple["Change", ...] = ()

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> "Change":
        """As it is recorded."""
        others = tuple(cls(tuple(path), value) for path, value in row.get("with", ()))
        return cls(tuple(row["path"]), row["value"], others)

    def row(self) -> Obj:
        row: Obj = {"path": list(self.path), "value": self.value}
        if self.others:
            row["with"] = [[list(other.path), other.value] for other in self.others]
        return row

    def apply(self, obj: Obj) -> Obj:
        """A changed copy. What lies above the path is made where it is missing."""
        changed = copy.deepcopy(obj)
        self._put(changed)
        for other in self.others:
            other._put(changed)
        return changed

    def _put(self, holder: Any) -> None:
        value = expanded(self.value)
        for step, following in zip(self.path, self.path[1:], strict=False):
            if isinstance(step, str):
                holder = holder.setdefault(step, [] if isinstance(following, int) else {})
            else:
                holder = holder[step]
        last = self.path[-1]
        if value == REMOVED:
            if isinstance(holder, dict):
                holder.pop(last, None)
            else:
                del holder[last]
        elif isinstance(last, int) and last == len(holder):
            holder.append(value)
        else:
            holder[last] = value


def expanded(value: Any) -> Any:
    """A value with its repetitions written out."""
    if isinstance(value, list):
        return [expanded(item) for item in value]
    if not isinstance(value, dict):
        return value
    if TIMES not in value:
        return {key: expanded(item) for key, item in value.items()}
    count, of = value[TIMES], value["of"]
    if isinstance(of, str) and "#" not in of:
        return of * count
    items = [_numbered(expanded(of), index) for index in range(count)]
    if value.get("as") == "map":
        return {key: item for pair in items for key, item in pair.items()}
    return items


def _numbered(value: Any, index: int) -> Any:
    if isinstance(value, str):
        return value.replace("#", str(index))
    if isinstance(value, list):
        return [_numbered(item, index) for item in value]
    if isinstance(value, dict):
        return {_numbered(k, index): _numbered(v, index) for k, v in value.items()}
    return value


@dataclass(frozen=True)
class Subject:
    """One valid object of one resource, and changes to try besides the generated ones."""

    name: str
    resource: str
    """`v1/pods`, `apps/v1/deployments`."""
    namespaced: bool
    obj: Obj
    changes: tuple[Change, ...] = ()
    updates: tuple[Change, ...] = ()
    status: Any = None
    """A valid status; it is varied as well, and written to the subresource."""
    statuses: tuple[Change, ...] = ()
    update: bool = True
    generated: bool = True
    """Whether changes are made from the object, for creates ..."""
    generated_updates: bool = True
    """... and for updates too."""

    @property
    def collection(self) -> str:
        group, _, resource = self.resource.rpartition("/")
        root = "api" if "/" not in group else "apis"
        inside = f"namespaces/{NAMESPACE}/" if self.namespaced else ""
        return f"/{root}/{group}/{inside}{resource}"


def subjects(file: Path) -> Iterator[Subject]:
    """A file is a list of documents: the object, with what is about it under `x-test`."""
    for index, document in enumerate(yaml.safe_load_all(file.read_text())):
        if not document:
            continue
        about = document.pop("x-test")
        yield Subject(
            name=about.get("name", f"{document['kind']}-{index}"),
            resource=f"{document['apiVersion']}/{about['resource']}",
            namespaced=about.get("namespaced", True),
            obj=document,
            changes=tuple(_changes(about.get("changes", ()))),
            updates=tuple(_changes(about.get("updates", ()))),
            status=about.get("status"),
            statuses=tuple(_changes(about.get("statuses", ()))),
            update=about.get("update", True),
            generated=about.get("generated", True),
            generated_updates=about.get("generated_updates", True),
        )


def _changes(rows: Any) -> Iterator[Change]:
    """Rows are `a.b.0.c: value`, several of them are made at once; a dot inside a step is written
    as `~`.
    """
    for row in rows:
        first, *others = [Change(parse_path(text), value) for text, value in row.items()]
        yield Change(first.path, first.value, tuple(others))


def parse_path(text: str) -> tuple[Step, ...]:
    steps = (step.replace("~", ".") for step in text.split("."))
    return tuple(int(step) if step.isdigit() else step for step in steps)


def message(group: str, kind: str, name: str, causes: list[list[str]]) -> str:
    """What an Invalid says when its causes (reason, message, field) are known."""
    texts = list(dict.fromkeys(f"{field}: {text}" for _, text, field in causes))
    joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    qualified = f"{kind}.{group}" if group else kind
    return f'{qualified} "{name}" is invalid: {joined}'


_FIXED = {("apiVersion",), ("kind",), ("metadata",)}


def generated(obj: Obj) -> Iterator[Change]:
    """Every field removed, emptied, out of range."""
    for path, value in _walk(obj, ()):
        if path in _FIXED:
            continue
        if isinstance(path[-1], str) and path[0] != "metadata":
            yield Change(path)
        yield from _instead(path, value)


def _walk(value: Any, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], Any]]:
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, (*path, index))


def _instead(path: tuple[Step, ...], value: Any) -> Iterator[Change]:
    if isinstance(value, bool):
        yield Change(path, not value)
    elif isinstance(value, int):
        yield from (Change(path, other) for other in (-1, 0, 70000) if other != value)
    elif isinstance(value, str):
        yield Change(path, "")
        yield Change(path, "-1" if _is_quantity(value) else "Not Valid!")
    elif isinstance(value, list) and value:
        yield Change(path, [])
        yield Change(path, [*value, value[0]])
    elif isinstance(value, dict) and value and all(isinstance(v, str) for v in value.values()):
        yield Change((*path, "bad key!"), next(iter(value.values())))


def _is_quantity(value: str) -> bool:
    digits = value.rstrip("KMGTPEimkn")
    return digits.replace(".", "", 1).isdigit()
