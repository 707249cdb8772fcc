"""What the real server says when a patch makes another kind of an object.

Source: apimachinery pkg/runtime/serializer/json (meta.go), scheme.go and conversion.go.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockapi.machinery.catalogue import Type
from mockapi.machinery.patch.body import json_kind
from mockapi.meta import gofmt
from mockapi.meta.names import GroupVersionKind, split_api_version

INTERNAL: Final = "__internal"
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
    if gvk in expected or is_internal(tree, expected):
        return ""
    package = expected[0].group.partition(".")[0] or "core"
    if gvk.version == INTERNAL:
        known = any(
            (gvk.group, gvk.kind) == (k.group, k.kind) for t in types.values() for k in t.gvks
        )
        wanted, source = f"the internal version of group {gofmt.quote(gvk.group)}", package
    else:
        known = any(gvk in row.gvks for row in types.values())
        wanted, source = f"version {gofmt.quote(gvk.api_version)}", gvk.version
    if not known:
        scheme = gofmt.quote(_SCHEME)
        return f"no kind {gofmt.quote(gvk.kind)} is registered for {wanted} in scheme {scheme}"
    return f"converting ({source}.{gvk.kind}) to ({package}.{expected[0].kind}): unknown conversion"


def is_internal(tree: Mapping[str, Any], expected: Sequence[GroupVersionKind]) -> bool:
    """Whether a tree means the internal form of the expected kind, of which no field is known by
    its name in JSON."""
    gvk = _said(tree, expected)
    same = (gvk.group, gvk.kind) == (expected[0].group, expected[0].kind)
    return gvk.version == INTERNAL and same


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
    """Without a version it is the internal one. Raises ValueError for an apiVersion that is
    none."""
    group, version = split_api_version(tree.get("apiVersion") or "")
    if not (group or version):
        group, version = expected[0].group, INTERNAL
    return GroupVersionKind(group, version, tree.get("kind") or expected[0].kind)
