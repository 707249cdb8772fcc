"""OpenAPI v3: one document per group version (and a few more), and the index with their hashes."""

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from mockapi.machinery.catalogue import ServedResource, Types
from mockapi.machinery.discovery import Served
from mockapi.machinery.openapi import custom
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
        self.types, self.served, self.minor = types, served, minor
        self.descriptions = descriptions
        self._schemas = Schemas(types, descriptions)
        self._written: dict[str, bytes] = {}

    def names(self) -> list[str]:
        """The paths below /openapi/v3/."""
        found = [OPENID, "api", "api/v1", "apis", KEYS, "version"]
        for group in self.served.groups:
            if group.name:
                found += [] if self._is_custom(group.name) else [f"apis/{group.name}"]
                found += [f"apis/{group.name}/{version}" for version in group.versions]
        return sorted(found)

    def _is_custom(self, group: str) -> bool:
        return any(row.custom for row in self.served.resources if row.gvr.group == group)

    def index(self) -> Obj:
        """/openapi/v3; writes every document, since their hashes are in it."""
        paths = {name: f"/openapi/v3/{name}?hash={self.hash(name)}" for name in self.names()}
        return {"paths": {name: {"serverRelativeURL": url} for name, url in paths.items()}}

    def hash(self, name: str) -> str:
        return hashlib.sha512(self.encoded(name)).hexdigest().upper()

    def encoded(self, name: str) -> bytes:
        """The JSON of a document; raises KeyError for a name that is not one."""
        return self.kept(name, lambda: orjson.dumps(self.document(name)))

    def kept(self, key: str, write: Callable[[], bytes]) -> bytes:
        """What was written before under this key, or what `write` gives."""
        if key not in self._written:
            self._written[key] = write()
        return self._written[key]

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
        rows: Iterable[ServedResource] = self.served.by_version[group, version]
        paths = Paths(self.types, group, version).all(rows)
        if self._is_custom(group):
            return self._complete(paths, own=self._custom_schemas(group, version))
        return self._complete(paths, (group, version))

    def _custom_schemas(self, group: str, version: str) -> Obj:
        return {
            name: schema
            for definition in self.served.definitions
            for name, schema in custom.schemas(definition, group, version).items()
        }

    def _complete(
        self, paths: Obj, version: tuple[str, str] | None = None, own: Obj | None = None
    ) -> Obj:
        own = own or {}
        roots = set(REFERENCE.findall(orjson.dumps([paths, own]).decode())) - set(own)
        names = self._schemas.reachable(roots)
        schemas = own | {name: self._schemas.schema(name, version) for name in names}
        components: Obj = {"schemas": schemas} if schemas else {}
        if own:
            info = {"title": "Kubernetes CRD Swagger", "version": "v0.1.0"}
        else:
            info = {"title": "Kubernetes", "version": self.minor}
            components["securitySchemes"] = SECURITY
        head = {"openapi": "3.0.0", "info": info}
        return head | {"paths": paths, "components": components}


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
