"""A reply on its way out: code, headers and bytes, as lean as Flask allows."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from flask import Response

_STATUS_LINES = {code.value: f"{code.value} {code.phrase}" for code in HTTPStatus}
_STATUS_LINES[413] = "413 Request Entity Too Large"
_STATUS_LINES[422] = "422 Unprocessable Entity"

NOT_CACHED = "no-cache, private"

Headers = Iterable[tuple[str, str]]


def status_line(code: int) -> str:
    return _STATUS_LINES.get(code) or f"{code} status code {code}"


class Reply(Response):
    """A whole body. A Flask response without werkzeug's header machinery, which costs more than
    the rest of a GET; Flask only asks a response to be callable.
    """

    def __init__(
        self, code: int, body: bytes = b"", content_type: str = "", headers: Headers = ()
    ) -> None:
        self.code = code
        self.body = body
        self.caching = NOT_CACHED
        self.head: list[tuple[str, str]] = [*headers]
        if content_type:
            self.head.append(("Content-Type", content_type))

    def __call__(self, environ: Any, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self.code >= 200:
            self.head.append(("Content-Length", str(len(self.body))))
        start_response(status_line(self.code), self.head)
        return (self.body,)

    def add(self, name: str, value: str) -> None:
        self.head.append((name, value))


class Streamed(Reply):
    """A body that grows: the head leaves at once, for watchers wait for it."""

    def __init__(
        self, code: int, frames: Iterable[bytes], content_type: str, headers: Headers = ()
    ) -> None:
        super().__init__(code, b"", content_type, headers)
        self.frames = frames

    def __call__(self, environ: Any, start_response: Callable[..., Any]) -> Iterable[bytes]:
        write = start_response(status_line(self.code), self.head)
        write(b"")
        return self.frames


class Hijacked(Reply):
    """A conversation on the bare connection, which ends with it: what it yields is not sent."""

    def __init__(self, converse: Callable[[], Iterable[bytes]]) -> None:
        super().__init__(101)
        self._converse = converse

    def __call__(self, environ: Any, start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["mockapi.hijacked"] = True
        return self._converse()


def text(code: int, body: str, headers: Headers = ()) -> Reply:
    """What Go's http.Error and Fprint write."""
    kind = "text/plain; charset=utf-8"
    return Reply(code, body.encode(), kind, (*headers, ("X-Content-Type-Options", "nosniff")))
