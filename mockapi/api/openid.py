"""The OpenID documents, by which others verify service account tokens.

Source: kubernetes pkg/routes/openidmetadata.go, pkg/serviceaccount/openidmetadata.go.
"""

from collections.abc import Callable

import orjson

from mockapi.api.call import Call
from mockapi.api.negotiate import JSON, check_route
from mockapi.api.reply import Reply
from mockapi.api.security import Security
from mockapi.base.lazy import module
from mockapi.machinery.resource import Obj
from mockapi.meta.errors import MethodNotAllowed

CONFIGURATION = "/.well-known/openid-configuration"
KEYS = "/openid/v1/jwks"
_KEY_SET = "application/jwk-set+json"
_CACHED = "public, max-age=3600"


class OpenId:
    """`address` is where the server listens, `127.0.0.1:8001`."""

    def __init__(self, security: Security, address: Callable[[], str]) -> None:
        self._security = security
        self._address = address

    def configuration(self, call: Call) -> Reply:
        scheme = "http" if self._security.ca is None else "https"
        tokens = module("mockapi.api.tokens")
        body = {
            "issuer": tokens.ISSUER,
            "jwks_uri": f"{scheme}://{self._address()}{KEYS}",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [tokens.ALGORITHM],
        }
        return _reply(call, body, JSON)

    def keys(self, call: Call) -> Reply:
        return _reply(call, {"keys": [self._security.tokens.signer.key()]}, _KEY_SET)


def _reply(call: Call, body: Obj, media: str) -> Reply:
    if call.method != "GET":
        raise MethodNotAllowed()
    check_route(call.accept, (media,))
    reply = Reply(200, orjson.dumps(body), media)
    reply.caching = _CACHED
    return reply
