"""RFC 7386 as evanphx/json-patch v4 does it. Objects that it touches come out with sorted keys."""

from typing import Any

from mockapi.machinery.patch.failures import Malformed


def apply(patch: Any, document: dict[str, Any]) -> Any:
    """The patched document, sharing untouched parts with `document` and `patch`. A list as patch
    replaces the document."""
    if isinstance(patch, list):
        return [_pruned(item) for item in patch]
    if not isinstance(patch, dict):
        raise Malformed("Invalid JSON Patch")
    return _merged(document, patch)


def _merged(document: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    result = dict(document)
    for key, value in patch.items():
        current = result.get(key)
        if value is None:
            result.pop(key, None)
        elif not isinstance(current, dict):
            result[key] = _pruned(value)
        elif isinstance(value, dict):
            result[key] = _merged(current, value)
        else:
            result[key] = value
    return dict(sorted(result.items()))


def _pruned(value: Any) -> Any:
    """Without the nulls of objects; those of lists stay."""
    if isinstance(value, dict):
        return {key: _pruned(value[key]) for key in sorted(value) if value[key] is not None}
    if isinstance(value, list):
        return [_pruned(item) for item in value]
    return value
