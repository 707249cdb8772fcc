"""OpenAPI v3: one document per group version (and a few more), and the index with their hashes."""

import hashlib
import re
from collections.abc import Iterable
from typing import Any

import orjson

from mockapi.machinery.catalogue import ServedResource, Types
from mockapi.machinery.discovery import Served
from mockapi.machinery.openapi.descriptions import Descriptions
from mockapi.machinery.openapi.paths import (
    Paths,
    discovery_item,
    group_tag,
    identifier,
    responses,
    text_responses,
)
from mockapi.machinery.openapi.schemas import META, Schemas

Obj = dict[str, Any]

BEARER = {"type": "apiKey", "description": "Bearer Token authentication"}
SECURITY = {"BearerToken": BEARER | {"name": "authorization", "in": "header"}}
VERSION_INFO = "io.k8s.apimachinery.pkg.version.Info"
REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')
OPENID = ".well-known/openid-configuration"
KEYS = "openid/v1/jwks"


class Documents:
    """The documents of what is served at one moment, each written when first asked for."""

    def __init__(
        self, types: Types, served: Served, descriptions: Descriptions, minor: str
    ) -> None:
        self._types, self._served, self._minor = types, served, minor
        self._schemas = Schemas(types, descriptions)
        self._written: dict[str, bytes] = {}

    def names(self) -> list[str]:
        """The paths below /openapi/v3/."""
        found = [OPENID, "api", "api/v1", "apis", KEYS, "version"]
        for group in self._served.groups:
            if group.name:
                found += [] if self._is_custom(group.name) else [f"apis/{group.name}"]
                found += [f"apis/{group.name}/{version}" for version in group.versions]
        return sorted(found)

    def _is_custom(self, group: str) -> bool:
        return any(row.custom for row in self._served.resources if row.gvr.group == group)

    def index(self) -> Obj:
        """/openapi/v3; writes every document, since their hashes are in it."""
        paths = {name: f"/openapi/v3/{name}?hash={self.hash(name)}" for name in self.names()}
        return {"paths": {name: {"serverRelativeURL": url} for name, url in paths.items()}}

    def hash(self, name: str) -> str:
        return hashlib.sha512(self.encoded(name)).hexdigest().upper()

    def encoded(self, name: str) -> bytes:
        """The JSON of a document; raises KeyError for a name that is not one."""
        if name not in self._written:
            self._written[name] = orjson.dumps(self.document(name))
        return self._written[name]

    def document(self, name: str) -> Obj:
        if name not in self.names():
            raise KeyError(name)
        match name.split("/"):
            case ["api"]:
                item = discovery_item("core", "getCoreAPIVersions", f"{META}.APIVersions")
                return self._complete({"/api/": item})
            case ["apis"]:
                item = discovery_item("apis", "getAPIVersions", f"{META}.APIGroupList")
                return self._complete({"/apis/": item})
            case ["api", version]:
                return self._group_version("", version)
            case ["apis", group]:
                operation_id = f"get{identifier(group, '')}APIGroup"
                item = discovery_item(group_tag(group), operation_id, f"{META}.APIGroup")
                return self._complete({f"/apis/{group}/": item})
            case ["apis", group, version]:
                return self._group_version(group, version)
        return self._complete({f"/{name}/": _special(name)})

    def _group_version(self, group: str, version: str) -> Obj:
        rows: Iterable[ServedResource] = self._served.by_version[group, version]
        paths = Paths(self._types, group, version).all(rows)
        return self._complete(paths, (group, version))

    def _complete(self, paths: Obj, version: tuple[str, str] | None = None) -> Obj:
        roots = set(REFERENCE.findall(orjson.dumps(paths).decode()))
        schemas = {
            name: self._schemas.schema(name, version) for name in self._schemas.reachable(roots)
        }
        components: Obj = {"schemas": schemas} if schemas else {}
        return {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": self._minor},
            "paths": paths,
            "components": components | {"securitySchemes": SECURITY},
        }


def _special(name: str) -> Obj:
    """The paths outside the API groups."""
    if name == "version":
        schema = {"schema": {"$ref": f"#/components/schemas/{VERSION_INFO}"}}
        answer = responses({"200": {"application/json": schema}})
        return {"get": {"tags": ["version"], "operationId": "getCodeVersion", **answer}}
    tag, operation_id, media = {
        OPENID: ("WellKnown", "getServiceAccountIssuerOpenIDConfiguration", "application/json"),
        KEYS: ("openid", "getServiceAccountIssuerOpenIDKeyset", "application/jwk-set+json"),
    }[name]
    return {"get": {"tags": [tag], "operationId": operation_id, **text_responses(media)}}
