"""Write `recordings/metrics.json`: how a real server counts requests.

    MOCKAPI_ORACLE=kubeconfig python -m tests.contract.record_metrics

What is done is done to PodTemplates, which no controller touches; recorded is by how much each line
about them has grown, and of which labels the other series consist.
"""

import json
import os
import re
import secrets
from collections import Counter
from pathlib import Path
from typing import Any

from tests.contract.harness import HERE, Target, target_of

RECORDING = HERE / "recordings" / "metrics.json"
_NAMES = ("apiserver_request_total", "apiserver_request_duration_seconds_count")
_SHAPES = (
    "apiserver_longrunning_requests",
    "apiserver_resource_objects",
    "kubernetes_build_info",
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
)
_SPEC = {"spec": {"containers": [{"name": "a", "image": "b"}]}}


def _send(
    target: Target, method: str, path: str, body: Any = None, kind: str = "application/json"
) -> str:
    connection = target.connect()
    headers = {**target.headers, "Content-Type": kind}
    data = None if body is None else json.dumps(body).encode()
    try:
        connection.request(method, path, data, headers)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def _requests(target: Target) -> None:
    token = secrets.token_hex(5)
    base = f"/api/v1/namespaces/contract-{token}/podtemplates"
    metadata = {"metadata": {"name": f"contract-{token}"}}
    _send(target, "POST", "/api/v1/namespaces", metadata)
    body = {"metadata": {"name": "one"}, "template": _SPEC}
    applied = {"kind": "PodTemplate", "apiVersion": "v1", **body}
    _send(target, "POST", f"{base}?dryRun=All", body)
    for _ in range(2):
        _send(target, "POST", base, body)
    for path in (f"{base}/one", f"{base}/two", base, "/api/v1/podtemplates"):
        _send(target, "GET", path)
    _send(target, "GET", f"{base}?watch=1&timeoutSeconds=1")
    _send(target, "GET", f"{base}?watch=1&fieldSelector=a=b")
    _send(target, "PUT", f"{base}/one", body)
    _send(target, "PATCH", f"{base}/one", {}, "application/merge-patch+json")
    patched = f"{base}/one?fieldManager=m&force=1"
    _send(target, "PATCH", patched, applied, "application/apply-patch+yaml")
    _send(target, "PATCH", f"{patched}&dryRun=All", applied, "application/apply-patch+yaml")
    _send(target, "DELETE", f"{base}/one")
    _send(target, "DELETE", base)
    _send(target, "DELETE", f"/api/v1/namespaces/contract-{token}")


def _lines(target: Target) -> dict[str, float]:
    text = _send(target, "GET", "/metrics")
    found = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in found}


def counted(target: Target) -> dict[str, Any]:
    """What the requests added to which lines, and the labels of some other series."""
    before = Counter(_lines(target))
    _requests(target)
    watch = target.connect()
    watch.request("GET", "/api/v1/namespaces/default/configmaps?watch=1", headers=target.headers)
    watch.getresponse()
    lines = _lines(target)
    watch.close()
    grown = Counter(lines)
    grown.subtract(before)
    about = {
        line: number
        for line, number in sorted(grown.items())
        if line.startswith(_NAMES) and 'resource="podtemplates"' in line and number
    }
    shapes: dict[str, list[list[str]]] = {}
    for line in lines:
        name = line.partition("{")[0]
        if name in _SHAPES:
            labels = re.findall(r'(\w+)="', line)
            if labels not in shapes.setdefault(name, []):
                shapes[name].append(labels)
    return {"grown": about, "labels": shapes}


def main() -> None:
    found = counted(target_of(Path(os.environ["MOCKAPI_ORACLE"])))
    RECORDING.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
