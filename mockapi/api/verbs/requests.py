"""From a call and its route to the request that the pipeline takes, and back to a reply."""

from collections.abc import Sequence
from typing import Any

import orjson

from mockapi.api import encode
from mockapi.api.call import Call
from mockapi.api.negotiate import (
    MEDIA_TYPES,
    Form,
    check_route,
    output_form,
    with_pretty,
)
from mockapi.api.reply import Reply
from mockapi.api.routes import Route
from mockapi.machinery.request import Request
from mockapi.machinery.resource import Resource

_NO_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


def form_of(call: Call, resource: Resource, produces: Sequence[str] = MEDIA_TYPES) -> Form:
    """What the reply will look like; raises 406 in the router's words or the handler's. Custom
    resources are not behind the router."""
    accept, untyped = call.accept, resource.custom is not None
    if not untyped:
        check_route(accept, produces)
    form = output_form(accept, untyped=untyped)
    return with_pretty(form, call.query.get("pretty"), call.user_agent)


def request_of(call: Call, route: Route) -> Request:
    body = None if call.method in _NO_BODY else call.body()
    return Request(
        verb=route.verb,
        resource=route.resource,
        namespace=route.namespace,
        name=route.name,
        subresource=route.subresource,
        user=call.user,
        user_agent=call.user_agent,
        query=call.query,
        body=body,
        content_type=call.content_type,
        warnings=call.warnings,
    )


def tree_reply(code: int, tree: dict[str, Any], form: Form, call: Call) -> Reply:
    return sized(code, encode.tree_body(tree, form), form.media, call)


def sized(code: int, body: bytes, media: str, call: Call) -> Reply:
    """A reply that is compressed when the client takes it and it is worth it."""
    if len(body) > encode.GZIP_THRESHOLD:
        small = encode.compressed(body, call.header("ACCEPT_ENCODING"))
        if small is not None:
            headers = (("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
            return Reply(code, small, media, headers)
    return Reply(code, body, media)


def parsed(raw: bytes) -> Any:
    return orjson.loads(raw)
