"""A self-signed authority's certificate on P-256, made in a few milliseconds without a library.

Importing one takes longer than a cluster may take to start, and every cluster publishes its
authority's certificate. Whoever signs with the key later does so with `cryptography`.

Source: RFC 5280 (certificates), FIPS 186-5 (ECDSA), RFC 6979 in spirit (the nonce is hashed).
"""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass
from functools import cached_property

_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_EC_P256 = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
_COMMON_NAME = bytes.fromhex("0603550403")

Point = tuple[int, int]
_Jacobian = tuple[int, int, int]


@dataclass(frozen=True)
class SelfSigned:
    """A key and the certificate for it: `key` is the private scalar, `certificate` DER."""

    key: int
    certificate: bytes

    @cached_property
    def pem(self) -> str:
        text = base64.b64encode(self.certificate).decode()
        lines = [text[at : at + 64] for at in range(0, len(text), 64)]
        body = "\n".join(lines)
        return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"


def authority(name: str, begin: float, end: float) -> SelfSigned:
    """A new authority called `name`, valid between two moments (seconds since the epoch)."""
    key = secrets.randbelow(_N - 1) + 1
    x, y = multiply(key, _G)
    point = b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")
    body = _body(name, point, secrets.randbits(150) + 1, begin, end)
    signature = _sign(key, body)
    whole = _tlv(0x30, body + _ECDSA_SHA256 + _tlv(0x03, b"\x00" + signature))
    return SelfSigned(key, whole)


def _body(name: str, point: bytes, serial: int, begin: float, end: float) -> bytes:
    subject = _tlv(0x30, _tlv(0x31, _tlv(0x30, _COMMON_NAME + _tlv(0x0C, name.encode()))))
    identifier = _tlv(0x04, hashlib.sha1(point).digest())
    constraints = _extension("551d13", _tlv(0x30, _tlv(0x01, b"\xff")), critical=True)
    usage = _extension("551d0f", _tlv(0x03, b"\x01\x86"), critical=True)
    own_id = _extension("551d0e", identifier, critical=False)
    public = _tlv(0x30, _EC_P256 + _tlv(0x03, b"\x00" + point))
    parts = (
        _tlv(0xA0, _integer(2)),
        _integer(serial),
        _ECDSA_SHA256,
        subject,
        _tlv(0x30, _time(begin) + _time(end)),
        subject,
        public,
        _tlv(0xA3, _tlv(0x30, own_id + constraints + usage)),
    )
    return _tlv(0x30, b"".join(parts))


def _extension(oid: str, value: bytes, *, critical: bool) -> bytes:
    flag = _tlv(0x01, b"\xff") if critical else b""
    return _tlv(0x30, _tlv(0x06, bytes.fromhex(oid)) + flag + _tlv(0x04, value))


def _time(seconds: float) -> bytes:
    """UTCTime until 2049, as far as its two digits of a year reach; then GeneralizedTime."""
    moment = time.gmtime(seconds)
    tag, form = (0x17, "%y%m%d%H%M%SZ") if moment.tm_year < 2050 else (0x18, "%Y%m%d%H%M%SZ")
    return _tlv(tag, time.strftime(form, moment).encode())


def _integer(value: int) -> bytes:
    return _tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _sign(key: int, message: bytes) -> bytes:
    digest = hashlib.sha256(message).digest()
    value = int.from_bytes(digest, "big")
    seed = hashlib.sha512(key.to_bytes(32, "big") + digest).digest()
    nonce = int.from_bytes(seed, "big") % (_N - 1) + 1
    r = multiply(nonce, _G)[0] % _N
    s = pow(nonce, -1, _N) * (value + r * key) % _N
    return _tlv(0x30, _integer(r) + _integer(s))


def multiply(scalar: int, point: Point) -> Point:
    """`scalar` times a point of P-256."""
    total: _Jacobian = (0, 1, 0)
    adding: _Jacobian = (*point, 1)
    while scalar:
        if scalar & 1:
            total = _add(total, adding)
        adding = _double(adding)
        scalar >>= 1
    inverse = pow(total[2], -1, _P)
    square = inverse * inverse % _P
    return total[0] * square % _P, total[1] * square * inverse % _P


def _double(point: _Jacobian) -> _Jacobian:
    x, y, z = point
    if not z:
        return point
    square = y * y % _P
    s = 4 * x * square % _P
    z2 = z * z % _P
    m = 3 * (x - z2) * (x + z2) % _P
    x3 = (m * m - 2 * s) % _P
    return x3, (m * (s - x3) - 8 * square * square) % _P, 2 * y * z % _P


def _add(one: _Jacobian, two: _Jacobian) -> _Jacobian:
    """Of different points."""
    if not one[2]:
        return two
    z1, z2 = one[2] * one[2] % _P, two[2] * two[2] % _P
    u1, u2 = one[0] * z2 % _P, two[0] * z1 % _P
    s1, s2 = one[1] * z2 * two[2] % _P, two[1] * z1 * one[2] % _P
    h, r = (u2 - u1) % _P, (s2 - s1) % _P
    h2 = h * h % _P
    h3, v = h2 * h % _P, u1 * h2 % _P
    x = (r * r - h3 - 2 * v) % _P
    return x, (r * (v - x) - s1 * h3) % _P, h * one[2] * two[2] % _P
