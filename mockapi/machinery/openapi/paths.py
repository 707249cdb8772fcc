"""The paths of a group version as OpenAPI v3: operations, parameters, bodies and responses.

Source: what apiserver's pkg/endpoints/installer.go registers, seen in the real documents.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mockapi.machinery.catalogue import ServedResource, ServedSubresource, Types
from mockapi.machinery.openapi.schemas import META, PATCH
from mockapi.meta.names import GroupVersionKind

Obj = dict[str, Any]

BUILTIN_MEDIA = ("application/json", "application/vnd.kubernetes.protobuf", "application/yaml")
CUSTOM_MEDIA = ("application/json", "application/yaml")
STREAMS = ("application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")
PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
STATUS_TEXT = {"200": "OK", "201": "Created", "202": "Accepted", "401": "Unauthorized"}
SELECTION = {
    "continue": "string",
    "fieldSelector": "string",
    "labelSelector": "string",
    "limit": "integer",
    "resourceVersion": "string",
    "resourceVersionMatch": "string",
    "sendInitialEvents": "boolean",
    "shardSelector": "string",
    "timeoutSeconds": "integer",
}
PRETTY = {"pretty": "string"}
LIST = SELECTION | PRETTY | {"allowWatchBookmarks": "boolean", "watch": "boolean"}
WRITE = PRETTY | {"dryRun": "string", "fieldManager": "string", "fieldValidation": "string"}
APPLY = WRITE | {"force": "boolean"}
DELETE = PRETTY | {
    "dryRun": "string",
    "gracePeriodSeconds": "integer",
    "ignoreStoreReadErrorWithClusterBreakingPotential": "boolean",
    "orphanDependents": "boolean",
    "propagationPolicy": "string",
}
DELETE_COLLECTION = DELETE | SELECTION
TUNNELS = ("get", "post")
PROXIES = ("delete", "get", "head", "options", "patch", "post", "put")
CONNECTS = {
    ("pods", "attach"): ("PodAttachOptions", TUNNELS),
    ("pods", "exec"): ("PodExecOptions", TUNNELS),
    ("pods", "portforward"): ("PodPortForwardOptions", TUNNELS),
    ("pods", "proxy"): ("PodProxyOptions", PROXIES),
    ("services", "proxy"): ("ServiceProxyOptions", PROXIES),
    ("nodes", "proxy"): ("NodeProxyOptions", PROXIES),
}
QUERY_TYPES = {"string": "string", "bool": "boolean", "int32": "integer", "int64": "integer"}


class Operation:
    """One method of a path: its value without parameters, and its parameters by name."""

    def __init__(self, content: Obj, parameters: Mapping[str, str]) -> None:
        self.content = content
        self.parameters = parameters


Item = dict[str, Operation]


def identifier(group: str, version: str) -> str:
    """How operation ids name a group version: CoreV1, AppsV1, RbacAuthorizationV1, ExampleComV1."""
    words = group_words(group)
    return "".join(word[:1].upper() + word[1:] for word in [*words, version])


def group_words(group: str) -> list[str]:
    return (group.removesuffix(".k8s.io") or "core").split(".")


def group_tag(group: str) -> str:
    """core, apps, rbacAuthorization, exampleCom."""
    first, *rest = group_words(group)
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


class Paths:
    """The paths of one group version."""

    def __init__(self, types: Types, group: str, version: str) -> None:
        self._types = types
        self._group, self._version = group, version
        self._id = identifier(group, version)
        self._tag = f"{group_tag(group)}_{version}"
        self._prefix = f"/apis/{group}/{version}" if group else f"/api/{version}"

    def all(self, resources: Iterable[ServedResource]) -> dict[str, Obj]:
        """Path -> path item, sorted."""
        rows = list(resources)
        is_custom = any(row.custom for row in rows)
        found = {} if is_custom else {f"{self._prefix}/": self._discovery()}
        for resource in rows:
            for path, item in self._resource(resource):
                if item:
                    found[path] = path_item(path, item)
        return dict(sorted(found.items()))

    def _discovery(self) -> Obj:
        operation_id = f"get{self._id}APIResources"
        return discovery_item(self._tag, operation_id, f"{META}.APIResourceList")

    def _resource(self, row: ServedResource) -> Iterator[tuple[str, Item]]:
        writer = _Writer(self._types, self._id, self._tag, row)
        name = row.gvr.resource
        collection = f"/namespaces/{{namespace}}/{name}" if row.namespaced else f"/{name}"
        yield self._prefix + collection, writer.collection()
        if row.namespaced and "list" in row.verbs:
            yield f"{self._prefix}/{name}", {"get": writer.list(everywhere=True)}
        yield f"{self._prefix}{collection}/{{name}}", writer.item()
        for sub in row.subresources:
            path = f"{self._prefix}{collection}/{{name}}/{sub.name}"
            yield from writer.subresource(path, sub)
        if "watch" in row.verbs and not row.custom:
            watch = f"{self._prefix}/watch"
            yield watch + collection, {"get": writer.watch_list(everywhere=False)}
            yield f"{watch}{collection}/{{name}}", {"get": writer.watch()}
            if row.namespaced:
                yield f"{watch}/{name}", {"get": writer.watch_list(everywhere=True)}


class _Writer:
    """Writes the operations of one resource."""

    def __init__(self, types: Types, identifier: str, tag: str, row: ServedResource) -> None:
        self._types, self._id, self._tag, self._row = types, identifier, tag, row
        self._scope = "Namespaced" if row.namespaced else ""
        self._media = CUSTOM_MEDIA if row.custom else BUILTIN_MEDIA
        self._streams = () if row.custom else STREAMS
        self._type = type_name(types, row.gvk, custom=row.custom)

    def collection(self) -> Item:
        verbs, name, item = self._row.verbs, self._scope + self._row.kind, Item()
        if "list" in verbs:
            item["get"] = self.list(everywhere=False)
        if "create" in verbs:
            item["post"] = self._post(f"create{self._id}{name}", self._type, self._row.gvk)
        if "deletecollection" in verbs:
            item["delete"] = self._delete_collection(f"delete{self._id}Collection{name}")
        return item

    def _delete_collection(self, operation_id: str) -> Operation:
        content = self._content(operation_id, "deletecollection")
        content |= self._responses("200", type_=f"{META}.Status")
        if self._row.custom:
            return Operation(content, LIST)
        return Operation(content | self._delete_body(), DELETE_COLLECTION)

    def item(self) -> Item:
        verbs, name, item = self._row.verbs, self._scope + self._row.kind, Item()
        if "get" in verbs:
            item["get"] = self._read(f"read{self._id}{name}", self._type, self._row.gvk)
        if "update" in verbs:
            item["put"] = self._put(f"replace{self._id}{name}", self._type, self._row.gvk)
        if "patch" in verbs:
            item["patch"] = self._patch(f"patch{self._id}{name}", self._type, self._row.gvk)
        if "delete" in verbs:
            answer = self._type if self._row.delete_returns_object else f"{META}.Status"
            content = self._content(f"delete{self._id}{name}", "delete")
            content |= self._delete_body() | self._responses("200", "202", type_=answer)
            item["delete"] = Operation(content, DELETE)
        return item

    def list(self, *, everywhere: bool) -> Operation:
        name = self._row.kind + "ForAllNamespaces" if everywhere else self._scope + self._row.kind
        content = self._content(f"list{self._id}{name}", "list")
        content |= self._responses("200", type_=f"{self._type}List", more=self._streams)
        return Operation(content, LIST)

    def watch_list(self, *, everywhere: bool) -> Operation:
        kind = self._row.kind
        name = f"{kind}ListForAllNamespaces" if everywhere else f"{self._scope}{kind}List"
        return self._watching(f"watch{self._id}{name}", "watchlist")

    def watch(self) -> Operation:
        return self._watching(f"watch{self._id}{self._scope}{self._row.kind}", "watch")

    def _watching(self, operation_id: str, action: str) -> Operation:
        content = self._content(operation_id, action)
        content |= self._responses("200", type_=f"{META}.WatchEvent", more=self._streams)
        return Operation(content, LIST)

    def subresource(self, path: str, sub: ServedSubresource) -> Iterator[tuple[str, Item]]:
        connect = CONNECTS.get((self._row.gvr.resource, sub.name))
        name = self._scope + self._row.kind + sub.name[:1].upper() + sub.name[1:]
        if connect and not self._row.custom:
            yield from self._connects(path, name, sub, *connect)
        elif sub.name == "log" and not self._row.custom:
            yield path, {"get": self._log(name)}
        else:
            yield path, self._plain_subresource(name, sub)

    def _plain_subresource(self, name: str, sub: ServedSubresource) -> Item:
        """A custom resource's operations name its own kind, even those of `scale`."""
        type_ = type_name(self._types, sub.kind, custom=self._row.custom and sub.name != "scale")
        kind, item = self._row.gvk if self._row.custom else sub.kind, Item()
        if "get" in sub.verbs:
            item["get"] = self._read(f"read{self._id}{name}", type_, kind)
        if "create" in sub.verbs:
            item["post"] = self._post(f"create{self._id}{name}", type_, kind)
        if "update" in sub.verbs:
            item["put"] = self._put(f"replace{self._id}{name}", type_, kind)
        if "patch" in sub.verbs:
            item["patch"] = self._patch(f"patch{self._id}{name}", type_, kind)
        return item

    def _connects(
        self, path: str, name: str, sub: ServedSubresource, options: str, methods: tuple[str, ...]
    ) -> Iterator[tuple[str, Item]]:
        gvk = GroupVersionKind(self._row.gvr.group, self._row.gvr.version, options)
        parameters = self._options(options)
        for suffix, tail in (("", ""), ("WithPath", "/{path}")):
            item = Item()
            for method in methods:
                verb = f"connect{self._id}{method.capitalize()}{name}{suffix}"
                content = self._content(verb, "connect", gvk) | text_responses("*/*")
                item[method] = Operation(content, parameters)
            yield path + tail, item
            if sub.name != "proxy":
                return

    def _options(self, kind: str) -> dict[str, str]:
        fields = self._types[f"io.k8s.api.core.v1.{kind}"].fields.values()
        found = {}
        for field in fields:
            shape = (
                field.type["list"]
                if isinstance(field.type, dict) and "list" in field.type
                else field.type
            )
            if field.name not in ("kind", "apiVersion") and isinstance(shape, str):
                found[field.name] = QUERY_TYPES[shape]
        return found

    def _log(self, name: str) -> Operation:
        content = self._content(f"read{self._id}{name}", "get")
        content |= text_responses(*self._media, "text/plain")
        return Operation(content, self._options("PodLogOptions") | PRETTY)

    def _read(self, operation_id: str, type_: str, gvk: GroupVersionKind) -> Operation:
        content = self._content(operation_id, "get", gvk) | self._responses("200", type_=type_)
        return Operation(
            content, PRETTY | ({"resourceVersion": "string"} if self._row.custom else {})
        )

    def _post(self, operation_id: str, type_: str, gvk: GroupVersionKind) -> Operation:
        content = self._content(operation_id, "post", gvk) | self._body(type_)
        return Operation(content | self._responses("200", "201", "202", type_=type_), WRITE)

    def _put(self, operation_id: str, type_: str, gvk: GroupVersionKind) -> Operation:
        content = self._content(operation_id, "put", gvk) | self._body(type_)
        return Operation(content | self._responses("200", "201", type_=type_), WRITE)

    def _patch(self, operation_id: str, type_: str, gvk: GroupVersionKind) -> Operation:
        media = PATCHES[:-1] if self._row.custom else PATCHES
        body = {"content": dict.fromkeys(media, _schema(PATCH)), "required": True}
        content = self._content(operation_id, "patch", gvk) | {"requestBody": body}
        codes = ("200",) if self._row.custom else ("200", "201")
        return Operation(content | self._responses(*codes, type_=type_), APPLY)

    def _content(self, operation_id: str, action: str, gvk: GroupVersionKind | None = None) -> Obj:
        group, version, kind = gvk or self._row.gvk
        return {
            "tags": [self._tag],
            "operationId": operation_id,
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
        }

    def _body(self, type_: str) -> Obj:
        media = self._media if self._row.custom else ("*/*",)
        return {"requestBody": {"content": dict.fromkeys(media, _schema(type_)), "required": True}}

    def _delete_body(self) -> Obj:
        media = self._media if self._row.custom else ("*/*",)
        body = {"content": dict.fromkeys(media, _schema(f"{META}.DeleteOptions"))}
        return {"requestBody": body}

    def _responses(self, *codes: str, type_: str, more: Iterable[str] = ()) -> Obj:
        content = dict.fromkeys([*self._media, *more], _schema(type_))
        return responses(dict.fromkeys(codes, content))


def type_name(types: Types, gvk: GroupVersionKind, *, custom: bool) -> str:
    """Custom kinds are named by their group reversed: com.example.v1.Widget."""
    if custom:
        reverse = ".".join(reversed(gvk.group.split(".")))
        return f"{reverse}.{gvk.version}.{gvk.kind}"
    return types.kinds[gvk]


def _schema(type_: str) -> Obj:
    return {"schema": {"$ref": f"#/components/schemas/{type_}"}}


def responses(contents: Mapping[str, Obj]) -> Obj:
    found: Obj = {
        code: {"description": STATUS_TEXT[code], "content": content}
        for code, content in contents.items()
    }
    return {"responses": found | {"401": {"description": STATUS_TEXT["401"]}}}


def text_responses(*media: str) -> Obj:
    text = {"schema": {"type": "string"}}
    return responses({"200": dict.fromkeys(media, text)})


def discovery_item(tag: str, operation_id: str, type_: str) -> Obj:
    content = dict.fromkeys(BUILTIN_MEDIA, _schema(type_))
    return {"get": {"tags": [tag], "operationId": operation_id, **responses({"200": content})}}


def path_item(path: str, item: Item) -> Obj:
    """Parameters that all operations share are told once, with the path."""
    shared = set.intersection(*(set(operation.parameters) for operation in item.values()))
    result: Obj = {}
    for method, operation in item.items():
        own = [_query(n, t) for n, t in sorted(operation.parameters.items()) if n not in shared]
        result[method] = operation.content | ({"parameters": own} if own else {})
    first = next(iter(item.values())).parameters
    common = [_query(name, first[name]) for name in shared]
    common += [_path_parameter(part[1:-1]) for part in path.split("/") if part.startswith("{")]
    common.sort(key=lambda parameter: (str(parameter["name"]), str(parameter["in"])))
    return result | ({"parameters": common} if common else {})


def _query(name: str, type_: str) -> Obj:
    return {"name": name, "in": "query", "schema": {"type": type_, "uniqueItems": True}}


def _path_parameter(name: str) -> Obj:
    schema = {"type": "string", "uniqueItems": True}
    return {"name": name, "in": "path", "required": True, "schema": schema}
