"""What the real server says when a patch makes another kind of an object.

Source: apimachinery pkg/runtime/serializer/json (meta.go), scheme.go and conversion.go.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockapi.machinery.catalogue import Type
from mockapi.machinery.patch.body import json_kind
from mockapi.meta import gofmt
from mockapi.meta.names import GroupVersionKind, split_api_version

_SCHEME: Final = "pkg/runtime/scheme.go:111"
_NO_VERSION: Final = "couldn't get version/kind; json parse error: json: cannot unmarshal"
_META: Final = (
    r'struct { APIVersion string "json:\"apiVersion,omitempty\""; '
    r'Kind string "json:\"kind,omitempty\"" }'
)


def problem(tree: Any, expected: Sequence[GroupVersionKind], types: Mapping[str, Type]) -> str:
    """ "" when the tree is of the expected kind, or leaves it open."""
    if not isinstance(tree, dict):
        return f"{_NO_VERSION} {json_kind(tree)} into Go value of type {_META}"
    for name in ("kind", "apiVersion"):
        if not isinstance(tree.get(name), str | None):
            return (
                f"{_NO_VERSION} {json_kind(tree[name])} into Go struct field .{name} of type string"
            )
    try:
        gvk = _said(tree, expected)
    except ValueError as error:
        return str(error)
    if gvk in expected:
        return ""
    if not any(gvk in row.gvks for row in types.values()):
        where = f"version {gofmt.quote(gvk.api_version)}"
        if not tree.get("apiVersion"):  # the decoder's own is the internal one
            where = f"the internal version of group {gofmt.quote(gvk.group)}"
        return (
            f"no kind {gofmt.quote(gvk.kind)} is registered for {where} "
            f"in scheme {gofmt.quote(_SCHEME)}"
        )
    internal = expected[0].group.partition(".")[0] or "core"
    target = f"{internal}.{expected[0].kind}"
    source = gvk.version if tree.get("apiVersion") else internal
    return f"converting ({source}.{gvk.kind}) to ({target}): unknown conversion"


def other(tree: Any, expected: Sequence[GroupVersionKind], types: Mapping[str, Type]) -> str:
    """The type of another known kind that the tree says it is, "" when it does not."""
    if not isinstance(tree, dict):
        return ""
    try:
        gvk = _said(tree, expected)
    except (ValueError, AttributeError, TypeError):
        return ""
    if gvk in expected:
        return ""
    return next((name for name, row in types.items() if gvk in row.gvks), "")


def _said(tree: Mapping[str, Any], expected: Sequence[GroupVersionKind]) -> GroupVersionKind:
    """Raises ValueError for an apiVersion that is none."""
    group, version = split_api_version(tree.get("apiVersion") or expected[0].api_version)
    return GroupVersionKind(group, version, tree.get("kind") or expected[0].kind)
