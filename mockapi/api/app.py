"""The Flask application: one catch-all for resources, small routes for everything else."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SessionInterface
from werkzeug.routing import Rule

from mockapi.api import openid, priority_dumps
from mockapi.api.call import Call
from mockapi.api.control.routes import ControlApi
from mockapi.api.gateway import Gateway
from mockapi.api.health import CHECKS
from mockapi.api.reply import Reply
from mockapi.api.routes import PlainNotFound

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
    documents, health = gateway.documents, gateway.health
    _everything_below(app, "/api", "resources", lambda: gateway.resource(request.environ))
    _everything_below(app, "/apis", "resources", lambda: gateway.resource(request.environ))
    for endpoint in CHECKS:
        _serve(app, gateway, f"/{endpoint}", health.serve)
        _serve(app, gateway, f"/{endpoint}/<path:rest>", health.serve)
    _serve(app, gateway, "/metrics", gateway.metrics.serve)
    _serve(app, gateway, "/metrics/slis", health.slis)
    _serve(app, gateway, "/openapi/v2", gateway.openapi.second)
    _serve(app, gateway, "/openapi/v3", gateway.openapi.index)
    _serve(app, gateway, "/openapi/v3/<path:rest>", gateway.openapi.third)
    _serve(app, gateway, "/version", documents.version)
    _serve(app, gateway, "/version/", documents.version)
    for path, serve in (
        (openid.CONFIGURATION, gateway.openid.configuration),
        (openid.KEYS, gateway.openid.keys),
    ):
        _serve(app, gateway, path, serve)
        _serve(app, gateway, f"{path}/", serve)
    for name, dump in gateway.dumps.all():
        _serve(app, gateway, f"{priority_dumps.PREFIX}/{name}", dump)
    if gateway.kernel.controls is not None:
        control = ControlApi(gateway.kernel.controls)
        _serve(app, gateway, "/mockapi/v1/<path:rest>", control.serve)
    _serve(app, gateway, "/", documents.root)
    _serve(app, gateway, "/index.html", documents.root)
    _serve(app, gateway, "/<path:rest>", _missing)
    return app


def _everything_below(app: Flask, path: str, endpoint: str, view: Callable[[], Reply]) -> None:
    for rule in (path, f"{path}/", f"{path}/<path:rest>"):
        _rule(app, rule, endpoint, view)


def _serve(app: Flask, gateway: Gateway, path: str, serve: Serve) -> None:
    _rule(app, path, path, lambda: gateway.answer(Call(request.environ), _exactly(serve)))


def _exactly(serve: Serve) -> Serve:
    """Werkzeug takes `//version` for `/version`; Go does not."""
    return lambda call: _missing(call) if call.path.startswith("//") else serve(call)


def _rule(app: Flask, path: str, endpoint: str, view: Callable[[], Reply]) -> None:
    """Any method, and upgrades too: what is allowed is decided behind Flask."""
    for websocket in (False, True):
        app.url_map.add(Rule(path, endpoint=endpoint, methods=None, websocket=websocket))
    app.view_functions[endpoint] = lambda rest="": view()


def _missing(call: Call) -> Reply:
    if (call.method, call.path) == ("OPTIONS", "*"):
        return Reply(200)
    raise PlainNotFound()
