"""The path of a request: filters, routes, verb; and of its reply: warnings and common headers."""

from collections.abc import Callable, Sequence
from typing import Any

from mockapi.api import encode, errors, fairness, filters, routes
from mockapi.api.call import Call
from mockapi.api.documents import Documents
from mockapi.api.filters import AuditIds, Filter
from mockapi.api.health import Health
from mockapi.api.kernel import Kernel
from mockapi.api.measured import gauges, labels_of
from mockapi.api.metrics import Metrics
from mockapi.api.negotiate import JSON, YAML, output_form
from mockapi.api.openapi import OpenApi
from mockapi.api.openid import OpenId
from mockapi.api.priority_dumps import PriorityDumps
from mockapi.api.reply import Reply
from mockapi.api.reply import text as plain_text
from mockapi.api.routes import PlainNotFound, Route, Unreadable
from mockapi.api.verbs import lists, nodeside, objects, reviews, watches
from mockapi.base.clock import monotonic
from mockapi.machinery.resource import Resource
from mockapi.meta.errors import MethodNotAllowed

Verb = Callable[[Call, Route, Kernel], Reply]

VERBS: dict[str, Verb] = {
    "get": objects.serve,
    "create": objects.serve,
    "update": objects.serve,
    "patch": objects.serve,
    "delete": objects.serve,
    "deletecollection": objects.serve,
    "list": lists.serve,
    "watch": watches.serve,
    "connect": nodeside.serve_connect,
}


class _Paths:
    """What routes need to know about the registry."""

    def __init__(self, kernel: Kernel) -> None:
        self.find: Callable[[str, str, str], Resource | None] = kernel.registry.find
        self._builtin = frozenset(group.name for group in kernel.registry.catalogue.groups)
        self._served = kernel.served

    def is_builtin(self, group: str, version: str) -> bool:
        return group in self._builtin or (group, version) in self._served().aggregated


class Gateway:
    """Answers every HTTP request of one cluster."""

    def __init__(
        self, kernel: Kernel, *, before: Sequence[Filter] = (), address: str = "127.0.0.1:8001"
    ) -> None:
        self.kernel = kernel
        self.address = address
        self.documents = Documents(kernel, lambda: self.address)
        self.openapi = OpenApi(kernel)
        self.metrics = Metrics(gauges(kernel))
        self.health = Health(kernel.failing)
        self.openid = OpenId(kernel.security, lambda: self.address)
        self.dumps = PriorityDumps(kernel.security.fairness, kernel.pipeline.reading, kernel.clock)
        self.filters: list[Filter] = [
            AuditIds(),
            fairness.check_deadline,
            *kernel.security.filters,
            *before,
        ]
        self._paths = _Paths(kernel)

    def resource(self, environ: dict[str, Any]) -> Reply:
        """A request below /api or /apis."""
        call, begun = Call(environ), monotonic()
        reply = self.answer(call, self._serve_resource)
        if call.route is not None:
            self.metrics.observe(labels_of(call), reply.code, monotonic() - begun)
        return reply

    def answer(self, call: Call, serve: Callable[[Call], Reply]) -> Reply:
        """Filters, then `serve`; whatever is raised becomes a reply here and nowhere else."""
        try:
            reply = filters.run(self.filters, call) or serve(call)
        except Unreadable as error:
            reply = plain_text(500, str(error))
            reply.caching = ""
        except Exception as error:
            reply = errors.reply_to(error, call)
        reply.head += call.headers
        if reply.caching:
            reply.head.append(("Cache-Control", reply.caching))
        for warning in call.warnings:
            reply.head.append(("Warning", warning_header(warning)))
        return reply

    def _serve_resource(self, call: Call) -> Reply:
        if call.path.count("/") <= 4 and not call.path.startswith("//"):
            document = self.documents.serve(call)
            if document is not None:
                return document
        try:
            route = routes.parse(call.method, call.path, call.query, self._paths)
        except PlainNotFound:
            return self._serve_extension(call)
        call.route = route
        if route.verb == "patch" and route.resource.custom is None:
            routes.check_patch_type(call.content_type)
        deprecation = route.resource.deprecation
        if deprecation:
            call.warnings.append(deprecation)
        if route.verb == "create" and reviews.is_review(route):
            return reviews.serve(call, route, self.kernel)
        if route.subresource == "log":
            return nodeside.serve_log(call, route, self.kernel)
        return VERBS[route.verb](call, route, self.kernel)

    def _serve_extension(self, call: Call) -> Reply:
        """A group that is answered without being stored."""
        steps = call.path.strip("/").split("/")
        extension = self.kernel.extensions.find(steps[1]) if len(steps) > 3 else None
        if extension is None or steps[0] != "apis":
            raise PlainNotFound()
        if call.method != "GET":
            raise MethodNotAllowed()
        form = output_form(call.accept, media_types=(JSON, YAML))
        body = extension.get(steps[2], steps[3:], call.query)
        return Reply(200, encode.tree_body(body, form), form.media)


def warning_header(text: str) -> str:
    """RFC 7234 5.5 with code 299 and an unknown agent."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ").replace("\r", " ")
    return f'299 - "{quoted}"'.encode().decode("latin-1")  # WSGI's way to say bytes
