"""Write `recordings/fairness.json`: which flow schema and level a real server puts requests in,
and `fairness_upkeep.json`: what it makes of changes to its own.

    MOCKAPI_ORACLE=kubeconfig python -m tests.contract.record_fairness

What is asked is in `fairness.yaml`; uids are written as the names that they belong to.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.contract.harness import HERE, Target, target_of

RECORDING = HERE / "recordings" / "fairness.json"
UPKEEP = HERE / "recordings" / "fairness_upkeep.json"
_AUTO = "apf.kubernetes.io/autoupdate-spec"
_GROUP = "/apis/flowcontrol.apiserver.k8s.io/v1"
_HEADERS = ("X-Kubernetes-Pf-Flowschema-Uid", "X-Kubernetes-Pf-Prioritylevel-Uid")

Tree = dict[str, Any]


def table() -> Tree:
    found: Tree = yaml.safe_load((HERE / "fairness.yaml").read_text())
    return found


def _send(
    target: Target, method: str, path: str, body: Any = None, headers: Mapping[str, str] = {}
) -> tuple[int, Mapping[str, str], bytes]:
    connection = target.connect()
    data = None if body is None else json.dumps(body).encode()
    try:
        connection.request(
            method, path, data, {**target.headers, "Content-Type": "application/json", **headers}
        )
        reply = connection.getresponse()
        watching = "watch" in path
        return reply.status, dict(reply.getheaders()), b"" if watching else reply.read()
    finally:
        connection.close()


def _names(target: Target) -> dict[str, str]:
    """uid -> name of all flow schemas and priority levels."""
    found: dict[str, str] = {}
    for plural in ("flowschemas", "prioritylevelconfigurations"):
        items = json.loads(_send(target, "GET", f"{_GROUP}/{plural}")[2])["items"]
        found |= {item["metadata"]["uid"]: item["metadata"]["name"] for item in items}
    return found


def flows(target: Target, *, settle_seconds: float) -> dict[str, list[str | None]]:
    """Who asks what -> schema and level. The real server takes a while to take in new schemas."""
    objects = table()["objects"]
    try:
        for obj in objects:
            status, _, body = _send(target, "POST", f"{_GROUP}/{_plural(obj)}", obj)
            assert status == 201, body
        time.sleep(settle_seconds)
        names = _names(target)
        return {line: _flow(target, line, names) for line in _lines()}
    finally:
        for obj in objects:
            _send(target, "DELETE", f"{_GROUP}/{_plural(obj)}/{obj['metadata']['name']}")


def _plural(obj: Tree) -> str:
    return f"{obj['kind'].lower()}s"


def _lines() -> Iterable[str]:
    for user in table()["users"]:
        for request in table()["requests"]:
            yield f"{user}: {request}"


def _flow(target: Target, line: str, names: Mapping[str, str]) -> list[str | None]:
    user, _, request = line.partition(": ")
    name, *groups = user.split(" ")
    method, _, path = request.partition(" ")
    headers = {} if name == "admin" else {"Impersonate-User": name}
    if groups:
        headers["Impersonate-Group"] = groups[0]
    found = _send(target, method, path, {} if method == "POST" else None, headers)[1]
    return [names.get(found[h], found[h]) if h in found else None for h in _HEADERS]


def upkeep(target: Target, wait: Callable[[float], object]) -> dict[str, Any]:
    """What becomes of changed and deleted objects of a new cluster: by plural and name, what a
    look at them shows after two minutes."""
    steps = table()["upkeep"]
    try:
        for step in steps:
            method, _, path = step["do"].partition(" ")
            kind = {"Content-Type": step.get("type", "application/merge-patch+json")}
            status, _, body = _send(target, method, f"{_GROUP}/{path}", step.get("body"), kind)
            assert status < 300, body
        wait(130)
        return {path: _look(target, path) for path in table()["looks"]}
    finally:
        for path in table()["made"]:
            _send(target, "DELETE", f"{_GROUP}/{path}")
        for path in table()["looks"]:
            free = {"metadata": {"annotations": {_AUTO: "true"}}}
            kind = {"Content-Type": "application/merge-patch+json"}
            _send(target, "PATCH", f"{_GROUP}/{path}", free, kind)


def _look(target: Target, path: str) -> Any:
    status, _, body = _send(target, "GET", f"{_GROUP}/{path}")
    found = json.loads(body)
    if status != 200:
        return found
    metadata = found["metadata"]
    for name in ("uid", "resourceVersion", "creationTimestamp"):
        del metadata[name]
    for entry in metadata["managedFields"]:
        del entry["time"]
    metadata["managedFields"].sort(key=lambda entry: json.dumps(entry, sort_keys=True))
    for condition in (found.get("status") or {}).get("conditions") or ():
        del condition["lastTransitionTime"]
    return found


def main() -> None:
    target = target_of(Path(os.environ["MOCKAPI_ORACLE"]))
    UPKEEP.write_text(json.dumps(upkeep(target, time.sleep), indent=1) + "\n")
    RECORDING.write_text(json.dumps(flows(target, settle_seconds=3), indent=1) + "\n")


if __name__ == "__main__":
    main()
