"""The real server's texts that belong to no single kind, in one place."""

from collections.abc import Iterable, Sequence

PATH_NOT_FOUND = "the server could not find the requested resource"
METHOD_NOT_ALLOWED = "the server does not allow this method on the requested resource"
OBJECT_MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)
WATCH_TOO_OLD = "The resourceVersion for the provided watch is too old."
LIST_TOO_OLD = "The resourceVersion for the provided list is too old."
CONTINUE_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start "
    "a new list without the continue parameter, or use the continue token in this response to "
    "retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)
CONTINUE_GONE = (
    "The provided continue parameter is too old to display a consistent list result. You must "
    "start a new list without the continue parameter."
)
REPEATED_OWNERS = (
    ".metadata.ownerReferences contains duplicate entries{}; API server dedups owner references in "
    "1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate "
    "UID(s) observed: {}"
)


def not_found(resource: str, name: str) -> str:
    return f'{resource} "{name}" not found'


def already_exists(resource: str, name: str) -> str:
    return f'{resource} "{name}" already exists'


def generate_name_conflict(resource: str, name: str) -> str:
    return (
        f'{resource} "{name}" already exists, the server was not able to generate a unique name '
        "for the object"
    )


def conflict(resource: str, name: str, message: str) -> str:
    return f'Operation cannot be fulfilled on {resource} "{name}": {message}'


def invalid(kind: str, name: str, errors: Sequence[str]) -> str:
    """Equal errors are said once, as Go's aggregate does."""
    texts = list(dict.fromkeys(errors))
    if not texts:
        return f'{kind} "{name}" is invalid'
    joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    return f'{kind} "{name}" is invalid: {joined}'


def forbidden(resource: str, name: str, message: str) -> str:
    if not resource:
        return f"forbidden: {message}"
    if not name:
        return f"{resource} is forbidden: {message}"
    return f'{resource} "{name}" is forbidden: {message}'


def method_not_supported(resource: str, action: str) -> str:
    return f'{action} is not supported on resources of kind "{resource}"'


def internal_error(message: str) -> str:
    return f"Internal error occurred: {message}"


def repeated_owners(uids: Iterable[str], *, late: bool) -> str:
    """`late`: they came with a patch, or from admission."""
    return REPEATED_OWNERS.format(
        " after mutating admission happens" if late else "", ", ".join(uids)
    )
