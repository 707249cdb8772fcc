"""Random cases for what a kubelet says: reasons, messages and events, and what ours says."""

import json
import random
import re
from collections.abc import Callable
from typing import Any

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.kubelet import admission, amounts, nodes, pressure, probes, usage, volumes
from mockapi.kubelet.behaviour import ContainerBehaviour, Finding, Pull
from mockapi.kubelet.behaviours import Behaviours
from mockapi.kubelet.shape import shape
from mockapi.kubelet.starting import Failed, ensure_image
from mockapi.machinery import catalogue
from mockapi.machinery.patch import two_way
from mockapi.meta.host_ports import host_ports
from mockapi.runtime.backoff import Backoff

Obj = dict[str, Any]
NOW = 1_700_000_000.0


def _pod(rng: random.Random, name: str = "web", **spec: Any) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ns", "uid": f"u-{name}"},
        "spec": {"containers": [{"name": "main", "image": "x"}], **spec},
        "status": {},
    }


# What is refused although it was bound: lifecycle/predicate.go, scheduler AdmissionCheck.


def _with_requests(rng: random.Random, pod: Obj) -> Obj:
    requests = {}
    choices = {
        "cpu": ("0", "100m", "1", "3", "5"),
        "memory": ("64Mi", "1Gi", "7Gi"),
        "ephemeral-storage": ("1Gi", "20Gi"),
        "example.com/gpu": ("1", "3"),
        "hugepages-2Mi": ("2Mi",),
    }
    for name, values in choices.items():
        if rng.random() < 0.25:
            requests[name] = rng.choice(values)
    if len([name for name in requests if name in ("example.com/gpu", "hugepages-2Mi")]) > 1:
        del requests["hugepages-2Mi"]  # the real one asks for these in a random order
    if requests:
        pod["spec"]["containers"][0]["resources"] = {"requests": requests}
    if rng.random() < 0.3:
        ports = [{"containerPort": 80, "hostPort": rng.choice((80, 81)), "protocol": "TCP"}]
        pod["spec"]["containers"][0]["ports"] = ports
    return pod


def _affinity(rng: random.Random) -> Obj:
    operator = rng.choice(("In", "NotIn", "Exists", "DoesNotExist"))
    rule: Obj = {"key": rng.choice(("zone", "disk")), "operator": operator}
    if operator in ("In", "NotIn"):
        rule["values"] = rng.sample(("a", "b", "ssd"), 2)
    required = {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}


def admit_case(rng: random.Random) -> Obj:
    pod = _with_requests(rng, _pod(rng))
    if rng.random() < 0.2:
        pod["metadata"]["labels"] = {"kubernetes.io/os": rng.choice(("linux", "windows"))}
    if rng.random() < 0.2:
        pod["spec"]["os"] = {"name": rng.choice(("linux", "windows"))}
    if rng.random() < 0.3:
        pod["spec"]["nodeSelector"] = {"zone": rng.choice(("a", "b"))}
    if rng.random() < 0.3:
        pod["spec"]["affinity"] = _affinity(rng)
    if rng.random() < 0.3:
        pod["spec"]["tolerations"] = [{"key": "gone", "operator": "Exists"}]
    allocatable = {"cpu": "4", "memory": "8Gi", "pods": "3", "ephemeral-storage": "10Gi"}
    if rng.random() < 0.5:
        allocatable["example.com/gpu"] = "2"
    node: Obj = {
        "metadata": {"name": "n", "labels": {"zone": "a", "disk": rng.choice(("ssd", "hdd"))}},
        "spec": {},
        "status": {"allocatable": allocatable, "capacity": allocatable},
    }
    if rng.random() < 0.3:
        effect = rng.choice(("NoExecute", "NoSchedule"))
        node["spec"]["taints"] = [{"key": "gone", "effect": effect}]
    others = [_with_requests(rng, _pod(rng, f"other{n}")) for n in range(rng.choice((0, 1, 2, 3)))]
    return {"op": "admit", "pod": pod, "node": node, "pods": others}


def answer_admit(case: Obj) -> Any:
    node = case["node"]
    allocatable = {n: amounts.units(n, t) for n, t in node["status"]["allocatable"].items()}
    used: dict[str, int] = {}
    for other in case["pods"]:
        for name, value in shape(other).requests.items():
            used[name] = used.get(name, 0) + value
    ports = frozenset(port for other in case["pods"] for port in host_ports(other["spec"]))
    occupied = admission.Occupied(used, ports, len(case["pods"]))
    wanted = shape(case["pod"]).requests
    found = admission.predicate_refusal(case["pod"], wanted, node, allocatable, occupied)
    if found is None:
        return {"Admit": True, "Reason": "", "Message": ""}
    return {"Admit": False, "Reason": found.reason, "Message": found.message}


# How an image gets to the node: images/image_manager.go EnsureImageExists.


def ensure_case(rng: random.Random) -> Obj:
    names = ("nginx", "nginx:1.27", "r.io:5000/team/app", "UPPER/x", "a b", "nginx@sha256:12")
    errors = (
        "",
        "",
        "rpc error: code = NotFound desc = not found",
        "RegistryUnavailable: dial tcp: i/o timeout",
        "SignatureValidationFailed: no signature",
    )
    pod = _pod(rng)
    pod["spec"]["containers"][0]["image"] = rng.choice(names)
    error = rng.choice(errors)
    return {
        "op": "ensure",
        "pod": pod,
        "policy": rng.choice(("Always", "IfNotPresent", "Never")),
        # A behaviour whose pulls fail fails also where the image is there.
        "present": not error and rng.random() < 0.5,
        "error": error,
        "text": rng.choice(("", "", "", "rpc error: layer not known")),
        "code": rng.randrange(1, 10**9),
        "steps": [0, *(rng.choice((1, 9, 10, 15, 40)) for _ in range(rng.randint(0, 4)))],
    }


class _Node:
    def __init__(self, *, present: bool) -> None:
        self._present = present

    def has_image(self, name: str) -> bool:
        return self._present

    def add_image(self, image: Any, size: int) -> None:
        return None


class _Worker:
    """As much of a PodWorker as pulling an image takes."""

    def __init__(self, case: Obj) -> None:
        self.now = NOW
        self.host = _Node(present=case["present"])
        self.pulls: dict[str, int] = {}
        self.pull_errors: dict[str, str] = {}
        self.image_backoffs: dict[str, Backoff] = {}
        self.events: list[str] = []

    def record(self, spec: Any, kind: str, reason: str, message: str) -> None:
        if not message.startswith("Error: "):  # said by the one who asked for the image
            self.events.append(f"{kind} {reason} {message}")


def answer_ensure(case: Obj) -> Any:
    pod = case["pod"]
    pod["spec"]["containers"][0]["imagePullPolicy"] = case["policy"]
    (spec,) = shape(pod).main
    pull = Pull(
        error=case["error"],
        fails=-1 if case["error"] else 0,
        inspect_error=case["text"],
        size=case["code"],
    )
    worker: Any = _Worker(case)
    out = []
    for step in case["steps"]:
        worker.now += step
        reason = message = ""
        try:
            for _ in ensure_image(worker, spec, ContainerBehaviour(pull=pull)):
                raise AssertionError("nothing here takes time")
        except Failed as failure:
            reason, message = failure.reason, failure.message
        out.append({"reason": reason, "message": message, "events": worker.events})
        worker.events = []
    return out


def comparable_ensure(recorded: Any) -> Any:
    """Without how long it took; what is said of an image that is there is not asked for."""
    text = re.sub(r"in \S+ \(\S+ including waiting\)", "in 0s (0s including waiting)", recorded)
    steps = json.loads(text)
    return [step if step["reason"] else {**step, "message": ""} for step in steps]


# Conditions of a node: nodestatus/setters.go.


def node_case(rng: random.Random) -> Obj:
    kinds = ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
    old = [
        {
            "type": kind,
            "status": rng.choice(("True", "False", "Unknown")),
            "reason": "Before",
            "lastHeartbeatTime": timestamp(NOW - 60),
            "lastTransitionTime": timestamp(NOW - 600),
        }
        for kind in (kinds if rng.random() < 0.8 else ())
    ]
    problems = ("", "", "container runtime is down", "cni plugin not initialized")
    capacity = {"cpu": "4", "memory": "8Gi", "pods": "110", "ephemeral-storage": "10Gi"}
    return {
        "op": "nodeconditions",
        "node": {"metadata": {"name": "n"}, "status": {"capacity": capacity, "conditions": old}},
        "pressure": {name: rng.random() < 0.4 for name in ("memory", "disk", "pid")},
        "errors": [rng.choice(problems) for _ in range(4)],
    }


def answer_node(case: Obj) -> Any:
    troubles = nodes.Troubles(
        **case["pressure"], not_ready=[error for error in case["errors"] if error]
    )
    found, events = nodes.node_conditions(troubles, case["node"]["status"]["conditions"], NOW)
    return {"conditions": found, "events": [f"Normal {event}" for event in events]}


# Why a pod is evicted: eviction/helpers.go evictionMessage.


def evicted_case(rng: random.Random) -> Obj:
    containers = []
    for name in ("main", "side", "third")[: rng.randint(1, 3)]:
        container: Obj = {"name": name, "image": "x"}
        if rng.random() < 0.6:
            requests = {"memory": rng.choice(("10Mi", "100Mi", "1Gi", "1500M"))}
            container["resources"] = {"requests": requests}
        containers.append(container)
    resource = rng.choice(("memory", "memory", "ephemeral-storage", "pids"))
    limited = resource != "pids" and rng.random() < 0.8
    return {
        "op": "evicted",
        "pod": _pod(rng, containers=containers),
        "resource": resource,
        "usage": {c["name"]: rng.randrange(2_000) * 1024 * 1024 + 7 for c in containers},
        "limit": rng.choice(("100Mi", "10Gi")) if limited else "",
        "available": rng.choice(("80Mi", "1Gi", "12345")) if limited else "",
    }


def answer_evicted(case: Obj) -> Any:
    kinds = {resource: kind for kind, resource in pressure.RESOURCES.items()}
    figures = {name: (0.0, float(used)) for name, used in case["usage"].items()}
    limit, available = (
        amounts.units("memory", case[key]) if case[key] else None for key in ("limit", "available")
    )
    kind = kinds[case["resource"]]
    return {
        "message": pressure.message(kind, case["pod"], figures, limit, available),
        "annotations": pressure.annotations(kind, case["pod"], figures),
    }


# What an HTTP probe makes of an answer: probe/http DoHTTPProbe.


def http_case(rng: random.Random) -> Obj:
    return {"op": "httpprobe", "code": rng.choice((301, 302, 400, 404, 418, 500, 503, 599))}


def answer_http(case: Obj) -> Any:
    is_redirect = case["code"] < 400
    finding = Finding(result="warn" if is_redirect else "fail", status=case["code"])
    output = probes.output_of(finding, {"httpGet": {"port": 80}}, {"name": "main"}, "10.0.0.1")
    return ["warning" if is_redirect else "failure", output, ""]


# hostPath types: volume/hostpath checkTypeInternal.

_PATHS = {
    "": "/nowhere",
    "Directory": "/etc/ssl",
    "File": "/etc/hosts",
    "Socket": "/run/containerd/containerd.sock",
    "CharDevice": "/dev/null",
    "BlockDevice": "/dev/sda",
}
_TYPES = (
    "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice",
)  # fmt: skip


def host_path_case(rng: random.Random) -> Obj:
    kind = rng.choice(sorted(_PATHS))
    return {
        "op": "hostpath",
        "text": _PATHS[kind],
        "actualType": kind,
        "pathType": rng.choice(_TYPES),
    }


def answer_host_path(case: Obj) -> Any:
    return volumes.host_path_error({"path": case["text"], "type": case["pathType"]})


# Keys of ConfigMaps and Secrets: volume/configmap and volume/secret MakePayload.


def payload_case(rng: random.Random) -> Obj:
    keys = rng.sample(("a", "b", "c"), rng.randint(0, 2))
    items = [{"key": key, "path": key} for key in keys]
    data = {key: "1" for key in ("a", "b", "c") if rng.random() < 0.6}
    return {"op": "payload", "items": items, "data": data, "optional": rng.random() < 0.3}


class _Held:
    def __init__(self, data: Obj) -> None:
        self._data = data

    def get(self, kind: str, namespace: str, name: str) -> Obj | None:
        return {"data": self._data}


def answer_payload(case: Obj) -> Any:
    held = _Held(case["data"])
    source = {"items": case["items"], "optional": case["optional"]}
    return [
        volumes.config_error(source, "x", "ns", held),
        volumes.secret_error(source, "x", "ns", held),
    ]


# What is measured: metrics/collectors/resource_metrics.go, from the same summary.


def resource_case(rng: random.Random) -> Obj:
    """The pods are ours; the summary that both are asked about is made of them."""
    pods = []
    for number in range(rng.randint(0, 4)):
        pod = _pod(rng, f"web{number}")
        pod["status"] = {
            "startTime": timestamp(NOW - 100),
            "containerStatuses": [
                {
                    "name": "main",
                    "restartCount": 0,
                    "state": {"running": {"startedAt": timestamp(NOW - rng.randrange(1, 90))}},
                }
            ],
        }
        cpu, memory = rng.choice((1, 250, 1500)), rng.randrange(1, 2**33)
        pod["metadata"]["annotations"] = {
            "mockapi.dev/behaviour": f"usage: {{cpu: {cpu}m, memory: '{memory}'}}"
        }
        pods.append(pod)
    node = {"metadata": {"name": "n", "creationTimestamp": timestamp(NOW - 5000)}}
    summary = usage.summary(node, pods, Behaviours(), NOW)
    return {"op": "resourcemetrics", "node": node, "pods": pods, "summary": summary}


def answer_resource(case: Obj) -> Any:
    text = usage.resource_metrics(case["node"], case["pods"], Behaviours(), NOW)
    return {"type": usage.METRICS_TYPE, "text": text}


def comparable_resource(recorded: Obj) -> Any:
    """Without the prose of HELP."""
    lines = recorded["text"].splitlines(keepends=True)
    return {**recorded, "text": "".join(line for line in lines if not line.startswith("# HELP"))}


# What is sent of a changed status: apimachinery strategicpatch CreateTwoWayMergePatch.


def _status(rng: random.Random) -> Obj:
    kinds = ("Ready", "ContainersReady", "PodScheduled", "Initialized", "example.com/x")
    conditions = []
    for kind in rng.sample(kinds, rng.randint(0, 5)):
        condition: Obj = {"type": kind, "status": rng.choice(("True", "False"))}
        condition["lastProbeTime"] = None
        condition["lastTransitionTime"] = rng.choice((timestamp(NOW), timestamp(NOW + 5)))
        if rng.random() < 0.5:
            condition["reason"] = rng.choice(("ContainersNotReady", "PodCompleted"))
        conditions.append(condition)
    status: Obj = {"phase": rng.choice(("Pending", "Running", "Failed"))}
    if conditions:
        status["conditions"] = conditions
    for key in ("reason", "message", "podIP", "startTime"):
        if rng.random() < 0.5:
            status[key] = timestamp(NOW) if key == "startTime" else f"10.0.0.{rng.randint(1, 2)}"
    if rng.random() < 0.5:
        addresses = rng.sample(("10.0.0.1", "10.0.0.2", "fd00::1"), rng.randint(1, 2))
        status["podIPs"] = [{"ip": address} for address in addresses]
    if rng.random() < 0.7:
        status["containerStatuses"] = [
            {
                "name": name,
                "state": {rng.choice(("waiting", "running")): {}},
                "lastState": {},
                "ready": rng.random() < 0.5,
                "restartCount": rng.randint(0, 1),
                "image": "x",
                "imageID": "",
            }
            for name in ("a", "b")[: rng.randint(1, 2)]
        ]
    if rng.random() < 0.3:
        requests = {
            "cpu": rng.choice(("1", "2")),
            **({"memory": "1Gi"} if rng.random() < 0.5 else {}),
        }
        status["resources"] = {"requests": requests}
    return status


def two_way_case(rng: random.Random) -> Obj:
    return {"op": "twoway", "old": _status(rng), "new": _status(rng)}


def _as_go_writes(status: Obj) -> Obj:
    """Running and waiting states are written with their fields."""
    for one in status.get("containerStatuses") or ():
        if "running" in one["state"]:
            one["state"]["running"] = {"startedAt": None}
    return status


def answer_two_way(case: Obj) -> Any:
    old, new = _as_go_writes(case["old"]), _as_go_writes(case["new"])
    found = two_way.patch(old, new, "io.k8s.api.core.v1.PodStatus", catalogue.load().types)
    return comparable_two_way({"status": found})


def comparable_two_way(patch: Obj) -> Obj:
    """The order of a patch's items is that of the list, or the real one's own: it means nothing."""
    status = dict(patch.get("status") or {})
    for key, name in (("conditions", "type"), ("podIPs", "ip")):
        if key in status:
            status[key] = sorted(status[key] or (), key=lambda item: str(item[name]))
    return {"status": status} if status else {}


def comparable_text(case: Obj, recorded: Any) -> Any:
    """What of a recorded answer is compared."""
    if case["op"] == "twoway":
        return comparable_two_way(recorded)
    if case["op"] == "ensure":
        return comparable_ensure(json.dumps(recorded))
    if case["op"] == "resourcemetrics":
        return comparable_resource(recorded)
    if case["op"] == "nodeconditions":
        return {**recorded, "conditions": [_utc(one) for one in recorded["conditions"]]}
    return recorded


def _utc(condition: Obj) -> Obj:
    times = ("lastHeartbeatTime", "lastTransitionTime")
    return {**condition, **{key: timestamp(parse_timestamp(condition[key])) for key in times}}


Maker = Callable[[random.Random], Obj]
TEXT_MAKERS: dict[str, tuple[Maker, Callable[[Obj], Any], int]] = {
    "admit": (admit_case, answer_admit, 400),
    "ensure": (ensure_case, answer_ensure, 200),
    "nodeconditions": (node_case, answer_node, 150),
    "evicted": (evicted_case, answer_evicted, 150),
    "httpprobe": (http_case, answer_http, 20),
    "hostpath": (host_path_case, answer_host_path, 150),
    "payload": (payload_case, answer_payload, 60),
    "resourcemetrics": (resource_case, answer_resource, 20),
    "twoway": (two_way_case, answer_two_way, 300),
}
