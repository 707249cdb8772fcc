"""Record what a fresh kube-apiserver holds before anybody writes to it.

usage: python scripts/data/bootstrap.py MINOR KUBECONFIG

Writes openapi/vMINOR/bootstrap.json: the objects that the server makes for itself (namespaces,
the `kubernetes` Service, standard roles, priority classes, flow control, API services), without
what belongs to one run (uids, times, revisions, addresses of the host).
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

RESOURCES = (
    "namespaces",
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
    "flowschemas.flowcontrol.apiserver.k8s.io",
    "priorityclasses.scheduling.k8s.io",
    "clusterroles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
    "roles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
    "servicecidrs.networking.k8s.io",
    "services",
    "apiservices.apiregistration.k8s.io",
)
NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


def main(minor: str, kubeconfig: str) -> None:
    objects = [obj for name in RESOURCES for obj in listed(name, kubeconfig) if is_initial(obj)]
    root = Path(__file__).parents[2] / "openapi" / f"v{minor}" / "bootstrap.json"
    lines = [json.dumps(cleaned(obj), sort_keys=True, separators=(",", ":")) for obj in objects]
    root.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    print(f"{len(objects)} objects in {root}")


def listed(resource: str, kubeconfig: str) -> list[dict[str, Any]]:
    command = ["kubectl", "--kubeconfig", kubeconfig, "get", resource, "-A", "-o", "json"]
    reply = subprocess.run([*command, "--show-managed-fields"], capture_output=True, check=True)
    items: list[dict[str, Any]] = json.loads(reply.stdout)["items"]
    return items


def is_initial(obj: dict[str, Any]) -> bool:
    """Whether the server made it, not somebody who uses the same server."""
    if obj["kind"] == "Namespace":
        return obj["metadata"]["name"] in NAMESPACES
    if obj["kind"] in ("FlowSchema", "PriorityLevelConfiguration"):
        return True
    managers = obj["metadata"].get("managedFields", ())
    return any(entry["manager"].startswith("kube-apiserver") for entry in managers)


def cleaned(obj: dict[str, Any]) -> dict[str, Any]:
    metadata = obj["metadata"]
    for key in ("uid", "resourceVersion", "creationTimestamp"):
        metadata.pop(key, None)
    for entry in metadata.get("managedFields", ()):
        entry.pop("time", None)
    for condition in (obj.get("status") or {}).get("conditions", ()):
        condition.pop("lastTransitionTime", None)
    return obj


if __name__ == "__main__":
    main(*sys.argv[1:])
