"""How a webhook is reached. Source: apiserver pkg/util/webhook/validation.go."""

from collections.abc import Sequence
from typing import Any

from mockapi.machinery.validation import formats, rules
from mockapi.meta import fields, gourl
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

REVIEWS = ("v1", "v1beta1")
_FORM = "; desired format: https://host[/path]"


def validate(client: Any, path: Path) -> Errors:
    """A WebhookClientConfig."""
    url, service = client.get("url"), client.get("service")
    if (url is None) == (service is None):
        return [fields.required(path, "exactly one of url or service is required")]
    if url is not None:
        return validate_url(url, path.child("url"))
    return validate_service(service, path.child("service"))


def review_versions(
    versions: Sequence[str], path: Path, *, missing: str, lenient: bool = False
) -> Errors:
    """Of the review objects that a webhook understands; `missing` says what there must be."""
    if not versions:
        return [fields.required(path, missing)]
    errors: Errors = []
    for index, version in enumerate(versions):
        if version in versions[:index]:
            errors.append(fields.invalid(path.index(index), version, "duplicate version"))
        else:
            errors += rules.each(formats.dns1035_label, version, path.index(index))
    if not lenient and not set(versions) & set(REVIEWS):
        detail = f"must include at least one of {', '.join(REVIEWS)}"
        errors.append(fields.invalid(path, list(versions), detail))
    return errors


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
