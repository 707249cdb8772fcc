"""URLs read for authorization, and RBAC's decisions. Source: requestinfo_test.go, rbac_test.go."""

from collections.abc import Sequence
from typing import Any

import pytest

from mockapi.machinery.authorization import Attributes, Decision, Rbac, attributes_of, forbidden
from mockapi.machinery.resource import UserInfo

Obj = dict[str, Any]
BOB = UserInfo("bob", groups=("dev", "system:authenticated"))
GROUP = "rbac.authorization.k8s.io"


class Stored:
    """A reader over a dict: resource -> objects."""

    def __init__(self, **objects: list[Obj]) -> None:
        self._objects = {f"{name}.{GROUP}": found for name, found in objects.items()}

    def get(self, resource: str, namespace: str, name: str) -> Obj | None:
        for obj in self.list(resource, namespace or None):
            if obj["metadata"]["name"] == name:
                return obj
        return None

    def list(self, resource: str, namespace: str | None = None) -> Sequence[Obj]:
        found = self._objects.get(resource, [])
        return [o for o in found if namespace in (None, o["metadata"].get("namespace"))]


def role(kind: str, name: str, *rules: Obj, namespace: str = "") -> Obj:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"kind": kind, "metadata": metadata, "rules": list(rules)}


def binding(name: str, ref: tuple[str, str], *subjects: Obj, namespace: str = "") -> Obj:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    reference = {"kind": ref[0], "name": ref[1]}
    return {"metadata": metadata, "roleRef": reference, "subjects": list(subjects)}


READ_PODS = {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "*/status"]}


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        ("GET", "/healthz", {}, Attributes("get", "/healthz")),
        ("GET", "/apis/apps/v1", {}, Attributes("get", "/apis/apps/v1")),
        ("GET", "/api/v1/pods", {}, Attributes("list", "/api/v1/pods", resource="pods")),
        (
            "DELETE", "/apis/apps/v1/namespaces/a/deployments", {},
            Attributes("deletecollection", "/apis/apps/v1/namespaces/a/deployments", "apps",
                       "deployments", namespace="a"),
        ),
        (
            "GET", "/api/v1/namespaces/a/status", {},
            Attributes("get", "/api/v1/namespaces/a/status", resource="namespaces",
                       subresource="status", namespace="a", name="a"),
        ),
        (
            "POST", "/api/v1/namespaces/a/pods/b/exec", {},
            Attributes("create", "/api/v1/namespaces/a/pods/b/exec", resource="pods",
                       subresource="exec", namespace="a", name="b"),
        ),
        (
            "GET", "/api/v1/namespaces/a/pods", {"fieldSelector": ["metadata.name=b"]},
            Attributes("list", "/api/v1/namespaces/a/pods", resource="pods",
                       namespace="a", name="b"),
        ),
    ],
)  # fmt: skip
def test_url_is_read(method: str, path: str, query: Any, expected: Attributes) -> None:
    assert attributes_of(method, path, query, watch=False) == expected


def test_role_binding_allows_in_its_namespace_only() -> None:
    rbac = Rbac(
        Stored(
            roles=[role("Role", "r", READ_PODS, namespace="a")],
            rolebindings=[
                binding("rb", ("Role", "r"), {"kind": "User", "name": "bob"}, namespace="a")
            ],
        )
    )
    asked = Attributes("get", resource="pods", namespace="a", name="x")
    reason = 'RBAC: allowed by RoleBinding "rb/a" of Role "r" to User "bob"'
    assert rbac.authorize(BOB, asked) == Decision(True, reason)
    elsewhere = Attributes("get", resource="pods", namespace="b", name="x")
    assert rbac.authorize(BOB, elsewhere) == Decision(False)


@pytest.mark.parametrize(
    ("rule", "asked", "allowed"),
    [
        (READ_PODS, Attributes("get", resource="pods", subresource="status"), True),
        (READ_PODS, Attributes("get", resource="pods", subresource="log"), False),
        (READ_PODS, Attributes("delete", resource="pods"), False),
        ({**READ_PODS, "resourceNames": ["x"]}, Attributes("get", resource="pods", name="x"), True),
        ({**READ_PODS, "resourceNames": ["x"]}, Attributes("get", resource="pods"), False),
        (
            {"verbs": ["*"], "nonResourceURLs": ["/metrics/*"]},
            Attributes("get", "/metrics/a"),
            True,
        ),
        (
            {"verbs": ["get"], "nonResourceURLs": ["/metrics"]},
            Attributes("get", "/metrics/a"),
            False,
        ),
    ],
)
def test_rule_matches(rule: Obj, asked: Attributes, allowed: bool) -> None:
    bound = binding("b", ("ClusterRole", "c"), {"kind": "Group", "name": "dev"})
    rbac = Rbac(Stored(clusterroles=[role("ClusterRole", "c", rule)], clusterrolebindings=[bound]))
    assert rbac.authorize(BOB, asked).allowed is allowed


def test_missing_role_is_the_reason() -> None:
    bound = binding("b", ("ClusterRole", "gone"), {"kind": "User", "name": "bob"})
    decision = Rbac(Stored(clusterrolebindings=[bound])).authorize(BOB, Attributes("get", "/x"))
    assert decision == Decision(
        False, 'rbac: RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found'
    )


def test_masters_may_do_everything() -> None:
    master = UserInfo("a", groups=("system:masters",))
    assert Rbac(Stored()).authorize(master, Attributes("delete", resource="nodes")).allowed


def test_refusal_is_the_real_servers() -> None:
    anonymous = UserInfo("system:anonymous")
    path = forbidden(anonymous, Attributes("get", "/nothing"), "")
    assert path.status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'forbidden: User "system:anonymous" cannot get path "/nothing"',
        "reason": "Forbidden",
        "details": {},
        "code": 403,
    }
    asked = Attributes("create", "", "apps", "deployments", namespace="x")
    assert forbidden(anonymous, asked, "").message == (
        'deployments.apps is forbidden: User "system:anonymous" cannot create resource '
        '"deployments" in API group "apps" in the namespace "x"'
    )
