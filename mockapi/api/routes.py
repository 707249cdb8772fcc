"""The path grammar of /api and /apis, as pure functions: method and path in, a `Route` out.

Source: apiserver pkg/endpoints/installer.go (which paths and methods exist) and
pkg/endpoints/request/requestinfo.go (how a path is read).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from mockapi.machinery.resource import Resource
from mockapi.meta.errors import (
    ApiError,
    BadRequest,
    MethodNotAllowed,
    NotFound,
    PathNotFound,
)
from mockapi.meta.gofmt import quote

CONNECT_SUBRESOURCES = frozenset({"attach", "exec", "portforward", "proxy"})
PATCH_TYPES = frozenset(
    {
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    }
)
_LEGACY_VERBS = ("proxy", "watch")
_OBJECT_VERBS = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_COLLECTION_VERBS = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_SUBRESOURCE_VERBS = {**_OBJECT_VERBS, "POST": "create"}
_PROXY_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Route:
    """What one request is about. `rest` is what follows `/proxy`, with its leading slash."""

    verb: str
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""


class PlainNotFound(Exception):
    """A path that nothing serves: `404 page not found` in plain text, not a Status."""


class Unreadable(Exception):
    """A path from which no request can be read at all: a plain 500 with this text."""


class Paths(Protocol):
    """What is served: built in and, as they come and go, custom."""

    def find(self, group: str, version: str, plural: str) -> Resource | None: ...

    def is_builtin(self, group: str, version: str) -> bool:
        """Unknown paths below a built-in group, or below a version that an aggregated server
        serves, are answered with a Status."""


def parse(method: str, path: str, query: Mapping[str, Sequence[str]], paths: Paths) -> Route:
    """Read a decoded path under /api or /apis; raises ApiError, PlainNotFound or Unreadable."""
    if path.startswith("//"):
        raise PlainNotFound()
    parts = path.strip("/").split("/")
    group, version, steps = _group_version(parts)
    if len(steps) == 1 and steps[0] in _LEGACY_VERBS:
        text = f'"{path}": failed to create RequestInfo: unable to determine kind and namespace'
        raise Unreadable(f"Internal Server Error: {text} from url, {path}\n")
    if not group and parts[0] == "apis":
        raise PlainNotFound()
    if steps and steps[0] == "watch":
        return _watch_route(method, paths, group, version, steps[1:])
    route = _route(method, paths, group, version, steps)
    if route.verb == "list" and wants_watch(query):
        return replace(route, verb="watch")
    return route


def wants_watch(query: Mapping[str, Sequence[str]]) -> bool:
    """Go's reading of a boolean option: anything but `0` and `false` is true."""
    values = query.get("watch")
    return values is not None and values[0] != "0" and values[0].lower() != "false"


def _group_version(parts: Sequence[str]) -> tuple[str, str, Sequence[str]]:
    if parts[0] == "api":
        return "", parts[1] if len(parts) > 1 else "", parts[2:]
    return (
        parts[1] if len(parts) > 1 else "",
        parts[2] if len(parts) > 2 else "",
        parts[3:],
    )


def _route(method: str, paths: Paths, group: str, version: str, steps: Sequence[str]) -> Route:
    namespaced = len(steps) >= 3 and steps[0] == "namespaces"
    if namespaced:
        resource = paths.find(group, version, steps[2])
        if resource is not None and resource.namespaced:
            return _on_resource(method, resource, steps[1], steps[3:])
    resource = paths.find(group, version, steps[0]) if steps else None
    if resource is None:
        raise missing(paths, group, version)
    if not resource.namespaced:
        return _on_resource(method, resource, "", steps[1:])
    if len(steps) == 1:
        return _across_namespaces(method, resource)
    raise missing(paths, group, version)


def missing(paths: Paths, group: str, version: str) -> Exception:
    """What an unknown path below a group is answered with."""
    return PathNotFound() if paths.is_builtin(group, version) else PlainNotFound()


def _across_namespaces(method: str, resource: Resource) -> Route:
    if "list" not in resource.verbs:
        raise PathNotFound()
    if method != "GET":
        raise PlainNotFound() if resource.custom is not None else MethodNotAllowed()
    return Route("list", resource)


def _on_resource(method: str, resource: Resource, namespace: str, steps: Sequence[str]) -> Route:
    if not steps:
        verb = _verb(_COLLECTION_VERBS, method, resource.verbs)
        return Route(verb, resource, namespace)
    if resource.namespaced and not namespace:
        raise BadRequest("Namespace parameter required.")
    if len(steps) == 1:
        verb = _verb(_OBJECT_VERBS, method, resource.verbs)
        return Route(verb, resource, namespace, _name(steps[0]))
    return _on_subresource(method, resource, namespace, steps)


def _on_subresource(method: str, resource: Resource, namespace: str, steps: Sequence[str]) -> Route:
    subresource = resource.subresources.get(steps[1])
    if subresource is None and resource.custom is not None:
        raise NotFound(resource.gvr.group, resource.gvr.resource, steps[0])
    if subresource is None or (len(steps) > 2 and steps[1] != "proxy"):
        raise PathNotFound()
    if steps[1] == "proxy":
        if method not in _PROXY_METHODS:
            raise MethodNotAllowed()
        rest = "/" + "/".join(steps[2:]) if len(steps) > 2 else ""
        return Route("connect", resource, namespace, _name(steps[0]), "proxy", rest)
    verb = _verb(_SUBRESOURCE_VERBS, method, subresource.verbs)
    if steps[1] in CONNECT_SUBRESOURCES:
        verb = "connect"
    return Route(verb, resource, namespace, _name(steps[0]), steps[1])


def _name(name: str) -> str:
    """The name in a path, which is part of the storage's key."""
    if not name:
        raise BadRequest("name must be provided")
    if name in (".", ".."):
        raise BadRequest(f"Name parameter invalid: \"{name}\": may not be '{name}'")
    if "%" in name:
        raise BadRequest(f"Name parameter invalid: {quote(name)}: may not contain '%'")
    return name


def _verb(verbs: Mapping[str, str], method: str, served: Sequence[str]) -> str:
    verb = verbs.get(method)
    if verb is None or verb not in served:
        raise _not_served(verbs, served)
    return verb


def _not_served(verbs: Mapping[str, str], served: Sequence[str]) -> ApiError:
    """The path exists when any method on it does."""
    return MethodNotAllowed() if any(v in served for v in verbs.values()) else PathNotFound()


def _watch_route(
    method: str, paths: Paths, group: str, version: str, steps: Sequence[str]
) -> Route:
    """The legacy /watch/ paths: the same as a list with `watch=true`."""
    found = _route("GET", paths, group, version, steps)
    if found.subresource or "watch" not in found.resource.verbs:
        raise PathNotFound()
    if method != "GET":
        raise MethodNotAllowed()
    return Route("watch", found.resource, found.namespace, found.name)


def check_patch_type(content_type: str) -> None:
    """The router's look at a patch: raises 415 in its own words."""
    media = content_type.partition(";")[0].strip(" ")
    if media not in PATCH_TYPES and media != "*/*":
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", details={})
