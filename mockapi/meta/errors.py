"""`ApiError` and one constructor per Status reason. Source: apimachinery pkg/api/errors."""

from collections.abc import Sequence
from typing import Any

from mockapi.meta import messages
from mockapi.meta.fields import FieldError
from mockapi.meta.names import qualified


class ApiError(Exception):
    """An answer of the API that is a Status of status Failure; the client's fault or its wait."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.headers = headers or {}

    def status(self) -> dict[str, Any]:
        """The Status object, in the real server's order of fields."""
        body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}}
        body["status"] = "Failure"
        if self.message:
            body["message"] = self.message
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        body["code"] = self.code
        return body


def _details(name: str, group: str, kind: str, **more: Any) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    details.update({key: value for key, value in more.items() if value})
    return details


class NotFound(ApiError):
    def __init__(self, group: str, resource: str, name: str) -> None:
        super().__init__(
            404,
            "NotFound",
            messages.not_found(qualified(resource, group), name),
            details=_details(name, group, resource),
        )


class PathNotFound(ApiError):
    """A resource or subresource that is not served (not a missing object)."""

    def __init__(self) -> None:
        super().__init__(404, "NotFound", messages.PATH_NOT_FOUND, details={})


class AlreadyExists(ApiError):
    """`leaving`: the object that is in the way is being deleted."""

    def __init__(self, group: str, resource: str, name: str, *, leaving: bool = False) -> None:
        message = messages.already_exists(qualified(resource, group), name)
        super().__init__(
            409,
            "AlreadyExists",
            f"object is being deleted: {message}" if leaving else message,
            details=_details(name, group, resource),
        )


class GenerateNameConflict(ApiError):
    def __init__(self, group: str, resource: str, name: str, *, leaving: bool = False) -> None:
        message = messages.generate_name_conflict(qualified(resource, group), name)
        super().__init__(
            409,
            "AlreadyExists",
            f"object is being deleted: {message}" if leaving else message,
            details=_details(name, group, resource, retryAfterSeconds=1),
            headers={"Retry-After": "1"},
        )


class Conflict(ApiError):
    def __init__(
        self,
        group: str,
        resource: str,
        name: str,
        message: str,
        *,
        causes: Sequence[dict[str, str]] = (),
    ) -> None:
        super().__init__(
            409,
            "Conflict",
            messages.conflict(qualified(resource, group), name, message),
            details=_details(name, group, resource, causes=list(causes)),
        )


class ApplyConflict(ApiError):
    """Server-side apply met fields that other managers own."""

    def __init__(self, message: str, causes: Sequence[dict[str, str]]) -> None:
        super().__init__(409, "Conflict", message, details={"causes": list(causes)})


class Invalid(ApiError):
    """422 with one cause per field error."""

    def __init__(self, group: str, kind: str, name: str, errors: Sequence[FieldError]) -> None:
        super().__init__(
            422,
            "Invalid",
            messages.invalid(qualified(kind, group), name, [str(e) for e in errors]),
            details=_details(name, group, kind, causes=[e.cause() for e in errors]),
        )
        self.errors = tuple(errors)


class BadRequest(ApiError):
    def __init__(self, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__(400, "BadRequest", message, details=details)


class Forbidden(ApiError):
    """An admission or authorization refusal about an object."""

    def __init__(self, group: str, resource: str, name: str, message: str) -> None:
        super().__init__(
            403,
            "Forbidden",
            messages.forbidden(qualified(resource, group), name, message),
            details=_details(name, group, resource),
        )


class Unauthorized(ApiError):
    def __init__(self, message: str = "Unauthorized") -> None:
        super().__init__(401, "Unauthorized", message)


class MethodNotSupported(ApiError):
    def __init__(self, group: str, resource: str, action: str) -> None:
        super().__init__(
            405,
            "MethodNotAllowed",
            messages.method_not_supported(qualified(resource, group), action),
            details=_details("", group, resource),
        )


class MethodNotAllowed(ApiError):
    """The path is served, the HTTP method on it is not."""

    def __init__(self) -> None:
        super().__init__(405, "MethodNotAllowed", messages.METHOD_NOT_ALLOWED, details={})


class NotAcceptable(ApiError):
    def __init__(self, message: str) -> None:
        super().__init__(406, "NotAcceptable", message)


class UnsupportedMediaType(ApiError):
    def __init__(self, message: str) -> None:
        super().__init__(415, "UnsupportedMediaType", message)


class RequestEntityTooLarge(ApiError):
    def __init__(self, message: str) -> None:
        super().__init__(413, "RequestEntityTooLarge", message)


class Gone(ApiError):
    """410 with reason Gone (a compacted revision at the storage)."""

    def __init__(self, message: str) -> None:
        super().__init__(410, "Gone", message)


class Expired(ApiError):
    """410 with reason Expired: relist."""

    def __init__(self, message: str, *, metadata: dict[str, Any] | None = None) -> None:
        super().__init__(410, "Expired", message)
        self.metadata = metadata

    def status(self) -> dict[str, Any]:
        body = super().status()
        if self.metadata:
            body["metadata"] = self.metadata
        return body


class TooManyRequests(ApiError):
    def __init__(
        self, message: str, *, retry_after: int = 0, causes: Sequence[dict[str, str]] = ()
    ) -> None:
        details: dict[str, Any] = {}
        if causes:
            details["causes"] = list(causes)
        if retry_after:
            details["retryAfterSeconds"] = retry_after
        super().__init__(
            429,
            "TooManyRequests",
            message,
            details=details,
            headers={"Retry-After": str(retry_after)} if retry_after else None,
        )


class Timeout(ApiError):
    """504; the message comes out as `Timeout: ...`."""

    def __init__(
        self, message: str, *, retry_after: int = 0, causes: Sequence[dict[str, str]] = ()
    ) -> None:
        details: dict[str, Any] = {}
        if causes:
            details["causes"] = list(causes)
        if retry_after:
            details["retryAfterSeconds"] = retry_after
        super().__init__(
            504,
            "Timeout",
            f"Timeout: {message}",
            details=details,
            headers={"Retry-After": str(retry_after)} if retry_after else None,
        )


class InternalError(ApiError):
    def __init__(self, message: str) -> None:
        super().__init__(
            500,
            "InternalError",
            messages.internal_error(message),
            details={"causes": [{"message": message}]},
        )
