"""get, create, update, patch, delete of one object, its subresources, and deletecollection."""

from mockapi.api import encode, transform
from mockapi.api.call import Call
from mockapi.api.kernel import Kernel
from mockapi.api.negotiate import Form
from mockapi.api.reply import Reply
from mockapi.api.routes import Route
from mockapi.api.verbs import lists
from mockapi.api.verbs.requests import form_of, request_of, sized, tree_reply
from mockapi.machinery.request import ListResult, Result


def serve(call: Call, route: Route, kernel: Kernel) -> Reply:
    form = form_of(call, route.resource)
    result = kernel.pipeline.handle(request_of(call, route))
    if isinstance(result, ListResult):
        return lists.reply(result, form, call, kernel)
    return _reply(result, form, call, route, kernel)


def _reply(result: Result, form: Form, call: Call, route: Route, kernel: Kernel) -> Reply:
    if form.plain_json:
        return sized(result.code, encode.escaped(result.raw) + b"\n", form.media, call)
    tree = result.obj
    if form.target:
        include = transform.include_object(form, call.query)
        if tree.get("kind") != "Status":
            now = kernel.clock.now()
            tree = transform.object_as(form, tree, route.resource, include=include, now=now)
    return tree_reply(result.code, tree, form, call)
