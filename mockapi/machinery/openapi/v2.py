"""OpenAPI v2 (Swagger): one document, made of the paths of the v3 documents and the same types.

Source: kube-openapi pkg/builder, seen in the real document. Parameters are written where they are
used; the real document keeps the frequent ones under `parameters` and refers to them.
"""

import hashlib
import re
from typing import Any

import orjson

from mockapi.machinery.openapi import custom, gnostic
from mockapi.machinery.openapi.schemas import Schemas
from mockapi.machinery.openapi.v3 import BEARER, Documents

Obj = dict[str, Any]

REFERENCE = re.compile(r'"#/definitions/([^"]+)"')
PREFERENCE = (
    "text/plain",
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
    "application/json;stream=watch",
    "application/vnd.kubernetes.protobuf;stream=watch",
)
_ANY = (["WellKnown"], ["openid"])
"""Tags of operations for which the document leaves `consumes` out."""
PATCH_PREFERENCE = (
    "text/plain",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)


def document(documents: Documents) -> Obj:
    """/openapi/v2"""
    paths: Obj = {}
    for name in documents.names():
        for path, item in documents.document(name)["paths"].items():
            paths[path] = _item(item)
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": documents.minor},
        "paths": dict(sorted(paths.items())),
        "definitions": _definitions(documents, paths),
        "securityDefinitions": {"BearerToken": BEARER | {"name": "authorization", "in": "header"}},
        "security": [{"BearerToken": []}],
    }


def encoded(documents: Documents) -> bytes:
    return documents.kept("v2", lambda: orjson.dumps(document(documents)))


def protobuf(documents: Documents) -> bytes:
    return documents.kept("v2 protobuf", lambda: gnostic.document(document(documents)))


def hash(documents: Documents) -> str:
    """The ETag: of the JSON document, whatever form is sent."""
    return documents.kept("v2 hash", lambda: _digest(encoded(documents))).decode()


def _digest(body: bytes) -> bytes:
    return hashlib.sha512(body).hexdigest().upper().encode()


def _definitions(documents: Documents, paths: Obj) -> Obj:
    own: Obj = {}
    for definition in documents.served.definitions:
        spec = definition["spec"]
        for version in spec["versions"]:
            own |= custom.schemas(definition, spec["group"], version["name"], v2=True)
    writer = Schemas(documents.types, documents.descriptions, v2=True)
    roots = set(REFERENCE.findall(orjson.dumps([paths, own]).decode())) - set(own)
    builtin = {name: writer.schema(name) for name in writer.reachable(roots)}
    return dict(sorted((builtin | own).items()))


def _item(item: Obj) -> Obj:
    result: Obj = {
        method: _operation(operation)
        for method, operation in item.items()
        if method != "parameters"
    }
    if "parameters" in item:
        result["parameters"] = [_parameter(parameter) for parameter in item["parameters"]]
    return result


def _operation(operation: Obj) -> Obj:
    parameters = [_parameter(parameter) for parameter in operation.get("parameters", ())]
    body = operation.get("requestBody")
    if body:
        parameters.insert(0, _body(body))
    produced = list(operation["responses"]["200"]["content"])
    consumed = _consumed(operation, produced)
    result: Obj = {"consumes": consumed} if consumed else {}
    result |= {"produces": _preferred(produced, PREFERENCE), "schemes": ["https"]}
    result |= {key: operation[key] for key in ("tags", "operationId")}
    if parameters:
        result["parameters"] = parameters
    result["responses"] = {
        code: _response(response) for code, response in operation["responses"].items()
    }
    return result | {key: value for key, value in operation.items() if key.startswith("x-")}


def _consumed(operation: Obj, produced: list[str]) -> list[str]:
    """Without a body: what a server's whole service takes, which is what it gives."""
    body = operation.get("requestBody")
    if body:
        return _preferred(list(body["content"]), (*PATCH_PREFERENCE, *PREFERENCE))
    builtin = "application/vnd.kubernetes.protobuf" in produced
    if "x-kubernetes-action" in operation and (builtin or "*/*" in produced):
        return ["*/*"]
    return [] if operation["tags"] in _ANY else _preferred(produced, PREFERENCE)


def _preferred(media: list[str], order: tuple[str, ...]) -> list[str]:
    known = [kind for kind in order if kind in media]
    return known + [kind for kind in media if kind not in order]


def _parameter(parameter: Obj) -> Obj:
    schema = parameter["schema"]
    result = {"uniqueItems": True, "type": schema["type"], "name": parameter["name"]}
    result["in"] = parameter["in"]
    return result | ({"required": True} if parameter.get("required") else {})


def _body(body: Obj) -> Obj:
    (schema,) = {orjson.dumps(content["schema"]) for content in body["content"].values()}
    required = {"required": True} if body.get("required") else {}
    head = {"name": "body", "in": "body"}
    return head | required | {"schema": _moved(orjson.loads(schema))}


def _response(response: Obj) -> Obj:
    result = {"description": response["description"]}
    for content in response.get("content", {}).values():
        result["schema"] = _moved(content["schema"])
    return result


def _moved(schema: Obj) -> Obj:
    if "$ref" not in schema:
        return schema
    return {"$ref": schema["$ref"].replace("#/components/schemas/", "#/definitions/")}
