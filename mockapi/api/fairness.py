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


class _Taken:
    """A flow that requests have taken, and how many."""

    __slots__ = ("count", "flow", "headers")

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.headers: Headers = (
            ("X-Kubernetes-Pf-Flowschema-Uid", flow.schema),
            ("X-Kubernetes-Pf-Prioritylevel-Uid", flow.level),
        )
        self.count = 0


class Fairness:
    """The filter. What it found out is kept until a FlowSchema or a priority level changes."""

    def __init__(self, reader: Reader, store: Store) -> None:
        self._reader = reader
        self._flows: Flows | None = None
        self._always: dict[_User, _Taken | None] = {}
        self._known: dict[tuple[_User, Attributes], _Taken] = {}
        self._taken: dict[Flow, _Taken] = {}
        for bucket in (_SCHEMAS, _LEVELS):
            store.watch(f"{bucket}/", after=store.revision).listen(self._forget)

    def __call__(self, call: Call) -> None:
        if is_long_running(call):
            return
        taken = self._taken_by(call)
        taken.count += 1
        call.headers += taken.headers

    def names_of(self, call: Call) -> tuple[str, str]:
        """The flow schema and the priority level of a request, "" for one that is not there."""
        flow = self._taken_by(call).flow
        schema, level = ((_SCHEMAS, flow.schema), (_LEVELS, flow.level))
        return _name(self._reader, *schema), _name(self._reader, *level)

    def dispatched(self) -> dict[str, int]:
        """How many requests each priority level (by uid) has let through."""
        found: dict[str, int] = {}
        for flow, taken in self._taken.items():
            found[flow.level] = found.get(flow.level, 0) + taken.count
        return found

    def _taken_by(self, call: Call) -> _Taken:
        user = (call.user.name, call.user.groups)
        try:
            taken = self._always[user]
        except KeyError:
            taken = self._always_of(call, user)
        return taken or self._one_of(call, user)

    def _forget(self) -> None:
        self._flows = None
        self._always.clear()
        self._known.clear()

    def _now(self) -> Flows:
        if self._flows is None:
            self._flows = Flows(self._reader.list(_SCHEMAS), self._reader.list(_LEVELS))
        return self._flows

    def _of(self, flow: Flow) -> _Taken:
        found = self._taken.get(flow)
        if found is None:
            found = self._taken[flow] = _Taken(flow)
        return found

    def _always_of(self, call: Call, user: _User) -> _Taken | None:
        flow = self._now().always(call.user)
        if len(self._always) > _KNOWN:
            self._always.clear()
        taken = self._always[user] = None if flow is None else self._of(flow)
        return taken

    def _one_of(self, call: Call, user: _User) -> _Taken:
        asked = _asked(call)
        key = user, _nameless(asked)
        taken = self._known.get(key)
        if taken is None:
            if len(self._known) > _KNOWN:
                self._known.clear()
            taken = self._known[key] = self._of(self._now().flow_of(call.user, asked))
        return taken


def _name(reader: Reader, bucket: str, uid: str) -> str:
    found = (obj["metadata"] for obj in reader.list(bucket))
    return next((str(meta["name"]) for meta in found if meta["uid"] == uid), "")


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
