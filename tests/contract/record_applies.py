"""Records who owns which field after the writes of several managers, and how conflicting applies
are refused: `python -m tests.contract.record_applies`.

A scenario is a list of requests about one object; every reply is kept whole.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.contract.oracle import Oracle

TARGET = Path(__file__).parent / "recordings/apply"
NAMESPACE = "mockapi-apply"
JSON = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

Tree = dict[str, Any]
Step = dict[str, Any]
Scenario = tuple[str, str, list[Step]]
"""(name, resource path, requests)"""

CONFIG_MAPS = "/api/v1/namespaces/{ns}/configmaps"
SERVICES = "/api/v1/namespaces/{ns}/services"
PODS = "/api/v1/namespaces/{ns}/pods"
TEMPLATES = "/api/v1/namespaces/{ns}/podtemplates"
DEPLOYMENTS = "/apis/apps/v1/namespaces/{ns}/deployments"
INGRESSES = "/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses"
AUTOSCALERS = "/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers"


def create(manager: str, body: Tree) -> Step:
    return {"method": "POST", "manager": manager, "body": body}


def put(manager: str, changes: Tree, part: str = "") -> Step:
    """The object as it is, with top-level parts merged over; None takes away."""
    return {"method": "PUT", "manager": manager, "changes": changes, "part": part}


def patch(manager: str, body: Any, type: str = MERGE, part: str = "") -> Step:
    return {"method": "PATCH", "manager": manager, "body": body, "type": type, "part": part}


def apply(manager: str, body: Tree, *, force: bool = False, part: str = "", **more: Any) -> Step:
    step = {"method": "PATCH", "manager": manager, "body": body, "type": APPLY, "part": part}
    return {**step, "force": force, **more}


def config_map(data: Tree | None = None, **meta: Any) -> Tree:
    body: Tree = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", **meta}}
    return body if data is None else {**body, "data": data}


def config_map_scenarios() -> Iterator[tuple[str, list[Step]]]:
    a1, a2, b1 = {"a": "1"}, {"a": "2"}, {"b": "1"}
    yield "create", [create("m", config_map(a1, labels={"l": "1"}))]
    yield "create-empty", [create("m", config_map())]
    yield "create-twice", [create("m", config_map(a1)), create("n", config_map(a1))]
    yield "user-agent", [{"method": "POST", "body": config_map(a1)}]
    yield "update-other", [create("m", config_map(a1)), put("n", {"data": a2})]
    yield "update-same-manager", [create("m", config_map(a1)), put("m", {"data": b1})]
    yield "update-nothing", [create("m", config_map(a1)), put("n", {})]
    yield "update-removes", [create("m", config_map({"a": "1", "b": "1"})), put("n", {"data": a1})]
    yield "update-removes-all", [create("m", config_map(a1)), put("n", {"data": None})]
    yield "update-empties", [create("m", config_map(a1)), put("n", {"data": {}})]
    yield "patch-adds", [create("m", config_map(a1)), patch("n", {"data": b1})]
    yield (
        "patch-json",
        [
            create("m", config_map(a1)),
            patch("n", [{"op": "add", "path": "/data/z", "value": "1"}], JSON),
        ],
    )
    yield "patch-strategic", [create("m", config_map(a1)), patch("n", {"data": b1}, STRATEGIC)]
    yield (
        "patch-labels",
        [
            create("m", config_map(a1)),
            patch("n", {"metadata": {"labels": {"x": "y"}, "annotations": {"p": "q"}}}),
            patch("o", {"metadata": {"labels": {"x": "z"}}}),
        ],
    )
    yield (
        "finalizers",
        [
            create("m", config_map(a1, finalizers=["e.x/a", "e.x/b"])),
            patch("n", {"metadata": {"finalizers": ["e.x/b", "e.x/c"]}}),
            patch("o", {"metadata": {"finalizers": []}}),
        ],
    )
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u-1"}
    yield (
        "owners",
        [
            create("m", config_map(a1, ownerReferences=[owner])),
            patch("n", {"metadata": {"ownerReferences": [{**owner, "name": "q"}]}}),
            patch("o", {"metadata": {"ownerReferences": [owner, {**owner, "uid": "u-2"}]}}),
        ],
    )
    yield "html-in-keys", [create("m", config_map({"a": "<&>"}, finalizers=["e.x/a"]))]
    yield "apply-creates", [apply("m", config_map(a1, labels={"l": "1"}))]
    yield "apply-creates-empty", [apply("m", config_map())]
    yield "apply-again-same", [apply("m", config_map(a1)), apply("m", config_map(a1))]
    yield "apply-again-changed", [apply("m", config_map(a1)), apply("m", config_map(a2))]
    yield "apply-again-less", [apply("m", config_map({**a1, **b1})), apply("m", config_map(a1))]
    yield "apply-again-nothing", [apply("m", config_map(a1)), apply("m", config_map())]
    yield "apply-again-null", [apply("m", config_map(a1)), apply("m", config_map({"a": None}))]
    yield "apply-null", [apply("m", config_map({"a": None}))]
    yield "apply-empty-map", [apply("m", config_map({}, labels={}))]
    yield "apply-shared", [apply("m", config_map(a1)), apply("n", config_map(a1))]
    yield (
        "apply-shared-then-left",
        [
            apply("m", config_map(a1)),
            apply("n", config_map(a1)),
            apply("m", config_map()),
            apply("n", config_map()),
        ],
    )
    yield "apply-other-field", [apply("m", config_map(a1)), apply("n", config_map(b1))]
    yield "apply-conflict", [apply("m", config_map(a1)), apply("n", config_map(a2))]
    yield "apply-force", [apply("m", config_map(a1)), apply("n", config_map(a2), force=True)]
    yield (
        "apply-force-one-of-two",
        [
            apply("m", config_map({**a1, **b1})),
            apply("n", config_map(a2), force=True),
            apply("m", config_map(b1)),
        ],
    )
    yield (
        "apply-two-conflicts",
        [
            apply("m", config_map({"a": "1", "b": "1"})),
            apply("n", config_map({"a": "2", "b": "2"})),
        ],
    )
    yield (
        "apply-conflicts-with-two",
        [
            apply("m", config_map(a1)),
            create("x", config_map(a1)),
            patch("p", {"data": b1}),
            apply("n", config_map({"a": "2", "b": "2"})),
        ],
    )
    yield "apply-conflict-with-update", [create("m", config_map(a1)), apply("n", config_map(a2))]
    yield "apply-over-update", [create("m", config_map(a1)), apply("n", config_map(a1))]
    yield "apply-same-name-as-update", [create("m", config_map(a1)), apply("m", config_map(a2))]
    yield (
        "apply-force-over-update",
        [
            create("m", config_map(a1)),
            apply("n", config_map(a2), force=True),
            apply("n", config_map()),
        ],
    )
    yield (
        "update-over-apply",
        [
            apply("m", config_map(a1)),
            patch("n", {"data": a2}),
            apply("m", config_map(a1)),
        ],
    )
    yield "update-over-apply-same-value", [apply("m", config_map(a1)), patch("n", {"data": a1})]
    yield (
        "update-removes-applied",
        [
            apply("m", config_map({**a1, **b1})),
            patch("n", {"data": {"a": None}}),
            apply("m", config_map({**a1, **b1})),
        ],
    )
    yield (
        "update-adds-below-applied",
        [
            apply("m", config_map(a1)),
            patch("n", {"data": b1}),
            apply("m", config_map()),
        ],
    )
    yield (
        "apply-annotation-with-dots",
        [
            apply("m", config_map(annotations={"example.com/a.b": "1"})),
            apply("n", config_map(annotations={"example.com/a.b": "2"})),
        ],
    )
    yield (
        "apply-finalizers",
        [
            apply("m", config_map(finalizers=["e.x/a", "e.x/b"])),
            apply("n", config_map(finalizers=["e.x/c", "e.x/b"])),
            apply("m", config_map(finalizers=["e.x/b"])),
            apply("m", config_map()),
        ],
    )
    yield (
        "apply-owners",
        [
            apply("m", config_map(ownerReferences=[owner])),
            apply("n", config_map(ownerReferences=[{**owner, "uid": "u-2"}])),
            apply("n", config_map(ownerReferences=[{**owner, "name": "z"}])),
        ],
    )
    yield "apply-duplicates", [apply("m", config_map(finalizers=["e.x/a", "e.x/a"]))]
    yield (
        "apply-owner-without-uid",
        [
            apply(
                "m", config_map(ownerReferences=[{"kind": "Pod", "apiVersion": "v1", "name": "p"}])
            )
        ],
    )
    yield (
        "apply-immutable",
        [
            apply("m", {**config_map(a1), "immutable": True}),
            apply("n", {**config_map(), "immutable": False}),
        ],
    )
    yield "unknown-field", [apply("m", {**config_map(a1), "zzz": 1})]
    yield "unknown-deep", [apply("m", config_map(a1, zzz=1))]
    yield "wrong-type", [apply("m", config_map({"a": 5}))]
    yield "wrong-bool", [apply("m", {**config_map(), "immutable": "x"})]
    yield "wrong-map", [apply("m", {**config_map(), "data": [1]})]
    yield "wrong-list", [apply("m", config_map(finalizers={"a": "b"}))]
    yield "wrong-element", [apply("m", config_map(finalizers=[5]))]
    yield "null-element", [apply("m", config_map(finalizers=[None]))]
    yield "wrong-owner", [apply("m", config_map(ownerReferences=["x"]))]
    yield "managed-fields-given", [apply("m", config_map(a1, managedFields=[]))]
    yield (
        "managed-fields-given-full",
        [apply("m", config_map(a1, managedFields=[{"manager": "q"}]))],
    )
    yield "other-name", [apply("m", config_map(a1, name="y"))]
    yield "other-kind", [apply("m", {**config_map(a1), "kind": "Secret"})]
    yield "other-version", [apply("m", {**config_map(a1), "apiVersion": "v2"})]
    yield "no-kind", [apply("m", {"metadata": {"name": "x"}})]
    yield "no-manager", [apply("", config_map(a1))]
    yield "no-name", [apply("m", {"apiVersion": "v1", "kind": "ConfigMap"})]
    yield "bad-yaml", [apply("m", {}, text="a: [")]
    yield "yaml", [apply("m", {}, text="apiVersion: v1\nkind: ConfigMap\ndata:\n  a: 'x'\n")]
    yield "uid-in-patch", [apply("m", config_map(a1, uid="u"))]
    yield "generation-in-patch", [apply("m", config_map(a1, generation=7, resourceVersion=""))]
    yield (
        "reset-empty-list",
        [
            create("m", config_map(a1)),
            patch("n", {"metadata": {"managedFields": []}, "data": b1}),
            patch("o", {"data": {"c": "1"}}),
            apply("p", config_map({"d": "1"})),
        ],
    )
    yield (
        "reset-one-empty",
        [
            create("m", config_map(a1)),
            patch("n", {"metadata": {"managedFields": [{}]}}),
            apply("p", config_map(a2)),
            apply("p", config_map(a2), force=True),
        ],
    )
    entry = {"operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1"}
    mine = {**entry, "manager": "q", "fieldsV1": {"f:data": {"f:a": {}}}}
    yield (
        "own-list",
        [
            create("m", config_map(a1)),
            patch("n", {"metadata": {"managedFields": [mine]}}),
            patch("n", {"data": a2}),
        ],
    )
    yield (
        "own-list-unordered",
        [
            create("m", config_map({**a1, **b1}, ownerReferences=[owner])),
            patch(
                "n",
                {
                    "metadata": {
                        "managedFields": [
                            {
                                **mine,
                                "fieldsV1": {
                                    "f:metadata": {
                                        "f:ownerReferences": {'k:{ "uid" : "u-1" }': {}}
                                    },
                                    "f:data": {"f:b": {}, "f:a": {}, ".": {}},
                                },
                            }
                        ]
                    }
                },
            ),
        ],
    )
    yield (
        "own-list-broken",
        [
            create("m", config_map(a1)),
            patch("n", {"metadata": {"managedFields": [{**mine, "fieldsV1": {"data": {}}}]}}),
        ],
    )
    yield (
        "own-list-other-version",
        [
            create("m", config_map(a1)),
            patch("n", {"metadata": {"managedFields": [{**mine, "apiVersion": "v9"}]}}),
            patch("n", {"data": a2}),
        ],
    )
    yield (
        "own-list-bad-operation",
        [
            create("m", config_map(a1)),
            patch("n", {"metadata": {"managedFields": [{**mine, "operation": "Edit"}]}}),
        ],
    )
    yield "create-with-list", [create("m", config_map(a1, managedFields=[mine]))]
    yield (
        "eleven-managers",
        [
            create("m00", config_map({"k0": "1"})),
            *(patch(f"m{i:02}", {"data": {f"k{i}": "1"}}) for i in range(1, 13)),
        ],
    )
    last = json.dumps(config_map(a1))
    annotated = config_map(
        a1, annotations={"kubectl.kubernetes.io/last-applied-configuration": last}
    )
    yield (
        "kubectl-takes-over",
        [
            create("kubectl-client-side-apply", annotated),
            apply("kubectl", config_map(a2)),
            apply("kubectl", config_map()),
        ],
    )
    yield (
        "kubectl-takes-over-not-changed",
        [
            create("kubectl-client-side-apply", annotated),
            patch("other", {"data": {"a": "9"}}),
            apply("kubectl", config_map(a2)),
        ],
    )
    yield (
        "kubectl-two-conflicts-one-allowed",
        [
            create("kubectl-client-side-apply", annotated),
            patch("other", {"data": {"b": "9"}}),
            apply("kubectl", config_map({"a": "2", "b": "2"})),
        ],
    )
    yield (
        "other-manager-does-not-take-over",
        [
            create("kubectl-client-side-apply", annotated),
            apply("argo", config_map(a2)),
        ],
    )
    yield (
        "kubectl-without-annotation",
        [
            create("kubectl-client-side-apply", config_map(a1)),
            apply("kubectl", config_map(a2)),
        ],
    )


def deployment(spec: Tree | None = None, *, status: Tree | None = None, **meta: Any) -> Tree:
    body: Tree = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", **meta}}
    if spec is not None:
        body["spec"] = spec
    if status is not None:
        body["status"] = status
    return body


def pod_spec(*containers: Tree, **more: Any) -> Tree:
    chosen = list(containers) or [{"name": "c", "image": "i"}]
    return {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": chosen, **more}}


def full(**more: Any) -> Tree:
    spec: Tree = {"selector": {"matchLabels": {"a": "b"}}, "template": pod_spec()}
    return {**spec, **more}


def deployment_scenarios() -> Iterator[tuple[str, list[Step]]]:
    start = create("m", deployment(full(replicas=2)))
    yield "create", [start]
    yield "create-with-status", [create("m", deployment(full(), status={"replicas": 3}))]
    yield "create-default-replicas", [create("m", deployment(full()))]
    yield "apply", [apply("m", deployment(full(replicas=2)))]
    yield "apply-twice", [apply("m", deployment(full())), apply("m", deployment(full()))]
    yield (
        "apply-drops-replicas",
        [
            apply("m", deployment(full(replicas=3))),
            apply("m", deployment(full())),
        ],
    )
    yield (
        "apply-gives-up-replicas",
        [
            apply("m", deployment(full(replicas=3))),
            apply("hpa", deployment({"replicas": 3})),
            apply("m", deployment(full())),
            apply("hpa", deployment({"replicas": 5})),
        ],
    )
    yield (
        "apply-replicas-conflict",
        [
            apply("m", deployment(full(replicas=3))),
            apply("hpa", deployment({"replicas": 5})),
        ],
    )
    yield "scale", [start, patch("s", {"spec": {"replicas": 4}}, part="scale")]
    yield "scale-same", [start, patch("s", {"spec": {"replicas": 2}}, part="scale")]
    yield (
        "scale-applied",
        [
            apply("m", deployment(full(replicas=2))),
            patch("s", {"spec": {"replicas": 4}}, part="scale"),
            apply("m", deployment(full(replicas=2))),
            apply("m", deployment(full(replicas=2)), force=True),
        ],
    )
    yield (
        "scale-twice",
        [
            start,
            patch("s", {"spec": {"replicas": 4}}, part="scale"),
            patch("t", {"spec": {"replicas": 5}}, part="scale"),
            patch("s", {"spec": {"replicas": 6}}, part="scale"),
        ],
    )
    yield (
        "scale-then-update",
        [
            start,
            patch("s", {"spec": {"replicas": 4}}, part="scale"),
            patch("u", {"spec": {"replicas": 5}}),
        ],
    )
    scale = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "x"},
        "spec": {"replicas": 7},
    }
    yield "scale-apply", [start, apply("s", scale, part="scale")]
    yield (
        "scale-apply-force",
        [
            start,
            apply("s", scale, part="scale", force=True),
            apply("s", scale, part="scale"),
            patch("u", {"spec": {"replicas": 5}}),
            apply("s", scale, part="scale"),
        ],
    )
    status: Tree = {"replicas": 1, "observedGeneration": 1}
    yield "status", [start, patch("k", {"status": status}, part="status")]
    yield "status-through-main", [start, patch("k", {"status": status})]
    yield "spec-through-status", [start, patch("k", {"spec": {"replicas": 9}}, part="status")]
    yield (
        "labels-through-status",
        [
            start,
            patch("k", {"metadata": {"labels": {"x": "y"}}, "status": status}, part="status"),
        ],
    )
    yield (
        "annotations-through-status",
        [
            start,
            patch("k", {"metadata": {"annotations": {"x": "y"}}}, part="status"),
        ],
    )
    condition = {"type": "Available", "status": "True", "reason": "r", "message": "m"}
    yield (
        "status-conditions",
        [
            start,
            patch("k", {"status": {"conditions": [condition]}}, part="status"),
            patch(
                "k", {"status": {"conditions": [{**condition, "status": "False"}]}}, part="status"
            ),
            patch(
                "l",
                {"status": {"conditions": [{**condition, "type": "Progressing"}]}},
                part="status",
            ),
        ],
    )
    applied = deployment(status={"conditions": [condition], "replicas": 1})
    yield (
        "status-apply",
        [
            start,
            apply("k", applied, part="status"),
            apply("k", deployment(status={"replicas": 1}), part="status"),
        ],
    )
    yield (
        "status-apply-conflict",
        [
            start,
            patch("k", {"status": {"replicas": 1}}, part="status"),
            apply("l", deployment(status={"replicas": 2}), part="status"),
            apply("l", deployment(status={"replicas": 2}), part="status", force=True),
        ],
    )
    yield "status-apply-missing", [apply("k", applied, part="status")]
    yield "apply-with-status", [apply("m", {**deployment(full()), "status": {"replicas": 1}})]
    port = {"containerPort": 80}
    c: Tree = {"name": "c", "image": "i"}

    def template(*containers: Tree, **more: Any) -> Tree:
        return {**full(), "template": pod_spec(*containers, **more)}

    yield (
        "ports-default-protocol",
        [
            apply("m", deployment(template({**c, "ports": [port]}))),
            apply("m", deployment(template({**c, "ports": [{**port, "protocol": "TCP"}]}))),
            apply("n", deployment(template({**c, "ports": [{**port, "name": "web"}]}))),
            apply("m", deployment(template(c))),
            apply("n", deployment(template(c))),
        ],
    )
    yield (
        "ports-two-protocols",
        [
            apply("m", deployment(template({**c, "ports": [port, {**port, "protocol": "UDP"}]}))),
            apply("m", deployment(template({**c, "ports": [{**port, "protocol": "UDP"}]}))),
        ],
    )
    yield "ports-duplicate", [apply("m", deployment(template({**c, "ports": [port, port]})))]
    yield (
        "ports-duplicate-by-default",
        [apply("m", deployment(template({**c, "ports": [port, {**port, "protocol": "TCP"}]})))],
    )
    env = {"name": "A", "value": "1"}
    yield (
        "env",
        [
            apply("m", deployment(template({**c, "env": [env]}))),
            apply(
                "n",
                deployment({"template": pod_spec({"name": "c", "env": [{**env, "name": "B"}]})}),
            ),
            apply(
                "n",
                deployment({"template": pod_spec({"name": "c", "env": [{**env, "value": "2"}]})}),
            ),
            apply("m", deployment(template(c))),
        ],
    )
    yield (
        "env-order",
        [
            apply(
                "m", deployment(template({**c, "env": [{"name": n, "value": n} for n in "abcd"]}))
            ),
            apply(
                "m", deployment(template({**c, "env": [{"name": n, "value": n} for n in "dbxa"]}))
            ),
        ],
    )
    yield (
        "env-order-two",
        [
            apply(
                "m", deployment(template({**c, "env": [{"name": n, "value": n} for n in "abcd"]}))
            ),
            apply(
                "n",
                deployment(
                    {"template": pod_spec({"name": "c", "env": [{"name": n} for n in "cyaz"]})}
                ),
                force=True,
            ),
        ],
    )
    yield (
        "container-added",
        [
            apply("m", deployment(template(c))),
            apply("n", deployment({"template": {"spec": {"containers": [{**c, "name": "d"}]}}})),
            apply("m", deployment(template({**c, "image": "j"}))),
            apply("n", deployment()),
        ],
    )
    yield (
        "container-removed",
        [
            apply("m", deployment(template(c, {**c, "name": "d"}))),
            apply("m", deployment(template(c))),
        ],
    )
    yield "container-nameless", [apply("m", deployment(template({"image": "i"})))]
    yield (
        "container-field-by-other",
        [
            apply("m", deployment(template(c, {**c, "name": "d"}))),
            patch(
                "n",
                {"spec": {"template": {"spec": {"containers": [{"name": "d", "tty": True}]}}}},
                STRATEGIC,
            ),
            apply("m", deployment(template(c))),
        ],
    )
    yield (
        "atomic-args",
        [
            apply("m", deployment(template({**c, "args": ["a"]}))),
            apply("n", deployment(template({**c, "args": ["b"]}))),
            apply("n", deployment(template({**c, "args": ["a"]}))),
            apply("m", deployment(template(c))),
        ],
    )
    yield (
        "atomic-selector-unknown",
        [apply("m", deployment(full(selector={"matchLabels": {"a": "b"}, "zzz": 1})))],
    )
    yield (
        "resources",
        [
            apply("m", deployment(template({**c, "resources": {"limits": {"cpu": "1"}}}))),
            apply("m", deployment(template({**c, "resources": {"limits": {"memory": "1Gi"}}}))),
            apply("m", deployment(template({**c, "resources": {}}))),
        ],
    )
    yield (
        "resources-not-canonical",
        [
            apply("m", deployment(template({**c, "resources": {"limits": {"cpu": "1000m"}}}))),
            apply("m", deployment(template({**c, "resources": {"limits": {"cpu": "1000m"}}}))),
            apply("n", deployment(template({**c, "resources": {"limits": {"cpu": "1"}}}))),
        ],
    )
    probe = {"httpGet": {"path": "/", "port": 80}}
    yield (
        "probe",
        [
            apply("m", deployment(template({**c, "livenessProbe": probe}))),
            apply("m", deployment(template({**c, "livenessProbe": {"tcpSocket": {"port": "x"}}}))),
            apply("m", deployment(template(c))),
        ],
    )
    yield (
        "strategy",
        [
            apply("m", deployment(full(strategy={"rollingUpdate": {"maxSurge": "50%"}}))),
            apply("m", deployment(full(strategy={"type": "Recreate"}))),
            apply("m", deployment(full())),
        ],
    )
    yield (
        "volumes",
        [
            apply("m", deployment(template(c, volumes=[{"name": "v", "emptyDir": {}}]))),
            apply("m", deployment(template(c, volumes=[{"name": "v", "hostPath": {"path": "/"}}]))),
            apply("m", deployment(template(c, volumes=[]))),
        ],
    )
    yield (
        "volume-source-by-other",
        [
            apply("m", deployment(template(c, volumes=[{"name": "v", "emptyDir": {}}]))),
            apply(
                "n",
                deployment(
                    {
                        "template": {
                            "spec": {"volumes": [{"name": "v", "emptyDir": {"medium": "Memory"}}]}
                        }
                    }
                ),
            ),
            apply("m", deployment(template(c))),
        ],
    )
    spread = {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}
    yield (
        "spread",
        [
            apply("m", deployment(template(c, topologySpreadConstraints=[spread]))),
            apply(
                "n", deployment(template(c, topologySpreadConstraints=[{**spread, "maxSkew": 2}]))
            ),
        ],
    )
    yield (
        "tolerations",
        [
            apply("m", deployment(template(c, tolerations=[{"key": "a", "operator": "Exists"}]))),
            apply("m", deployment(template(c, tolerations=[{"key": "b", "operator": "Exists"}]))),
            apply("m", deployment(template(c, tolerations=[{"zzz": "b"}]))),
        ],
    )
    yield (
        "pull-secrets",
        [
            apply("m", deployment(template(c, imagePullSecrets=[{"name": "a"}, {"name": "b"}]))),
            apply("m", deployment(template(c, imagePullSecrets=[{"name": "b"}]))),
            apply("m", deployment(template(c, imagePullSecrets=[{}]))),
        ],
    )
    yield (
        "annotations-of-template",
        [
            create("m", deployment(full())),
            patch("r", {"spec": {"template": {"metadata": {"annotations": {"at": "1"}}}}}),
            patch("r", {"spec": {"template": {"metadata": {"annotations": {"at": "2"}}}}}),
            apply("m", deployment(full())),
        ],
    )
    yield "wrong-replicas", [apply("m", deployment(full(replicas="x")))]
    yield "wrong-template", [apply("m", deployment(full(template=5)))]
    yield (
        "wrong-containers",
        [apply("m", deployment({**full(), "template": {"spec": {"containers": {}}}}))],
    )
    yield (
        "two-problems",
        [apply("m", deployment({**full(replicas="x"), "paused": 5, "minReadySeconds": True}))],
    )
    yield "invalid", [apply("m", deployment({"replicas": 1}))]
    yield (
        "invalid-later",
        [apply("m", deployment(full())), apply("n", deployment({"replicas": -1}))],
    )
    yield "put-by-other", [start, put("n", {"spec": full(replicas=2, paused=True)})]
    yield (
        "dry-run",
        [
            apply("m", deployment(full())),
            apply("n", deployment({"replicas": 4}), query="dryRun=All", force=True),
            apply("n", deployment({"replicas": 5}), force=True),
        ],
    )


def service(spec: Tree, **more: Any) -> Tree:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": spec, **more}


def service_scenarios() -> Iterator[tuple[str, list[Step]]]:
    base: Tree = {"selector": {"a": "b"}, "clusterIP": "None"}
    http, dns = {"port": 80}, {"port": 53, "protocol": "UDP", "name": "dns"}
    named = {"port": 80, "name": "http"}
    yield "create", [create("m", service({**base, "ports": [http]}))]
    yield "apply", [apply("m", service({**base, "ports": [named, dns]}))]
    yield (
        "apply-port-removed",
        [
            apply("m", service({**base, "ports": [named, dns]})),
            apply("m", service({**base, "ports": [named]})),
        ],
    )
    yield (
        "apply-port-changed",
        [
            apply("m", service({**base, "ports": [http]})),
            apply("m", service({**base, "ports": [{"port": 81}]})),
        ],
    )
    yield (
        "apply-port-by-other",
        [
            apply("m", service({**base, "ports": [named]})),
            apply("n", service({"ports": [dns]})),
            apply("n", service({"ports": [{"port": 80, "targetPort": 5}]})),
        ],
    )
    yield (
        "apply-selector",
        [
            apply("m", service({**base, "ports": [http]})),
            apply("n", service({"selector": {"a": "c"}})),
            apply("n", service({"selector": {"a": "b"}})),
        ],
    )
    yield (
        "target-port-types",
        [
            apply("m", service({**base, "ports": [{"port": 80, "targetPort": "web"}]})),
            apply("m", service({**base, "ports": [{"port": 80, "targetPort": 8080}]})),
            apply("m", service({**base, "ports": [{"port": 80}]})),
        ],
    )
    ingress = {"loadBalancer": {"ingress": [{"ip": "1.2.3.4", "ipMode": "VIP"}]}}
    balanced: Tree = {"selector": {"a": "b"}, "type": "LoadBalancer", "ports": [http]}
    yield (
        "status",
        [
            create("m", service(balanced)),
            patch("cloud", {"status": ingress}, part="status"),
            patch("cloud", {"metadata": {"finalizers": ["e.x/lb"]}, "status": None}, part="status"),
        ],
    )


def pod_scenarios() -> Iterator[tuple[str, list[Step]]]:
    token = {"automountServiceAccountToken": False, "serviceAccountName": "default"}
    body: Tree = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}
    spec: Tree = {"containers": [{"name": "c", "image": "i"}], **token}
    start = create("m", {**body, "spec": spec})
    yield "create", [start]
    rich = {
        "name": "r",
        "image": "i",
        "ports": [{"containerPort": 8080}, {"containerPort": 80, "protocol": "UDP"}],
        "env": [
            {"name": "A", "value": "<b>"},
            {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        "resources": {"requests": {"cpu": "1"}},
        "securityContext": {},
        "readinessProbe": {"exec": {"command": ["true"]}},
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
    }
    yield (
        "create-rich",
        [
            create(
                "m",
                {
                    **body,
                    "metadata": {"name": "x", "labels": {"a/b": "c"}, "finalizers": ["e.x/f"]},
                    "spec": {
                        "containers": [rich, {"name": "a", "image": "j"}],
                        **token,
                        "volumes": [{"name": "v", "emptyDir": {}}],
                        "tolerations": [{"key": "k", "operator": "Exists"}],
                        "nodeSelector": {"x": "y"},
                        "securityContext": {"runAsUser": 1},
                        "hostAliases": [{"ip": "1.2.3.4", "hostnames": ["h"]}],
                        "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
                    },
                },
            )
        ],
    )
    ready = {"type": "Ready", "status": "False", "lastProbeTime": None}
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None}
    running = {
        "phase": "Running",
        "podIP": "10.0.0.1",
        "podIPs": [{"ip": "10.0.0.1"}],
        "conditions": [ready, scheduled],
        "containerStatuses": [
            {
                "name": "c",
                "image": "i",
                "imageID": "",
                "ready": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
                "lastState": {},
            }
        ],
    }
    yield (
        "kubelet-status",
        [
            start,
            patch("kube-scheduler", {"status": {"conditions": [scheduled]}}, STRATEGIC, "status"),
            patch("kubelet", {"status": running}, STRATEGIC, "status"),
            patch(
                "kubelet",
                {
                    "status": {
                        "conditions": [{"type": "Ready", "status": "True"}],
                        "phase": "Failed",
                    }
                },
                STRATEGIC,
                "status",
            ),
        ],
    )
    yield (
        "owner-through-status",
        [
            start,
            patch(
                "kubelet",
                {
                    "metadata": {"labels": {"q": "r"}, "annotations": {"s": "t"}},
                    "status": {"phase": "Running"},
                },
                MERGE,
                "status",
            ),
        ],
    )
    yield (
        "image",
        [
            start,
            patch("n", {"spec": {"containers": [{"name": "c", "image": "j"}]}}, STRATEGIC),
            apply("n", {**body, "spec": {"containers": [{"name": "c", "image": "k"}]}}),
            apply("n", {**body, "spec": {"containers": [{"name": "c", "image": "k"}]}}, force=True),
        ],
    )
    yield (
        "ephemeral",
        [
            start,
            patch(
                "debug",
                {
                    "spec": {"ephemeralContainers": [{"name": "e", "image": "b"}]},
                    "metadata": {"labels": {"x": "y"}},
                },
                STRATEGIC,
                "ephemeralcontainers",
            ),
        ],
    )
    limits = {"resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}
    yield (
        "resize",
        [
            create(
                "m",
                {**body, "spec": {"containers": [{"name": "c", "image": "i", **limits}], **token}},
            ),
            patch(
                "r",
                {
                    "metadata": {"labels": {"x": "y"}},
                    "spec": {
                        "containers": [
                            {
                                "name": "c",
                                "resources": {"limits": {"cpu": "2"}, "requests": {"cpu": "2"}},
                            }
                        ]
                    },
                },
                STRATEGIC,
                "resize",
            ),
        ],
    )


def autoscaler_scenarios() -> Iterator[tuple[str, list[Step]]]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
    body: Tree = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "x"},
        "spec": {"scaleTargetRef": target, "maxReplicas": 3},
    }
    v1 = AUTOSCALERS.replace("v2", "v1")
    old: Tree = {**body, "apiVersion": "autoscaling/v1"}
    old["spec"] = {**body["spec"], "targetCPUUtilizationPercentage": 50}
    yield "create-v2", [create("m", body)]
    yield "create-v1", [{**create("m", old), "at": v1}]
    yield (
        "v1-then-v2",
        [
            {**create("m", old), "at": v1},
            patch("n", {"spec": {"maxReplicas": 4}}),
        ],
    )
    yield (
        "v2-then-v1",
        [
            create("m", body),
            {**patch("n", {"spec": {"targetCPUUtilizationPercentage": 70}}), "at": v1},
        ],
    )
    yield (
        "apply-v1-then-v2",
        [
            {**apply("m", old), "at": v1},
            apply("m", body),
        ],
    )


def ingress_scenarios() -> Iterator[tuple[str, list[Step]]]:
    backend = {"service": {"name": "s", "port": {"number": 80}}}
    body: Tree = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "x"},
        "spec": {"defaultBackend": backend, "rules": [{"host": "a.b"}]},
    }
    yield "create", [create("m", body)]
    yield (
        "apply",
        [
            apply("m", body),
            apply("n", {**body, "spec": {"rules": [{"host": "c.d"}]}}),
            patch(
                "lb",
                {"status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}},
                MERGE,
                "status",
            ),
        ],
    )


def scenarios() -> Iterator[Scenario]:
    for family, path, found in (
        ("configmap", CONFIG_MAPS, config_map_scenarios()),
        ("deployment", DEPLOYMENTS, deployment_scenarios()),
        ("service", SERVICES, service_scenarios()),
        ("pod", PODS, pod_scenarios()),
        ("autoscaler", AUTOSCALERS, autoscaler_scenarios()),
        ("ingress", INGRESSES, ingress_scenarios()),
    ):
        for name, steps in found:
            yield f"{family}/{name}", path, steps


def request_of(step: Step, path: str, live: Tree) -> Step:
    """What is sent: method, path (with its query), type, body."""
    base = step.get("at", path)
    query = [step["query"]] if step.get("query") else []
    if step.get("manager"):
        query.append(f"fieldManager={step['manager']}")
    if step.get("force"):
        query.append("force=true")
    body = step.get("text") or step.get("body")
    if step["method"] == "PUT":
        body = {**live, **step["changes"]}
        body = {key: value for key, value in body.items() if value is not None}
        body["metadata"] = {
            k: v for k, v in live["metadata"].items() if k not in ("uid", "resourceVersion")
        }
    url = base if step["method"] == "POST" else f"{base}/x"
    if step.get("part"):
        url = f"{url}/{step['part']}"
    return {
        "method": step["method"],
        "url": url + ("?" + "&".join(query) if query else ""),
        "type": step.get("type", "application/json"),
        "body": body,
    }


def play(oracle: Oracle, path: str, steps: list[Step]) -> list[Step]:
    own = path.format(ns=NAMESPACE)
    clear = {"metadata": {"finalizers": None}}
    oracle.call("PATCH", f"{own}/x", clear, content_type=MERGE)
    oracle.call("DELETE", f"{own}/x?gracePeriodSeconds=0")
    played = []
    for step in steps:
        live = oracle.call("GET", f"{own}/x").body
        asked = request_of(step, path, live)
        url = asked["url"].format(ns=NAMESPACE)
        reply = oracle.call(asked["method"], url, asked["body"], content_type=asked["type"])
        after = oracle.call("GET", f"{own}/x")
        stored = after.body if after.code == 200 else None
        played.append({**asked, "code": reply.code, "reply": reply.body, "stored": stored})
    return played


def main() -> None:
    oracle = Oracle.from_environment()
    oracle.namespace(NAMESPACE)
    TARGET.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[Step]] = {}
    for name, path, steps in scenarios():
        found.setdefault(name.partition("/")[0], []).append(
            {"name": name.partition("/")[2], "steps": play(oracle, path, steps)}
        )
    for family, recorded in found.items():
        lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in recorded)
        (TARGET / f"{family}.json").write_text(f"[\n{lines}\n]\n")
        print(family, len(recorded))


if __name__ == "__main__":
    main()
