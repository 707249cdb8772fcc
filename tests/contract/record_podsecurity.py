"""Write `recordings/podsecurity.json`: what a real server says of pods under each security level.

    MOCKAPI_ORACLE=kubeconfig python -m tests.contract.record_podsecurity

The pods are in `podsecurity.yaml`; each is created by dry run in namespaces that warn.
"""

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.contract.fuzz.pair import Side
from tests.contract.harness import HERE, Target, target_of

RECORDING = HERE / "recordings" / "podsecurity.json"
_LABEL = "pod-security.kubernetes.io/warn"

Tree = dict[str, Any]


def verdicts(target: Target) -> dict[str, dict[str, list[str]]]:
    """pod -> `baseline:v1.0` -> Warning headers."""
    table = yaml.safe_load((HERE / "podsecurity.yaml").read_text())
    side, found = Side(target), {name: dict[str, list[str]]() for name in table["pods"]}
    for level in (
        f"{level}:{v}" for v in table["versions"] for level in ("baseline", "restricted")
    ):
        namespace = f"security-{secrets.token_hex(5)}"
        _make(side, namespace, level)
        for name, body in _pods(table["pods"]):
            reply = side.send("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", body)
            assert reply["status"] == 201, (name, reply["content"])
            said = reply["headers"].get_all("Warning") or []
            found[name][level] = [line for line in said if "PodSecurity" in line]
        side.send("DELETE", f"/api/v1/namespaces/{namespace}")
    side.close()
    return found


def _make(side: Side, namespace: str, level: str) -> None:
    name, _, version = level.partition(":")
    labels = {_LABEL: name, f"{_LABEL}-version": version}
    made = {"metadata": {"name": namespace, "labels": labels}}
    assert side.send("POST", "/api/v1/namespaces", made)["status"] == 201
    account = {"metadata": {"name": "default"}}
    side.send("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", account)


def _pods(pods: dict[str, Tree]) -> Iterator[tuple[str, Tree]]:
    for name, pod in pods.items():
        spec = {"containers": [{"name": "a", "image": "i"}], **(pod.get("spec") or {})}
        metadata = {"name": "p", "annotations": pod.get("annotations") or {}}
        yield name, {"metadata": metadata, "spec": {"automountServiceAccountToken": False, **spec}}


def comparable(found: dict[str, dict[str, list[str]]]) -> dict[str, dict[str, list[str]]]:
    return {name: _briefly(said) for name, said in found.items()}


def _briefly(said: dict[str, list[str]]) -> dict[str, list[str]]:
    """Only the first of the versions in a row that say the same of a level."""
    found: dict[str, list[str]] = {}
    last: dict[str, list[str]] = {}
    for level, lines in said.items():
        name = level.partition(":")[0]
        bare = [line.replace(f'"{level}"', "").replace(f'\\"{level}\\"', "") for line in lines]
        if last.get(name) != bare:
            found[level] = last[name] = bare
    return found


def main() -> None:
    found = verdicts(target_of(Path(os.environ["MOCKAPI_ORACLE"])))
    RECORDING.write_text(json.dumps(comparable(found), indent=1) + "\n")
    print(f"{len(found)} pods, {sum(map(len, found.values()))} verdicts")


if __name__ == "__main__":
    main()
