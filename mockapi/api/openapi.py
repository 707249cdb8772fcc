"""/openapi/v2 and /openapi/v3: the machinery's documents with the real server's caching.

Source: kube-openapi pkg/handler and pkg/handler3.
"""

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import orjson

from mockapi.api import encode
from mockapi.api.call import Call
from mockapi.api.kernel import Kernel
from mockapi.api.negotiate import JSON, plain_form
from mockapi.api.reply import Reply
from mockapi.base.clock import http_date_of, machine_seconds
from mockapi.base.lazy import module
from mockapi.machinery.discovery import Served

_V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_V3_PROTOBUF = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf"
_IMMUTABLE = "public, immutable"


class _Document(NamedTuple):
    body: bytes
    etag: str


class OpenApi:
    """The documents of what is served now; written when first asked for, kept until it changes."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._served: Served | None = None
        self._documents: Any = None
        self._index: bytes = b""
        self._second: dict[str, _Document] = {}
        self._seconds = machine_seconds()

    def _now(self) -> Any:
        served = self._kernel.served()
        if self._documents is None or served is not self._served:
            package = module("mockapi.machinery.openapi")
            catalogue = self._kernel.registry.catalogue
            self._served = served
            self._documents = package.Documents(
                catalogue.types, served, package.installed(catalogue.minor), catalogue.minor
            )
            self._index = b""
            self._second.clear()
            # Clients ask by the second, so what changes twice in one has to be of the next.
            self._seconds = max(machine_seconds(), self._seconds + 1)
        return self._documents

    @property
    def _since(self) -> str:
        return http_date_of(self._seconds)

    def _is_known_by(self, date: str) -> bool:
        try:
            return bool(date) and parsedate_to_datetime(date).timestamp() >= self._seconds
        except ValueError:
            return False

    def index(self, call: Call) -> Reply:
        """/openapi/v3: JSON, which the real server calls plain text."""
        documents = self._now()
        if not self._index:
            self._index = orjson.dumps(documents.index())
        if self._is_known_by(call.header("IF_MODIFIED_SINCE")):
            return self._unchanged((("Last-Modified", self._since),))
        headers = (("Accept-Ranges", "bytes"), ("Last-Modified", self._since))
        return Reply(200, self._index, "text/plain; charset=utf-8", headers)

    def third(self, call: Call) -> Reply:
        """/openapi/v3/PATH, for ever under its hash."""
        documents = self._now()
        name = call.path.removeprefix("/openapi/v3/")
        if name not in documents.names():
            return Reply(404)
        etag = documents.hash(name)
        asked = call.query.get("hash", [""])[0]
        if asked and asked != etag:
            location = f"{call.path}?hash={etag}"
            headers = (("Etag", f'"{etag}"'), ("Location", location), ("Vary", "Accept"))
            return Reply(301, b"", JSON, headers)
        return self._sent(
            call, etag, (JSON, _V3_PROTOBUF), lambda media: _third(documents, name, media)
        )

    def second(self, call: Call) -> Reply:
        """/openapi/v2, in JSON and for old clients in protobuf."""
        package = module("mockapi.machinery.openapi.v2")
        documents = self._now()

        def body(media: str) -> bytes:
            if media not in self._second:
                whole = package.protobuf if media == _V2_PROTOBUF else package.encoded
                self._second[media] = _Document(whole(documents), "")
            return self._second[media].body

        reply = self._sent(call, package.hash(documents), (JSON, _V2_PROTOBUF), body)
        reply.head.insert(0, ("Vary", "Accept-Encoding"))
        return reply

    def _sent(
        self, call: Call, etag: str, media_types: tuple[str, ...], body: Callable[[str], bytes]
    ) -> Reply:
        accept = call.accept.replace("v2@v1.0", "v2.v1.0").replace("v3@v1.0", "v3.v1.0")
        form = plain_form(accept, media_types=media_types)
        if form is None:
            return Reply(406, headers=(("Vary", "Accept"),))
        headers = (("Etag", f'"{etag}"'), ("Vary", "Accept"))
        if call.header("IF_NONE_MATCH") == f'"{etag}"':
            reply = self._unchanged(headers)
        else:
            more = (("Accept-Ranges", "bytes"), ("Last-Modified", self._since))
            reply = _packed(body(form.media), form.media, (*headers, *more), call)
        if call.query.get("hash"):
            reply.caching = _IMMUTABLE
        return reply

    def _unchanged(self, headers: tuple[tuple[str, str], ...]) -> Reply:
        return Reply(304, headers=headers)


def _third(documents: Any, name: str, media: str) -> bytes:
    if media != _V3_PROTOBUF:
        encoded: bytes = documents.encoded(name)
        return encoded
    write = module("mockapi.machinery.openapi.gnostic3").document
    message: bytes = documents.kept(f"{name} protobuf", lambda: write(documents.document(name)))
    return message


def _packed(body: bytes, media: str, headers: tuple[tuple[str, str], ...], call: Call) -> Reply:
    """Only the one large document of v2 is compressed."""
    wanted = call.header("ACCEPT_ENCODING") if call.path == "/openapi/v2" else ""
    small = encode.compressed(body, wanted)
    if small is None:
        return Reply(200, body, media, headers)
    return Reply(200, small, media, (*headers, ("Content-Encoding", "gzip")))
