"""Service account tokens: signed when asked for, and read back when somebody brings one.

Source: kubernetes pkg/serviceaccount (claims, legacy and bound tokens).
"""

import base64
import hashlib
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Obj = dict[str, Any]
ISSUER = "https://kubernetes.default.svc.cluster.local"
ALGORITHM = "ES256"
_HALF = 32


class Signer:
    """JSON Web Tokens by ES256 with a key of this cluster's own."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        self._id = _text(hashlib.sha256(public).digest())

    def key(self) -> Obj:
        """The public key as a JSON Web Key, by which others verify."""
        point = self._key.public_key().public_numbers()
        x, y = (_text(number.to_bytes(_HALF, "big")) for number in (point.x, point.y))
        head = {"use": "sig", "kty": "EC", "kid": self._id, "crv": "P-256", "alg": ALGORITHM}
        return {**head, "x": x, "y": y}

    def sign(self, claims: Obj) -> str:
        signed = f"{_encoded({'alg': ALGORITHM, 'kid': self._id})}.{_encoded(claims)}"
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
