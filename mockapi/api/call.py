"""One HTTP request, as the gateway sees it on its way through the filters."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

from mockapi.api.routes import Route
from mockapi.machinery.resource import UserInfo
from mockapi.meta import users
from mockapi.meta.errors import ApiError, RequestEntityTooLarge

MAX_BODY = 3 * 1024 * 1024
ADMIN = UserInfo("kubernetes-admin", groups=("system:masters", users.AUTHENTICATED))

Query = Mapping[str, list[str]]


class Call:
    """`path` is decoded; `query` holds the options as they came. `headers` leave with any reply."""

    __slots__ = (
        "audit_id",
        "environ",
        "headers",
        "method",
        "path",
        "query",
        "route",
        "user",
        "warnings",
    )

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        path: str = environ["PATH_INFO"]
        self.path = path if path.isascii() else _utf8(path)
        query = environ["QUERY_STRING"]
        self.query: Query = parse_query(query) if query else {}
        self.user = ADMIN
        self.audit_id = ""
        self.headers: list[tuple[str, str]] = []
        self.warnings: list[str] = []
        self.route: Route | None = None
        """What it is about, once that is known."""

    def header(self, name: str) -> str:
        """A request header by its WSGI name without HTTP_ (`USER_AGENT`); empty when absent."""
        value: str = self.environ.get("HTTP_" + name, "")
        return value

    @property
    def accept(self) -> str:
        return self.header("ACCEPT")

    @property
    def user_agent(self) -> str:
        return self.header("USER_AGENT")

    @property
    def content_type(self) -> str:
        value: str = self.environ.get("CONTENT_TYPE", "")
        return value

    @property
    def upgrade(self) -> str:
        """The protocol that the connection shall be turned into, in lower case."""
        if "mockapi.reader" not in self.environ:
            return ""
        return self.header("UPGRADE").lower()

    def body(self) -> bytes:
        """The whole body; raises 413 past the real server's limit."""
        try:
            data: bytes = self.environ["wsgi.input"].read(MAX_BODY + 1)
        except OSError as error:
            chunk = "Non-hex" in str(error)
            text = "invalid byte in chunk length" if chunk else "unexpected EOF"
            raise ApiError(500, "", text) from None
        if len(data) > MAX_BODY:
            raise RequestEntityTooLarge(f"Request entity too large: limit is {MAX_BODY}")
        return data


def _utf8(path: str) -> str:
    return path.encode("latin-1").decode("utf-8", "replace")


@lru_cache(maxsize=1024)
def parse_query(text: str) -> Query:
    """As Go's url.ParseQuery: what cannot be read is left out."""
    found: dict[str, list[str]] = {}
    for pair in text.split("&"):
        if not pair or ";" in pair:
            continue
        name, _, value = pair.partition("=")
        if "%" in pair and not _escapes_are_sound(pair):
            continue
        found.setdefault(unquote_plus(name), []).append(unquote_plus(value))
    return found


def _escapes_are_sound(text: str) -> bool:
    pieces = text.split("%")[1:]
    return all(len(p) >= 2 and p[0] in _HEX and p[1] in _HEX for p in pieces)


_HEX = frozenset("0123456789abcdefABCDEF")
