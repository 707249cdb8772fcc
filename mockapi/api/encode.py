"""Trees and stored bytes into the bytes of a reply. JSON that is stored is never parsed again."""

import gzip
from collections.abc import Sequence
from typing import Any

import orjson

from mockapi.api import goyaml
from mockapi.api.negotiate import JSON, YAML, Form
from mockapi.base.lazy import module

GZIP_THRESHOLD = 128 * 1024

Tree = dict[str, Any]


def escaped(body: bytes) -> bytes:
    """Go's JSON hides HTML's own characters; outside of strings they cannot occur."""
    if b"<" in body:
        body = body.replace(b"<", b"\\u003c")
    if b">" in body:
        body = body.replace(b">", b"\\u003e")
    if b"&" in body:
        body = body.replace(b"&", b"\\u0026")
    return body


def json_body(tree: Any, *, pretty: bool) -> bytes:
    """With the line break that Go's encoder writes, which its indenting form does not."""
    if pretty:
        return escaped(orjson.dumps(tree, option=orjson.OPT_INDENT_2))
    return escaped(orjson.dumps(tree, option=orjson.OPT_APPEND_NEWLINE))


def tree_body(tree: Tree, form: Form) -> bytes:
    """Any API object in any form. Protobuf knows the built-in kinds only."""
    if form.media == JSON:
        return json_body(tree, pretty=form.pretty)
    if form.media == YAML:
        return goyaml.dump(tree)
    return protobuf(tree)


def status(tree: Tree, form: Form) -> bytes:
    return tree_body(tree, form)


def raw_body(raw: bytes, form: Form) -> bytes:
    """An object as it is stored: JSON with kind and apiVersion first."""
    if form.plain_json:
        return escaped(raw) + b"\n"
    return tree_body(orjson.loads(raw), form)


def list_body(
    kind: str, api_version: str, metadata: Tree, items: Sequence[bytes], prefix: int
) -> bytes:
    """A typed list as JSON. `prefix` is the length of an item's kind and apiVersion, which typed
    lists leave out: `{"kind":"Pod","apiVersion":"v1",`."""
    head = orjson.dumps({"kind": kind, "apiVersion": api_version, "metadata": metadata})
    if not items:
        return head[:-1] + b',"items":[]}\n'
    joined = b",{".join([item[prefix:] for item in items])
    return escaped(b"".join((head[:-1], b',"items":[{', joined, b"]}\n")))


def protobuf(tree: Tree) -> bytes:
    """The `k8s\\0` envelope around a message."""
    body: bytes = module("mockapi.machinery.protobuf").encode_tree(tree)
    return body


def compressed(body: bytes, accept_encoding: str) -> bytes | None:
    """gzip where the client takes it and the body is worth it, else None."""
    if len(body) <= GZIP_THRESHOLD or not accepts_gzip(accept_encoding):
        return None
    return gzip.compress(body, compresslevel=1, mtime=0)


def accepts_gzip(accept_encoding: str) -> bool:
    """Token by token, without q values, as the real server reads it."""
    return any(token.strip() == "gzip" for token in accept_encoding.split(","))
