"""list: a page of a resource, joined from stored bytes."""

import orjson

from mockapi.api import encode, transform
from mockapi.api.call import Call
from mockapi.api.kernel import Kernel
from mockapi.api.negotiate import COLLECTION_TYPES, JSON, Form
from mockapi.api.reply import Reply
from mockapi.api.routes import Route
from mockapi.api.verbs.requests import form_of, request_of, sized, tree_reply
from mockapi.machinery.request import Item, ListResult
from mockapi.machinery.resource import Obj, Resource
from mockapi.meta import codec


def serve(call: Call, route: Route, kernel: Kernel) -> Reply:
    form = form_of(call, route.resource, COLLECTION_TYPES)
    return reply(kernel.pipeline.list(request_of(call, route)), form, call, kernel)


def reply(result: ListResult, form: Form, call: Call, kernel: Kernel) -> Reply:
    if form.plain_json:
        return sized(result.code, plain_json(result), JSON, call)
    return tree_reply(result.code, _tree(result, form, call, kernel), form, call)


def plain_json(result: ListResult) -> bytes:
    """The hot path: stored bytes between commas."""
    resource = result.resource
    if resource.custom is not None:
        return _custom_json(result)
    head = orjson.dumps(
        {
            "kind": resource.list_kind,
            "apiVersion": resource.gvk.api_version,
            "metadata": result.metadata,
        }
    )
    if not result.items:
        return head[:-1] + b',"items":[]}\n'
    prefix = len(item_prefix(resource))
    joined = b",{".join([_raw(item)[prefix:] for item in result.items])
    return encode.escaped(b"".join((head[:-1], b',"items":[{', joined, b"]}\n")))


def _custom_json(result: ListResult) -> bytes:
    """Without a Go type: items whole, keys sorted, and a continue that is always there."""
    metadata = {"continue": "", **result.metadata}
    head = {"apiVersion": result.resource.gvk.api_version, "items": []}
    tail = {"kind": result.resource.list_kind, "metadata": metadata}
    start = orjson.dumps(head)[:-2]
    end = orjson.dumps(tail, option=orjson.OPT_SORT_KEYS)[1:]
    items = b",".join([_raw(item) for item in result.items])
    return encode.escaped(b"".join((start, items, b"],", end, b"\n")))


def item_prefix(resource: Resource) -> bytes:
    """How a stored object begins, and what a typed list leaves out of its items."""
    gvk = resource.gvk
    return f'{{"kind":"{gvk.kind}","apiVersion":"{gvk.api_version}",'.encode()


def _raw(item: Item) -> bytes:
    return item.raw if item.raw is not None else codec.stored(item.obj)


def _tree(result: ListResult, form: Form, call: Call, kernel: Kernel) -> Obj:
    trees = [item.obj for item in result.items]
    if form.target:
        include = transform.include_object(form, call.query)
        return transform.list_as(
            form, trees, result.metadata, result.resource, include=include, now=kernel.clock.now()
        )
    if result.resource.custom is not None:
        tree: Obj = orjson.loads(_custom_json(result))
        return tree
    return {
        "kind": result.resource.list_kind,
        "apiVersion": result.resource.gvk.api_version,
        "metadata": result.metadata,
        "items": [_without_type(tree) for tree in trees],
    }


def _without_type(tree: Obj) -> Obj:
    return {key: value for key, value in tree.items() if key not in ("kind", "apiVersion")}
