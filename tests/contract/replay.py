"""Plays recorded requests to a server of ours, without HTTP, and makes replies comparable."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mockapi.composition import Cluster
from mockapi.machinery import bootstrap
from mockapi.machinery.request import Request, Result
from mockapi.meta.errors import ApiError
from mockapi.settings import Settings

Tree = dict[str, Any]
VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "GET": "get"}


class Player:
    """A server in which nothing runs. Each scenario gets a namespace of its own."""

    def __init__(self) -> None:
        self.cluster = Cluster(Settings(clock="manual"))
        bootstrap.populate(self.cluster.pipeline)
        self._client = self.cluster.clients.client("test")
        self._count = 0
        self.namespace = ""
        self.warnings: list[str] = []

    def begin(self, namespace: str = "") -> None:
        self._count += 1
        self.namespace = namespace or f"scenario-{self._count}"
        self._client.create("v1/namespaces", "", {"metadata": {"name": self.namespace}})
        account = {"metadata": {"name": "default"}}
        self._client.create("v1/serviceaccounts", self.namespace, account)

    def call(
        self, method: str, url: str, body: Any = None, type: str = "application/json"
    ) -> tuple[int, Tree]:
        parts = urlsplit(url.format(ns=self.namespace))
        request = self._request(method, parts.path, parse_qs(parts.query))
        request.content_type = type
        request.user_agent = "recorder/1.0"
        if body is not None:
            request.body = (body if isinstance(body, str) else json.dumps(body)).encode()
        try:
            result = self.cluster.pipeline.handle(request)
        except ApiError as error:
            return error.code, error.status()
        finally:
            self.warnings = request.warnings
        assert isinstance(result, Result)
        return result.code, json.loads(result.raw)

    def put(self, obj: Tree) -> None:
        """Store an object of the core group as it is."""
        plural = f"{obj['kind'].lower()}s"
        resource = self.cluster.registry.find("", "v1", plural)
        assert resource is not None, plural
        key = resource.path(obj["metadata"]["namespace"], obj["metadata"]["name"])
        self.cluster.pipeline.writer.put_new(key, obj)

    def _request(self, method: str, path: str, query: dict[str, list[str]]) -> Request:
        steps = path.strip("/").split("/")
        group = "" if steps[0] == "api" else steps[1]
        version, *rest = steps[1:] if steps[0] == "api" else steps[2:]
        namespace, plural, *names = rest[1:]
        resource = self.cluster.registry.find(group, version, plural)
        assert resource is not None, path
        name, subresource, *_ = (*names, "", "")
        return Request(
            VERBS[method], resource, namespace, name, subresource=subresource, query=query
        )


def normal(tree: Any, namespace: str) -> Any:
    """Without what differs between two servers: namespace, uid, revisions, times, allocated
    addresses; managed fields and causes in an order that neither clock nor Go's maps decide."""
    text = json.dumps(tree).replace(namespace, "{ns}")
    tree = json.loads(re.sub(r'(resourceVersion(?:\\)*":(?:\\)*")\d+', r"\1#", text))
    if not isinstance(tree, dict):
        return tree
    tree.get("details", {}).get("causes", []).sort(key=json.dumps)
    metadata = tree.get("metadata", {})
    for name in ("uid", "resourceVersion", "creationTimestamp"):
        metadata.pop(name, None)
    _allocated(tree)
    entries = metadata.get("managedFields", [])
    for entry in entries:
        entry["time"] = "time" in entry
    names = ("operation", "manager", "apiVersion", "subresource")
    entries.sort(key=lambda entry: [entry.get(name, "") for name in names])
    return tree


def _allocated(tree: Tree) -> None:
    spec = tree.get("spec")
    if tree.get("kind") == "Service" and spec and spec.get("clusterIP") != "None":
        spec["clusterIP"] = spec["clusterIPs"] = "allocated"
        for port in spec["ports"]:
            port.pop("nodePort", None)
