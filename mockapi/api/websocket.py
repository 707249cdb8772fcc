"""A WebSocket on a connection that has said Upgrade: the handshake, messages, and the end.

Imitated is golang.org/x/net/websocket, which the real server uses: what it refuses, it refuses
with a bare line and nothing more, and it takes over the one protocol that a client names.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import gevent
from gevent.lock import RLock
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from mockapi.api.call import Call
from mockapi.api.reply import Hijacked, Reply

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_NORMAL = 1000
_CHUNK = 65536
_BAD_REQUEST = "400 Bad Request"

Messages = Callable[["WebSocket"], Iterable[str | bytes]]


def reply(call: Call, messages: Messages) -> Reply:
    """A reply that sends messages to the client: text as text, bytes as binary; and then closes."""
    refusal = _refusal(call)
    if refusal:
        return Hijacked(lambda: _say(call, refusal))
    return Hijacked(lambda: _converse(call, messages))


def _refusal(call: Call) -> str:
    """The whole answer to a handshake that will not do, or nothing."""
    if not call.header("SEC_WEBSOCKET_KEY"):
        return f"{_BAD_REQUEST}\r\n\r\nmismatch challenge/response"
    if call.header("SEC_WEBSOCKET_VERSION") != "13":
        version = "Sec-WebSocket-Version: 13"
        return f"{_BAD_REQUEST}\r\n{version}\r\n\r\nmissing or bad WebSocket Version"
    if not _is_uri(call.header("ORIGIN")):
        return "403 Forbidden\r\n\r\n"
    return f"{_BAD_REQUEST}\r\n\r\n" if "," in call.header("SEC_WEBSOCKET_PROTOCOL") else ""


def _is_uri(origin: str) -> bool:
    """An absolute URI, or a path."""
    scheme, colon, _ = origin.partition(":")
    return origin.startswith("/") or (bool(colon) and scheme[:1].isalpha())


def _say(call: Call, text: str) -> Iterator[bytes]:
    call.environ["mockapi.socket"].sendall(f"HTTP/1.1 {text}".encode("latin-1"))
    yield from ()


def _converse(call: Call, messages: Messages) -> Iterator[bytes]:
    key = call.header("SEC_WEBSOCKET_KEY").encode("latin-1")
    accept = base64.b64encode(hashlib.sha1(key + _MAGIC).digest()).decode()
    lines = ["Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}"]
    protocol = call.header("SEC_WEBSOCKET_PROTOCOL").strip()
    if protocol:
        lines.append(f"Sec-WebSocket-Protocol: {protocol}")
    head = "\r\n".join(["101 Switching Protocols", *lines])
    yield from _say(call, f"{head}\r\n\r\n")
    socket = WebSocket(call.environ["mockapi.socket"], call.environ["mockapi.reader"])
    reader = gevent.spawn(socket.read)
    try:
        for message in messages(socket):
            socket.send(message)
    finally:
        socket.close()
        reader.kill()


class WebSocket:
    """The server's side. What the client says is read and dropped; `on_end` hears that it left."""

    def __init__(self, sock: Any, reader: Any) -> None:
        self._socket = sock
        self._reader = reader
        self._protocol = Connection(ConnectionType.SERVER)
        self._sending = RLock()
        self.on_end: Callable[[], None] = lambda: None

    def send(self, message: str | bytes) -> None:
        self._send(TextMessage(message) if isinstance(message, str) else BytesMessage(message))

    def close(self) -> None:
        self._send(CloseConnection(_NORMAL))

    def _send(self, event: Event) -> None:
        with self._sending:
            if self._protocol.state is ConnectionState.CLOSED:
                return
            try:
                self._socket.sendall(self._protocol.send(event))
            except (OSError, LocalProtocolError):
                self.on_end()

    def read(self) -> None:
        """Until the client closes or is gone."""
        try:
            while data := self._reader.read1(_CHUNK):
                self._protocol.receive_data(data)
                for event in self._protocol.events():
                    if isinstance(event, Ping):
                        self._send(event.response())
                    elif isinstance(event, CloseConnection):
                        return
        except (OSError, RemoteProtocolError):
            return
        finally:
            self.on_end()
