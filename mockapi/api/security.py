"""How a server is secured: TLS, who is known, who may do what. Made once, at start-up."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mockapi.api.authentication import Authentication, Impersonation
from mockapi.api.call import ADMIN, Call
from mockapi.api.fairness import Fairness
from mockapi.api.filters import Filter
from mockapi.base import selfsigned
from mockapi.base.clock import Clock
from mockapi.base.lazy import module
from mockapi.machinery.authorization import (
    AlwaysAllow,
    Authorizer,
    Rbac,
    attributes_of,
    forbidden,
)
from mockapi.machinery.resource import Obj, Reader, UserInfo
from mockapi.meta import users

YEARS = 3650 * 86400.0


class Tokens:
    """The administrator's token, and those of service accounts."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self.admin = secrets.token_urlsafe(24)
        self._reader = reader
        self._clock = clock
        self._signer: Any = None

    @property
    def signer(self) -> Any:
        """Made when the first token is asked for: keys take their time."""
        if self._signer is None:
            self._signer = module("mockapi.api.tokens").Signer()
        return self._signer

    def user_of(self, token: str) -> UserInfo | None:
        if secrets.compare_digest(token.encode(), self.admin.encode()):
            return ADMIN
        if token.count(".") != 2:
            return None
        claims = self.signer.read(token)
        return None if claims is None else self._account(claims)

    def _account(self, claims: Obj) -> UserInfo | None:
        """The account must still be the one that the token was made for."""
        held = claims["kubernetes.io"]
        namespace, account = held["namespace"], held["serviceaccount"]
        found = self._reader.get("serviceaccounts", namespace, account["name"])
        if found is None or found["metadata"]["uid"] != account["uid"]:
            return None
        if claims["exp"] <= self._clock.now():
            return None
        return UserInfo(
            users.account_name(namespace, account["name"]),
            uid=account["uid"],
            groups=(*users.account_groups(namespace), users.AUTHENTICATED),
            extra={"authentication.kubernetes.io/credential-id": [f"JTI={claims['jti']}"]},
        )


class Authorization:
    """The filter. Where everybody may do everything it is left out."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def __call__(self, call: Call) -> None:
        watch = call.query.get("watch")
        watching = watch is not None and watch[0] != "0" and watch[0].lower() != "false"
        asked = attributes_of(call.method, call.path, call.query, watch=watching)
        decision = self._authorizer.authorize(call.user, asked)
        if not decision.allowed:
            raise forbidden(call.user, asked, decision.reason)


@dataclass
class Security:
    """What the server, the gateway and the kubeconfig need."""

    authorizer: Authorizer
    tokens: Tokens
    fairness: Fairness
    filters: list[Filter] = field(default_factory=list)
    ca: bytes | None = None
    """PEM of the authority, under TLS."""
    ssl_context: Any = None
    token: str = ""
    """The administrator's, where one is needed."""
    begin: float = 0.0
    """When the cluster's authority begins to be valid, in seconds since the epoch."""

    @cached_property
    def root(self) -> selfsigned.SelfSigned:
        """The cluster's authority, with TLS and without."""
        return selfsigned.authority("kubernetes", self.begin, self.begin + YEARS)

    @cached_property
    def authority(self) -> Any:
        """The `certificates.Authority`, made when the first certificate is asked for."""
        return module("mockapi.api.certificates").Authority(self.root)

    # What controllers need: see `controllers.keys.Keys`.

    def root_ca(self) -> str:
        return self.root.pem

    def sign_certificate(
        self, request: bytes, usages: Sequence[str], begin: float, end: float
    ) -> bytes:
        signed: bytes = self.authority.sign(request, usages, begin, end)
        return signed

    def sign_token(self, claims: Obj) -> str:
        return str(self.tokens.signer.sign(claims))


def secure(
    reader: Reader,
    clock: Clock,
    *,
    tls: bool,
    authorization: str,
    hosts: Sequence[str],
    fairness: Fairness,
) -> Security:
    """`authorization`: AlwaysAllow or RBAC. Plain HTTP with AlwaysAllow wants no credentials."""
    rbac = authorization == "RBAC"
    authorizer: Authorizer = Rbac(reader) if rbac else AlwaysAllow()
    tokens = Tokens(reader, clock)
    lenient = not tls and not rbac
    authentication = Authentication(tokens.user_of, lenient=lenient, anonymous=rbac)
    security = Security(
        authorizer, tokens, fairness, [authentication, Impersonation(authorizer), fairness]
    )
    security.begin = clock.now() - 3600.0
    if rbac:
        security.filters.append(Authorization(authorizer))
    if not lenient:
        security.token = tokens.admin
    if tls:
        authority, certificates = security.authority, module("mockapi.api.certificates")
        security.ca = authority.pem
        security.ssl_context = certificates.server_context(authority, authority.serving(hosts))
    return security
