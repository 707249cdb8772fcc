"""The Flask application: one catch-all for resources, small routes for everything else."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SessionInterface
from werkzeug.routing import Rule

from mockapi.api import reply
from mockapi.api.call import Call
from mockapi.api.gateway import Gateway
from mockapi.api.reply import Reply

Serve = Callable[[Call], Reply]


class _NoSessions(SessionInterface):
    """The API knows no cookies; Flask asks for a session with every request."""

    _none = SecureCookieSession()

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        return self._none

    def is_null_session(self, obj: object) -> bool:
        return True

    def save_session(self, app: Flask, session: Any, response: Any) -> None:
        return None


def create_app(gateway: Gateway) -> Flask:
    app = Flask("mockapi", static_folder=None)
    app.session_interface = _NoSessions()
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    _route(app, "resource", lambda: gateway.resource(request.environ), "/api", "/apis")
    _route(app, "missing", lambda: gateway.answer(Call(request.environ), _missing), "")
    return app


def _route(app: Flask, endpoint: str, view: Callable[[], Reply], *prefixes: str) -> None:
    """Every method and everything below the prefixes: what is allowed is the gateway's matter."""
    for prefix in prefixes:
        for rule in (f"{prefix}/", f"{prefix}/<path:rest>"):
            app.url_map.add(Rule(rule, endpoint=endpoint, methods=None))
            app.url_map.add(Rule(rule, endpoint=endpoint, methods=None, websocket=True))
    app.view_functions[endpoint] = lambda rest="": view()


def _missing(call: Call) -> Reply:
    return reply.text(404, "404 page not found\n")
