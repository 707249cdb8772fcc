"""OpenAPI v3 as the protobuf message that kubectl validates by.

Field numbers: gnostic-models openapiv3/OpenAPIv3.proto.
"""

from typing import Any

from mockapi.machinery.openapi.fields import (
    Obj,
    Rules,
    Write,
    double,
    field,
    frees,
    integer,
    members,
    named,
    nested,
    text,
    texts,
)

_EXTENSIONS = 36


def document(tree: Obj) -> bytes:
    """openapi.v3.Document of a /openapi/v3/PATH tree."""
    return members(tree, _DOCUMENT)


def _referable(write: Write) -> Write:
    """A message that is either the thing itself or a reference to it."""

    def write_either(number: int, value: Obj) -> bytes:
        if "$ref" in value:
            return field(number, field(2, text(1, value["$ref"])))
        return field(number, write(1, value))

    return write_either


def _schema_itself(number: int, schema: Obj) -> bytes:
    return field(number, members(schema, _SCHEMA, _EXTENSIONS))


_schema = _referable(_schema_itself)


def _schemas(number: int, schemas: list[Obj]) -> bytes:
    return b"".join(_schema(number, schema) for schema in schemas)


def _items(number: int, schema: Obj) -> bytes:
    return field(number, _schema(1, schema))


def _additional(number: int, value: Obj | bool) -> bytes:
    return field(number, integer(2, value) if isinstance(value, bool) else _schema(1, value))


def _default(number: int, value: Any) -> bytes:
    """Only scalars have a place in the message; others leave it empty."""
    match value:
        case bool():
            return field(number, integer(2, value))
        case int() | float():
            return field(number, double(1, float(value)))
        case str():
            return field(number, text(3, value))
    return field(number, b"")


def _parameters(number: int, parameters: list[Obj]) -> bytes:
    return b"".join(_parameter(number, parameter) for parameter in parameters)


_SCHEMA: Rules = {
    "nullable": (1, integer),
    "title": (9, text),
    "multipleOf": (10, double),
    "maximum": (11, double),
    "exclusiveMaximum": (12, integer),
    "minimum": (13, double),
    "exclusiveMinimum": (14, integer),
    "maxLength": (15, integer),
    "minLength": (16, integer),
    "pattern": (17, text),
    "maxItems": (18, integer),
    "minItems": (19, integer),
    "uniqueItems": (20, integer),
    "maxProperties": (21, integer),
    "minProperties": (22, integer),
    "required": (23, texts),
    "enum": (24, frees),
    "type": (25, text),
    "allOf": (26, _schemas),
    "oneOf": (27, _schemas),
    "anyOf": (28, _schemas),
    "not": (29, _schema_itself),
    "items": (30, _items),
    "properties": (31, named(1, _schema)),
    "additionalProperties": (32, _additional),
    "default": (33, _default),
    "description": (34, text),
    "format": (35, text),
}
_CONTENT = named(1, nested({"schema": (1, _schema)}))
_parameter = _referable(
    nested(
        {
            "name": (1, text),
            "in": (2, text),
            "description": (3, text),
            "required": (4, integer),
            "schema": (10, _schema),
        }
    )
)
_body = _referable(
    nested({"description": (1, text), "content": (2, _CONTENT), "required": (3, integer)})
)
_response = _referable(nested({"description": (1, text), "content": (3, _CONTENT)}))
_OPERATION: Rules = {
    "tags": (1, texts),
    "description": (3, text),
    "operationId": (5, text),
    "parameters": (6, _parameters),
    "requestBody": (7, _body),
    "responses": (8, named(2, _response)),
    "deprecated": (10, integer),
}
_operation = nested(_OPERATION, extensions=13)
_PATH_ITEM: Rules = {
    "get": (4, _operation),
    "put": (5, _operation),
    "post": (6, _operation),
    "delete": (7, _operation),
    "options": (8, _operation),
    "head": (9, _operation),
    "patch": (10, _operation),
    "parameters": (13, _parameters),
}
_SECURITY: Rules = {"type": (1, text), "description": (2, text), "name": (3, text), "in": (4, text)}
_COMPONENTS: Rules = {
    "schemas": (1, named(1, _schema)),
    "securitySchemes": (7, named(1, _referable(nested(_SECURITY)))),
}
_DOCUMENT: Rules = {
    "openapi": (1, text),
    "info": (2, nested({"title": (1, text), "version": (6, text)})),
    "paths": (4, named(1, nested(_PATH_ITEM))),
    "components": (5, nested(_COMPONENTS)),
}
