"""Records how a real server reads custom resources, by dry run:
`MOCKAPI_ORACLE=KUBECONFIG python -m tests.contract.record_custom`.
"""

import json
import time
from pathlib import Path
from typing import Any

from tests.contract.oracle import Oracle

TARGET = Path(__file__).parent / "recordings/custom.json"
NAMESPACE = "mockapi-custom"
GROUP = "structural.mockapi.example.com"
API_VERSION = f"{GROUP}/v1"
STRING, INTEGER = {"type": "string"}, {"type": "integer"}
TRUE = {"type": "boolean", "default": True}
KEEP = {"x-kubernetes-preserve-unknown-fields": True}
EMBEDDED = {"type": "object", "x-kubernetes-embedded-resource": True}


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


SCHEMA = obj(
    spec=obj(
        text={**STRING, "default": "x"},
        nullable={**STRING, "nullable": True},
        nullableDefault={**STRING, "nullable": True, "default": "q"},
        either={"x-kubernetes-int-or-string": True},
        number={"type": "number"},
        nested={**obj(deep={**INTEGER, "default": 7}), "default": {}},
        free={**obj(known=obj(k={**STRING, "default": "kd"})), **KEEP},
        anyObject={**EMBEDDED, **KEEP},
        knownObject={**EMBEDDED, "properties": {"spec": {"type": "object"}}},
        many={"type": "array", "items": obj(x={**INTEGER, "default": 3})},
        objects={"type": "array", "items": {**EMBEDDED, **KEEP}},
        byName={"type": "object", "additionalProperties": obj(y=TRUE)},
        texts={"type": "object", "additionalProperties": STRING},
        open={"type": "object", "additionalProperties": True},
    ),
    status={"type": "object", **KEEP},
)
HEAD = f'"kind":"Thing","apiVersion":"{API_VERSION}"'
NAMED = f'{HEAD},"metadata":{{"name":"a"}}'
POD = '"apiVersion":"v1","kind":"Pod"'
BODIES = (
    f"{{{NAMED}}}",
    f'{{{NAMED},"spec":{{}}}}',
    f'{{{NAMED},"spec":{{"text":null,"nullable":null,"nullableDefault":null,"either":null}}}}',
    f'{{{NAMED},"spec":{{"zz":1,"nested":{{"deep":1,"more":2}}}},"extra":{{"a":1}}}}',
    f'{{{NAMED},"spec":{{"number":1.0}}}}',
    f'{{{NAMED},"spec":{{"number":1.50,"either":"a"}}}}',
    f'{{{NAMED},"spec":{{"free":{{"u":1.50,"known":{{"k2":1}},"list":[{{"b":1,"a":2}}]}}}}}}',
    f'{{{NAMED},"spec":{{"anyObject":{{{POD},"metadata":{{"name":"x","foo":"y"}},"q":1}}}}}}',
    f'{{{NAMED},"spec":{{"knownObject":{{{POD},"metadata":{{"name":"x"}},"spec":{{"q":1}},"z":2}}}}}}',
    f'{{{NAMED},"spec":{{"many":[{{"w":1}},{{}},{{"x":null}}]}}}}',
    f'{{{NAMED},"spec":{{"objects":[{{{POD}}},{{{POD},"metadata":{{"labels":{{"b":"1","a":"2"}}}}}}]}}}}',
    f'{{{NAMED},"spec":{{"byName":{{"b":{{"y":false,"z":1}},"a":{{}}}},"texts":{{"k":null,"a":"b"}}}}}}',
    f'{{{NAMED},"spec":{{"open":{{"a":{{"b":1}},"c":1,"d":[{{"e":1}}]}}}}}}',
    f'{{{NAMED},"spec":{{"text":"a"}},"spec":{{"text":"b","zz":1}},"zz":1}}',
    f'{{{NAMED},"status":{{"b":1,"a":null,"c":{{"e":1e3,"d":[]}}}}}}',
    f'{{{HEAD},"metadata":{{"name":"a","bogus":1,"labels":{{"b":"1","a":"2"}},"creationTimestamp":null}}}}',
    f'{{{HEAD},"metadata":{{"name":1}}}}',
    f'{{{HEAD},"metadata":"x"}}',
    f'{{{HEAD},"metadata":{{"name":"a","ownerReferences":[{{"x":1}}]}}}}',
    f'{{{NAMED},"spec":{{"anyObject":{{"kind":3}}}}}}',
    f'{{{NAMED},"spec":{{"objects":[{{{POD},"metadata":{{"name":3}}}}]}}}}',
    '{"metadata":{"name":"a"}}',
    "null",
    "[]",
    "{",
    '{"kind":1}',
    '{"kind":"Thing","apiVersion":5,"metadata":{"name":"a"}}',
    '{"kind":"Thing","apiVersion":"a/b/c"}',
)


def definition() -> dict[str, Any]:
    version = {"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [{**version, "schema": {"openAPIV3Schema": SCHEMA}}],
        },
    }


def main() -> None:
    oracle = Oracle.from_environment()
    oracle.namespace(NAMESPACE)
    oracle.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition())
    root = f"/apis/{API_VERSION}/namespaces/{NAMESPACE}/things"
    while oracle.call("GET", root).code != 200:
        time.sleep(0.2)
    rows = []
    for body in BODIES:
        for validation in ("Strict", "Ignore"):
            reply = oracle.call("POST", f"{root}?dryRun=All&fieldValidation={validation}", body)
            row = {"body": body, "validation": validation, "code": reply.code, "reply": reply.body}
            rows.append(json.dumps(row, ensure_ascii=False))
    oracle.call("DELETE", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.{GROUP}")
    TARGET.write_text("[\n" + ",\n".join(rows) + "\n]\n")
    print(f"custom: {len(rows)}")


if __name__ == "__main__":
    main()
