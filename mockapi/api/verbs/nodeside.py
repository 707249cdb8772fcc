"""What the real server passes on to kubelets: logs; exec, attach and port-forward are refused."""

from typing import Any

from mockapi.api.call import Call
from mockapi.api.kernel import Kernel, Nodes, OpenLog
from mockapi.api.reply import Reply, Streamed
from mockapi.api.routes import Route
from mockapi.api.stream import Stream
from mockapi.base.waiting import Notifier
from mockapi.machinery.request import Request, Result
from mockapi.machinery.resource import Obj
from mockapi.meta.errors import ApiError, BadRequest

LONGEST_PAUSE = 0.2
"""Real seconds after which a followed log is looked at again in any case."""
FOREVER = 10 * 365 * 86400.0


class _Followed:
    """A log as a stream's source: `first` has been read already."""

    def __init__(self, log: OpenLog, first: bytes) -> None:
        self._log = log
        self._first = first
        self._notifier = Notifier()
        self.stream: Stream | None = None

    def handle(self) -> Any:
        return self._notifier.handle()

    def poll(self) -> list[bytes]:
        first, self._first = self._first, b""
        data = first or (b"" if self._log.done else self._log.read())
        if not data and self._log.done and self.stream is not None:
            self.stream.end()
        return [data] if data else []

    def failure(self, error: ApiError) -> bytes:
        return b""

    def pause(self) -> float:
        if self._log.done:
            return 0.0
        pause = self._log.pause()
        return LONGEST_PAUSE if pause is None else min(pause, LONGEST_PAUSE)

    def close(self) -> None:
        return None


def serve_log(call: Call, route: Route, kernel: Kernel) -> Reply:
    if kernel.logs is None:
        raise ApiError(503, "ServiceUnavailable", "the cluster runs without its own kubelet")
    log = kernel.logs.open(route.namespace, route.name, call.query)
    if log is None:
        return Reply(204)
    first = log.read()
    if log.done:
        return Reply(200, first, "text/plain")
    source = _Followed(log, first)
    source.stream = Stream(
        source,
        bytes,
        seconds=FOREVER,
        streams=kernel.streams,
        socket=call.environ.get("mockapi.socket"),
    )
    source.stream.route = route
    return Streamed(200, source.stream, "text/plain")


def serve_connect(call: Call, route: Route, kernel: Kernel) -> Reply:
    """exec, attach, port-forward and proxy: the real server's refusals, then our own."""
    resource = route.resource.gvr.resource
    if resource == "services":
        _check_endpoints(route, kernel)
    else:
        name = _name_and_port(route.name)[0] if route.subresource == "proxy" else route.name
        found = kernel.pipeline.handle(
            Request("get", route.resource, route.namespace, name, user=call.user)
        )
        assert isinstance(found, Result)
        if resource == "pods":
            _check_reachable(found.obj, route)
        elif kernel.nodes is not None:
            return _node_reply(call, route, kernel.nodes)
    raise ApiError(
        501,
        "NotImplemented",
        f"{route.subresource} of {resource} is not implemented by mockapi yet",
    )


def _node_reply(call: Call, route: Route, nodes: Nodes) -> Reply:
    """What a kubelet answers; its errors are passed on as they are."""
    if not route.rest:
        query = call.environ["QUERY_STRING"]
        location = f"{call.path}/{'?' if query else ''}{query}"
        return Reply(301, headers=(("Location", location),))
    if call.method not in ("GET", "HEAD"):
        return Reply(405, b"405: Method Not Allowed", "text/plain; charset=utf-8")
    node, port = _name_and_port(route.name)
    try:
        answer = nodes.get(node, port, route.rest, call.query)
    except nodes.unreachable as error:
        text = f"error trying to reach service: {error}"
        raise ApiError(503, "ServiceUnavailable", text) from None
    return Reply(answer.code, answer.body, answer.media)


def _name_and_port(text: str) -> tuple[str, str]:
    """Of `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`."""
    parts = text.split(":")
    if len(parts) == 3:
        return parts[1], parts[2]
    return parts[0], parts[1] if len(parts) == 2 else ""


def _check_reachable(pod: Obj, route: Route) -> None:
    if route.subresource == "proxy":
        if not (pod.get("status") or {}).get("podIP"):
            raise BadRequest("address not allowed")
    elif not pod["spec"].get("nodeName"):
        raise BadRequest(f"pod {route.name} does not have a host assigned")


def _check_endpoints(route: Route, kernel: Kernel) -> None:
    """A service is reached by what its EndpointSlices call ready."""
    slices = kernel.registry.find("discovery.k8s.io", "v1", "endpointslices")
    name = route.name.rpartition(":")[0].rpartition(":")[2] or route.name
    if slices is not None:
        query = {"labelSelector": [f"kubernetes.io/service-name={name}"]}
        found = kernel.pipeline.list(Request("list", slices, route.namespace, query=query))
        if any(_ready(item.obj) for item in found.items):
            return
    text = f'no endpoints available for service "{route.name}"'
    raise ApiError(503, "ServiceUnavailable", text)


def _ready(endpoint_slice: Obj) -> bool:
    endpoints = endpoint_slice.get("endpoints") or ()
    return any((one.get("conditions") or {}).get("ready", True) for one in endpoints)
