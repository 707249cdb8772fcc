"""A patch's body: what it says, and what strict decoding has against it.

Source: apiserver pkg/endpoints/handlers/patch.go (how bodies are decoded, by patch type) and
sigs.k8s.io/json (texts, paths of duplicate and unknown fields).
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from mockapi.machinery.patch.failures import Malformed
from mockapi.meta import gojson

_OPERATION_FIELDS: Final = ("op", "path", "from", "value")
_LIMIT: Final = 100
"""So many problems are reported and no more."""


class _Repeating(gojson.Object):
    """An object in which a key occurs twice; the last one wins."""

    __slots__ = ()

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.pairs]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeating(pairs)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON.")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse)


def parse(body: bytes) -> Any:
    """The tree; objects with repeated keys know which ones those are."""
    try:
        return _DECODER.decode(body.decode())
    except (ValueError, RecursionError):
        raise Malformed("invalid JSON patch") from None


def problems(patch: Any, *, operations: bool) -> list[str]:
    """Duplicate fields anywhere, and unknown ones of a JSON patch's operations."""
    found: dict[str, None] = {}
    if operations:
        for index, operation in enumerate(patch or ()):
            for problem in _operation_problems(operation or {}, f"[{index}]"):
                found[f"json patch {problem}"] = None
    else:
        found.update(dict.fromkeys(_duplicates(patch, "")))
    return list(found)[:_LIMIT]


def _operation_problems(operation: dict[str, Any], path: str) -> Iterator[str]:
    seen = set()
    for name in _names(operation):
        if name not in _OPERATION_FIELDS:
            yield f'unknown field "{path}.{name}"'
            continue
        if name in seen:
            yield f'duplicate field "{path}.{name}"'
        seen.add(name)
        yield from _duplicates(operation[name], f"{path}.{name}")


def _names(tree: dict[str, Any]) -> list[str]:
    return tree.names if isinstance(tree, _Repeating) else list(tree)


def _duplicates(node: Any, path: str) -> Iterator[str]:
    if isinstance(node, dict):
        seen = set()
        for name in _names(node):
            inner = f"{path}.{name}" if path else name
            if name in seen:
                yield f'duplicate field "{inner}"'
            else:
                yield from _duplicates(node[name], inner)
            seen.add(name)
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _duplicates(item, f"{path}[{index}]")


def check_operations(patch: Any, *, strict: bool) -> list[Any]:
    """A JSON patch's list of operations, or the decoder's complaint."""
    target = "handlers.jsonPatchOp" if strict else "jsonpatch.Operation"
    if patch is None:
        return []
    if not isinstance(patch, list):
        whole = f"[]{target}" if strict else "jsonpatch.Patch"
        raise _mismatch(patch, f"Go value of type {whole}", strict=strict)
    for operation in patch:
        if operation is not None and not isinstance(operation, dict):
            raise _mismatch(operation, f"Go value of type {target}", strict=strict)
        for name, value in (operation or {}).items() if strict else ():
            if name in ("op", "path", "from") and not isinstance(value, str | None):
                where = f"Go struct field jsonPatchOp.{name} of type string"
                raise _mismatch(value, where, strict=True)
    return patch


def check_object(patch: Any, *, prefixed: bool) -> None:
    """Merge patches are objects (or null, which is dealt with later)."""
    if patch is not None and not isinstance(patch, dict):
        raise _mismatch(patch, "Go value of type map[string]interface {}", strict=prefixed)


def _mismatch(value: Any, target: str, *, strict: bool) -> Malformed:
    prefix = "error decoding patch: " if strict else ""
    return Malformed(f"{prefix}json: cannot unmarshal {json_kind(value)} into {target}")


def json_kind(value: Any) -> str:
    """What Go's JSON decoder calls a value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
