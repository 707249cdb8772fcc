"""Rules of one field: a value and its path in, field errors out. Built from `formats`."""

from collections.abc import Callable, Iterable
from typing import Any

from mockapi.machinery.validation import formats, names
from mockapi.meta import fields, quantity
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]
NOT_NEGATIVE = "must be greater than or equal to 0"
POSITIVE = "must be greater than zero"
IMMUTABLE = "field is immutable"
FILE_MODE = "must be a number between 0 and 0777 (octal), both inclusive"


def each(judge: Callable[[str], list[str]], value: str, path: Path) -> Errors:
    """One Invalid for every detail that the format has to say."""
    return [fields.invalid(path, value, detail) for detail in judge(value)]


def dns_label(value: str, path: Path) -> Errors:
    return each(formats.dns1123_label, value, path)


def dns_subdomain(value: str, path: Path) -> Errors:
    return each(formats.dns1123_subdomain, value, path)


def qualified_name(value: str, path: Path) -> Errors:
    return each(formats.qualified_name, value, path)


def object_name(value: str, path: Path) -> Errors:
    """The name of another object, by the rule that most kinds have."""
    return [fields.invalid(path, value, d) for d in names.dns_subdomain(value, False)]


def required(holder: Any, name: str, path: Path, errors: Errors, detail: str = "") -> bool:
    """False, and an error, when the field is absent or empty."""
    if holder.get(name):
        return True
    errors.append(fields.required(path.child(name), detail))
    return False


def not_negative(value: int | None, path: Path) -> Errors:
    return [fields.invalid(path, value, NOT_NEGATIVE)] if value is not None and value < 0 else []


def positive(value: int, path: Path) -> Errors:
    return [fields.invalid(path, value, POSITIVE)] if value <= 0 else []


def not_negative_quantity(value: str, path: Path) -> Errors:
    if value[0] != "-":
        return []
    return [fields.invalid(path, value, NOT_NEGATIVE)]


def positive_quantity(value: str, path: Path) -> Errors:
    if quantity.parse(value).sign <= 0:
        return [fields.invalid(path, value, POSITIVE)]
    return []


def immutable(new: Any, old: Any, path: Path, *, shown: Any = ...) -> Errors:
    """`shown` is what the error prints when it is not the new value itself."""
    if new == old:
        return []
    return [fields.invalid(path, new if shown is ... else shown, IMMUTABLE)]


def one_of(value: str, path: Path, valid: Iterable[str]) -> Errors:
    """`valid` in the order in which the error lists it."""
    return [] if value in valid else [fields.not_supported(path, value, valid)]


def required_one_of(value: str | None, path: Path, valid: Iterable[str]) -> Errors:
    if not value:
        return [fields.required(path)]
    return one_of(value, path, valid)


def file_mode(holder: Any, name: str, path: Path) -> Errors:
    mode = holder.get(name)
    if mode is None or 0 <= mode <= 0o777:
        return []
    return [fields.invalid(path.child(name), mode, FILE_MODE)]


def port_number(port: int, path: Path) -> Errors:
    return [fields.invalid(path, port, detail) for detail in formats.port_number(port)]


def port_number_or_name(port: int | str, path: Path) -> Errors:
    if isinstance(port, int):
        return port_number(port, path)
    return each(formats.port_name, port, path)


def no_backsteps(target: str, path: Path) -> Errors:
    if ".." in target and ".." in target.split("/"):
        return [fields.invalid(path, target, "must not contain '..'")]
    return []


def local_descending_path(target: str, path: Path) -> Errors:
    errors: Errors = []
    if target.startswith("/"):
        errors.append(fields.invalid(path, target, "must be a relative path"))
    return errors + no_backsteps(target, path)


def local_not_reserved_path(target: str, path: Path) -> Errors:
    errors = local_descending_path(target, path)
    if target.startswith("..") and not target.startswith("../"):
        errors.append(fields.invalid(path, target, "must not start with '..'"))
    return errors


def fully_qualified_name(name: str, path: Path) -> Errors:
    if not name:
        return [fields.required(path)]
    if details := formats.dns1123_subdomain(name):
        return [fields.invalid(path, name, ",".join(details))]
    if name.count(".") < 2:
        detail = "should be a domain with at least three segments separated by dots"
        return [fields.invalid(path, name, detail)]
    return []


def domain_prefixed_path(name: str, path: Path) -> Errors:
    if not name:
        return [fields.required(path)]
    host, _, rest = name.partition("/")
    if not host or not rest:
        detail = 'must be a domain-prefixed path (such as "acme.io/foo")'
        return [fields.invalid(path, name, detail)]
    return dns_subdomain(host, path) + each(formats.http_path, rest, path)


def domain_prefixed_key(key: str, path: Path) -> Errors:
    if not key:
        return [fields.required(path)]
    if errors := qualified_name(key, path):
        return errors
    if key.count("/") != 1:
        detail = 'must be a domain-prefixed key (such as "acme.io/foo")'
        return [fields.invalid(path, key, detail)]
    return []


def csi_driver_name(name: str | None, path: Path) -> Errors:
    if not name:
        return [fields.required(path)]
    errors: Errors = [fields.too_long(path, 63)] if formats.size(name) > 63 else []
    for error in errors:
        error.origin = "maxLength"
    for detail in formats.dns1123_subdomain(name.lower()):
        errors.append(fields.invalid(path, name, detail))
        errors[-1].origin = "format=k8s-long-name-caseless"
    return errors


def signer_name(name: str | None, path: Path) -> Errors:
    """`example.com/my-signer`."""
    if not name:
        return [fields.required(path)]
    domain, slash, rest = name.partition("/")
    if not slash or "/" in rest:
        detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return [fields.invalid(path, name, detail)]
    errors: Errors = [fields.too_long(path, 253)] if formats.size(domain) > 253 else []
    errors += _labels(domain, formats.dns1123_label, path)
    if "." not in domain:
        detail = "should be a domain with at least two segments separated by dots"
        errors.append(fields.invalid(path, domain, detail))
    errors += _labels(rest, formats.dns1123_subdomain, path)
    if formats.size(name) > 571:
        errors.append(fields.too_long(path, 571))
    return errors


def _labels(text: str, judge: Callable[[str], list[str]], path: Path) -> Errors:
    """The errors of the first bad label only."""
    for label in text.split("."):
        if details := judge(label):
            return [fields.invalid(path, text, f'validating label "{label}": {d}') for d in details]
    return []
