"""Which form a reply takes: the Accept header as the real server reads it.

Two readers look at the header, one after the other. The router (go-restful) compares media types
exactly; the handlers (apiserver pkg/endpoints/handlers/negotiation) understand q values,
wildcards and the parameters `as`, `g`, `v`, `stream`, `pretty`. Both refuse in their own words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from mockapi.meta.errors import ApiError, NotAcceptable

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
MEDIA_TYPES = (JSON, YAML, PROTOBUF)
STREAM_TYPES = (f"{JSON};stream=watch", f"{PROTOBUF};stream=watch")
COLLECTION_TYPES = (*MEDIA_TYPES, *STREAM_TYPES)
META_GROUP = "meta.k8s.io"
_META_VERSIONS = ("v1", "v1beta1")
_TARGETS = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")
_HUMANS = ("curl", "Wget", "Mozilla/5.0")
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})


@dataclass(frozen=True, slots=True)
class Form:
    """`target` is empty, or what the object is turned into (`Table`, of `version`)."""

    media: str = JSON
    target: str = ""
    version: str = ""
    pretty: bool = False

    @property
    def plain_json(self) -> bool:
        """Stored bytes can be sent as they are."""
        return self.media == JSON and not self.target and not self.pretty


@dataclass(slots=True)
class _Clause:
    type: str
    subtype: str = ""
    q: float = 1.0
    params: dict[str, str] = field(default_factory=dict)


@lru_cache(maxsize=512)
def check_route(accept: str, produces: Sequence[str] = MEDIA_TYPES) -> None:
    """The router's look: raises 406 unless a type of the header is produced, word for word."""
    for item in (accept or "*/*").split(","):
        media = item.split(";", 1)[0].strip(" ")
        if media == "*/*" or media in produces:
            return
    available = ", ".join(produces)
    text = f"406: Not Acceptable\n\nAvailable representations: {available}"
    raise ApiError(406, "NotAcceptable", text, details={})


@lru_cache(maxsize=512)
def output_form(
    accept: str, *, media_types: Sequence[str] = MEDIA_TYPES, untyped: bool = False
) -> Form:
    """The form of an object, list or stream; raises 406. What is `untyped` has no protobuf form of
    its own, only one of its metadata."""
    form = _negotiate(accept, media_types, transforms=True, untyped=untyped)
    if form is None:
        raise not_acceptable(media_types)
    return form


@lru_cache(maxsize=512)
def plain_form(accept: str, *, media_types: Sequence[str] = MEDIA_TYPES) -> Form | None:
    """The form of a Status or a discovery document, which are never turned into a Table."""
    return _negotiate(accept, media_types, transforms=False)


@lru_cache(maxsize=512)
def target_form(accept: str, target: str, group: str, version: str) -> Form | None:
    """The form when the clause that wins asks for `target`; None when it asks for the plain one."""
    grants = (target, group, version)
    form = _negotiate(accept, MEDIA_TYPES, transforms=False, also=grants)
    return form if form is not None and form.target else None


def not_acceptable(media_types: Sequence[str]) -> NotAcceptable:
    types = ", ".join(media_types)
    return NotAcceptable(f"only the following media types are accepted: {types}")


def check_stream(form: Form) -> None:
    """Only JSON and protobuf can be streamed."""
    if form.media == YAML:
        raise not_acceptable(STREAM_TYPES)


def with_pretty(form: Form, pretty: Sequence[str] | None, user_agent: str) -> Form:
    """Indent for people: by the `pretty` option, or for the tools that people read."""
    if pretty and pretty[0]:
        wanted = form.pretty or pretty[0] in _TRUE
    else:
        wanted = form.pretty or user_agent.startswith(_HUMANS)
    return form if wanted == form.pretty else replace(form, pretty=wanted)


def _negotiate(
    accept: str,
    media_types: Sequence[str],
    *,
    transforms: bool,
    also: tuple[str, str, str] | None = None,
    untyped: bool = False,
) -> Form | None:
    """`also` is a target that is granted besides: kind, group and version."""
    if not accept:
        return Form(media_types[0])
    for clause in _sorted(_clauses(accept)):
        for media in media_types:
            if _matches(clause, media):
                form = _accepted(clause.params, media, transforms=transforms, also=also)
                if form is not None and not (
                    untyped and form.media == PROTOBUF and not form.target
                ):
                    return form
    return None


def _matches(clause: _Clause, media: str) -> bool:
    kind, _, subtype = media.partition("/")
    if clause.type == kind:
        return clause.subtype in (subtype, "*")
    return clause.type == "*" and clause.subtype == "*"


def _accepted(
    params: dict[str, str],
    media: str,
    *,
    transforms: bool,
    also: tuple[str, str, str] | None,
) -> Form | None:
    """None when a parameter cannot be granted: the clause is then passed over."""
    stream = params.get("stream")
    if stream and (media == YAML or stream != "watch"):
        return None
    server_version = params.get("sv")
    if server_version and (not transforms or server_version != "v1"):
        return None
    target = ""
    if not params.keys().isdisjoint(("as", "g", "v")):
        target = params.get("as", "")
        asked = (target, params.get("g", ""), params.get("v", ""))
        granted = transforms and _transform_allowed(asked, media)
        if not granted and asked != also:
            return None
    return Form(media, target, params.get("v", ""), params.get("pretty") == "1")


def _transform_allowed(asked: tuple[str, str, str], media: str) -> bool:
    target, group, version = asked
    if group != META_GROUP or version not in _META_VERSIONS:
        return False
    return target in _TARGETS and not (target == "Table" and media == PROTOBUF)


def _clauses(header: str) -> Iterator[_Clause]:
    """goautoneg's reading: what it cannot read it leaves out."""
    for part in header.split(","):
        media, *params = part.strip(" ").split(";")
        kind, _, subtype = media.partition("/")
        clause = _Clause(kind.strip(" "), subtype.strip(" "))
        if not subtype:
            if clause.type != "*":
                continue
            clause.subtype = "*"
        elif "/" in subtype:
            continue
        _read_params(clause, params)
        yield clause


def _read_params(clause: _Clause, params: Sequence[str]) -> None:
    for param in params:
        name, _, value = param.partition("=")
        if not value or "=" in value:
            continue
        if name.strip(" ") == "q":
            clause.q = _float(value)
        else:
            clause.params[name.strip(" ")] = value.strip(" ")


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _sorted(clauses: Iterator[_Clause]) -> list[_Clause]:
    """goautoneg's order is no strict one, so its insertion sort is part of the outcome."""
    ordered: list[_Clause] = []
    for clause in clauses:
        position = len(ordered)
        while position > 0 and _before(clause, ordered[position - 1]):
            position -= 1
        ordered.insert(position, clause)
    return ordered


def _before(one: _Clause, other: _Clause) -> bool:
    if one.q > other.q:
        return True
    if one.type != "*" and other.type == "*":
        return True
    return one.subtype != "*" and other.subtype == "*"
