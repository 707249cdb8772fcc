"""The path grammar, without a server; refusals are compared with recordings in tests/contract."""

import pytest

from mockapi.api import routes
from mockapi.api.routes import PlainNotFound, Unreadable
from mockapi.machinery import catalogue
from mockapi.machinery.registry import Registry
from mockapi.machinery.resource import Resource
from mockapi.meta.errors import ApiError
from mockapi.resources.strategies import STRATEGIES

REGISTRY = Registry(catalogue.load(), STRATEGIES)


class Paths:
    def find(self, group: str, version: str, plural: str) -> Resource | None:
        return REGISTRY.find(group, version, plural)

    def is_builtin(self, group: str, version: str) -> bool:
        return REGISTRY.has_group(group)


def parsed(method: str, path: str, **query: list[str]) -> tuple[str, ...]:
    route = routes.parse(method, path, query, Paths())
    found = (route.verb, route.resource.gvr.resource, route.namespace, route.name)
    return (*found, route.subresource, route.rest)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/v1/pods", ("list", "pods", "", "", "", "")),
        ("GET", "/api/v1/namespaces/a/pods/", ("list", "pods", "a", "", "", "")),
        ("POST", "/api/v1/namespaces/a/pods", ("create", "pods", "a", "", "", "")),
        ("DELETE", "/api/v1/namespaces/a/pods", ("deletecollection", "pods", "a", "", "", "")),
        ("GET", "/api/v1/namespaces/a/pods/b", ("get", "pods", "a", "b", "", "")),
        ("PUT", "/api/v1/namespaces/a/pods/b/status", ("update", "pods", "a", "b", "status", "")),
        ("POST", "/api/v1/namespaces/a/pods/b/exec", ("connect", "pods", "a", "b", "exec", "")),
        (
            "PATCH",
            "/api/v1/namespaces/a/services/b/proxy/x/y",
            ("connect", "services", "a", "b", "proxy", "/x/y"),
        ),
        ("GET", "/api/v1/namespaces/a", ("get", "namespaces", "", "a", "", "")),
        ("PUT", "/api/v1/namespaces/a/finalize", ("update", "namespaces", "", "a", "finalize", "")),
        ("GET", "/api/v1/nodes/n/status", ("get", "nodes", "", "n", "status", "")),
        ("GET", "/api/v1/watch/pods", ("watch", "pods", "", "", "", "")),
        ("GET", "/api/v1/watch/namespaces/a/pods/b", ("watch", "pods", "a", "b", "", "")),
        ("GET", "/apis/apps/v1/namespaces/a/deployments/b/scale",
         ("get", "deployments", "a", "b", "scale", "")),
    ],
)  # fmt: skip
def test_path_is_read(method: str, path: str, expected: tuple[str, ...]) -> None:
    assert parsed(method, path) == expected


@pytest.mark.parametrize(
    ("value", "verb"),
    [("1", "watch"), ("true", "watch"), ("", "watch"), ("0", "list"), ("False", "list")],
)
def test_watch_is_an_option_of_list(value: str, verb: str) -> None:
    assert parsed("GET", "/api/v1/pods", watch=[value])[0] == verb


@pytest.mark.parametrize("path", ["/apis/nothing/v1/x", "//api/v1/pods", "/apis//v1"])
def test_what_nobody_serves_is_plainly_not_found(path: str) -> None:
    with pytest.raises(PlainNotFound):
        parsed("GET", path)


def test_verb_without_a_resource_cannot_be_read() -> None:
    with pytest.raises(Unreadable, match="unable to determine kind and namespace from url"):
        parsed("GET", "/api/v1/watch")


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("PUT", "/api/v1/namespaces/a/pods", 405),
        ("HEAD", "/api/v1/namespaces/a/pods", 405),
        ("GET", "/api/v1/namespaces/a/pods/..", 400),
        ("GET", "/api/v1/namespaces//pods/b", 400),
    ],
)
def test_refusals_are_statuses(method: str, path: str, code: int) -> None:
    with pytest.raises(ApiError) as caught:
        parsed(method, path)
    assert caught.value.code == code
