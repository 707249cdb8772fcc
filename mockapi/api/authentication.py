"""Who asks: client certificates, bearer tokens, or nobody; and whom they want to be taken for.

Source: apiserver pkg/authentication, pkg/endpoints/filters (authentication, impersonation).
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from mockapi.api.call import ADMIN, Call
from mockapi.api.routes import wants_watch
from mockapi.base.lazy import module
from mockapi.machinery.authorization import Attributes, Authorizer, attributes_of
from mockapi.machinery.impersonation import Impersonators
from mockapi.machinery.resource import UserInfo
from mockapi.meta import gofmt, users
from mockapi.meta.errors import BadRequest, Unauthorized

ANONYMOUS = UserInfo(users.ANONYMOUS, groups=(users.UNAUTHENTICATED,))
_EXTRA = "HTTP_IMPERSONATE_EXTRA_"

Tokens = Callable[[str], UserInfo | None]
"""A bearer token -> its user."""


class Authentication:
    """The filter. `lenient` takes whoever is unknown for the administrator (plain HTTP, where
    everybody may do everything); `anonymous` lets requests without credentials through."""

    def __init__(self, tokens: Tokens, *, lenient: bool, anonymous: bool) -> None:
        self._tokens = tokens
        self._lenient = lenient
        self._anonymous = anonymous

    def __call__(self, call: Call) -> None:
        bearer = call.environ.get("HTTP_AUTHORIZATION")
        if bearer is None and self._lenient:
            return
        call.user = self.user_of(call, bearer or "")

    def user_of(self, call: Call, bearer: str) -> UserInfo:
        certificate = _certificate(call.environ.get("mockapi.socket"))
        if certificate is not None:
            return certificate
        scheme, _, token = bearer.strip().partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            user = self._tokens(token.strip())
            if user is not None:
                return user
            if not self._lenient:
                raise Unauthorized()
        if self._lenient:
            return ADMIN
        if self._anonymous:
            return ANONYMOUS
        raise Unauthorized()


def _certificate(sock: Any) -> UserInfo | None:
    """CN is the name, O are the groups; the handshake has checked the signature."""
    read = getattr(sock, "getpeercert", None)
    der = read(binary_form=True) if read is not None else None
    if not der:
        return None
    user: UserInfo = module("mockapi.api.certificates").user_of(der)
    return user


class Impersonation:
    """The filter behind `kubectl --as`."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._impersonators = Impersonators(authorizer)

    def __call__(self, call: Call) -> None:
        wanted = {k: v for k, v in call.environ.items() if k.startswith("HTTP_IMPERSONATE_")}
        if wanted:
            user, asked = _wanted_user(wanted), attributes_of_call(call)
            call.user = self._impersonators.user(call.user, user, asked)


def attributes_of_call(call: Call) -> Attributes:
    watch = wants_watch(call.query)
    return attributes_of(call.method, call.path, call.query, watch=watch)


def _wanted_user(headers: Mapping[str, str]) -> UserInfo:
    """Raises 400 when something but the name is wanted."""
    name = headers.get("HTTP_IMPERSONATE_USER", "")
    group = headers.get("HTTP_IMPERSONATE_GROUP", "")
    user = UserInfo(
        name,
        uid=headers.get("HTTP_IMPERSONATE_UID", ""),
        groups=tuple(part.strip() for part in group.split(",")) if group else (),
        extra={
            unquote(key.removeprefix(_EXTRA).lower().replace("_", "-")): value.split(",")
            for key, value in headers.items()
            if key.startswith(_EXTRA)
        },
    )
    if not name:
        error = BadRequest(f"requested {_go_value(user)} without impersonating a user name")
        error.headers["X-Content-Type-Options"] = "nosniff"
        raise error
    return user


def _go_value(user: UserInfo) -> str:
    """Go's %#v of a user.DefaultInfo."""
    groups = "[]string(nil)"
    if user.groups:
        groups = "[]string{" + ", ".join(map(gofmt.quote, user.groups)) + "}"
    extra = "map[string][]string(nil)"
    if user.extra:
        entries = (
            f"{gofmt.quote(key)}:[]string{{{', '.join(map(gofmt.quote, values))}}}"
            for key, values in sorted(user.extra.items())
        )
        extra = "map[string][]string{" + ", ".join(entries) + "}"
    name, uid = gofmt.quote(user.name), gofmt.quote(user.uid)
    return f"&user.DefaultInfo{{Name:{name}, UID:{uid}, Groups:{groups}, Extra:{extra}}}"
