"""OpenAPI v2 as the protobuf message that old clients ask for.

Field numbers: gnostic-models openapiv2/OpenAPIv2.proto. Values that are free in form (extensions,
enums) are YAML there; ours are JSON, which is YAML too.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any

import orjson

Obj = dict[str, Any]
Write = Callable[[int, Any], bytes]
"""(field number, value) -> the field as it is sent."""
Rules = Mapping[str, tuple[int, Write]]
"""JSON member -> its field number and how it is written."""


def document(tree: Obj) -> bytes:
    """openapi.v2.Document of a /openapi/v2 tree."""
    return _members(tree, _DOCUMENT)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _text(number: int, value: str) -> bytes:
    return _field(number, value.encode())


def _texts(number: int, values: list[str]) -> bytes:
    return b"".join(_text(number, value) for value in values)


def _integer(number: int, value: int) -> bytes:
    """Also of booleans. Negative numbers take ten bytes."""
    return _varint(number << 3) + _varint(value & 0xFFFFFFFFFFFFFFFF)


def _double(number: int, value: float) -> bytes:
    return _varint(number << 3 | 1) + struct.pack("<d", value)


def _free(number: int, value: Any) -> bytes:
    return _field(number, _field(2, orjson.dumps(value) + b"\n"))


def _frees(number: int, values: list[Any]) -> bytes:
    return b"".join(_free(number, value) for value in values)


def _members(tree: Obj, rules: Rules, extensions: int = 0) -> bytes:
    """Members in the order of their field numbers, then the x- members as extensions."""
    known = (write(number, tree[key]) for key, (number, write) in rules.items() if key in tree)
    content = b"".join(known)
    if extensions:
        names = sorted(key for key in tree if key.startswith("x-"))
        content += b"".join(
            _field(extensions, _text(1, name) + _free(2, tree[name])) for name in names
        )
    return content


def _nested(rules: Rules, *path: int, extensions: int = 0) -> Write:
    """A message, inside as many others as `path` names: each a message with that one field."""

    def write(number: int, value: Obj) -> bytes:
        content = _members(value, rules, extensions)
        for step in reversed(path):
            content = _field(step, content)
        return _field(number, content)

    return write


def _named(entry: int, write: Write) -> Write:
    """A map: a message whose repeated field `entry` has pairs of name and value."""

    def write_all(number: int, value: Obj) -> bytes:
        pairs = (_field(entry, _text(1, name) + write(2, item)) for name, item in value.items())
        return _field(number, b"".join(pairs))

    return write_all


def _schema(number: int, schema: Obj) -> bytes:
    return _field(number, _members(schema, _SCHEMA, 31))


def _schemas(number: int, schemas: list[Obj]) -> bytes:
    return b"".join(_schema(number, schema) for schema in schemas)


def _additional(number: int, value: Obj | bool) -> bytes:
    return _field(number, _integer(2, value) if isinstance(value, bool) else _schema(1, value))


def _types(number: int, value: str | list[str]) -> bytes:
    return _field(number, _texts(1, [value] if isinstance(value, str) else value))


def _items(number: int, schema: Obj) -> bytes:
    return _field(number, _schema(1, schema))


def _parameters(number: int, parameters: list[Obj]) -> bytes:
    return b"".join(_field(number, _field(1, _parameter(p))) for p in parameters)


def _parameter(parameter: Obj) -> bytes:
    match parameter["in"]:
        case "body":
            return _field(1, _members(parameter, _BODY))
        case "query":
            return _field(2, _field(3, _members(parameter, _QUERY)))
        case "path":
            return _field(2, _field(4, _members(parameter, _PATH)))
    raise AssertionError(f"No message for a parameter in {parameter['in']}.")


def _responses(number: int, responses: Obj) -> bytes:
    pairs = (
        _field(1, _text(1, code) + _field(2, _field(1, _members(response, _RESPONSE))))
        for code, response in responses.items()
    )
    return _field(number, b"".join(pairs))


def _security(number: int, requirements: list[Obj]) -> bytes:
    empty = ((_text(1, name) + _field(2, b"") for name in entry) for entry in requirements)
    return b"".join(_field(number, b"".join(_field(1, pair) for pair in row)) for row in empty)


_SCHEMA: Rules = {
    "$ref": (1, _text),
    "format": (2, _text),
    "title": (3, _text),
    "description": (4, _text),
    "default": (5, _free),
    "multipleOf": (6, _double),
    "maximum": (7, _double),
    "exclusiveMaximum": (8, _integer),
    "minimum": (9, _double),
    "exclusiveMinimum": (10, _integer),
    "maxLength": (11, _integer),
    "minLength": (12, _integer),
    "pattern": (13, _text),
    "maxItems": (14, _integer),
    "minItems": (15, _integer),
    "uniqueItems": (16, _integer),
    "maxProperties": (17, _integer),
    "minProperties": (18, _integer),
    "required": (19, _texts),
    "enum": (20, _frees),
    "additionalProperties": (21, _additional),
    "type": (22, _types),
    "items": (23, _items),
    "properties": (25, _named(1, _schema)),
    "example": (30, _free),
}
_BODY: Rules = {
    "description": (1, _text),
    "name": (2, _text),
    "in": (3, _text),
    "required": (4, _integer),
    "schema": (5, _schema),
}
_QUERY: Rules = {
    "required": (1, _integer),
    "in": (2, _text),
    "description": (3, _text),
    "name": (4, _text),
    "type": (6, _text),
    "uniqueItems": (20, _integer),
}
_PATH: Rules = {
    "required": (1, _integer),
    "in": (2, _text),
    "description": (3, _text),
    "name": (4, _text),
    "type": (5, _text),
    "uniqueItems": (19, _integer),
}
_RESPONSE: Rules = {"description": (1, _text), "schema": (2, _items)}
_OPERATION: Rules = {
    "tags": (1, _texts),
    "description": (3, _text),
    "operationId": (5, _text),
    "produces": (6, _texts),
    "consumes": (7, _texts),
    "parameters": (8, _parameters),
    "responses": (9, _responses),
    "schemes": (10, _texts),
}
_operation = _nested(_OPERATION, extensions=13)
_PATH_ITEM: Rules = {
    "get": (2, _operation),
    "put": (3, _operation),
    "post": (4, _operation),
    "delete": (5, _operation),
    "options": (6, _operation),
    "head": (7, _operation),
    "patch": (8, _operation),
    "parameters": (9, _parameters),
}
_API_KEY: Rules = {
    "type": (1, _text),
    "name": (2, _text),
    "in": (3, _text),
    "description": (4, _text),
}
_DOCUMENT: Rules = {
    "swagger": (1, _text),
    "info": (2, _nested({"title": (1, _text), "version": (2, _text)})),
    "paths": (8, _named(2, _nested(_PATH_ITEM))),
    "definitions": (9, _named(1, _schema)),
    "security": (12, _security),
    "securityDefinitions": (13, _named(1, _nested(_API_KEY, 2))),
}
