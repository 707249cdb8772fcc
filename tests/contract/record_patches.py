"""Records how a real server answers patches: `python -m tests.contract.record_patches`.

Every case is one patch (with dryRun=All) of an object made for its family. A recording keeps the
object before it, the request and the whole reply.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.contract.oracle import Oracle

TARGET = Path(__file__).parent / "recordings/patch"
NAMESPACE = "mockapi-patch"
JSON = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"

Case = tuple[str, Any] | tuple[str, Any, str]
"""(media type, body as tree or text, query)"""

CONFIG_MAP = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {
        "name": "subject",
        "labels": {"app": "web", "tier": "front"},
        "annotations": {"note": "a <b> & c", "x/yz": "1"},
        "finalizers": ["example.com/a", "example.com/b", "example.com/c"],
        "ownerReferences": [
            {"apiVersion": "v1", "kind": "ConfigMap", "name": "o1", "uid": "u-1"},
            {"apiVersion": "v1", "kind": "ConfigMap", "name": "o2", "uid": "u-2"},
            {"apiVersion": "v1", "kind": "ConfigMap", "name": "o3", "uid": "u-3"},
        ],
    },
    "data": {"a": "1", "b": "2", "c": "<3>"},
}
STRICT = "fieldValidation=Strict"
IGNORE = "fieldValidation=Ignore"


def op(kind: str, path: str, *value: Any, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"op": kind, "path": path, **more}
    if value:
        found["value"] = value[0]
    return found


def json_cases() -> Iterator[Case]:
    good: list[list[Any]] = [
        [],
        [op("add", "/data/new", "x")],
        [op("add", "/data/a", "x")],
        [op("replace", "/data/a", "x")],
        [op("replace", "/data/missing", "x")],
        [op("remove", "/data/a")],
        [op("remove", "/data")],
        [op("move", "/data/moved", **{"from": "/data/a"})],
        [op("copy", "/data/copied", **{"from": "/data/a"})],
        [op("copy", "/binaryData", **{"from": "/immutable"})],
        [op("test", "/data/a", "1"), op("replace", "/data/a", "9")],
        [op("test", "/metadata/labels", {"tier": "front", "app": "web"})],
        [op("test", "/data/missing", None)],
        [op("test", "/data/missing")],
        [op("add", "/metadata/annotations/x~1yz", "2")],
        [op("remove", "/metadata/annotations/x~1yz")],
        [op("add", "/metadata/finalizers/-", "example.com/d")],
        [op("add", "/metadata/finalizers/0", "example.com/d")],
        [op("add", "/metadata/finalizers/3", "example.com/d")],
        [op("add", "/metadata/finalizers/-1", "example.com/d")],
        [op("add", "/metadata/finalizers/-2", "example.com/d")],
        [op("replace", "/metadata/finalizers/1", "example.com/d")],
        [op("replace", "/metadata/finalizers/-1", "example.com/d")],
        [op("remove", "/metadata/finalizers/1")],
        [op("remove", "/metadata/finalizers/-1")],
        [op("remove", "/metadata/ownerReferences/+1")],
        [op("move", "/metadata/finalizers/0", **{"from": "/metadata/finalizers/2"})],
        [op("copy", "/metadata/finalizers/-", **{"from": "/metadata/finalizers/0"})],
        [op("add", "/data", {"only": "this"})],
        [op("add", "/data", None)],
        [op("add", "/data/a", None)],
        [op("add", "/data", {}), op("add", "/data/k", "v")],
        [op("add", "data/a", "x")],
        [op("add", "ignored/data/a", "x")],
        [op("test", "/data/a", "1"), op("test", "/metadata/finalizers/0", "example.com/a")],
        [op("test", "/metadata/ownerReferences/0/uid", "u-1")],
        [op("add", "/metadata/labels/x", "y"), op("test", "/metadata/labels/x", "y")],
        [op("copy", "/data/k", **{"from": "/data/a"}), op("replace", "/data/a", "7")],
        [None] * 0,
    ]
    bad: list[list[Any]] = [
        [op("test", "/data/a", "2")],
        [op("test", "/data/c", "<3>")],
        [op("test", "/data/missing", "2")],
        [op("test", "/data/a", None)],
        [op("test", "/nowhere/a", "2")],
        [op("test", "/data", {"a": "1"})],
        [op("test", "", {})],
        [op("remove", "/data/missing")],
        [op("remove", "/nowhere/missing")],
        [op("remove", "/metadata/finalizers/9")],
        [op("remove", "/metadata/finalizers/-9")],
        [op("remove", "/metadata/finalizers/x")],
        [op("remove", "/metadata/finalizers/-")],
        [op("add", "/metadata/finalizers/9", "x")],
        [op("add", "/metadata/finalizers/x", "x")],
        [op("replace", "/metadata/finalizers/9", "x")],
        [op("add", "/nowhere/x", "x")],
        [op("add", "", {"a": 1})],
        [op("add", "nodepth", "x")],
        [op("replace", "/nowhere/x", "x")],
        [op("replace", "", 1)],
        [op("move", "/data/x", **{"from": "/data/missing"})],
        [op("move", "/data/x")],
        [op("copy", "/data/x")],
        [op("copy", "/data/x", **{"from": "/nowhere/x"})],
        [op("jump", "/data/x")],
        [{"path": "/data/x"}],
        [{"op": "add", "value": 1}],
        [{"op": "remove"}],
        [None],
        [op("add", "/data/a/b", "x")],
        [op("add", "/data/n", 5)],
        [op("replace", "/data", [])],
        [op("replace", "/metadata", "x")],
        [op("replace", "/metadata/name", "other")],
        [op("replace", "/metadata/namespace", "other")],
        [op("remove", "/metadata/name")],
        [op("replace", "/kind", "Secret")],
        [op("replace", "/apiVersion", "v2")],
        [op("replace", "/metadata/uid", "x")],
        [op("replace", "/metadata/resourceVersion", "1")],
        [op("add", "/metadata/labels/bad", "no spaces")],
        [op("replace", "", [1])],
    ]
    for operations in (*good, *bad):
        yield JSON, operations
    texts = [
        "",
        "nonsense",
        "null",
        "{}",
        '"x"',
        "[1]",
        '["x"]',
        '[{"op":1}]',
        '[{"op":"add","path":[]}]',
        '[{"op":null,"path":"/a"}]',
        "[{]",
        '[{"op":"add","path":"/data/a","value":"\\u003c","value":"2"}]',
        '[{"op":"test","path":"/data/c","value":"\\u003c3\\u003e"}]',
        '[{"op":"add","path":"/data/a","value":"2","extra":{"x":1,"x":2},"op":"add"}]',
        '[{"op":"add","path":"/metadata/labels","value":{"x":"1","x":"2"}}]',
        '[{"op":"add","path":"/extra","value":{"b":1,"a":2}}]',
    ]
    for text in texts:
        for query in ("", STRICT, IGNORE):
            yield JSON, text, query
    yield JSON, [op("test", "/data/a", "1")] * 10000
    yield JSON, [op("test", "/data/a", "1")] * 10001


def merge_cases() -> Iterator[Case]:
    trees: list[Any] = [
        {},
        {"data": {"a": "x"}},
        {"data": {"a": None}},
        {"data": None},
        {"data": {"new": "x", "none": None}},
        {"metadata": {"labels": {"app": None, "new": "x"}}},
        {"metadata": {"labels": None}},
        {"metadata": {"finalizers": ["example.com/z"]}},
        {"metadata": {"finalizers": []}},
        {"metadata": {"finalizers": None}},
        {"metadata": {"ownerReferences": None}},
        {"data": {}},
        {"binaryData": {"x": "aGk=", "y": None}},
        {"immutable": True},
        {"metadata": {"annotations": {"deep": "<x>"}}},
        {"metadata": None},
        {"metadata": {}},
        {"kind": None},
        {"kind": "Secret"},
        {"apiVersion": "v2"},
        {"data": []},
        {"data": "x"},
        {"data": {"a": 5}},
        {"data": {"a": {"b": "c"}}},
        {"metadata": {"name": "other"}},
        {"metadata": {"name": None}},
        {"metadata": {"namespace": "other"}},
        {"metadata": {"namespace": None}},
        {"metadata": {"uid": "other"}},
        {"metadata": {"uid": None}},
        {"metadata": {"resourceVersion": "1"}},
        {"metadata": {"resourceVersion": None}},
        {"metadata": {"resourceVersion": "x"}},
        {"metadata": {"creationTimestamp": None}},
        {"metadata": {"creationTimestamp": "2001-01-01T00:00:00Z"}},
        {"metadata": {"creationTimestamp": "yesterday"}},
        {"metadata": {"deletionTimestamp": "2001-01-01T00:00:00Z"}},
        {"metadata": {"generation": 7}},
        {"metadata": {"labels": {"bad": "no spaces"}}},
        {"metadata": {"finalizers": [None]}},
        {"unknown": {"z": 1, "a": [{"y": 1, "x": None}]}},
        {"metadata": {"unknown": 1}, "data": {"a": "2"}},
        {"binaryData": {"x": "not base64"}},
        {"binaryData": {"a": "aGk="}},
        {"immutable": "yes"},
    ]
    for tree in trees:
        yield MERGE, tree
        if any(key in json.dumps(tree) for key in ("unknown", "yes")):
            yield MERGE, tree, STRICT
            yield MERGE, tree, IGNORE
    texts = ["", "null", "[]", '[1,{"a":null}]', "5", '"x"', "{", '{"data":{"a":"1","a":"2"}}']
    texts += ['{"data":{"a":"3"},"data":{"b":"4"}}', '{"zz":1,"zz":2}']
    for text in texts:
        for query in ("", STRICT, IGNORE):
            yield MERGE, text, query


def strategic_cases() -> Iterator[Case]:
    finalizers = "$setElementOrder/finalizers"
    owners = "$setElementOrder/ownerReferences"
    delete = "$deleteFromPrimitiveList/finalizers"
    a, b, c, d = (f"example.com/{letter}" for letter in "abcd")
    owner = {"apiVersion": "v1", "kind": "ConfigMap"}
    metadata: list[Any] = [
        {"finalizers": [d]},
        {"finalizers": [b, a]},
        {"finalizers": []},
        {"finalizers": None},
        {delete: [b]},
        {delete: [b, d], "finalizers": [d]},
        {delete: []},
        {delete: None},
        {delete: "x"},
        {"$deleteFromPrimitiveList": [b]},
        {finalizers: [c, b, a]},
        {finalizers: [d, c, b, a], "finalizers": [d]},
        {finalizers: [a, d, c], "finalizers": [d], delete: [b]},
        {finalizers: [a, b], "finalizers": [b, a]},
        {finalizers: [a], "finalizers": [d]},
        {finalizers: "x"},
        {"$setElementOrder": [a]},
        {finalizers: []},
        {"$setElementOrder/unknown": [a]},
        {"$setElementOrder/labels": [a]},
        {"ownerReferences": [{"uid": "u-2", "name": "renamed"}]},
        {"ownerReferences": [{"uid": "u-2", "$patch": "delete"}]},
        {"ownerReferences": [{"$patch": "delete"}]},
        {"ownerReferences": [{"$patch": "replace"}, {**owner, "name": "n", "uid": "u-9"}]},
        {"ownerReferences": [{"$patch": "replace"}]},
        {"ownerReferences": [{"$patch": "merge"}]},
        {"ownerReferences": [{"$patch": "swap", "uid": "u-1"}]},
        {"ownerReferences": [{**owner, "name": "n", "uid": "u-9"}]},
        {"ownerReferences": [{**owner, "name": "n", "uid": "u-9"}, {"uid": "u-3", "name": "x"}]},
        {owners: [{"uid": "u-3"}, {"uid": "u-1"}]},
        {
            owners: [{"uid": "u-9"}, {"uid": "u-3"}, {"uid": "u-1"}],
            "ownerReferences": [{**owner, "name": "n", "uid": "u-9"}, {"uid": "u-1", "name": "x"}],
        },
        {
            owners: [{"uid": "u-1"}],
            "ownerReferences": [{"uid": "u-2", "$patch": "delete"}, {"uid": "u-1", "name": "x"}],
        },
        {owners: [{"name": "x"}], "ownerReferences": [{"uid": "u-1", "name": "x"}]},
        {"ownerReferences": [{"uid": "u-2", "controller": True, "blockOwnerDeletion": None}]},
        {"ownerReferences": [{"name": "x"}]},
        {"ownerReferences": ["x"]},
        {"ownerReferences": [["x"]]},
        {"ownerReferences": {}},
        {"ownerReferences": None},
        {"labels": {"app": None, "x": "y"}},
        {"labels": {"$patch": "replace", "x": "y"}},
        {"labels": {"$patch": "delete"}},
        {"labels": {"$patch": "merge", "x": "y"}},
        {"labels": {"$patch": "other"}},
        {"labels": {"$retainKeys": ["app"], "app": "x"}},
        {"labels": {"$retainKeys": ["app"], "x": "y"}},
        {"labels": {"$retainKeys": "app"}},
        {"labels": {"$retainKeys": []}},
        {"name": "other"},
        {"labels": {"a": 5}},
        {"labels": {"a": True}},
        {"labels": {"a": [1]}},
        {"labels": []},
        {"labels": "x"},
        {"generation": "x"},
        {"generation": 1.5},
        {"creationTimestamp": "yesterday"},
        {"unknown": 1},
    ]
    for tree in metadata:
        yield STRATEGIC, {"metadata": tree}
        if "unknown" in tree:
            yield STRATEGIC, {"metadata": tree}, STRICT
            yield STRATEGIC, {"metadata": tree}, IGNORE
    yield STRATEGIC, {}
    yield STRATEGIC, {"data": {"a": "x", "b": None}}
    yield STRATEGIC, {"data": None}
    yield STRATEGIC, {"$patch": "replace", "data": {}}
    yield STRATEGIC, {"$patch": "delete"}
    yield STRATEGIC, {"$retainKeys": ["metadata", "kind", "apiVersion"]}
    for text in ("", "null", "[]", "5", "{", '{"data":{"a":"1","a":"2"}}'):
        for query in ("", STRICT, IGNORE):
            yield STRATEGIC, text, query


POD_TEMPLATE = {
    "apiVersion": "v1",
    "kind": "PodTemplate",
    "metadata": {"name": "subject"},
    "template": {
        "metadata": {"labels": {"app": "web"}},
        "spec": {
            "containers": [
                {
                    "name": "one",
                    "image": "one:1",
                    "args": ["x", "y"],
                    "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                    "ports": [
                        {"containerPort": 53, "protocol": "TCP", "name": "tcp"},
                        {"containerPort": 53, "protocol": "UDP", "name": "udp"},
                        {"containerPort": 80},
                    ],
                    "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
                    "volumeMounts": [{"name": "v", "mountPath": "/a"}],
                },
                {"name": "two", "image": "two:1"},
                {"name": "three", "image": "three:1"},
            ],
            "volumes": [
                {"name": "v", "emptyDir": {}},
                {"name": "w", "configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}},
            ],
            "tolerations": [{"key": "a", "operator": "Exists"}],
            "imagePullSecrets": [{"name": "s1"}, {"name": "s2"}],
            "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}],
            "nodeSelector": {"disk": "ssd"},
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "zone",
                    "whenUnsatisfiable": "DoNotSchedule",
                    "labelSelector": {"matchLabels": {"app": "web"}},
                }
            ],
        },
    },
}


def template_cases() -> Iterator[Case]:
    containers = "$setElementOrder/containers"
    specs: list[Any] = [
        {"containers": [{"name": "one", "image": "one:2"}]},
        {"containers": [{"name": "four", "image": "four:1"}]},
        {"containers": [{"name": "two", "$patch": "delete"}]},
        {"containers": [{"name": "three", "image": "x"}, {"name": "one", "image": "y"}]},
        {"containers": [{"name": "four", "image": "4"}, {"name": "two", "image": "2"}]},
        {
            containers: [{"name": "three"}, {"name": "four"}, {"name": "one"}, {"name": "two"}],
            "containers": [{"name": "four", "image": "4"}],
        },
        {containers: [{"name": "two"}, {"name": "one"}]},
        {containers: [{"name": "nobody"}]},
        {"containers": [{"name": "one", "env": [{"name": "B", "value": "3"}, {"name": "C"}]}]},
        {"containers": [{"name": "one", "env": [{"name": "A", "$patch": "delete"}]}]},
        {"containers": [{"name": "one", "env": [{"$patch": "replace"}, {"name": "Z"}]}]},
        {"containers": [{"name": "one", "args": ["z"]}]},
        {"containers": [{"name": "one", "args": None}]},
        {"containers": [{"name": "one", "ports": [{"containerPort": 53, "name": "dns"}]}]},
        {"containers": [{"name": "one", "ports": [{"containerPort": 53, "$patch": "delete"}]}]},
        {"containers": [{"name": "one", "ports": [{"containerPort": 8080, "name": "n"}]}]},
        {"containers": [{"name": "one", "ports": [{"containerPort": "80", "name": "n"}]}]},
        {"containers": [{"name": "one", "resources": {"limits": {"cpu": "2", "memory": None}}}]},
        {"containers": [{"name": "one", "resources": {"limits": {"cpu": 2}}}]},
        {"containers": [{"name": "one", "resources": {"limits": {"cpu": "x"}}}]},
        {"containers": [{"name": "one", "resources": None}]},
        {"containers": [{"name": "one", "volumeMounts": [{"mountPath": "/b", "name": "w"}]}]},
        {"containers": [{"name": "one", "livenessProbe": {"httpGet": {"port": 80}}}]},
        {"containers": [{"name": "one", "livenessProbe": {"httpGet": {"port": "web"}}}]},
        {"containers": [{"image": "nameless"}]},
        {"containers": [{"name": "one", "$retainKeys": ["name", "image"], "image": "i"}]},
        {"containers": None},
        {"containers": []},
        {"containers": {}},
        {"containers": "x"},
        {"containers": ["x"]},
        {"containers": [None]},
        {"initContainers": [{"name": "init", "image": "i", "$patch": "delete"}]},
        {"initContainers": [{"name": "init", "image": "i", "command": None}]},
        {"volumes": [{"name": "v", "emptyDir": {"medium": "Memory"}}]},
        {
            "volumes": [
                {"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/"}}
            ]
        },
        {"volumes": [{"name": "v", "$retainKeys": ["name"], "hostPath": {"path": "/"}}]},
        {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]},
        {"volumes": [{"name": "w", "configMap": {"items": [{"key": "q", "path": "r"}]}}]},
        {"volumes": [{"name": "x", "secret": {"secretName": "s"}}]},
        {"tolerations": [{"key": "b", "operator": "Exists"}]},
        {"tolerations": []},
        {"imagePullSecrets": [{"name": "s2", "$patch": "delete"}, {"name": "s3"}]},
        {"$setElementOrder/imagePullSecrets": [{"name": "s2"}, {"name": "s1"}]},
        {"hostAliases": [{"ip": "10.0.0.1", "hostnames": ["b"]}]},
        {"nodeSelector": {"disk": None, "zone": "z"}},
        {"nodeSelector": {"$patch": "replace", "zone": "z"}},
        {"securityContext": {"runAsUser": 5}},
        {"securityContext": None},
        {"securityContext": {"$patch": "delete"}},
        {"topologySpreadConstraints": [{"topologyKey": "zone", "maxSkew": 3}]},
        {"restartPolicy": "Never"},
        {"restartPolicy": None},
        {"restartPolicy": 5},
        {"terminationGracePeriodSeconds": "x"},
        {"terminationGracePeriodSeconds": 5.0},
        {"terminationGracePeriodSeconds": 5.5},
        {"hostNetwork": "true"},
        {"hostNetwork": 1},
        {"affinity": {"nodeAffinity": {"unknown": 1}}},
        {"dnsConfig": {"options": [{"name": "ndots", "value": "2"}], "searches": ["a"]}},
    ]
    for spec in specs:
        yield STRATEGIC, {"template": {"spec": spec}}
    merges: list[Any] = [
        {"containers": [{"name": "one", "image": "x"}]},
        {"containers": None},
        {"nodeSelector": {"disk": None}},
        {"terminationGracePeriodSeconds": "x"},
        {"containers": [{"name": "one", "resources": {"limits": {"cpu": "x"}}}]},
        {"containers": "x"},
        {"volumes": None},
    ]
    for spec in merges:
        yield MERGE, {"template": {"spec": spec}}
    path = "/template/spec/containers"
    yield JSON, [op("replace", f"{path}/0/image", "x"), op("remove", f"{path}/1")]
    yield JSON, [op("add", f"{path}/1/env", [{"name": "N", "value": "v"}])]
    yield JSON, [op("move", f"{path}/0", **{"from": f"{path}/2"})]
    yield JSON, [op("copy", f"{path}/1/env", **{"from": f"{path}/0/env"})]
    yield JSON, [op("replace", f"{path}/0/ports/0/containerPort", "x")]
    yield JSON, [op("test", f"{path}/0/ports/0/containerPort", 53), op("remove", f"{path}/0/args")]
    yield JSON, [op("test", f"{path}/0/ports/0/containerPort", 53.0)]
    yield JSON, [op("test", f"{path}/0/env/0", {"value": "1", "name": "A"})]


SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "subject"},
    "spec": {
        "selector": {"app": "web"},
        "clusterIP": "None",
        "ports": [
            {"name": "http", "port": 80, "targetPort": 8080},
            {"name": "dns", "port": 53, "protocol": "UDP"},
        ],
    },
}


def service_cases() -> Iterator[Case]:
    specs: list[Any] = [
        {"ports": [{"port": 80, "targetPort": "web"}]},
        {"ports": [{"port": 443, "name": "https"}]},
        {"ports": [{"port": 53, "$patch": "delete"}]},
        {"$setElementOrder/ports": [{"port": 53}, {"port": 80}]},
        {"selector": {"app": None, "x": "y"}},
        {"selector": None},
        {"ports": [{"name": "https"}]},
    ]
    for spec in specs:
        yield STRATEGIC, {"spec": spec}
    yield MERGE, {"spec": {"ports": [{"port": 1}]}}
    yield MERGE, {"spec": {"type": "NodePort", "clusterIP": None}}


FAMILIES: dict[str, tuple[dict[str, Any], str, list[Case]]] = {
    "json": (CONFIG_MAP, "configmaps", list(json_cases())),
    "merge": (CONFIG_MAP, "configmaps", list(merge_cases())),
    "strategic": (CONFIG_MAP, "configmaps", list(strategic_cases())),
    "podtemplate": (POD_TEMPLATE, "podtemplates", list(template_cases())),
    "service": (SERVICE, "services", list(service_cases())),
}


def record(oracle: Oracle, family: str) -> list[dict[str, Any]]:
    subject, resource, cases = FAMILIES[family]
    base = f"/api/v1/namespaces/{oracle.namespace(NAMESPACE)}/{resource}"
    oracle.call("PATCH", f"{base}/subject", {"metadata": {"finalizers": None}}, content_type=MERGE)
    oracle.call("DELETE", f"{base}/subject")
    made = oracle.call("POST", base, subject)
    assert made.code == 201, made
    recorded: list[dict[str, Any]] = [{"before": made.body}]
    for media_type, body, *rest in cases:
        query = rest[0] if rest else ""
        text = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
        url = f"{base}/subject?dryRun=All" + (f"&{query}" if query else "")
        reply = oracle.call("PATCH", url, text or " ", content_type=media_type)
        if len(text) > 20_000:
            text = f"{text[1 : text.index('}') + 1]} * {len(body)}"
        recorded.append(
            {
                "type": media_type,
                "patch": text,
                "query": query,
                "code": reply.code,
                "warnings": reply.warnings,
                "reply": reply.body,
            }
        )
    return recorded


def main() -> None:
    oracle = Oracle.from_environment()
    TARGET.mkdir(parents=True, exist_ok=True)
    for family in FAMILIES:
        recorded = record(oracle, family)
        lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in recorded)
        (TARGET / f"{family}.json").write_text(f"[\n{lines}\n]\n")
        print(family, len(recorded) - 1)


if __name__ == "__main__":
    main()
