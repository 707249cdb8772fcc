"""The filter that names a request's flow schema and priority level, and reads its deadline.

Source: apiserver pkg/server/filters/priority-and-fairness.go and
pkg/endpoints/filters/request_deadline.go. Requests are served in turn: nothing queues here.
"""

from mockapi.api.call import Call
from mockapi.api.routes import wants_watch
from mockapi.machinery.authorization import Attributes, attributes_of
from mockapi.machinery.fairness import Flow, Flows
from mockapi.machinery.resource import Reader
from mockapi.meta import gotime
from mockapi.meta.errors import BadRequest
from mockapi.store.protocol import Store

_GROUP = "flowcontrol.apiserver.k8s.io"
_SCHEMAS = f"flowschemas.{_GROUP}"
_LEVELS = f"prioritylevelconfigurations.{_GROUP}"
_LONG_RUNNING = ("/attach", "/exec", "/log", "/portforward", "/proxy")
_KNOWN = 4096

Headers = tuple[tuple[str, str], ...]
_User = tuple[str, tuple[str, ...]]


def is_long_running(call: Call) -> bool:
    """Streams to a kubelet, which have neither a deadline nor a flow."""
    path = call.path
    if not path.endswith(_LONG_RUNNING) and "/proxy/" not in path:
        return False
    asked = _asked(call)
    return asked.verb == "proxy" or f"/{asked.subresource}" in _LONG_RUNNING


def check_deadline(call: Call) -> None:
    """The filter for `?timeout=`. Nothing here takes as long as the shortest deadline in use."""
    timeout = call.query.get("timeout")
    if not timeout or not timeout[0] or is_long_running(call) or _watches(call):
        return
    try:
        gotime.parse_duration(timeout[0])
    except gotime.GoTimeError as error:
        text = f"invalid timeout specified in the request URL - {error}"
        raise BadRequest(text) from None


class Fairness:
    """The filter. What it found out is kept until a FlowSchema or a priority level changes."""

    def __init__(self, reader: Reader, store: Store) -> None:
        self._reader = reader
        self._flows: Flows | None = None
        self._always: dict[_User, Headers | None] = {}
        self._known: dict[tuple[_User, Attributes], Headers] = {}
        for bucket in (_SCHEMAS, _LEVELS):
            store.watch(f"{bucket}/", after=store.revision).listen(self._forget)

    def __call__(self, call: Call) -> None:
        if is_long_running(call):
            return
        user = (call.user.name, call.user.groups)
        try:
            headers = self._always[user]
        except KeyError:
            headers = self._always_of(call, user)
        call.headers += headers or self._headers_of(call, user)

    def _forget(self) -> None:
        self._flows = None
        self._always.clear()
        self._known.clear()

    def _now(self) -> Flows:
        if self._flows is None:
            self._flows = Flows(self._reader.list(_SCHEMAS), self._reader.list(_LEVELS))
        return self._flows

    def _always_of(self, call: Call, user: _User) -> Headers | None:
        flow = self._now().always(call.user)
        if len(self._always) > _KNOWN:
            self._always.clear()
        headers = self._always[user] = None if flow is None else _headers(flow)
        return headers

    def _headers_of(self, call: Call, user: _User) -> Headers:
        asked = _asked(call)
        key = user, _nameless(asked)
        headers = self._known.get(key)
        if headers is None:
            if len(self._known) > _KNOWN:
                self._known.clear()
            headers = self._known[key] = _headers(self._now().flow_of(call.user, asked))
        return headers


def _headers(flow: Flow) -> Headers:
    return (
        ("X-Kubernetes-Pf-Flowschema-Uid", flow.schema),
        ("X-Kubernetes-Pf-Prioritylevel-Uid", flow.level),
    )


def _watches(call: Call) -> bool:
    return ("watch" in call.query or "/watch/" in call.path) and _asked(call).verb == "watch"


def _asked(call: Call) -> Attributes:
    return attributes_of(call.method, call.path, call.query, watch=wants_watch(call.query))


def _nameless(asked: Attributes) -> Attributes:
    if not asked.resource:
        return asked
    return Attributes(
        asked.verb, "", asked.group, asked.resource, asked.subresource, asked.namespace
    )
