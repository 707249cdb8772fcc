"""JSON paths of definitions: simple ones, and those that a schema must know."""

import re
from typing import Any

from mockapi.machinery.resource import Obj
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_TOKENS = re.compile(r"'(?:[^'\\]|\\.)*'|[.\[\]]|[^.\[\]']+|'")
_NO_FIELD = "does not refer to a valid field"
_ENDS = "unexpected end of JSON path"


class PathError(ValueError):
    """Says what the real server says."""


def simple(text: str, path: Path) -> Errors:
    if not text:
        return [fields.invalid(path, text, "must not be empty")]
    if not text.startswith("."):
        return [fields.invalid(path, text, "must be a simple json path starting with .")]
    return []


def find(text: str, schema: Obj, *, allow_brackets: bool = True) -> tuple[list[str], Any]:
    """The steps of a path and the schema that it leads to. Raises PathError."""
    tokens = _TOKENS.findall(text)
    steps: list[str] = []
    place: Any = schema
    while tokens:
        token = tokens.pop(0)
        if token == ".":
            if not tokens:
                raise PathError(_ENDS)
            step = tokens.pop(0)
        elif token == "[":
            if not allow_brackets:
                raise PathError("array notation is not allowed")
            step = _bracket(tokens)
        else:
            raise PathError(f"expected [ or . but got: {token}")
        place = _step(place, step)
        if token == "[" and (not tokens or (closing := tokens.pop(0)) != "]"):
            raise PathError(f"expected ] but got {closing}" if tokens else _ENDS)
        steps.append(step)
    return steps, place


def _bracket(tokens: list[str]) -> str:
    if not tokens:
        raise PathError(_ENDS)
    token = tokens.pop(0)
    if len(token) < 2 or token[0] != "'" or token[-1] != "'":
        raise PathError(f"expected single quoted string but got {token}")
    return token[1:-1]


def _step(schema: Any, step: str) -> Any:
    properties = (schema or {}).get("properties")
    if properties:
        if step not in properties:
            raise PathError(_NO_FIELD)
        return properties[step]
    if (schema or {}).get("additionalProperties") is None:
        raise PathError(_NO_FIELD)
    below = schema["additionalProperties"]
    return below if isinstance(below, dict) else None
