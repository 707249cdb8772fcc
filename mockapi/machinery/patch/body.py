"""A patch's body: what it says, and what strict decoding has against it.

Source: apiserver pkg/endpoints/handlers/patch.go (how bodies are decoded, by patch type) and
sigs.k8s.io/json (texts, paths of duplicate and unknown fields).
"""

import json
from math import isinf
from typing import Any, Final

from mockapi.machinery.patch.failures import Malformed
from mockapi.meta import gojson

_OPERATION_FIELDS: Final = ("op", "path", "from", "value")
_LIMIT: Final = 100
"""So many problems are reported and no more."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else gojson.Object(pairs)


def _integer(text: str) -> Any:
    return int(text) if len(text) < _LONGEST else gojson.Number(text)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON.")


_LONGEST: Final = 19
"""Of numbers that may not be int64."""
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=gojson.Number,
    parse_constant=_refuse,
)


def parse(body: bytes) -> Any:
    """The tree; objects with repeated keys know which ones those are, numbers that are no small
    integers how they are written."""
    try:
        if b"\\ud" not in body and b"\\uD" not in body:
            return _DECODER.decode(body.decode())
    except (ValueError, RecursionError):
        pass  # it may be JSON all the same
    try:
        return gojson.parse(body)
    except gojson.GoSyntaxError:
        raise Malformed("invalid JSON patch") from None


def problems(patch: Any, *, operations: bool) -> list[str]:
    """Duplicate fields anywhere, and unknown ones of a JSON patch's operations."""
    found: dict[str, None] = {}
    if operations:
        for index, operation in enumerate(patch or ()):
            for problem in _operation_problems(operation or {}, f"[{index}]"):
                found[f"json patch {problem}"] = None
    else:
        _duplicates(patch, "", found)
    return list(found)[:_LIMIT]


def _operation_problems(operation: dict[str, Any], path: str) -> list[str]:
    seen = set()
    found: dict[str, None] = {}
    for name, value in gojson.pairs_of(operation):
        if name not in _OPERATION_FIELDS:
            found[f'unknown field "{path}.{name}"'] = None
            continue
        if name in seen:
            found[f'duplicate field "{path}.{name}"'] = None
        seen.add(name)
        _duplicates(value, f"{path}.{name}", found)
    return list(found)


def _duplicates(node: Any, path: str, found: dict[str, None]) -> None:
    if isinstance(node, dict):
        seen = set()
        for name, value in gojson.pairs_of(node):
            inner = f"{path}.{name}" if path else name
            if name in seen:
                found[f'duplicate field "{inner}"'] = None
            else:
                _duplicates(value, inner, found)
            seen.add(name)
    elif isinstance(node, list):
        for index, item in enumerate(node):
            if isinstance(item, dict | list):
                _duplicates(item, f"{path}[{index}]", found)


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
        for name, value in gojson.pairs_of(operation or {}) if strict else ():
            if name in ("op", "path", "from") and not _is_text(value):
                where = f"Go struct field jsonPatchOp.{name} of type string"
                raise _mismatch(value, where, strict=True)
            if name == "value":
                _check_numbers(value, "Go struct field jsonPatchOp.value of type float64")
    return patch


def _is_text(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not isinstance(value, gojson.Number))


def _check_numbers(node: Any, where: str, *, strict: bool = True) -> None:
    """Numbers without a type must be float64 at least."""
    if isinstance(node, dict | list):
        for inner in node.values() if isinstance(node, dict) else node:
            if isinstance(inner, dict | list | gojson.Number):
                _check_numbers(inner, where, strict=strict)
    elif isinstance(node, gojson.Number) and isinf(node.plain()):
        prefix = "error decoding patch: " if strict else ""
        raise Malformed(f"{prefix}json: cannot unmarshal number {node} into {where}")


def check_object(patch: Any, *, prefixed: bool) -> None:
    """Merge patches are objects (or null, which is dealt with later)."""
    if patch is not None and not isinstance(patch, dict):
        raise _mismatch(patch, "Go value of type map[string]interface {}", strict=prefixed)
    _check_numbers(patch, "Go value of type float64", strict=prefixed)


def _mismatch(value: Any, target: str, *, strict: bool) -> Malformed:
    prefix = "error decoding patch: " if strict else ""
    return Malformed(f"{prefix}json: cannot unmarshal {json_kind(value)} into {target}")


def json_kind(value: Any) -> str:
    """What Go's JSON decoder calls a value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float | gojson.Number):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
