"""Image names: how they are parsed, completed and identified, and why they are refused.

Source: the distribution reference grammar, as pkg/util/parsers uses it.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

_ALNUM = "[a-z0-9]+"
_LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?"
_PATH_STEP = rf"{_ALNUM}(?:(?:[._]|__|[-]+){_ALNUM})*"
_PATH = rf"{_PATH_STEP}(?:/{_PATH_STEP})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*[:][0-9a-fA-F]{32,}"
_REFERENCE = re.compile(rf"((?:{_HOST}/)?{_PATH})(?::({_TAG}))?(?:@({_DIGEST}))?")
_NAME = re.compile(rf"(?:({_HOST})/)?({_PATH})")
_IDENTIFIER = re.compile("[a-f0-9]{64}")
_ALGORITHM = re.compile("[a-z0-9]+(?:[.+_-][a-z0-9]+)*")
_HEX_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}

DEFAULT_DOMAIN = "docker.io"
LONGEST_PATH = 255


class InvalidImage(ValueError):
    """The text is no image name; the message is the kubelet's."""


@dataclass(frozen=True, slots=True)
class Image:
    """A parsed name. `repository` is complete (`docker.io/library/nginx`)."""

    repository: str
    tag: str
    digest: str

    @property
    def name(self) -> str:
        """What the runtime calls it: the complete name with its tag or digest."""
        if self.digest:
            return f"{self.repository}@{self.digest}"
        return f"{self.repository}:{self.tag}"

    @property
    def image_id(self) -> str:
        """The reference with a digest that a container status shows as imageID."""
        return f"{self.repository}@{self.digest or invented_digest(self.name)}"


@lru_cache(maxsize=4096)
def invented_digest(name: str) -> str:
    """No image is ever fetched; the digest follows from the name, so it is always the same."""
    return "sha256:" + hashlib.sha256(name.encode()).hexdigest()


@lru_cache(maxsize=4096)
def parse(text: str) -> Image:
    """Raises InvalidImage with the text that the kubelet shows."""
    try:
        return _parse(text)
    except InvalidImage as error:
        raise InvalidImage(f'couldn\'t parse image name "{text}": {error}') from None


def _parse(text: str) -> Image:
    if _IDENTIFIER.fullmatch(text):
        raise InvalidImage(
            f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings"
        )
    domain, rest = _split_domain(text)
    remote = rest.partition(":")[0]
    if remote.lower() != remote:
        raise InvalidImage(
            f"invalid reference format: repository name ({remote}) must be lowercase"
        )
    match = _REFERENCE.fullmatch(f"{domain}/{rest}")
    if match is None:
        raise InvalidImage(_why_no_reference(f"{domain}/{rest}"))
    name, tag, digest = match.groups()
    parts = _NAME.fullmatch(name)
    if parts is not None and len(parts.group(2)) > LONGEST_PATH:
        raise InvalidImage(f"repository name must not be more than {LONGEST_PATH} characters")
    if digest:
        _check_digest(digest)
    return Image(name, tag or ("" if digest else "latest"), digest or "")


def _why_no_reference(text: str) -> str:
    if _REFERENCE.fullmatch(text.lower()):
        return "repository name must be lowercase"
    return "invalid reference format"


def _check_digest(digest: str) -> None:
    algorithm, _, value = digest.partition(":")
    length = _HEX_LENGTHS.get(algorithm)
    if length is None:
        lower = _ALGORITHM.fullmatch(algorithm) is not None
        raise InvalidImage(
            "unsupported digest algorithm" if lower else "invalid checksum digest format"
        )
    if len(value) != length:
        raise InvalidImage("invalid checksum digest length")
    if value.lower() != value:
        raise InvalidImage("invalid checksum digest format")


def _split_domain(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    if not slash:
        return DEFAULT_DOMAIN, f"library/{text}"
    if first == "index.docker.io":
        domain, remote = DEFAULT_DOMAIN, rest
    elif first == "localhost" or "." in first or ":" in first or first.lower() != first:
        domain, remote = first, rest
    else:
        domain, remote = DEFAULT_DOMAIN, text
    if domain == DEFAULT_DOMAIN and "/" not in remote:
        remote = f"library/{remote}"
    return domain, remote


def with_default_tag(text: str) -> str:
    """The name as asked for, with `:latest` where it has neither tag nor digest."""
    image = parse(text)
    if not image.digest and not text.endswith(f":{image.tag}"):
        return f"{text}:{image.tag}"
    return text


def default_pull_error(text: str) -> str:
    """What containerd says of an image that no registry has."""
    name = parse(text).name
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{name}": '
        f'failed to resolve reference "{name}": {name}: not found'
    )


@lru_cache(maxsize=4096)
def invented_size(name: str) -> int:
    """Between 5 and 200 MB, following from the name."""
    return (
        5_000_000 + int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % 195_000_000
    )
