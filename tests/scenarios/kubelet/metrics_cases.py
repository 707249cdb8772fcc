"""What is asked of metrics.k8s.io: of metrics-server behind a real kube-apiserver, and of ours."""

from typing import Any

import requests

Reply = dict[str, Any]

BASE = "/apis/metrics.k8s.io/v1beta1"
DEFAULT = f"{BASE}/namespaces/default/pods"
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1,application/json"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
PARTIAL = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1"

CASES: tuple[tuple[str, str, str], ...] = (
    ("GET", "/apis/metrics.k8s.io", ""),
    ("GET", BASE, ""),
    ("GET", f"{BASE}/nodes", ""),
    ("GET", f"{BASE}/pods", ""),
    ("GET", DEFAULT, ""),
    ("GET", f"{BASE}/namespaces/none/pods", ""),
    ("GET", f"{BASE}/nodes/n1", ""),
    ("GET", f"{BASE}/nodes/none", ""),
    ("GET", f"{DEFAULT}/web", ""),
    ("GET", f"{DEFAULT}/none", ""),
    ("GET", f"{DEFAULT}/quiet", ""),
    ("GET", f"{DEFAULT}/off", ""),
    ("GET", f"{BASE}/nodes", TABLE),
    ("GET", f"{BASE}/nodes/n1", TABLE),
    ("GET", f"{BASE}/pods", TABLE),
    ("GET", f"{DEFAULT}/web", TABLE),
    ("GET", f"{BASE}/namespaces/none/pods", TABLE),
    ("GET", f"{BASE}/pods?includeObject=Object", TABLE),
    ("GET", f"{BASE}/pods?includeObject=None", TABLE),
    ("GET", f"{BASE}/pods?labelSelector=app%3Dweb", ""),
    ("GET", f"{BASE}/pods?labelSelector=app+in+(db,web)", ""),
    ("GET", f"{BASE}/pods?labelSelector=a+b+c", ""),
    ("GET", f"{BASE}/pods?fieldSelector=metadata.name%3Dweb", ""),
    ("GET", f"{BASE}/pods?fieldSelector=metadata.namespace%3Dother", ""),
    ("GET", f"{BASE}/pods?fieldSelector=spec.nodeName%3Dn1", ""),
    ("GET", f"{BASE}/nodes?fieldSelector=metadata.name%3Dn2", ""),
    ("GET", f"{BASE}/nodes?labelSelector=tier", ""),
    ("GET", f"{BASE}/pods?limit=1", ""),
    ("GET", f"{BASE}/pods?resourceVersion=5", ""),
    ("GET", f"{BASE}/pods?resourceVersion=abc", ""),
    ("GET", f"{BASE}/pods?watch=1", ""),
    ("GET", f"{BASE}/watch/pods", ""),
    ("GET", f"{BASE}/watch/nodes/n1", ""),
    ("GET", f"{BASE}/pods", PARTIAL.format("List")),
    ("GET", f"{BASE}/nodes/n1", PARTIAL.format("")),
    ("GET", f"{BASE}/nodes", "text/plain"),
    ("GET", f"{BASE}/other", ""),
    ("GET", f"{BASE}/pods/web", ""),
    ("GET", "/apis/metrics.k8s.io/v1", ""),
    ("GET", f"{DEFAULT}/web/status", ""),
    ("GET", "/apis", ""),
    ("GET", "/apis", AGGREGATED),
    ("GET", "/", ""),
    ("POST", f"{BASE}/nodes", ""),
    ("DELETE", f"{BASE}/nodes/n1", ""),
    ("PUT", f"{DEFAULT}/web", ""),
    ("PATCH", f"{BASE}/nodes/n1", ""),
    ("DELETE", DEFAULT, ""),
)

_TYPES = {
    "POST": "application/json",
    "PUT": "application/json",
    "PATCH": "application/merge-patch+json",
}


def ask(session: requests.Session, url: str) -> list[Reply]:
    """The reply to each case."""
    return [_reply(session, url, *case) for case in CASES]


def _reply(session: requests.Session, url: str, method: str, path: str, accept: str) -> Reply:
    headers = {"Accept": accept or "*/*"}
    if method in _TYPES:
        headers["Content-Type"] = _TYPES[method]
    body = "{}" if method in _TYPES else None
    answer = session.request(method, f"{url}{path}", headers=headers, data=body, timeout=30)
    is_json = answer.headers["Content-Type"].startswith("application/json")
    return {
        "request": f"{method} {path}" + (f" as {accept}" if accept else ""),
        "code": answer.status_code,
        "type": answer.headers["Content-Type"],
        "body": _ours(answer.json()) if is_json else answer.text,
    }


def _ours(body: Any) -> Any:
    """Of documents about all groups, what they say of ours: what comes last."""
    if "paths" in body:
        return {"paths": [path for path in body["paths"] if "metrics.k8s.io" in path]}
    for key in ("groups", "items"):
        if body["kind"] in ("APIGroupList", "APIGroupDiscoveryList") and key in body:
            return {**body, key: body[key][-1:]}
    return body
