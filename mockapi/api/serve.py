"""The server: a listener, its connections, and a clean end."""

import errno
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import gevent
from gevent import socket
from gevent.pywsgi import WSGIServer
from gevent.ssl import SSLContext

from mockapi.api.connection import Connection

BACKLOG = 4096
_DRAIN_SECONDS = 0.5

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Closing(Protocol):
    """What must hear that the server ends: open streams finish on it."""

    def close(self) -> None: ...


class PortInUse(Exception):
    """Somebody else listens there."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"port {port} on {host} is already in use")
        self.host = host
        self.port = port


class _Listener(WSGIServer):  # type: ignore[misc]
    """pywsgi's server, which knows its open connections."""

    handler_class = Connection

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections: set[Connection] = set()
        self.closing = False


class Server:
    """Serves a WSGI application on the hub of the thread that calls `start`."""

    def __init__(
        self,
        app: WsgiApp,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_context: SSLContext | None = None,
        closing: Closing | None = None,
    ) -> None:
        self._app = app
        self._ssl_context = ssl_context
        self._closing = closing
        self._listener: _Listener | None = None
        self.host = host
        self.port = port

    @property
    def url(self) -> str:
        scheme = "http" if self._ssl_context is None else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        if host in ("0.0.0.0", "[::]"):
            host = "127.0.0.1"
        return f"{scheme}://{host}:{self.port}"

    def start(self) -> None:
        """Listen and accept; returns at once. Raises PortInUse."""
        sock = _listen(self.host, self.port)
        self.port = sock.getsockname()[1]
        tls = {} if self._ssl_context is None else {"ssl_context": self._ssl_context}
        environ = {"SERVER_NAME": self.host, "SERVER_PORT": str(self.port)}
        self._listener = _Listener(
            sock, self._app, log=None, error_log=None, environ=environ, **tls
        )
        self._listener.start()

    def stop(self) -> None:
        """End open streams with their last chunk, finish what is being answered, close."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        listener.closing = True
        listener.close()
        if self._closing is not None:
            self._closing.close()
        for connection in list(listener.connections):
            if not connection.busy:
                _shut(connection.socket)
        with gevent.Timeout(_DRAIN_SECONDS, False):
            while listener.connections:
                gevent.sleep(0.005)
        for connection in list(listener.connections):
            _shut(connection.socket)
        listener.stop(timeout=0)


def _listen(host: str, port: int) -> Any:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted sockets inherit it. Without it replies wait for the peer's delayed ACK (40 ms).
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(host, port) from error
        raise
    return sock


def _shut(sock: Any) -> None:
    if sock is None:
        return
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
