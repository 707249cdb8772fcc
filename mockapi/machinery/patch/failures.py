"""How a patch that cannot be applied is answered."""

from typing import Any, Final

from mockapi.meta.errors import ApiError, BadRequest
from mockapi.meta.names import GroupVersionKind

REJECTED: Final = "the server rejected our request due to an error in our request"


class Malformed(BadRequest):
    """The patch itself makes no sense (400)."""


class Rejected(ApiError):
    """The patch does not fit the object: 422 with a text that says nothing, as the real one.

    `cause` keeps what was wrong, for logs and traces.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(422, "Invalid", REJECTED, details={})
        self.cause = cause


class Unmergeable(ApiError):
    """What the real server lets fall through as a plain error: 500 without a reason."""

    def __init__(self, message: str) -> None:
        super().__init__(500, "", message)


def inconvertible(kind: GroupVersionKind, patch: dict[str, Any], error: str) -> ApiError:
    """What was merged by apply does not fit the Go type."""
    metadata = patch.get("metadata") or {}
    where = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
    shown = f"{kind.group}/{kind.version}, Kind={kind.kind}"
    return ApiError(
        500,
        "",
        f"failed to convert new object ({where}; {shown}) to proper version: "
        f"unable to convert unstructured object to {shown}: {error}",
    )
