"""Helpers for trees of dicts, lists and scalars, as JSON gives them."""

from collections.abc import Iterator
from typing import Any

Tree = dict[str, Any]


def copy(value: Any) -> Any:
    """A deep copy of a JSON tree (scalars are shared)."""
    kind = type(value)
    if kind is dict:
        return {k: v if type(v) in _SCALARS else copy(v) for k, v in value.items()}
    if kind is list:
        return [v if type(v) in _SCALARS else copy(v) for v in value]
    return value


_SCALARS = frozenset((str, int, bool, float, type(None)))


def get(tree: Any, *path: str) -> Any:
    """The value at a path of dict keys, None where the path ends early."""
    for step in path:
        if not isinstance(tree, dict):
            return None
        tree = tree.get(step)
    return tree


def ensure(tree: Tree, *path: str) -> Tree:
    """The dict at a path, made where it is missing or null."""
    for step in path:
        inner = tree.get(step)
        if not isinstance(inner, dict):
            inner = tree[step] = {}
        tree = inner
    return tree


def walk(
    value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every node with its path, parents first."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from walk(inner, (*path, index))
