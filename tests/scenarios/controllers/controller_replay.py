"""Scenarios of workloads, run alike against mockapi and against a real control plane with kwok.

What is compared is, for each object, the events of its controller in order and its final status,
with pods' random suffixes, times and addresses left out. `python controller_replay.py
KUBECONFIG` records what is not recorded yet from a real cluster of three nodes.
"""

import base64
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import requests
import yaml

HERE = Path(__file__).parent
RECORDINGS = HERE / "recordings.json"
SCENARIOS: dict[str, list[dict[str, Any]]] = yaml.safe_load((HERE / "scenarios.yaml").read_text())
WATCHED = {
    "apps/v1/deployments": "Deployment",
    "apps/v1/replicasets": "ReplicaSet",
    "apps/v1/statefulsets": "StatefulSet",
    "apps/v1/daemonsets": "DaemonSet",
    "batch/v1/jobs": "Job",
    "policy/v1/poddisruptionbudgets": "PodDisruptionBudget",
    "v1/persistentvolumeclaims": "PersistentVolumeClaim",
}
SUFFIX = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}\b")
TIMES = frozenset(
    (
        "lastTransitionTime",
        "lastUpdateTime",
        "lastProbeTime",
        "startTime",
        "completionTime",
        "resourceVersion",
    )
)

Obj = dict[str, Any]


class Target(Protocol):
    """A cluster with one namespace to work in."""

    namespace: str

    def create(self, resource: str, obj: Obj) -> None: ...

    def patch(self, resource: str, name: str, patch: Obj) -> None: ...

    def list(self, resource: str) -> list[Obj]: ...

    def wait(self) -> None: ...


def describe(short: Obj) -> tuple[str, Obj]:
    """The object that a short description in a scenario means."""
    (kind, name), *_ = short.items()
    labels = {"app": name}
    pod = {"containers": [{"name": "c", "image": "nginx:1"}], **short.get("pod", {})}
    if kind == "job":
        pod["restartPolicy"] = "Never"
    if kind == "pod":
        pod.update(short.get("spec", {}))
    template = {"metadata": {"labels": labels}, "spec": pod}
    workload = {"selector": {"matchLabels": labels}, "template": template}
    specs: dict[str, tuple[str, str, Obj]] = {
        "deployment": ("apps/v1/deployments", "Deployment", workload),
        "replicaset": ("apps/v1/replicasets", "ReplicaSet", workload),
        "statefulset": ("apps/v1/statefulsets", "StatefulSet", {**workload, "serviceName": name}),
        "daemonset": ("apps/v1/daemonsets", "DaemonSet", workload),
        "job": ("batch/v1/jobs", "Job", {"template": template}),
        "budget": (
            "policy/v1/poddisruptionbudgets",
            "PodDisruptionBudget",
            {"selector": {"matchLabels": labels}},
        ),
        "service": ("v1/services", "Service", {"selector": labels, "ports": [{"port": 80}]}),
        "claim": (
            "v1/persistentvolumeclaims",
            "PersistentVolumeClaim",
            {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "",
                "resources": {"requests": {"storage": "1Gi"}},
            },
        ),
    }
    resource, title, spec = specs[kind]
    spec = {**spec, **short.get("spec", {})}
    if "replicas" in short:
        spec["replicas"] = short["replicas"]
    version = resource.rpartition("/")[0]
    return resource, {
        "apiVersion": version,
        "kind": title,
        "metadata": {"name": name},
        "spec": spec,
    }


def run(target: Target, steps: list[Obj]) -> Obj:
    for step in steps:
        for short in step.get("create", ()):
            target.create(*describe(short))
        if "patch" in step:
            target.patch(step["patch"]["resource"], step["patch"]["name"], step["patch"]["patch"])
        if "until" in step:
            _until(target, step["until"])
    for _ in range(3):
        target.wait()
    return observe(target)


def _until(target: Target, wanted: Obj) -> None:
    for _ in range(120):
        target.wait()
        for obj in target.list(wanted["resource"]):
            status = obj.get("status") or {}
            if obj["metadata"]["name"] == wanted["name"] and all(
                status.get(key, 0) == value for key, value in wanted["status"].items()
            ):
                return
    raise AssertionError(f"{wanted} did not come about")


def observe(target: Target) -> Obj:
    """Events and final statuses by kind and name."""
    seen: Obj = {}
    for resource, kind in WATCHED.items():
        for obj in target.list(resource):
            status = _plain(obj.get("status") or {})
            if "conditions" in status:
                status["conditions"].sort(key=lambda c: c["type"])
            name = obj["metadata"]["name"]
            seen[f"{kind} {name}"] = {"status": status, "events": []}
    for event in target.list("v1/events"):
        about = f"{event['involvedObject']['kind']} {event['involvedObject']['name']}"
        if about in seen:
            text = SUFFIX.sub("-*", event["message"])
            seen[about]["events"].append([event["type"], event["reason"], text])
    for row in seen.values():
        row["events"].sort()
    return seen


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if k not in TIMES}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


class RealCluster:
    """A real API server by kubeconfig, one namespace per scenario."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        user = config["users"][0]["user"]
        self._url = config["clusters"][0]["cluster"]["server"]
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = False
        self._session.cert = (user["client-certificate"], user["client-key"])
        self.namespace = namespace
        body = {"metadata": {"name": namespace}}
        self._session.post(f"{self._url}/api/v1/namespaces", json=body)
        time.sleep(1)

    def _path(self, resource: str) -> str:
        version, _, plural = resource.rpartition("/")
        root = "apis" if "/" in version else "api"
        return f"{self._url}/{root}/{version}/namespaces/{self.namespace}/{plural}"

    def create(self, resource: str, obj: Obj) -> None:
        self._session.post(self._path(resource), json=obj).raise_for_status()

    def patch(self, resource: str, name: str, patch: Obj) -> None:
        headers = {"Content-Type": "application/merge-patch+json"}
        url = f"{self._path(resource)}/{name}"
        self._session.patch(url, data=json.dumps(patch), headers=headers).raise_for_status()

    def list(self, resource: str) -> list[Obj]:
        items: list[Obj] = self._session.get(self._path(resource)).json()["items"]
        return items

    def wait(self) -> None:
        time.sleep(0.5)


def record(kubeconfig: Path, log: Callable[[str], None] = print) -> None:
    recorded = json.loads(RECORDINGS.read_text()) if RECORDINGS.exists() else {}
    stamp = base64.b32encode(str(int(time.time())).encode()).decode().strip("=").lower()
    for number, (name, steps) in enumerate(SCENARIOS.items()):
        if name in recorded:
            continue
        try:
            recorded[name] = run(RealCluster(kubeconfig, f"s{number}-{stamp}"), steps)
        except AssertionError as error:
            log(f"{name}: {error}")
            continue
        log(name)
    text = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in recorded.items())
    RECORDINGS.write_text("{\n" + text + "\n}\n")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
