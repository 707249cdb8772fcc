"""How a webhook is reached. Source: apiserver pkg/util/webhook/validation.go."""

from typing import Any

from mockapi.machinery.validation import formats
from mockapi.meta import fields, gourl
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_FORM = "; desired format: https://host[/path]"


def validate_url(text: str, path: Path) -> Errors:
    try:
        url = gourl.parse(text)
    except gourl.UrlError as error:
        return [fields.required(path, f"url must be a valid URL: {error}{_FORM}")]
    errors: Errors = []
    if url.scheme != "https":
        detail = f"'https' is the only allowed URL scheme{_FORM}"
        errors.append(fields.invalid(path, url.scheme, detail))
    if not url.host:
        errors.append(fields.invalid(path, url.host, f"host must be specified{_FORM}"))
    if url.user is not None:
        detail = "user information is not permitted in the URL"
        errors.append(fields.invalid(path, url.user, detail))
    if url.fragment:
        detail = "fragments are not permitted in the URL"
        errors.append(fields.invalid(path, url.fragment, detail))
    if url.query:
        detail = "query parameters are not permitted in the URL"
        errors.append(fields.invalid(path, url.query, detail))
    return errors


def validate_service(service: Any, path: Path) -> Errors:
    """The real server swaps name and namespace between caller and check; so do the errors."""
    errors: Errors = []
    for field, name in (("name", "namespace"), ("namespace", "name")):
        if not service.get(name):
            errors.append(fields.required(path.child(field)))
    port = service.get("port", 0)
    if details := formats.port_number(port):
        detail = f"port is not valid: {', '.join(details)}"
        errors.append(fields.invalid(path.child("port"), port, detail))
    target = service.get("path")
    return errors if target in (None, "", "/") else errors + _path(target, path.child("path"))


def _path(target: str, path: Path) -> Errors:
    if target == "//":
        return [fields.invalid(path, target, "segment[0] may not be empty")]
    errors: Errors = []
    if not target.startswith("/"):
        errors.append(fields.invalid(path, target, "must start with a '/'"))
    for index, step in enumerate(target[1:].removesuffix("/").split("/")):
        details = formats.dns1123_subdomain(step) if step else []
        if not step:
            errors.append(fields.invalid(path, target, f"segment[{index}] may not be empty"))
        errors += [fields.invalid(path, target, f"segment[{index}]: {d}") for d in details]
    return errors
