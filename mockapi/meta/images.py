"""Image references, by the grammar of distribution/reference, with Docker Hub's short names."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

_DOMAIN: Final = (
    r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
    r"(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?"
)
_COMPONENT: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE: Final = re.compile(
    rf"((?:{_DOMAIN}|\[[a-fA-F0-9:]+\](?::[0-9]+)?)/{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::([\w][\w.-]{0,127}))?"
    r"(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?",
    re.ASCII,
)
_IDENTIFIER: Final = re.compile(r"[a-f0-9]{64}", re.ASCII)
_DIGEST_LENGTHS: Final = {"sha256": 64, "sha384": 96, "sha512": 128}
_INVALID: Final = "invalid reference format"


class ImageError(ValueError):
    """The text names no image; str() is the reason."""


class Image(NamedTuple):
    repository: str
    """With its domain: `docker.io/library/nginx`."""
    tag: str
    digest: str


@lru_cache(maxsize=4096)
def parse(text: str) -> Image:
    """The tag is `latest` when there is neither tag nor digest. Raises ImageError."""
    if _IDENTIFIER.fullmatch(text):
        raise ImageError(
            f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings"
        )
    domain, path = _split(text)
    if path.partition(":")[0] != path.partition(":")[0].lower():
        raise ImageError(
            f"{_INVALID}: repository name ({path.partition(':')[0]}) must be lowercase"
        )
    match = _REFERENCE.fullmatch(f"{domain}/{path}")
    if match is None:
        raise ImageError(_INVALID)
    repository, tag, digest = match[1], match[2] or "", match[3] or ""
    if len(repository) > 255:
        raise ImageError("repository name must not be more than 255 characters")
    if digest:
        _check(digest)
    return Image(repository, tag or ("" if digest else "latest"), digest)


def _split(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    is_name = not set(".:") & set(first) and first != "localhost" and first.lower() == first
    if not slash or is_name:
        domain, path = "docker.io", text
    else:
        domain, path = first, rest
    if domain == "index.docker.io":
        domain = "docker.io"
    if domain == "docker.io" and "/" not in path:
        path = f"library/{path}"
    return domain, path


def _check(digest: str) -> None:
    algorithm, _, encoded = digest.partition(":")
    length = _DIGEST_LENGTHS.get(algorithm)
    if length is None:
        raise ImageError("unsupported digest algorithm")
    if len(encoded) != length or encoded != encoded.lower():
        raise ImageError("invalid checksum digest length" if len(encoded) != length else _INVALID)
