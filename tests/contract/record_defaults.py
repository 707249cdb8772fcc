"""Records what a real server makes of objects with few fields, by dry run:
`MOCKAPI_ORACLE=KUBECONFIG python -m tests.contract.record_defaults`.
"""

import json
from pathlib import Path
from typing import Any

import yaml

from mockapi.machinery import catalogue
from mockapi.meta.names import GroupVersionKind, split_api_version
from tests.contract.oracle import Oracle

SOURCE = Path(__file__).parent / "default_objects"
TARGET = Path(__file__).parent / "recordings/defaults"
NAMESPACE = "mockapi-defaults"
CERTIFICATE = (SOURCE / "certificate.pem").read_text()


def objects(name: str) -> list[dict[str, Any]]:
    text = (SOURCE / f"{name}.yaml").read_text().replace("NAMESPACE", NAMESPACE)
    return list(yaml.safe_load(text.replace("CERTIFICATE", json.dumps(CERTIFICATE))))


def path(obj: dict[str, Any]) -> str:
    gvk = GroupVersionKind(*split_api_version(obj["apiVersion"]), obj["kind"])
    resource = catalogue.load("1.37").resource_of_kind[gvk]
    root = f"/apis/{gvk.api_version}" if gvk.group else "/api/v1"
    within = f"/namespaces/{NAMESPACE}" if resource.namespaced else ""
    return f"{root}{within}/{resource.gvr.resource}?dryRun=All&fieldValidation=Strict"


def main() -> None:
    oracle = Oracle.from_environment()
    oracle.namespace(NAMESPACE)
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in ("minimal", "rich"):
        rows = []
        for obj in objects(name):
            reply = oracle.call("POST", path(obj), obj)
            if reply.code != 201:
                raise SystemExit(f"{obj['kind']} {obj['metadata']['name']}: {reply.body}")
            rows.append(json.dumps({"sent": obj, "reply": reply.body}, ensure_ascii=False))
        (TARGET / f"{name}.json").write_text("[\n" + ",\n".join(rows) + "\n]\n")
        print(f"{name}: {len(rows)}")


if __name__ == "__main__":
    main()
