"""The JSONPath of `additionalPrinterColumns`, reduced to what a column shows: the first match.

Source: client-go util/jsonpath, in which a missing key is no match and no error.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Step = Callable[[Any], Iterator[Any]]
Find = Callable[[Any], Iterator[Any]]

_FIELD = re.compile(r"((?:\\.|[^.\[\]\\])+)")
_QUOTED = re.compile(r"\['((?:\\.|[^'\\])*)'\]")
_INDEX = re.compile(r"\[(-?\d+)\]")
_SLICE = re.compile(r"\[(-?\d*):(-?\d*)(?::(-?\d*))?\]")
_FILTER = re.compile(r"\[\?\(\s*(@[^=!<>]*?)\s*(?:(==|!=|<=|>=|<|>)\s*(.+?)\s*)?\)\]")
_ESCAPED = re.compile(r"\\(.)")


class PathError(ValueError):
    """The text is not a JSONPath that columns may have."""


def compile_path(text: str) -> Find:
    """`.spec.ports[?(@.name=="http")].port` -> a function giving all matches in a tree."""
    steps = list(_steps(text.removeprefix("$")))

    def find(tree: Any) -> Iterator[Any]:
        matches: Iterator[Any] = iter((tree,))
        for step in steps:
            matches = _all(step, matches)
        return matches

    return find


def _all(step: Step, values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        yield from step(value)


def _steps(text: str) -> Iterator[Step]:
    position = 0
    while position < len(text):
        step, position = _step(text, position)
        if step is not None:
            yield step


def _step(text: str, position: int) -> tuple[Step | None, int]:
    if text.startswith("..", position):
        return _descend, position + 1
    if text[position] == ".":
        return _dotted(text, position + 1)
    if text.startswith("[*]", position):
        return _children, position + 3
    for pattern, make in _BRACKETS:
        match = pattern.match(text, position)
        if match:
            return make(match), match.end()
    raise PathError(f"unrecognized path {text!r}")


def _dotted(text: str, position: int) -> tuple[Step | None, int]:
    if position == len(text) or text[position] == "[":
        return None, position
    if text[position] == "*":
        return _children, position + 1
    match = _FIELD.match(text, position)
    if not match:
        raise PathError(f"unrecognized path {text!r}")
    return _field(_ESCAPED.sub(r"\1", match[1])), match.end()


def _field(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return step


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from (value[key] for key in sorted(value))
    elif isinstance(value, list):
        yield from value


def _descend(value: Any) -> Iterator[Any]:
    yield value
    for child in _children(value):
        yield from _descend(child)


def _index(match: re.Match[str]) -> Step:
    index = int(match[1])

    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= index < len(value):
            yield value[index]

    return step


def _slice(match: re.Match[str]) -> Step:
    bounds = [int(part) if part else None for part in match.groups()]

    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from value[slice(*bounds)]

    return step


def _filter(match: re.Match[str]) -> Step:
    left = compile_path(match[1].removeprefix("@"))
    test = _test(match[2], _literal(match[3])) if match[2] else None

    def step(value: Any) -> Iterator[Any]:
        if not isinstance(value, list):
            return
        for item in value:
            found = next(left(item), _MISSING)
            if found is not _MISSING and (test is None or test(found)):
                yield item

    return step


_MISSING = object()


def _literal(text: str) -> Any:
    if text[:1] in "'\"" and text[-1:] == text[:1]:
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise PathError(f"unrecognized literal {text!r}") from None


def _test(operator: str, right: Any) -> Callable[[Any], bool]:
    def test(left: Any) -> bool:
        comparable = type(left) is type(right) or {type(left), type(right)} == {int, float}
        return comparable and _COMPARISONS[operator](left, right)

    return test


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: bool(left == right),
    "!=": lambda left, right: bool(left != right),
    "<": lambda left, right: bool(left < right),
    "<=": lambda left, right: bool(left <= right),
    ">": lambda left, right: bool(left > right),
    ">=": lambda left, right: bool(left >= right),
}
_BRACKETS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Step]], ...] = (
    (_INDEX, _index),
    (_QUOTED, lambda match: _field(_ESCAPED.sub(r"\1", match[1]))),
    (_SLICE, _slice),
    (_FILTER, _filter),
)
