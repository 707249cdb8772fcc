"""Formats of strings. Source: apimachinery pkg/util/validation and pkg/api/validate/content.

The two upstream packages differ in one word of one text: the older one counts "characters",
the newer one, which labels and generated rules use, "bytes".
"""

import re
from collections.abc import Callable
from functools import lru_cache

Details = list[str]
FINE: Details = []
"""Shared by all that have nothing to say; never to be appended to."""

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_UNDERSCORED_LABEL = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_UNDERSCORED_SUBDOMAIN = rf"{_UNDERSCORED_LABEL}(\.{_UNDERSCORED_LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_KEY_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_KEY_NAME})?"
_WILDCARD = rf"\*\.{_SUBDOMAIN}"
_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_PERCENT = "[0-9]+%"
_HEADER = "[-A-Za-z0-9]+"
_ENV_NAME = "[-._a-zA-Z][-._a-zA-Z0-9]*"
_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
_REASON = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"


def _matcher(pattern: str, flags: int = 0) -> Callable[[str], object]:
    return re.compile(pattern, flags).fullmatch


_match_label = _matcher(_LABEL)
_match_subdomain = _matcher(_SUBDOMAIN)
_match_subdomain_caseless = _matcher(_SUBDOMAIN, re.IGNORECASE | re.ASCII)
_match_underscored = _matcher(_UNDERSCORED_SUBDOMAIN)
_match_1035 = _matcher(_LABEL_1035)
_match_key_name = _matcher(_KEY_NAME)
_match_label_value = _matcher(_LABEL_VALUE)
_match_wildcard = _matcher(_WILDCARD)
_match_identifier = _matcher(_IDENTIFIER)
_match_config_key = _matcher(_CONFIG_KEY)
_match_percent = _matcher(_PERCENT)
_match_header = _matcher(_HEADER)
_match_env_name = _matcher(_ENV_NAME)
_match_http_path = _matcher(_HTTP_PATH)
_match_reason = _matcher(_REASON)
_match_port_name = _matcher("[-a-z0-9]+")
_has_letter = re.compile("[a-z]").search


def size(text: str) -> int:
    """Go's len: bytes of UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def regex_error(message: str, pattern: str, *examples: str) -> str:
    if not examples:
        return f"{message} (regex used for validation is '{pattern}')"
    shown = " or ".join(f"'{e}', " for e in examples)
    return f"{message} (e.g. {shown}regex used for validation is '{pattern}')"


def too_many_characters(limit: int) -> str:
    return f"must be no more than {limit} characters"


def too_many_bytes(limit: int) -> str:
    return f"must be no more than {limit} bytes"


def out_of_range(low: int, high: int) -> str:
    return f"must be between {low} and {high}, inclusive"


_LABEL_ERROR = regex_error(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character",
    _LABEL,
    "my-name",
    "123-abc",
)
_SUBDOMAIN_ERROR = regex_error(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
    "'-' or '.', and must start and end with an alphanumeric character",
    _SUBDOMAIN,
    "example.com",
)
_CASELESS_ERROR = regex_error(
    "an RFC 1123 subdomain must consist of alphanumeric characters, "
    "'-' or '.', and must start and end with an alphanumeric character",
    _SUBDOMAIN,
    "Example.com",
)
_UNDERSCORED_ERROR = regex_error(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
    "'_', '-' or '.', and must start and end with an alphanumeric character",
    _UNDERSCORED_SUBDOMAIN,
    "example.com",
)
_LABEL_1035_ERROR = regex_error(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with "
    "an alphabetic character, and end with an alphanumeric character",
    _LABEL_1035,
    "my-name",
    "abc-123",
)
_WILDCARD_ERROR = regex_error(
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, "
    "which must consist of lower case alphanumeric characters, '-' or '.' and end with an "
    "alphanumeric character",
    _WILDCARD,
    "*.example.com",
)
_KEY_ERROR = regex_error(
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character",
    _KEY_NAME,
    "MyName",
    "my.name",
    "123-abc",
)
_LABEL_VALUE_ERROR = regex_error(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character",
    _LABEL_VALUE,
    "MyValue",
    "my_value",
    "12345",
)
_IDENTIFIER_ERROR = regex_error(
    "a valid C identifier must start with alphabetic character or '_', followed by a string of "
    "alphanumeric characters or '_'",
    _IDENTIFIER,
    "my_name",
    "MY_NAME",
    "MyName",
)


def _dns1123_label(value: str, too_long: Callable[[int], str]) -> Details:
    if len(value) <= 63 and _match_label(value):
        return FINE
    details = [too_long(63)] if size(value) > 63 else []
    if not _match_label(value):
        details.append("must not contain dots" if _match_subdomain(value) else _LABEL_ERROR)
    return details


def dns1123_label(value: str) -> Details:
    return _dns1123_label(value, too_many_characters)


def short_name(value: str) -> Details:
    """The generated rules' `k8s-short-name`."""
    return _dns1123_label(value, too_many_bytes)


def _limited(
    value: str,
    limit: int,
    matches: Callable[[str], object],
    error: str,
    too_long: Callable[[int], str] = too_many_characters,
) -> Details:
    if len(value) <= limit and matches(value):
        return FINE
    details = [too_long(limit)] if size(value) > limit else []
    if not matches(value):
        details.append(error)
    return details


def dns1123_subdomain(value: str) -> Details:
    return _limited(value, 253, _match_subdomain, _SUBDOMAIN_ERROR)


def long_name(value: str) -> Details:
    """The generated rules' `k8s-long-name`."""
    return _limited(value, 253, _match_subdomain, _SUBDOMAIN_ERROR, too_many_bytes)


def long_name_caseless(value: str) -> Details:
    return _limited(value, 253, _match_subdomain_caseless, _CASELESS_ERROR, too_many_bytes)


def dns1123_subdomain_with_underscore(value: str) -> Details:
    return _limited(value, 253, _match_underscored, _UNDERSCORED_ERROR)


def wildcard_dns1123_subdomain(value: str) -> Details:
    return _limited(value, 253, _match_wildcard, _WILDCARD_ERROR)


def dns1035_label(value: str) -> Details:
    return _limited(value, 63, _match_1035, _LABEL_1035_ERROR)


def label_value(value: str) -> Details:
    return _limited(value, 63, _match_label_value, _LABEL_VALUE_ERROR, too_many_bytes)


@lru_cache(maxsize=4096)
def qualified_name(value: str) -> Details:
    """`[prefix/]name`: keys of labels and annotations, names of finalizers and resources."""
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        return [
            f"a valid label key {_KEY_ERROR}"
            " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    details: Details = []
    if slash:
        if not prefix:
            details.append("prefix part must be non-empty")
        else:
            details.extend(f"prefix part {d}" for d in long_name(prefix))
    if not name:
        details.append("name part must be non-empty")
    elif size(name) > 63:
        details.append(f"name part {too_many_bytes(63)}")
    if not _match_key_name(name):
        details.append(f"name part {_KEY_ERROR}")
    return details


def c_identifier(value: str) -> Details:
    return FINE if _match_identifier(value) else [_IDENTIFIER_ERROR]


_CEL_RESERVED = re.compile(
    "true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package|"
    "namespace|return|var|void|while"
).fullmatch


def is_cel_identifier(name: str) -> bool:
    return bool(_match_identifier(name)) and not _CEL_RESERVED(name)


def port_number(port: int) -> Details:
    return FINE if 1 <= port <= 65535 else [out_of_range(1, 65535)]


def in_range(value: int, low: int, high: int) -> Details:
    return FINE if low <= value <= high else [out_of_range(low, high)]


def user_or_group_id(number: int) -> Details:
    return in_range(number, 0, 2**31 - 1)


def port_name(name: str) -> Details:
    details = [too_many_characters(15)] if size(name) > 15 else []
    if not _match_port_name(name):
        details.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not _has_letter(name):
        details.append("must contain at least one letter (a-z)")
    if "--" in name:
        details.append("must not contain consecutive hyphens")
    if name.startswith("-") or name.endswith("-"):
        details.append("must not begin or end with a hyphen")
    return details


def percent(value: str) -> Details:
    if _match_percent(value):
        return FINE
    message = "a valid percent string must be a numeric string followed by an ending '%'"
    return [regex_error(message, _PERCENT, "1%", "93%")]


def http_header_name(value: str) -> Details:
    if _match_header(value):
        return FINE
    message = "a valid HTTP header must consist of alphanumeric characters or '-'"
    return [regex_error(message, _HEADER, "X-Header-Name")]


def http_path(value: str) -> Details:
    return FINE if _match_http_path(value) else [regex_error("Invalid path", _HTTP_PATH)]


def _walks_up(value: str) -> Details:
    if value in (".", ".."):
        return [f"must not be '{value}'"]
    return ["must not start with '..'"] if value.startswith("..") else FINE


def environment_name(value: str) -> Details:
    details: Details = []
    if not _match_env_name(value):
        message = (
            "a valid environment variable name must consist of alphabetic characters, digits, "
            "'_', '-', or '.', and must not start with a digit"
        )
        examples = ("my.env-name", "MY_ENV.NAME", "MyEnvName1")
        details.append(regex_error(message, _ENV_NAME, *examples))
    return details + _walks_up(value)


def relaxed_environment_name(value: str) -> Details:
    if not value:
        return ["environment variable name must be non-empty"]
    if all(" " <= char <= "~" and char != "=" for char in value):
        return FINE
    return [
        "a valid environment variable name must consist only of printable ASCII characters "
        "other than '='"
    ]


def config_map_key(value: str) -> Details:
    details = [too_many_characters(253)] if size(value) > 253 else []
    if not _match_config_key(value):
        message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        details.append(regex_error(message, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    return details + _walks_up(value)


def condition_reason(value: str) -> Details:
    if _match_reason(value):
        return FINE
    message = (
        "a condition reason must start with alphabetic character, optionally followed by a "
        "string of alphanumeric characters or '_,:', and must end with an alphanumeric "
        "character or '_'"
    )
    examples = ("my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB")
    return [regex_error(message, _REASON, *examples)]


def path_segment(name: str, prefix: bool = False) -> Details:
    """What any name must keep to, whatever the kind: it is a segment of a URL."""
    if not prefix and name in (".", ".."):
        return [f"may not be '{name}'"]
    return [f"may not contain '{char}'" for char in ("/", "%") if char in name]
