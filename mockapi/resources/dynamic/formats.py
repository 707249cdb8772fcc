"""Names of devices, pools and attributes. Source: pkg/apis/resource/validation and apimachinery
pkg/api/validate/strfmt.go, which judge the same names in other words.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mockapi.machinery.validation import declared, formats, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

MAX_ID = 32
MAX_KEY = 63 + 1 + MAX_ID
_MAX_POOL = 253
_POOL = "format=k8s-resource-pool-name"
_FULL = "format=k8s-resource-fully-qualified-name"
_EXTENDED = "format=k8s-extended-resource-name"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ANY_UUID = re.compile(
    r"(urn:uuid:)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}"
    r"|\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}",
    re.I,
)
_NOT_FULL = "a fully qualified name must be a domain and a name separated by a slash"
_NOT_UUID = "must be a lowercase UUID in 8-4-4-4-12 format"


def pool_name(name: str, path: Path) -> Errors:
    if not name:
        return [fields.required(path)]
    errors: Errors = []
    if formats.size(name) > _MAX_POOL:
        errors.append(fields.too_long(path, _MAX_POOL))
    for part in name.split("/"):
        errors += rules.dns_subdomain(part, path)
    return declared.by(_POOL, errors)


def declared_pool_name(name: str, path: Path) -> Errors:
    errors: Errors = []
    if len(name) > _MAX_POOL:
        errors.append(fields.too_long(path, _MAX_POOL))
    for index, part in enumerate(name.split("/")):
        details = formats.long_name(part) if part else ["must not be empty"]
        said = part or name
        errors += [fields.invalid(path, said, f"segment {index}: {text}") for text in details]
    return declared.by(_POOL, errors)


def _identifier(name: str, path: Path) -> Errors:
    errors: Errors = [fields.too_long(path, MAX_ID)] if formats.size(name) > MAX_ID else []
    return errors + rules.each(formats.c_identifier, name, path)


def qualified_name(name: str, path: Path) -> Errors:
    """`domain/id` or `id`; with more slashes than one, anything."""
    parts = name.split("/")
    if len(parts) == 1:
        return _identifier(name, path)
    if len(parts) > 2:
        return []
    domain, own = parts
    errors: Errors = []
    if domain:
        errors += rules.csi_driver_name(domain, path)
    else:
        errors.append(fields.invalid(path, "", "the domain must not be empty"))
    if own:
        return errors + _identifier(own, path)
    return [*errors, fields.invalid(path, "", "the name must not be empty")]


def full_name(name: str, path: Path) -> Errors:
    errors = qualified_name(name, path)
    if "/" not in name:
        errors.append(fields.invalid(path, name, _NOT_FULL))
    return declared.by(_FULL, errors)


def declared_full_name(name: str, path: Path) -> Errors:
    parts = name.split("/")
    errors: Errors = []
    if len(parts) == 1:
        errors += _identifier(name, path)
        errors.append(fields.invalid(path, name, _NOT_FULL))
    elif len(parts) == 2:
        domain, own = parts
        if domain:
            errors += [fields.too_long(path, 63)] if formats.size(domain) > 63 else []
            details = formats.long_name(domain)
            errors += [fields.invalid(path, domain, f"prefix: {text}") for text in details]
        else:
            errors.append(fields.invalid(path, "", "prefix must not be empty"))
        if own:
            errors += _identifier(own, path)
        else:
            errors.append(fields.invalid(path, "", "name must not be empty"))
    return declared.by(_FULL, errors)


def extended_resource_name(name: str, path: Path) -> Errors:
    errors: Errors = []
    if "/" not in name:
        detail = "a name must be a domain-prefixed path, such as 'example.com/my-prop'"
        errors.append(fields.invalid(path, name, detail))
    elif "kubernetes.io/" in name:
        errors.append(fields.invalid(path, name, 'must not have "kubernetes.io/" domain'))
    if name.startswith("requests."):
        errors.append(fields.invalid(path, name, 'must not have "requests." prefix'))
    details = formats.qualified_name(f"requests.{name}")
    errors += [fields.invalid(path, name, detail) for detail in details]
    return declared.by(_EXTENDED, errors)


def covered_extended_resource_name(name: str, path: Path, *, is_valid: bool) -> Errors:
    if is_valid:
        return []
    error = fields.invalid(path, name, "must be a valid extended resource name")
    return declared.covered([error], _EXTENDED)


def covered_uuid(text: str, path: Path) -> Errors:
    if _UUID.fullmatch(text):
        return []
    if not _ANY_UUID.fullmatch(text):
        detail = f"error validating uid: invalid UUID length: {formats.size(text)}"
    else:
        detail = (
            "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with "
            "lowercase hexadecimal characters"
        )
    return declared.covered([fields.invalid(path, text, detail)], "format=k8s-uuid")


def declared_uuid(text: str, path: Path) -> Errors:
    if _UUID.fullmatch(text):
        return []
    return declared.by("format=k8s-uuid", [fields.invalid(path, text, _NOT_UUID)])


def label_value(value: str, path: Path) -> Errors:
    return rules.each(formats.label_value, value, path)


Judge = Callable[[Any, Path], Errors]


def items(
    values: Sequence[Any] | None,
    limit: int | None,
    judge: Judge,
    path: Path,
    *,
    covers: bool = True,
    key: Callable[[Any], Any] | None = None,
) -> Errors:
    """A list, or a set by `key`. `covers`: declared rules tell its size and repetitions too."""
    values = values or ()
    mark: Callable[[Iterable[FieldError]], Errors] = declared.covered if covers else list
    if limit is not None and len(values) > limit:
        return mark(declared.by("maxItems", [fields.too_many(path, len(values), limit)]))
    errors: Errors = []
    for index, value in enumerate(values):
        errors += judge(value, path.index(index))
    if key is not None:
        seen = []
        for index, value in enumerate(values):
            if (own := key(value)) in seen:
                errors += mark([fields.duplicate(path.index(index), own)])
            else:
                seen.append(own)
    return errors


def shortened(key: str, limit: int) -> str:
    """A key as paths show it."""
    limit = max(limit, 16)
    if len(key) <= limit:
        return key
    rest = limit - 3
    return f"{key[: (rest + 1) // 2]}...{key[len(key) - rest // 2 :]}"


def entries(
    values: dict[str, Any] | None,
    limit: int | None,
    key_limit: int,
    judge_key: Judge,
    judge: Judge,
    path: Path,
) -> Errors:
    values = values or {}
    if limit is not None and len(values) > limit:
        return [fields.too_many(path, len(values), limit)]
    errors: Errors = []
    for key, value in values.items():
        errors += judge_key(key, path)
        errors += judge(value, path.key(shortened(key, key_limit)))
    return errors
