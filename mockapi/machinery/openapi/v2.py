"""OpenAPI v2 (Swagger): one document, made of the paths of the v3 documents and the same types.

Source: kube-openapi pkg/builder, seen in the real document. Most parameters are written once, under
`parameters`, by names that hash the real descriptions: the table `parameters` has them.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import orjson

from mockapi.machinery import catalogue
from mockapi.machinery.openapi import custom, gnostic
from mockapi.machinery.openapi.schemas import Schemas
from mockapi.machinery.openapi.v3 import BEARER, Documents

Obj = dict[str, Any]

SHARED = "#/parameters/"
_ANYWHERE = "*"
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
    shared = _Shared(catalogue.load(documents.minor).table("parameters"))
    for name in documents.names():
        for path, item in documents.document(name)["paths"].items():
            paths[path] = shared.referred(_item(item))
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": documents.minor},
        "paths": dict(sorted(paths.items())),
        "definitions": _definitions(documents, paths, shared.parameters),
        "parameters": shared.parameters,
        "securityDefinitions": {"BearerToken": BEARER | {"name": "authorization", "in": "header"}},
        "security": [{"BearerToken": []}],
    }


def context_of(method: str, operation: Obj) -> str:
    """What decides between parameters of one name: the kind of the options that they are of."""
    if operation.get("x-kubernetes-action") == "connect":
        kind: str = operation["x-kubernetes-group-version-kind"]["kind"]
        return kind
    if operation["operationId"].endswith("Log"):
        return "PodLogOptions"
    return "patch" if method == "patch" else ""


class _Shared:
    """Replaces parameters by references, and keeps those that are referred to."""

    def __init__(self, table: Mapping[str, Obj]) -> None:
        self._known: dict[tuple[str, str, str], dict[str, str]] = {}
        self._used: Obj = {}
        for key, fact in table.items():
            row = self._known.setdefault((fact["name"], fact["in"], fact.get("schema", "")), {})
            row.update(dict.fromkeys(fact.get("contexts", (_ANYWHERE,)), key))

    @property
    def parameters(self) -> Obj:
        return dict(sorted(self._used.items()))

    def referred(self, item: Obj) -> Obj:
        operations = {key: value for key, value in item.items() if key != "parameters"}
        for method, operation in operations.items():
            if "parameters" in operation:
                context = context_of(method, operation)
                operation["parameters"] = self._each(operation["parameters"], context)
        if "parameters" in item:
            context = context_of(*next(iter(operations.items())))
            item["parameters"] = self._each(item["parameters"], context)
        return item

    def _each(self, parameters: list[Obj], context: str) -> list[Obj]:
        return [self._one(parameter, context) for parameter in parameters]

    def _one(self, parameter: Obj, context: str) -> Obj:
        schema = parameter.get("schema", {}).get("$ref", "")
        keys = self._known.get((parameter["name"], parameter["in"], schema), {})
        key = keys.get(context) or keys.get(_ANYWHERE)
        if key is None:
            return parameter
        self._used[key] = parameter
        return {"$ref": f"{SHARED}{key}"}


def encoded(documents: Documents) -> bytes:
    return documents.kept("v2", lambda: orjson.dumps(document(documents)))


def protobuf(documents: Documents) -> bytes:
    return documents.kept("v2 protobuf", lambda: gnostic.document(document(documents)))


def hash(documents: Documents) -> str:
    """The ETag: of the JSON document, whatever form is sent."""
    return documents.kept("v2 hash", lambda: _digest(encoded(documents))).decode()


def _digest(body: bytes) -> bytes:
    return hashlib.sha512(body).hexdigest().upper().encode()


def _definitions(documents: Documents, *parts: Obj) -> Obj:
    own: Obj = {}
    for definition in documents.served.definitions:
        spec = definition["spec"]
        for version in spec["versions"]:
            own |= custom.schemas(definition, spec["group"], version["name"], v2=True)
    writer = Schemas(documents.types, documents.descriptions, v2=True)
    roots = set(REFERENCE.findall(orjson.dumps([*parts, own]).decode())) - set(own)
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
