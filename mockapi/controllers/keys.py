"""The cluster's keys, for the controllers that sign: given by whoever builds the cluster."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable


class Keys(Protocol):
    """What can be done with them. Times are seconds since the epoch."""

    def root_ca(self) -> str:
        """The certificate that clients trust, as PEM."""

    def sign_certificate(
        self, request: bytes, usages: Sequence[str], begin: float, end: float
    ) -> bytes:
        """The certificate for a request, both as PEM. ValueError with the reason why not."""

    def sign_token(self, claims: dict[str, Any]) -> str:
        """A JSON Web Token."""


@runtime_checkable
class NeedsKeys(Protocol):
    """A controller that works with keys; they are set before it starts."""

    keys: Keys


class _NoKeys:
    def root_ca(self) -> str:
        return ""

    def sign_certificate(
        self, request: bytes, usages: Sequence[str], begin: float, end: float
    ) -> bytes:
        raise ValueError("the cluster has no certificate authority")

    def sign_token(self, claims: dict[str, Any]) -> str:
        raise ValueError("the cluster has no key for tokens")


NO_KEYS: Keys = _NoKeys()
