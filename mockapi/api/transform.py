"""Objects and lists turned into what the Accept header asks for: a Table or metadata only.

Source: apiserver pkg/endpoints/handlers/response.go.
"""

from collections.abc import Sequence
from typing import Any

from mockapi.api.call import Query
from mockapi.api.negotiate import META_GROUP, Form
from mockapi.base.lazy import module
from mockapi.machinery.resource import Resource
from mockapi.meta.errors import BadRequest, NotAcceptable

Tree = dict[str, Any]
_INCLUDE = ("Metadata", "Object", "None", "")


def include_object(form: Form, query: Query) -> str:
    """The `includeObject` option of a Table; raises 400."""
    if form.target != "Table":
        return ""
    values = query.get("includeObject")
    value = values[0] if values else ""
    if value not in _INCLUDE:
        text = f'includeObject: Invalid value: "{value}": must be'
        allowed = "'Metadata', 'Object', 'None', or empty"
        raise BadRequest(f"Unable to convert to Table as requested: {text} {allowed}")
    return value or "Metadata"


def object_as(form: Form, tree: Tree, resource: Resource, *, include: str, now: float) -> Tree:
    """One object in the form's target."""
    if form.target == "Table":
        meta = tree.get("metadata", {})
        list_meta = {k: meta[k] for k in ("resourceVersion",) if k in meta}
        return table(form, [tree], resource, list_meta, include=include, now=now, single=True)
    if form.target == "PartialObjectMetadataList":
        raise NotAcceptable(
            "you requested PartialObjectMetadataList, but the requested object is not a list "
            f"({_go_type(resource)})"
        )
    return partial(form, tree)


def list_as(
    form: Form,
    trees: Sequence[Tree],
    list_meta: Tree,
    resource: Resource,
    *,
    include: str,
    now: float,
) -> Tree:
    """A list in the form's target."""
    if form.target == "Table":
        return table(form, trees, resource, list_meta, include=include, now=now)
    if form.target == "PartialObjectMetadata":
        raise NotAcceptable(
            "you requested PartialObjectMetadata, but the requested object is a list "
            f"({_go_type(resource)}List)"
        )
    return {
        "kind": form.target,
        "apiVersion": f"{META_GROUP}/{form.version}",
        "metadata": list_meta,
        "items": [partial(form, tree) for tree in trees] or None,
    }


def partial(form: Form, tree: Tree) -> Tree:
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"{META_GROUP}/{form.version}",
        "metadata": module("mockapi.machinery.tables").metadata_alone(tree),
    }


def table(
    form: Form,
    trees: Sequence[Tree],
    resource: Resource,
    list_meta: Tree,
    *,
    include: str,
    now: float,
    single: bool = False,
) -> Tree:
    kind = (resource.gvr.group, resource.kind)
    if single and trees[0]["kind"] != resource.kind:
        kind = (trees[0]["apiVersion"].rpartition("/")[0], trees[0]["kind"])
    rendered: Tree = module("mockapi.machinery.tables").render(
        kind,
        trees,
        now=now,
        api_version=f"{META_GROUP}/{form.version}",
        include_object=include,
        list_meta=list_meta,
        columns=resource.custom.columns if resource.custom is not None else None,
        single=single,
    )
    return rendered


def _go_type(resource: Resource) -> str:
    """The internal Go type, which the real server names in two messages."""
    if resource.custom is not None:
        return "*unstructured.Unstructured"
    package = (resource.gvr.group or "core").split(".")[0]
    return f"*{package}.{resource.kind}"
