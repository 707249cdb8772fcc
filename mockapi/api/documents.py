"""What the server says about itself: discovery, /version and the list of paths.

The bodies come from the machinery; here is how they are negotiated, cached and revalidated.
"""

from collections.abc import Callable

import orjson

from mockapi.api import encode
from mockapi.api.call import Call
from mockapi.api.kernel import Kernel
from mockapi.api.negotiate import (
    JSON,
    MEDIA_TYPES,
    Form,
    check_route,
    not_acceptable,
    plain_form,
    target_form,
    with_pretty,
)
from mockapi.api.reply import Reply
from mockapi.api.routes import PlainNotFound
from mockapi.machinery import discovery
from mockapi.machinery.discovery import Served
from mockapi.machinery.resource import Obj
from mockapi.meta.errors import MethodNotAllowed, PathNotFound

_AGGREGATED = "APIGroupDiscoveryList"
_AGGREGATED_TYPE = f"g=apidiscovery.k8s.io;v=v2;as={_AGGREGATED}"


class Documents:
    """Discovery of one cluster. Encoded bodies are kept until what is served changes."""

    def __init__(self, kernel: Kernel, address: Callable[[], str]) -> None:
        self._kernel = kernel
        self._address = address
        self._served: Served | None = None
        self._bodies: dict[tuple[str, Form], tuple[bytes, str]] = {}

    def serve(self, call: Call) -> Reply | None:
        """A reply when the path is one of discovery's."""
        match call.path.strip("/").split("/"):
            case ["api"]:
                return self._api(call)
            case ["apis"]:
                return self._groups(call)
            case ["api", version]:
                return self._resources(call, "", version)
            case ["apis", group]:
                return self._group(call, group)
            case ["apis", group, version]:
                return self._resources(call, group, version)
        return None

    def root(self, call: Call) -> Reply:
        """/ and /index.html, whatever the method."""
        paths = discovery.root_paths(self._now(), self._kernel.registry.catalogue.paths)
        return Reply(200, orjson.dumps(paths, option=orjson.OPT_INDENT_2), JSON)

    def version(self, call: Call) -> Reply:
        if call.method != "GET":
            raise MethodNotAllowed()
        check_route(call.accept, (JSON,))
        body = discovery.version(self._kernel.registry.catalogue)
        return Reply(200, orjson.dumps(body, option=orjson.OPT_INDENT_2), JSON)

    def _now(self) -> Served:
        served = self._kernel.served()
        if served is not self._served:
            self._served = served
            self._bodies.clear()
        return served

    def _api(self, call: Call) -> Reply:
        if call.method != "GET":
            raise MethodNotAllowed()
        check_route(call.accept)
        form = target_form(call.accept, _AGGREGATED, "apidiscovery.k8s.io", "v2")
        if form is not None:
            return self._aggregated(call, form, core=True)
        return self._plain(call, discovery.api_versions(self._address()))

    def _groups(self, call: Call) -> Reply:
        form = target_form(call.accept, _AGGREGATED, "apidiscovery.k8s.io", "v2")
        if form is not None:
            return self._aggregated(call, form, core=False)
        return self._plain(call, discovery.api_group_list(self._now()))

    def _group(self, call: Call, group: str) -> Reply:
        body = discovery.api_group(self._now(), group) if group else None
        if body is None:
            raise PlainNotFound()
        return self._plain(call, body)

    def _resources(self, call: Call, group: str, version: str) -> Reply:
        body = discovery.api_resource_list(self._now(), group, version)
        if body is None:
            aggregated = any(name == group for name, _ in self._now().aggregated)
            known = self._now().group(group) is not None and not aggregated
            raise PathNotFound() if known else PlainNotFound()
        if call.method != "GET":
            raise MethodNotAllowed()
        check_route(call.accept)
        return self._plain(call, body)

    def _plain(self, call: Call, body: Obj) -> Reply:
        form = plain_form(call.accept)
        if form is None:
            raise not_acceptable(MEDIA_TYPES)
        form = with_pretty(form, call.query.get("pretty"), call.user_agent)
        return Reply(200, encode.tree_body(body, form), form.media)

    def _aggregated(self, call: Call, form: Form, *, core: bool) -> Reply:
        form = with_pretty(form, call.query.get("pretty"), call.user_agent)
        self._now()
        key = ("api" if core else "apis", form)
        if key not in self._bodies:
            tree = discovery.aggregated(self._now(), core=core)
            self._bodies[key] = encode.tree_body(tree, form), discovery.etag(tree)
        body, etag = self._bodies[key]
        headers = (("Etag", etag), ("Vary", "Accept"))
        if call.header("IF_NONE_MATCH") == etag:
            reply = Reply(304, headers=headers)
        else:
            reply = Reply(200, body, f"{form.media};{_AGGREGATED_TYPE}", headers)
        reply.caching = "public"
        return reply
