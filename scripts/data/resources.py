"""resources.json: what is served, from discovery, and the field labels each resource selects by."""

import base64
import hashlib
from typing import Any
from urllib.parse import quote

from scripts.data.server import Server

LABELS = (
    "metadata.name",
    "metadata.namespace",
    "action",
    "involvedObject.apiVersion",
    "involvedObject.fieldPath",
    "involvedObject.kind",
    "involvedObject.name",
    "involvedObject.namespace",
    "involvedObject.resourceVersion",
    "involvedObject.uid",
    "reason",
    "regarding.apiVersion",
    "regarding.fieldPath",
    "regarding.kind",
    "regarding.name",
    "regarding.namespace",
    "regarding.resourceVersion",
    "regarding.uid",
    "reportingComponent",
    "reportingController",
    "source",
    "spec.clusterIP",
    "spec.driver",
    "spec.externalID",
    "spec.fsGroupPolicy",
    "spec.host",
    "spec.hostNetwork",
    "spec.node",
    "spec.nodeName",
    "spec.podName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.signerName",
    "spec.type",
    "spec.unschedulable",
    "status.currentReplicas",
    "status.nominatedNodeName",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.readyReplicas",
    "status.replicas",
    "status.successful",
    "type",
)
"""Every label some conversion function of the real server knows (or knew)."""


def build(server: Server, release: str) -> dict[str, Any]:
    groups = [{"name": "", "versions": ["v1"], "preferred": "v1"}]
    for group in server.get("/apis")["groups"]:
        versions = [version["version"] for version in group["versions"]]
        preferred = group["preferredVersion"]["version"]
        groups.append({"name": group["name"], "versions": versions, "preferred": preferred})
    resources: list[dict[str, Any]] = []
    for entry in groups:
        for version in entry["versions"]:
            resources += _version(server, str(entry["name"]), version)
    _storage(groups, resources)
    return {
        "release": release,
        "version": server.get("/version") | {"gitCommit": "", "gitTreeState": ""},
        "paths": [path for path in server.get("/")["paths"] if not path.startswith("/api")],
        "groups": groups,
        "resources": resources,
    }


def _version(server: Server, group: str, version: str) -> list[dict[str, Any]]:
    prefix = f"/apis/{group}/{version}" if group else f"/api/{version}"
    found: dict[str, dict[str, Any]] = {}
    paths = server.get(f"/openapi/v3{prefix}")["paths"]
    for entry in server.get(prefix)["resources"]:
        name, _, subresource = entry.pop("name").partition("/")
        if subresource:
            entry.pop("namespaced")
            found[name].setdefault("subresources", []).append({"name": subresource, **entry})
            if not entry["singularName"]:
                del found[name]["subresources"][-1]["singularName"]
            continue
        found[name] = {"group": group, "version": version, "name": name, **entry}
        if "list" in entry["verbs"]:
            found[name]["selectable"] = _selectable(server, f"{prefix}/{name}")
        if _delete_returns_object(paths, f"{prefix}/{name}", entry["namespaced"]):
            found[name]["deleteReturnsObject"] = True
    return list(found.values())


def _delete_returns_object(paths: dict[str, Any], path: str, namespaced: bool) -> bool:
    if namespaced:
        head, _, name = path.rpartition("/")
        path = f"{head}/namespaces/{{namespace}}/{name}"
    operation = paths.get(f"{path}/{{name}}", {}).get("delete")
    if not operation:
        return False
    content = operation["responses"]["200"]["content"]["application/json"]
    return not str(content["schema"]["$ref"]).endswith(".meta.v1.Status")


def _selectable(server: Server, path: str) -> list[str]:
    def accepted(label: str) -> bool:
        status, _ = server.ask("GET", f"{path}?limit=1&fieldSelector={quote(f'{label}=x')}")
        if status in (200, 400):
            return status == 200
        raise RuntimeError(f"{path} answered {status} to the field label {label}.")

    return [label for label in LABELS if accepted(label)]


def _storage(groups: list[dict[str, Any]], resources: list[dict[str, Any]]) -> None:
    """storageVersionHash is a hash of the storage group, version and kind: find which matches.

    Some kinds are still stored in a version that is not served: for us they live in their own.
    """
    candidates = [(g["name"], v) for g in groups for v in g["versions"]]
    for resource in resources:
        wanted = resource.get("storageVersionHash")
        if not wanted:
            continue
        own = (resource["group"], resource["version"])
        unserved = [(own[0], version) for version in ("v1beta2", "v1beta1", "v1alpha1")]
        for group, version in [own, *candidates, *unserved]:
            if _hash(group, version, resource["kind"]) == wanted:
                served = (group, version) in candidates
                resource["storageGroup"], resource["storageVersion"] = (
                    (group, version) if served else own
                )
                break
        else:
            raise RuntimeError(f"No known version explains the storage hash of {resource}.")


def _hash(group: str, version: str, kind: str) -> str:
    digest = hashlib.sha256(f"{group}/{version}/{kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()
