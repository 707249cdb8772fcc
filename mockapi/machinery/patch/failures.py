"""How a patch that cannot be applied is answered."""

from typing import Final

from mockapi.meta.errors import ApiError, BadRequest

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
