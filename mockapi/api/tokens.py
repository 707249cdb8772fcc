"""Service account tokens: signed when asked for, and read back when somebody brings one.

Source: kubernetes pkg/serviceaccount (claims, legacy and bound tokens).
"""

import base64
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

Obj = dict[str, Any]
ISSUER = "https://kubernetes.default.svc.cluster.local"
_HALF = 32


class Signer:
    """JSON Web Tokens by ES256 with a key of this cluster's own."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def sign(self, claims: Obj) -> str:
        signed = f"{_encoded({'alg': 'ES256', 'kid': 'mockapi'})}.{_encoded(claims)}"
        der = self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
        r, s = utils.decode_dss_signature(der)
        return f"{signed}.{_text(r.to_bytes(_HALF, 'big') + s.to_bytes(_HALF, 'big'))}"

    def read(self, token: str) -> Obj | None:
        """The claims of a token that this key has signed, else None."""
        signed, _, signature = token.rpartition(".")
        try:
            raw = _bytes(signature)
            r, s = int.from_bytes(raw[:_HALF], "big"), int.from_bytes(raw[_HALF:], "big")
            der = utils.encode_dss_signature(r, s)
            self._key.public_key().verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
            claims: Obj = orjson.loads(_bytes(signed.partition(".")[2]))
        except (ValueError, InvalidSignature):
            return None
        return claims


def _encoded(tree: Obj) -> str:
    return _text(orjson.dumps(tree))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
