"""Request bodies: from bytes in any accepted form to objects of the request's kind.

Source: apiserver pkg/endpoints/handlers/rest.go (transformDecodeError) and the serializers.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Protocol

from mockapi.base.clock import Clock, timestamp
from mockapi.machinery.catalogue import Types
from mockapi.machinery.managedfields.managers import is_reset
from mockapi.machinery.objects import Objects
from mockapi.machinery.request import Normal, Request
from mockapi.machinery.resource import Obj, Resource
from mockapi.machinery.schema.schemas import Decoded, interpret
from mockapi.machinery.schema.strict import DecodeError
from mockapi.meta import codec
from mockapi.meta.codec import CodecError
from mockapi.meta.errors import BadRequest, UnsupportedMediaType
from mockapi.meta.names import GroupVersionKind

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
_SCHEME = '"pkg/runtime/scheme.go:111"'
_DELETE_OPTIONS = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
_OPTIONS_KIND = GroupVersionKind("meta.k8s.io", "v1", "DeleteOptions")
_SHOWN_BYTES = 30
# Versions that the real server still knows how to read and no longer serves.
_RETIRED = frozenset(
    (
        ("apps", "v1beta1"),
        ("apps", "v1beta2"),
        ("autoscaling", "v2beta1"),
        ("autoscaling", "v2beta2"),
        ("batch", "v1beta1"),
        ("extensions", "v1beta1"),
        ("networking.k8s.io", "v1beta1"),
        ("policy", "v1beta1"),
    )
)
# The Go packages of the internal types, where they are not the group's first label.
_TOKEN = r"[\w!#$%&'*+.^`|~-]+"
_PARAMETER = re.compile(rf'\s*(?:{_TOKEN}=(?:"(?:[^"\\]|\\.)*"|{_TOKEN})\s*)?', re.ASCII)
_LARGE = re.compile(rb"[0-9a-fA-F_]{16}")
"""Where an integer may be beyond int64."""
_PACKAGES = {"": "core", "internal.apiserver.k8s.io": "apiserverinternal", "events.k8s.io": "core"}


class ProtobufDecoder(Protocol):
    def __call__(self, body: bytes, expected: GroupVersionKind) -> tuple[GroupVersionKind, Obj]:
        """(what the body says it is, its tree). Raises ValueError, with the attribute `kind` when
        only the object inside cannot be read."""


class _Problem(Exception):
    """The body cannot be read as an object of the kind; str() is Go's text."""


@lru_cache(maxsize=256)
def media_type(content_type: str) -> str:
    """Of a body that is an object, JSON unless said otherwise; "" for what Go cannot parse."""
    name, *parameters = content_type.split(";")
    whole = all(_PARAMETER.fullmatch(text) for text in parameters)
    return name.strip().lower() or JSON if whole else ""


class Bodies:
    """Reads request bodies for the pipeline."""

    def __init__(
        self,
        *,
        objects: Objects,
        types: Types,
        clock: Clock,
        protobuf: ProtobufDecoder | None = None,
        is_custom: Callable[[GroupVersionKind], bool] = lambda gvk: False,
    ) -> None:
        self._objects = objects
        self._schemas = objects.schemas
        self._types = types
        self._clock = clock
        self._protobuf = protobuf
        self._is_custom = is_custom

    def now(self) -> str:
        return timestamp(self._clock.now())

    def decode(
        self, request: Request, kind: GroupVersionKind, type_name: str, validation: str
    ) -> Obj:
        """The body as a normalised and defaulted object of `kind`. Warnings go to the request."""
        if isinstance(request.obj, Normal):
            return {**request.obj.tree, "metadata": dict(request.obj.tree["metadata"])}
        if request.body is None:
            decoded = Decoded(self._own(request.obj, kind, type_name), [])
        else:
            decoded = self._decode_bytes(request, kind, type_name, validation)
        obj, request.emptied = decoded.obj, decoded.emptied
        if not self._is_custom(kind):
            obj["kind"] = kind.kind  # of custom resources it is validated
        obj["apiVersion"] = kind.api_version
        obj.setdefault("metadata", {})
        self._objects.complete_decoded(type_name, decoded)
        return obj

    def _own(self, tree: Any, kind: GroupVersionKind, type_name: str) -> Obj:
        """An object made in this process: pruned and normalised, never refused for its kind."""
        try:
            return self._schemas.decode(type_name, tree, validation="Ignore").obj
        except DecodeError as error:
            raise cannot_be_handled(kind, kind, str(error)) from None

    def _decode_bytes(
        self, request: Request, kind: GroupVersionKind, type_name: str, validation: str
    ) -> Decoded:
        form = media_type(request.content_type)
        body = request.body or b""
        if form == PROTOBUF and self._protobuf is not None:
            return Decoded(self._decode_protobuf(body, kind, type_name), [])
        if form not in (JSON, YAML):
            raise unsupported()
        try:
            decoded = self._schemas.decode_body(
                type_name,
                body,
                yaml=form == YAML,
                validation=validation,  # type: ignore[arg-type]
            )
        except CodecError as error:
            raise self._unreadable(kind, str(error), body) from None
        except DecodeError as error:
            self.check_header(body, form, kind)
            raise cannot_be_handled(self._said(body, form, kind), kind, str(error)) from None
        self._check_kind(_completed(decoded.said, kind), kind)
        if b"managedFields" in body:
            tree = codec.parse_json(body) if form == JSON else codec.parse_yaml(body)
            request.resets_managers = is_reset(tree)
        if decoded.problems:
            self._report(decoded.problems, request, kind, validation)
        return decoded

    def _decode_protobuf(self, body: bytes, kind: GroupVersionKind, type_name: str) -> Obj:
        assert self._protobuf is not None
        try:
            said, tree = self._protobuf(body, kind)
        except ValueError as error:
            known: GroupVersionKind | None = getattr(error, "kind", None)
            if known is not None:
                raise cannot_be_handled(known, kind, str(error)) from None
            raise self._unreadable(kind, str(error), body) from None
        self._check_kind(said, kind)
        return self._own(tree, kind, type_name)

    def _unreadable(self, kind: GroupVersionKind, error: str, body: bytes) -> BadRequest:
        return BadRequest(
            f"the object provided is unrecognized (must be of type {kind.kind}): {error} "
            f"({_shown(body)})"
        )

    def _report(
        self, problems: list[str], request: Request, kind: GroupVersionKind, validation: str
    ) -> None:
        if validation == "Strict":
            text = "strict decoding error: " + ", ".join(problems)
            raise cannot_be_handled(kind, kind, text)
        for text in _one_by_one(problems):
            if text not in request.warnings:
                request.warnings.append(text)

    # -- kind and apiVersion -------------------------------------------------------------------

    def check_header(self, body: bytes, form: str, kind: GroupVersionKind) -> None:
        """Raises BadRequest when the body says that it is something else than `kind`."""
        self._check_kind(self._said(body, form, kind), kind)

    def _said(self, body: bytes, form: str, kind: GroupVersionKind) -> GroupVersionKind:
        tree = codec.parse_json(body) if form == JSON else codec.parse_yaml(body)
        if not isinstance(tree, dict):
            return kind
        try:
            return _completed(interpret(tree), kind)
        except DecodeError as error:
            raise self._unreadable(kind, str(error), body) from None

    def _check_kind(self, said: GroupVersionKind, kind: GroupVersionKind) -> None:
        if said == kind:
            return
        if self._is_custom(kind):
            if said.api_version != kind.api_version:
                raise _other_version(said, kind)
            return
        if self._is_known(said):
            if said.kind != kind.kind:
                text = (
                    f"converting ({said.version}.{said.kind}) to ({_package(kind)}.{kind.kind}): "
                    "unknown conversion"
                )
                raise cannot_be_handled(said, kind, text)
            raise _other_version(said, kind)
        raise cannot_be_handled(said, kind, _not_registered(said.kind, said.api_version))

    def _is_known(self, said: GroupVersionKind) -> bool:
        if said in self._types.kinds or self._is_custom(said):
            return True
        return (said.group, said.version) in _RETIRED

    # -- bodies that are no object of the resource ---------------------------------------------

    def delete_options(self, request: Request) -> Obj:
        """A DeleteOptions body; raises BadRequest."""
        form = media_type(request.content_type)
        body = request.body or b""
        try:
            if form == PROTOBUF and self._protobuf is not None:
                said, tree = self._protobuf(body, _OPTIONS_KIND)
                self._check_delete_kind(said)
                return tree
            if form not in (JSON, YAML):
                raise unsupported()
            decoded = self._schemas.decode_body(
                _DELETE_OPTIONS, body, yaml=form == YAML, validation="Ignore"
            )
            self._check_delete_kind(_completed(decoded.said, _OPTIONS_KIND))
            return decoded.obj
        except ValueError as error:
            raise BadRequest(str(error)) from None

    @staticmethod
    def _check_delete_kind(said: GroupVersionKind) -> None:
        if said.kind != _OPTIONS_KIND.kind:
            raise BadRequest(_not_registered(said.kind, said.api_version))

    @staticmethod
    def check_apply(request: Request) -> None:
        """What is asked of an apply configuration before the object is looked for: JSON is let
        through as it is."""
        if request.body is not None and not request.body.lstrip().startswith(b"{"):
            try:
                codec.parse_yaml(request.body)
            except CodecError as error:
                raise BadRequest(f"error encoding patch: {error}") from None

    @staticmethod
    def parse_apply(request: Request) -> tuple[Obj, list[str]]:
        """An apply configuration: YAML or JSON, not defaulted, only its form is checked; and what
        a strict reader says about it."""
        if request.body is None:
            return dict(request.obj), []
        try:
            tree, problems = codec.parse_yaml_strictly(request.body)
        except CodecError as error:
            text = f"error converting YAML to JSON: {error}"
            raise BadRequest(f"error decoding patch: {text}") from None
        if _LARGE.search(request.body):
            tree = _within_int64(tree)
        if tree is None:
            tree = {}
        if not isinstance(tree, dict):
            text = f"error unmarshaling JSON: while decoding JSON: {_not_an_object(tree)}"
            raise BadRequest(f"error decoding patch: {text}")
        return tree, problems

    @staticmethod
    def report_apply(problems: list[str], request: Request, validation: str) -> None:
        """What was given twice, once it is known that the rest is fine."""
        if problems and validation == "Strict":
            text = f"error converting YAML to JSON: {', '.join(problems)}"
            raise BadRequest(f"error strict decoding patch: {text}")
        if validation == "Warn":
            request.warnings.extend(_one_by_one(problems))

    def completed(self, resource: Resource, decoded: Decoded) -> Obj:
        """A merged and decoded object, named and defaulted."""
        obj = decoded.obj
        if resource.custom is None:
            obj["kind"] = resource.kind
        obj["apiVersion"] = resource.gvk.api_version
        self._objects.complete_decoded(resource.type_name, decoded)
        return obj


def _within_int64(tree: Any) -> Any:
    """Integers without a type are int64, or floats."""
    if isinstance(tree, dict):
        return {key: _within_int64(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_within_int64(value) for value in tree]
    return float(tree) if type(tree) is int and not -(2**63) <= tree < 2**63 else tree


def _completed(said: tuple[str, str, str], kind: GroupVersionKind) -> GroupVersionKind:
    """What a body says it is; where it is silent it is what is expected."""
    group, version, name = said
    if not (group or version):
        group, version = kind.group, kind.version
    return GroupVersionKind(group, version, name or kind.kind)


def _other_version(said: GroupVersionKind, kind: GroupVersionKind) -> BadRequest:
    return BadRequest(
        f"the API version in the data ({said.api_version}) does not match the expected "
        f"API version ({kind.api_version})"
    )


def _one_by_one(problems: Iterable[str]) -> Iterator[str]:
    """What the YAML reader says in one text of several lines is one warning each."""
    for problem in problems:
        head, *lines = problem.split("\n  ")
        yield from lines or (head,)


def _not_registered(kind: str, version: str) -> str:
    return f'no kind "{kind}" is registered for version "{version}" in scheme {_SCHEME}'


def _not_an_object(tree: Any) -> str:
    word = {list: "array", str: "string", bool: "bool"}.get(type(tree), "number")
    return f"json: cannot unmarshal {word} into Go value of type map[string]interface {{}}"


def cannot_be_handled(said: GroupVersionKind, kind: GroupVersionKind, error: str) -> BadRequest:
    return BadRequest(
        f'{said.kind} in version "{said.version}" cannot be handled as a {kind.kind}: {error}'
    )


def unsupported() -> UnsupportedMediaType:
    return UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json, application/yaml, application/vnd.kubernetes.protobuf"
    )


def _package(kind: GroupVersionKind) -> str:
    return _PACKAGES.get(kind.group, kind.group.partition(".")[0])


def _shown(body: bytes) -> str:
    """The beginning of a body as messages show it."""
    if not body:
        return "<empty>"
    text = body.decode("utf-8", "replace")
    if not text.startswith("{"):
        return body.hex() if len(body) <= _SHOWN_BYTES else f"{body[:_SHOWN_BYTES].hex()} ..."
    return text if len(text) <= _SHOWN_BYTES else f"{text[:_SHOWN_BYTES]} ..."
