"""A lean HTTP/1.1 load generator: prepared bytes over kept-alive connections, one greenlet each."""

import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent import socket
from gevent import ssl as gevent_ssl

from benchmarks.servers import Server


class Connection:
    """One kept-alive connection; `send` returns (status, body)."""

    def __init__(self, server: Server) -> None:
        sock = socket.create_connection(server.address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if server.context is not None:
            context = gevent_ssl.SSLContext(gevent_ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, gevent_ssl.CERT_NONE
            if server.certificate is not None:
                context.load_cert_chain(*server.certificate)
            sock = context.wrap_socket(sock)
        self._sock: Any = sock
        self._rest = b""

    def send(self, request: bytes) -> tuple[int, bytes]:
        self._sock.sendall(request)
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._receive()
        head, data = data[:end].lower(), data[end + 4 :]
        status = int(head[9:12])
        if b"transfer-encoding: chunked" in head:
            return status, self._chunks(data)
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        parts, have = [data], len(data)
        while have < length:
            more = self._receive()
            parts.append(more)
            have += len(more)
        body = b"".join(parts)
        self._rest = body[length:]
        return status, body[:length]

    def _chunks(self, data: bytes) -> bytes:
        body = b""
        while True:
            while (end := data.find(b"\r\n")) < 0:
                data += self._receive()
            size = int(data[:end], 16)
            while len(data) < end + 2 + size + 2:
                data += self._receive()
            body += data[end + 2 : end + 2 + size]
            data = data[end + 2 + size + 2 :]
            if not size:
                self._rest = data
                return body

    def _receive(self) -> bytes:
        more: bytes = self._sock.recv(262144)
        if not more:
            raise ConnectionError("the server closed the connection")
        return more

    def start(self, request: bytes) -> None:
        """Send without waiting for a reply (a watch)."""
        self._sock.sendall(request)

    def wait_for(self, mark: bytes) -> None:
        """Read until the mark has come."""
        seen = self._rest
        while mark not in seen:
            seen = seen[-len(mark) :] + self._receive()

    def close(self) -> None:
        self._sock.close()


def request(server: Server, method: str, path: str, body: bytes = b"") -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {server.address[0]}", "Accept: application/json"]
    lines += [f"{name}: {value}" for name, value in server.headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def rate(
    server: Server, make: Callable[[int, int], bytes], *, connections: int, seconds: float
) -> float:
    """Requests a second; `make(connection, n)` gives each request. Every reply must be a 2xx."""
    opened = [Connection(server) for _ in range(connections)]
    counts = [0] * connections
    end = time.monotonic() + seconds

    def work(index: int) -> None:
        while time.monotonic() < end:
            status, body = opened[index].send(make(index, counts[index]))
            if status >= 300:
                raise RuntimeError(f"{server.name} answered {status}: {body[:300]!r}")
            counts[index] += 1

    begin = time.monotonic()
    greenlets = [gevent.spawn(work, index) for index in range(connections)]
    gevent.joinall(greenlets, raise_error=True)
    elapsed = time.monotonic() - begin
    for connection in opened:
        connection.close()
    return sum(counts) / elapsed
