"""watch: a stream of frames, each encoded once for all watchers who want the same form."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from mockapi.api import encode, transform
from mockapi.api.call import Call
from mockapi.api.fanout import Fanout
from mockapi.api.kernel import Kernel
from mockapi.api.negotiate import COLLECTION_TYPES, JSON, Form, check_stream
from mockapi.api.reply import Reply, Streamed
from mockapi.api.routes import Route
from mockapi.api.stream import Stream
from mockapi.api.verbs.requests import form_of, request_of
from mockapi.base.lazy import module
from mockapi.machinery.resource import Obj
from mockapi.meta.errors import MethodNotSupported

MIN_SECONDS = 1800
_LENGTH = 4

Encoder = Callable[[Any], bytes]


def serve(call: Call, route: Route, kernel: Kernel) -> Reply:
    form = form_of(call, route.resource, COLLECTION_TYPES)
    if "watch" not in route.resource.verbs:
        gvr = route.resource.gvr
        raise MethodNotSupported(gvr.group, gvr.resource, "watch")
    source = kernel.pipeline.watch(request_of(call, route))
    include = transform.include_object(form, call.query)
    check_stream(form)
    is_socket = call.upgrade == "websocket"
    encode_event = encoder(form, route, kernel, include)
    stream = Stream(
        source,
        encode_event,
        seconds=seconds(source.timeout_seconds),
        streams=kernel.streams,
        socket=None if is_socket else call.environ.get("mockapi.socket"),
        fanout=_fanout(route, kernel),
        line=None if is_socket else call.environ.get("mockapi.line"),
    )
    stream.route = route
    if is_socket:
        return _on_websocket(call, form, stream)
    media = JSON if form.media == JSON else f"{form.media};stream=watch"
    return Streamed(200, stream, media)


def _fanout(route: Route, kernel: Kernel) -> Fanout:
    bucket, store = route.resource.bucket, kernel.pipeline.store
    return kernel.streams.fanout(bucket, lambda written: store.listen(f"{bucket}/", written))


def _on_websocket(call: Call, form: Form, stream: Stream) -> Reply:
    """Each event is a message: JSON is text; protobuf is binary, without a frame's length."""

    def messages(socket: Any) -> Iterator[str | bytes]:
        socket.on_end = stream.end
        for frames in stream.batches():
            for frame in frames:
                yield frame.decode() if form.media == JSON else frame[_LENGTH:]

    reply: Reply = module("mockapi.api.websocket").reply(call, messages)
    return reply


def seconds(asked: int | None) -> float:
    """Without a wish between 30 and 60 minutes, so that watches do not end together."""
    return float(asked) if asked else MIN_SECONDS * (1 + random.random())


def encoder(form: Form, route: Route, kernel: Kernel, include: str) -> Encoder:
    """Event -> frame. Tables carry their columns in a stream's first frame only, so they are not
    shared between watchers; all other frames are kept on the event."""
    if form.target == "Table":
        return _table_encoder(form, route, kernel, include)
    if form.target == "PartialObjectMetadataList":
        return lambda event: b""  # no object is a list, and the real server sends none
    key = (form.media, form.target, form.version)
    frame = _framer(form, _transformer(form, route, kernel))

    def shared(event: Any) -> bytes:
        frames = event.frames
        data: bytes | None = frames.get(key)
        if data is None:
            data = frames[key] = frame(event)
        return data

    return shared


def _transformer(form: Form, route: Route, kernel: Kernel) -> Callable[[Obj], Obj] | None:
    if not form.target:
        return None
    return lambda tree: transform.object_as(form, tree, route.resource, include="", now=0.0)


def _framer(form: Form, transformed: Callable[[Obj], Obj] | None) -> Encoder:
    if form.media != JSON:
        return lambda event: _protobuf_frame(event.type, _tree(event, transformed))
    if transformed is None:
        return lambda event: json_frame(event.type, encode.escaped(event.raw))
    return lambda event: json_frame(event.type, _json(_tree(event, transformed)))


def _tree(event: Any, transformed: Callable[[Obj], Obj] | None) -> Obj:
    """An ERROR's Status is never transformed."""
    tree: Obj = event.obj
    return tree if transformed is None or event.type == "ERROR" else transformed(tree)


def _table_encoder(form: Form, route: Route, kernel: Kernel, include: str) -> Encoder:
    first = True

    def frame(event: Any) -> bytes:
        nonlocal first
        if event.type == "ERROR":
            return json_frame(event.type, _json(event.obj))
        now = kernel.clock.now()
        tree = transform.object_as(form, event.obj, route.resource, include=include, now=now)
        if not first:
            tree = {**tree, "columnDefinitions": None}
        first = False
        return json_frame(event.type, _json(tree))

    return frame


def json_frame(kind: str, raw: bytes) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), raw)


def _json(tree: Obj) -> bytes:
    return encode.escaped(orjson.dumps(tree))


def _protobuf_frame(kind: str, tree: Obj) -> bytes:
    """A length and a metav1.WatchEvent {type = 1, object = 2 {raw = 1}}."""
    raw = encode.protobuf(tree)
    held = b"\x0a" + _varint(len(raw)) + raw
    name = kind.encode()
    message = b"\x0a" + _varint(len(name)) + name + b"\x12" + _varint(len(held)) + held
    return len(message).to_bytes(4, "big") + message


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
