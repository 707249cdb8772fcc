"""Random changes of JSON trees: what patches, updates and broken bodies are made of."""

import copy
from random import Random
from typing import Any

Path = tuple[str | int, ...]

SCALARS: tuple[Any, ...] = (
    "a",
    "b",
    "",
    "x/y",
    "1",
    0,
    1,
    7,
    -1,
    1.5,
    2**31,
    True,
    False,
    None,
    {},
    ["a"],
    {"a": "b"},
)


def paths(tree: Any, prefix: Path = ()) -> list[Path]:
    """All paths of a tree, the root's () first."""
    found = [prefix]
    if isinstance(tree, dict):
        for key, value in tree.items():
            found += paths(value, (*prefix, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            found += paths(value, (*prefix, index))
    return found


def at(tree: Any, path: Path) -> Any:
    for step in path:
        tree = tree[step]
    return tree


def put(tree: Any, path: Path, value: Any) -> None:
    at(tree, path[:-1])[path[-1]] = value


def drop(tree: Any, path: Path) -> None:
    """What is left empty by it stays."""
    del at(tree, path[:-1])[path[-1]]


def near(random: Random, value: Any) -> Any:
    """A value like another one; of the same type mostly."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return random.choice((0, 1, 2, 3, value + 1, value))
    if isinstance(value, str):
        return random.choice((value, "a", "b", f"{value}x", "c-d"))
    if isinstance(value, list):
        return _near_list(random, value)
    if isinstance(value, dict):
        changed = copy.deepcopy(value)
        if changed:
            key = random.choice(sorted(changed))
            if random.random() < 0.4:
                del changed[key]
            else:
                changed[key] = near(random, changed[key])
        return changed
    return value


def _near_list(random: Random, value: list[Any]) -> list[Any]:
    changed = copy.deepcopy(value)
    choice = random.randrange(6)
    if choice == 5:
        return []
    if not changed or choice == 0:
        return changed[:1]
    if choice == 1 and len(changed) > 1:
        return changed[1:]
    if choice == 2:
        return changed[::-1]
    if choice == 3:
        return [*changed, near(random, changed[0])]
    return [near(random, changed[0]), *changed[1:]]


def changed(random: Random, tree: Any, *, broken: bool = False, keep: tuple[str, ...] = ()) -> Any:
    """A copy with one change somewhere below the top; `broken` takes any value at all."""
    tree = copy.deepcopy(tree)
    inner = [path for path in paths(tree) if path and path[0] not in keep]
    if not inner:
        return tree
    path = random.choice(inner)
    kind = random.randrange(10)
    if kind == 0:
        drop(tree, path)
    elif kind == 1 and isinstance(at(tree, path), dict):
        at(tree, path)[random.choice(("unknown", "NAME", "a"))] = random.choice(SCALARS)
    elif broken:
        put(tree, path, random.choice(SCALARS))
    else:
        put(tree, path, near(random, at(tree, path)))
    return tree


def part(random: Random, tree: Any, keep: tuple[str, ...] = ()) -> Any:
    """A copy with some branches left out."""
    tree = copy.deepcopy(tree)
    for _ in range(random.randrange(4)):
        inner = [path for path in paths(tree) if path and path[0] not in keep]
        if inner:
            drop(tree, random.choice(inner))
    return tree
