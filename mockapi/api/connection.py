"""One HTTP/1.1 connection: pywsgi's handler with Go's manners and fewer steps per request.

pywsgi parses headers with the email package, formats a log line nobody reads and sends a reply's
head and body in two packets. What is overridden here is only that, and how bad requests are
answered (as Go's net/http does).
"""

import re
from functools import lru_cache
from typing import Any

from gevent.pywsgi import Input, WSGIHandler
from gevent.ssl import SSLSocket

from mockapi.base.clock import http_date

MAX_LINE = 65536
MAX_HEADERS = 1 << 20
_OTHER_VERSION = "505 HTTP Version Not Supported: unsupported protocol version"
_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_NO_PREFIX = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}


class BadRequest(ValueError):
    """A request that cannot be read; the connection ends with this status line as its text."""

    def __init__(self, status: str = "400 Bad Request") -> None:
        super().__init__(status)


class Connection(WSGIHandler):  # type: ignore[misc]
    """`busy` is true from a request's first line until its reply is sent."""

    busy = False

    def handle(self) -> None:
        self.server.connections.add(self)
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            pass
        finally:
            self.server.connections.discard(self)

    def handle_one_request(self) -> Any:
        try:
            line = self.rfile.readline(MAX_LINE)
        except OSError:
            return None
        if not line:
            return None
        self.busy = True
        self.response_length = 0
        try:
            self.environ = self._read(line)
        except BadRequest as error:
            return _refusal(error)
        self.application = self.server.application
        self.handle_one_response()
        self.environ.pop("mockapi.line", None)  # a cycle otherwise
        self.busy = False
        if self.close_connection or self.server.closing or self.rfile.closed:
            return None
        return True

    def _read(self, line: bytes) -> dict[str, Any]:
        if len(line) >= MAX_LINE:
            raise BadRequest("414 URI Too Long")
        environ: dict[str, Any] = self.server.environ.copy()
        self._read_request_line(line, environ)
        self._read_headers(environ)
        if self.request_version == "HTTP/1.1":
            if "HTTP_HOST" not in environ:
                raise BadRequest("400 Bad Request: missing required Host header")
            self.close_connection = environ.get("HTTP_CONNECTION", "").lower() == "close"
        else:
            self.close_connection = environ.get("HTTP_CONNECTION", "").lower() != "keep-alive"
        self._read_body_framing(environ)
        environ["mockapi.socket"] = self.socket
        environ["mockapi.line"] = self
        environ["REMOTE_ADDR"] = self.client_address[0] if self.client_address else ""
        return environ

    def _read_request_line(self, line: bytes, environ: dict[str, Any]) -> None:
        self.requestline = line.decode("latin-1").rstrip("\r\n")
        words = self.requestline.split(" ")
        if len(words) != 3:
            raise BadRequest()
        self.command, target, self.request_version = words
        if self.request_version not in ("HTTP/1.1", "HTTP/1.0"):
            raise BadRequest(_OTHER_VERSION)
        if not target.startswith("/"):
            target = _origin_form(target)
        path, _, query = target.partition("?")
        if "%" in path:
            path = _unquoted(path)
        self.path = path
        environ["REQUEST_METHOD"] = self.command
        environ["SCRIPT_NAME"] = ""
        environ["PATH_INFO"] = path
        environ["QUERY_STRING"] = query
        environ["SERVER_PROTOCOL"] = self.request_version

    def _read_headers(self, environ: dict[str, Any]) -> None:
        size = 0
        readline = self.rfile.readline
        while True:
            line = readline(MAX_LINE)
            if line in (b"\r\n", b"\n"):
                return
            size += len(line)
            if size > MAX_HEADERS or len(line) >= MAX_LINE:
                raise BadRequest("431 Request Header Fields Too Large")
            name, colon, value = line.partition(b":")
            if not colon:
                raise BadRequest()
            key = _environ_key(name)
            text = value.strip(b" \t\r\n").decode("latin-1")
            environ[key] = f"{environ[key]},{text}" if key in environ else text

    def _read_body_framing(self, environ: dict[str, Any]) -> None:
        chunked = environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
        length = None if chunked else environ.get("CONTENT_LENGTH")
        if length is not None:
            if not length.isascii() or not length.isdigit():
                raise BadRequest()
            length = int(length)
        self.content_length = length
        self.upgrade = "HTTP_UPGRADE" in environ and "upgrade" in (
            environ.get("HTTP_CONNECTION", "").lower()
        )
        waits = environ.get("HTTP_EXPECT", "").lower() == "100-continue"
        sock = self.socket if waits else None
        self.wsgi_input = Input(self.rfile, length, socket=sock, chunked_input=chunked)
        environ["wsgi.input"] = self.wsgi_input
        environ["wsgi.input_terminated"] = True
        if self.upgrade:
            environ["mockapi.reader"] = self.rfile

    def start_response(self, status: str, headers: Any, exc_info: Any = None) -> Any:
        """Headers are the gateway's own: text without line breaks, checked where they are made."""
        self.status = status.encode("latin-1")
        self._orig_status = status
        self.code = int(status[:3])
        self.provided_content_length = None
        if self.wsgi_input._chunked_input_error:
            self.close_connection = True
        head = [b"HTTP/1.1 " if self.request_version == "HTTP/1.1" else b"HTTP/1.0 ", self.status]
        for name, value in headers:
            if name == "Content-Length":
                self.provided_content_length = value
            head.append(f"\r\n{name}: {value}".encode("latin-1"))
        self.response_headers = head
        return self.write

    def finalize_headers(self) -> None:
        self.response_headers.append(b"\r\nDate: " + http_date())
        self.connection_upgraded = self.code == 101
        self.response_use_chunked = False
        if self.code in (101, 204, 304) or self.provided_content_length is not None:
            pass
        elif self.request_version == "HTTP/1.1":
            self.response_use_chunked = True
            self.response_headers.append(b"\r\nTransfer-Encoding: chunked")
        else:
            self.close_connection = True
        if self.request_version == "HTTP/1.1":
            if self.close_connection:
                self.response_headers.append(b"\r\nConnection: close")
        elif not self.close_connection:
            self.response_headers.append(b"\r\nConnection: keep-alive")

    def _write_with_headers(self, data: bytes) -> None:
        """Head and first bytes leave in one packet."""
        self.headers_sent = True
        self.finalize_headers()
        self.response_headers.append(b"\r\n\r\n")
        if data and self.command != "HEAD":
            if self.response_use_chunked:
                self.response_headers += (b"%x\r\n" % len(data), data, b"\r\n")
            else:
                self.response_headers.append(data)
        self._sendall(b"".join(self.response_headers))

    def process_result(self) -> None:
        if "mockapi.hijacked" in self.environ:
            self.close_connection = True
            self.headers_sent = True
            for _ in self.result:
                pass
            return
        for data in self.result:
            if data:
                self.write(data)
        if not self.headers_sent:
            self.write(b"")
        if self.response_use_chunked and self.command != "HEAD":
            self._sendall(b"0\r\n\r\n")

    def send_now(self, data: bytes) -> bytes | None:
        """See `stream.Line`: a chunk of the reply, below gevent."""
        if not self.response_use_chunked or isinstance(self.socket, SSLSocket):
            return None
        chunk = b"%x\r\n%b\r\n" % (len(data), data)
        try:
            return chunk[self.socket._sock.send(chunk) :]
        except BlockingIOError:
            return chunk
        except OSError:  # the greenlet will meet it
            return chunk

    def send_rest(self, rest: bytes) -> None:
        self._sendall(rest)

    def log_request(self) -> None:
        return

    def log_error(self, msg: str, *args: Any) -> None:
        return


def _refusal(error: BadRequest) -> tuple[str, bytes]:
    """What Go's server writes before it closes the connection."""
    head = f"HTTP/1.1 {error}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close"
    return str(error)[:3], f"{head}\r\n\r\n{error}".encode("latin-1", "replace")


def _origin_form(target: str) -> str:
    """`http://host/path` (as proxies send it) and `*` as a path."""
    if target.startswith(("http://", "https://")):
        _, slash, rest = target.partition("://")[2].partition("/")
        return "/" + rest if slash else "/"
    if target == "*":
        return target
    raise BadRequest()


def _unquoted(path: str) -> str:
    if _BAD_ESCAPE.search(path):
        raise BadRequest()
    head, *escaped = path.split("%")
    return head + "".join(chr(int(part[:2], 16)) + part[2:] for part in escaped)


@lru_cache(maxsize=1024)
def _environ_key(name: bytes) -> str:
    if not name or name != name.strip() or b" " in name:
        raise BadRequest("400 Bad Request: invalid header name")
    plain = _NO_PREFIX.get(name.lower())
    return plain or "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
