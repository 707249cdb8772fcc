"""OpenAPI v2 as the protobuf message that old clients ask for.

Field numbers: gnostic-models openapiv2/OpenAPIv2.proto.
"""

from mockapi.machinery.openapi.fields import (
    Obj,
    Rules,
    double,
    field,
    free,
    frees,
    integer,
    members,
    named,
    nested,
    text,
    texts,
)


def document(tree: Obj) -> bytes:
    """openapi.v2.Document of a /openapi/v2 tree."""
    return members(tree, _DOCUMENT)


def _schema(number: int, schema: Obj) -> bytes:
    return field(number, members(schema, _SCHEMA, 31))


def _schemas(number: int, schemas: list[Obj]) -> bytes:
    return b"".join(_schema(number, schema) for schema in schemas)


def _additional(number: int, value: Obj | bool) -> bytes:
    return field(number, integer(2, value) if isinstance(value, bool) else _schema(1, value))


def _types(number: int, value: str | list[str]) -> bytes:
    return field(number, texts(1, [value] if isinstance(value, str) else value))


def _items(number: int, schema: Obj) -> bytes:
    return field(number, _schema(1, schema))


def _parameters(number: int, parameters: list[Obj]) -> bytes:
    """Each is a ParametersItem: a parameter, or a reference to one."""
    return b"".join(field(number, _item(parameter)) for parameter in parameters)


def _item(parameter: Obj) -> bytes:
    if "$ref" in parameter:
        return field(2, text(1, parameter["$ref"]))
    return field(1, _parameter(parameter))


def _shared(number: int, parameter: Obj) -> bytes:
    return field(number, _parameter(parameter))


def _parameter(parameter: Obj) -> bytes:
    match parameter["in"]:
        case "body":
            return field(1, members(parameter, _BODY))
        case "query":
            return field(2, field(3, members(parameter, _QUERY)))
        case "path":
            return field(2, field(4, members(parameter, _PATH)))
    raise AssertionError(f"No message for a parameter in {parameter['in']}.")


def _responses(number: int, responses: Obj) -> bytes:
    pairs = (
        field(1, text(1, code) + field(2, field(1, members(response, _RESPONSE))))
        for code, response in responses.items()
    )
    return field(number, b"".join(pairs))


def _security(number: int, requirements: list[Obj]) -> bytes:
    empty = ((text(1, name) + field(2, b"") for name in entry) for entry in requirements)
    return b"".join(field(number, b"".join(field(1, pair) for pair in row)) for row in empty)


_SCHEMA: Rules = {
    "$ref": (1, text),
    "format": (2, text),
    "title": (3, text),
    "description": (4, text),
    "default": (5, free),
    "multipleOf": (6, double),
    "maximum": (7, double),
    "exclusiveMaximum": (8, integer),
    "minimum": (9, double),
    "exclusiveMinimum": (10, integer),
    "maxLength": (11, integer),
    "minLength": (12, integer),
    "pattern": (13, text),
    "maxItems": (14, integer),
    "minItems": (15, integer),
    "uniqueItems": (16, integer),
    "maxProperties": (17, integer),
    "minProperties": (18, integer),
    "required": (19, texts),
    "enum": (20, frees),
    "additionalProperties": (21, _additional),
    "type": (22, _types),
    "items": (23, _items),
    "properties": (25, named(1, _schema)),
    "example": (30, free),
}
_BODY: Rules = {
    "description": (1, text),
    "name": (2, text),
    "in": (3, text),
    "required": (4, integer),
    "schema": (5, _schema),
}
_QUERY: Rules = {
    "required": (1, integer),
    "in": (2, text),
    "description": (3, text),
    "name": (4, text),
    "type": (6, text),
    "uniqueItems": (20, integer),
}
_PATH: Rules = {
    "required": (1, integer),
    "in": (2, text),
    "description": (3, text),
    "name": (4, text),
    "type": (5, text),
    "uniqueItems": (19, integer),
}
_RESPONSE: Rules = {"description": (1, text), "schema": (2, _items)}
_OPERATION: Rules = {
    "tags": (1, texts),
    "description": (3, text),
    "operationId": (5, text),
    "produces": (6, texts),
    "consumes": (7, texts),
    "parameters": (8, _parameters),
    "responses": (9, _responses),
    "schemes": (10, texts),
}
_operation = nested(_OPERATION, extensions=13)
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
    "type": (1, text),
    "name": (2, text),
    "in": (3, text),
    "description": (4, text),
}
_DOCUMENT: Rules = {
    "swagger": (1, text),
    "info": (2, nested({"title": (1, text), "version": (2, text)})),
    "paths": (8, named(2, nested(_PATH_ITEM))),
    "definitions": (9, named(1, _schema)),
    "parameters": (10, named(2, _shared)),
    "security": (12, _security),
    "securityDefinitions": (13, named(1, nested(_API_KEY, 2))),
}
