"""Records the managed fields of a custom resource:
`python -m tests.contract.record_custom_applies`.
"""

import json
import time
from pathlib import Path
from typing import Any

from tests.contract.oracle import Oracle

TARGET = Path(__file__).parent / "recordings/custom_applies.json"
NAMESPACE = "mockapi-apply"
GROUP = "managers.mockapi.dev"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
TYPES = {
    "create": "application/json",
    "patch": "application/merge-patch+json",
    "apply": "application/apply-patch+yaml",
}
Tree = dict[str, Any]

TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
SPEC: Tree = {
    "count": NUMBER,
    "plain": {"type": "array", "items": {"type": "object", "properties": {"id": TEXT}}},
    "keyed": {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["id", "kind"],
        "items": {
            "type": "object",
            "required": ["id"],
            "properties": {"id": TEXT, "kind": {**TEXT, "default": "std"}, "v": NUMBER},
        },
    },
    "set": {"type": "array", "x-kubernetes-list-type": "set", "items": TEXT},
    "whole": {
        "type": "object",
        "x-kubernetes-map-type": "atomic",
        "properties": {"a": TEXT, "b": TEXT},
    },
    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "map": {
        "type": "object",
        "additionalProperties": {"type": "object", "properties": {"x": TEXT}},
    },
    "port": {"x-kubernetes-int-or-string": True},
}
SCHEMA: Tree = {
    "type": "object",
    "properties": {
        "spec": {"type": "object", "properties": SPEC},
        "status": {"type": "object", "properties": {"count": NUMBER, "phase": TEXT}},
    },
}
DEFINITION: Tree = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"things.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"plural": "things", "singular": "thing", "kind": "Thing"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": SCHEMA},
            }
        ],
    },
}
FULL: Tree = {
    "count": 1,
    "plain": [{"id": "a"}],
    "keyed": [{"id": "a", "v": 1}, {"id": "b", "kind": "odd"}],
    "set": ["p", "q"],
    "whole": {"a": "1", "b": "2"},
    "free": {"any": {"deep": [1, {"x": None}]}, "n": None},
    "map": {"k": {"x": "1"}},
    "port": "web",
}

Step = tuple[str, str, Tree, str]


def thing(spec: Tree | None = None) -> Tree:
    body: Tree = {"apiVersion": f"{GROUP}/v1", "kind": "Thing", "metadata": {"name": "x"}}
    return body if spec is None else {**body, "spec": spec}


def step(verb: str, manager: str, body: Tree, part: str = "") -> Step:
    return verb, manager, body, part


SCENARIOS: dict[str, list[Step]] = {
    "create": [step("create", "m", thing(FULL))],
    "create-bare": [step("create", "m", thing())],
    "apply": [step("apply", "m", thing(FULL))],
    "apply-less": [
        step("apply", "m", thing(FULL)),
        step("apply", "m", thing({"keyed": [{"id": "a", "kind": "std"}], "set": ["q"]})),
        step("apply", "m", thing({"free": {"any": {"other": 1}}})),
    ],
    "apply-leaves-null": [
        step("apply", "m", thing(FULL)),
        step("apply", "m", thing({"map": {}})),
    ],
    "apply-others": [
        step("apply", "m", thing(FULL)),
        step(
            "apply",
            "n",
            thing(
                {
                    "keyed": [{"id": "a", "v": 2}],
                    "set": ["r"],
                    "map": {"k": {"x": "2"}},
                    "whole": {"a": "1"},
                }
            ),
        ),
        step(
            "apply",
            "n",
            thing({"keyed": [{"id": "c"}], "set": ["r"], "map": {"l": {}}, "free": {"more": 1}}),
        ),
    ],
    "status": [
        step("create", "m", thing({"count": 1})),
        step("patch", "n", {"status": {"phase": "Up"}}, "status"),
        step("patch", "n", {"spec": {"count": 3}, "status": {"phase": "Down"}}, "status"),
        step("patch", "o", {"spec": {"count": 2}}),
    ],
    "unknown": [step("apply", "m", thing({"zzz": 1}))],
    "wrong": [step("apply", "m", thing({"count": "x", "port": {}}))],
    "patch": [
        step("create", "m", thing(FULL)),
        step("patch", "n", {"spec": {"free": {"any": 5, "n": {"z": 1}}, "plain": []}}),
        step("patch", "n", {"spec": {"keyed": [{"id": "a"}]}}),
        step("patch", "n", {"spec": {"free": None, "map": None}}),
    ],
}


def play(oracle: Oracle, base: str, steps: list[Step]) -> list[Tree]:
    oracle.call("DELETE", f"{base}/x")
    played = []
    for verb, manager, body, part in steps:
        before = oracle.call("GET", f"{base}/x")
        url = base if verb == "create" else f"{base}/x{'/' if part else ''}{part}"
        method = "POST" if verb == "create" else "PATCH"
        url = f"{url}?fieldManager={manager}"
        reply = oracle.call(method, url, body, content_type=TYPES[verb])
        after = oracle.call("GET", f"{base}/x")
        played.append(
            {
                "verb": verb,
                "manager": manager,
                "part": part,
                "body": body,
                "live": before.body if before.code == 200 else None,
                "code": reply.code,
                "reply": reply.body,
                "stored": after.body if after.code == 200 else None,
            }
        )
    return played


def main() -> None:
    oracle = Oracle.from_environment()
    oracle.namespace(NAMESPACE)
    oracle.call("POST", DEFINITIONS, DEFINITION)
    base = f"/apis/{GROUP}/v1/namespaces/{NAMESPACE}/things"
    for _ in range(50):
        if oracle.call("GET", base).code == 200:
            break
        time.sleep(0.2)
    found = [{"name": name, "steps": play(oracle, base, s)} for name, s in SCENARIOS.items()]
    oracle.call("DELETE", f"{DEFINITIONS}/things.{GROUP}")
    lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in found)
    TARGET.write_text(f"[\n{lines}\n]\n")
    print(len(found))


if __name__ == "__main__":
    main()
