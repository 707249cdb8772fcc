"""Records discovery and digests of the OpenAPI documents of a real server:
`MOCKAPI_ORACLE=KUBECONFIG python -m tests.contract.record_documents builtin`

without custom resources, then, with those of `recordings/discovery/definitions.json` established,
the same with `custom`.
"""

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from scripts.data.server import AGGREGATED, Server

TARGET = Path(__file__).parent / "recordings"
PROTOBUF = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf"
CUSTOM = ("apis/example.com/v1", "apis/acme.io/v2")


def without_descriptions(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {
            key: without_descriptions(value)
            for key, value in tree.items()
            if not (key == "description" and isinstance(value, str))
        }
    if isinstance(tree, list):
        return [without_descriptions(value) for value in tree]
    return tree


def digest(tree: Any) -> str:
    text = json.dumps(without_descriptions(tree), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def discovery(server: Server) -> dict[str, Any]:
    found = {path: server.get(path) for path in ("/", "/version", "/api", "/apis", "/api/v1")}
    for group in found["/apis"]["groups"]:
        paths = [group["name"], *(version["groupVersion"] for version in group["versions"])]
        found |= {f"/apis/{path}": server.get(f"/apis/{path}") for path in paths}
    for path in ("/api", "/apis"):
        found[f"aggregated {path}"] = server.get(path, accept=AGGREGATED)
    return found | {"/openapi/v3": server.get("/openapi/v3")}


def second(server: Server) -> dict[str, str]:
    return {key: digest(value) for key, value in server.get("/openapi/v2").items()}


def messages(server: Server) -> dict[str, dict[str, str]]:
    """Small documents in both of their forms (without free values: YAML has many spellings)."""
    found = {}
    for name in ("version", "openid/v1/jwks", ".well-known/openid-configuration"):
        path = f"/openapi/v3/{name}"
        text, message = server.ask("GET", path)[1], server.ask("GET", path, accept=PROTOBUF)[1]
        found[name] = {"json": text.decode(), "protobuf": message.hex()}
    return found


def write(name: str, rows: dict[str, Any]) -> None:
    lines = (f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in rows.items())
    (TARGET / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main(state: str) -> None:
    server = Server(Path(os.environ["MOCKAPI_ORACLE"]))
    bodies = discovery(server)
    if state == "custom":
        builtin = json.loads((TARGET / "discovery/builtin.json").read_text())
        bodies = {path: body for path, body in bodies.items() if builtin.get(path) != body}
    write(f"discovery/{state}.json", bodies)
    names = CUSTOM if state == "custom" else tuple(bodies["/openapi/v3"]["paths"])
    documents = {name: digest(server.get(f"/openapi/v3/{name}")) for name in names}
    write(
        "openapi/v3-custom-digests.json" if state == "custom" else "openapi/v3-digests.json",
        documents,
    )
    if state == "builtin":
        write("openapi/v3-protobuf.json", messages(server))
    v2 = json.loads((TARGET / "openapi/v2-digests.json").read_text())
    write("openapi/v2-digests.json", v2 | {state: second(server)})


if __name__ == "__main__":
    main(sys.argv[1])
