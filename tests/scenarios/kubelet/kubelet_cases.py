"""Random cases for the pure decisions of a kubelet, and our own answers to them."""

import random
from collections.abc import Callable, Iterator
from typing import Any

from kubelet_texts import TEXT_MAKERS, comparable_text

from mockapi.base.clock import timestamp
from mockapi.kubelet import conditions, images, pressure, reporting, statuses
from mockapi.kubelet.backoff import text
from mockapi.kubelet.environment import expand
from mockapi.kubelet.logs import life
from mockapi.kubelet.restarts import should_restart
from mockapi.kubelet.shape import pod_amounts, qos_class, shape
from mockapi.kubelet.starting import pull_failure
from mockapi.meta.errors import ApiError
from mockapi.runtime.backoff import Backoff

Obj = dict[str, Any]
NAMES = ("a", "b", "c")
NOW = 1_700_000_000.0


def image(rng: random.Random) -> Obj:
    pieces = ("nginx", "library", "Docker.io", "docker.io", "localhost", "index.docker.io", "a-b")
    odd = ("a__b", "a..b", "-x", "x_", "UP", "r.io:5000", "[::1]:80", "", " ", "a b", "é")
    path = [rng.choice(pieces if rng.random() < 0.7 else odd) for _ in range(rng.randint(1, 4))]
    name = "/".join(path)
    if rng.random() < 0.5:
        name += ":" + rng.choice(("1.2", "latest", "", "v1_2-3", "bad tag", ".x", "x" * 128))
    if rng.random() < 0.25:
        algorithm = rng.choice(("sha256", "sha512", "sha1", "md5", "SHA256"))
        length = rng.choice((64, 63, 128, 31, 32))
        name += f"@{algorithm}:" + rng.choice(("ab", "AB"))[:1] * length
    return {"op": "image", "text": name}


def answer_image(case: Obj) -> Any:
    try:
        found = images.parse(case["text"])
    except images.InvalidImage as error:
        return {"error": str(error)}
    return [found.repository, found.tag, found.digest]


def a_container(rng: random.Random, name: str, *, init: bool = False) -> Obj:
    container: Obj = {"name": name, "image": "x"}
    if rng.random() < 0.3:
        policies = ("Always", "Never", "OnFailure")
        container["restartPolicy"] = (
            "Always" if init and rng.random() < 0.7 else rng.choice(policies)
        )
        if rng.random() < 0.5:
            container["restartPolicyRules"] = [
                {
                    "action": rng.choice(("Restart", "RestartAllContainers")),
                    "exitCodes": {
                        "operator": rng.choice(("In", "NotIn")),
                        "values": rng.sample((0, 1, 2, 42), 2),
                    },
                }
            ]
    return container


def a_state(rng: random.Random) -> Obj:
    kind = rng.choice(("waiting", "running", "terminated"))
    if kind == "waiting":
        reasons = ("ContainerCreating", "CrashLoopBackOff", "ErrImagePull", "ImagePullBackOff", "")
        return {"waiting": {"reason": rng.choice(reasons)}}
    if kind == "running":
        return {"running": {"startedAt": timestamp(NOW)}}
    return {"terminated": a_termination(rng)}


def a_termination(rng: random.Random) -> Obj:
    ended = {
        "exitCode": rng.choice((0, 0, 1, 2, 42)),
        "reason": rng.choice(("Completed", "Error", "RestartingAllContainers")),
        "startedAt": timestamp(NOW),
        "finishedAt": timestamp(NOW + 1),
    }
    if rng.random() < 0.8:
        ended["containerID"] = "containerd://" + rng.choice(("1", "2"))
    return ended


def a_status(rng: random.Random, name: str) -> Obj:
    state = a_state(rng)
    last = {"terminated": a_termination(rng)} if rng.random() < 0.4 else {}
    running = "running" in state
    status = {
        "name": name,
        "state": state,
        "lastState": last,
        "ready": running and rng.random() < 0.7,
        "restartCount": rng.randint(0, 3),
        "image": "x",
        "imageID": "",
        "containerID": "containerd://3",
        "started": running and rng.random() < 0.7,
    }
    ended = state.get("terminated")
    if ended and ended["exitCode"] == 0 and rng.random() < 0.7:
        status["ready"] = True
    return status


def a_pod(rng: random.Random) -> Obj:
    init = [a_container(rng, f"i{n}", init=True) for n in NAMES[: rng.choice((0, 0, 1, 2))]]
    main = [a_container(rng, n) for n in NAMES[: rng.randint(1, 3)]]
    spec: Obj = {"restartPolicy": rng.choice(("Always", "Never", "OnFailure")), "containers": main}
    if init:
        spec["initContainers"] = init
    if rng.random() < 0.3:
        spec["readinessGates"] = [{"conditionType": f"g/{n}"} for n in NAMES[: rng.randint(1, 2)]]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "ns", "uid": "u", "generation": 3},
        "spec": spec,
        "status": {},
    }


def conditions_case(rng: random.Random) -> Obj:
    pod = a_pod(rng)
    names = [c["name"] for g in ("initContainers", "containers") for c in pod["spec"].get(g, ())]
    if rng.random() < 0.3:
        kept = {"type": "Initialized", "status": rng.choice(("True", "False"))}
        pod["status"]["conditions"] = [kept]
    gates = [
        {"type": f"g/{n}", "status": rng.choice(("True", "False", "Unknown"))}
        for n in NAMES
        if rng.random() < 0.5
    ]
    return {
        "op": "conditions",
        "pod": pod,
        "statuses": [a_status(rng, n) for n in names if rng.random() < 0.93],
        "phase": rng.choice(("Pending", "Running", "Running", "Succeeded", "Failed")),
        "conditions": gates,
        "terminal": rng.random() < 0.3,
        "initialized": rng.random() < 0.5,
    }


def answer_conditions(case: Obj) -> Any:
    pod, phase = case["pod"], case["phase"]
    spec = pod["spec"]
    by_name = {s["name"]: s for s in case["statuses"]}
    shown = shape(pod)
    old = {c["type"]: c["status"] for c in pod["status"].get("conditions") or ()}
    containers = conditions.containers_ready(spec, by_name, phase)
    return {
        "containers": list(containers),
        "ready": list(conditions.ready(spec, containers, case["conditions"])),
        "initialized": list(
            conditions.initialized(
                spec,
                by_name,
                phase,
                before=old.get("Initialized") == "True",
                any_started=statuses.any_main_started(shown, by_name),
            )
        ),
        "phase": statuses.phase_of(
            pod, shown, by_name, terminal=case["terminal"], initialized=case["initialized"]
        ),
    }


def some_resources(rng: random.Random) -> Obj:
    amounts = {
        "cpu": ("100m", "1", "0.5", "1500m", "0"),
        "memory": ("64Mi", "1Gi", "100M", "1048576", "0"),
        "ephemeral-storage": ("1Gi", "500M"),
        "nvidia.com/gpu": ("1", "2"),
    }
    out: Obj = {}
    for kind in ("requests", "limits"):
        found = {n: rng.choice(v) for n, v in amounts.items() if rng.random() < 0.5}
        if found and rng.random() < 0.7:
            out[kind] = found
    if rng.random() < 0.25 and "limits" in out:
        out["requests"] = dict(out["limits"])
    return out


def qos_case(rng: random.Random) -> Obj:
    pod = a_pod(rng)
    spec = pod["spec"]
    for container in (*spec["containers"], *spec.get("initContainers", ())):
        container["resources"] = some_resources(rng)
    if rng.random() < 0.2:
        spec["overhead"] = {"cpu": "10m", "memory": "16Mi"}
    return {"op": "qos", "pod": pod}


def answer_qos(case: Obj) -> Any:
    spec = case["pod"]["spec"]
    return {
        "qos": qos_class(spec),
        "requests": pod_amounts(spec, "requests"),
        "limits": pod_amounts(spec, "limits"),
    }


def restart_case(rng: random.Random) -> Obj:
    pod = a_pod(rng)
    container = a_container(rng, "a", init=rng.random() < 0.3)
    return {
        "op": "restart",
        "pod": pod,
        "container": container,
        "exitCode": rng.choice((0, 1, 2, 42, 137)),
    }


def answer_restart(case: Obj) -> Any:
    return should_restart(case["container"], case["pod"]["spec"], case["exitCode"])


def expand_case(rng: random.Random) -> Obj:
    pieces = ("$", "$$", "$(A)", "$(B)", "$(NO)", "$(", ")", "x", "$(A", "$A", "$$(A)", " ", "$()")
    joined = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 7)))
    return {"op": "expand", "text": joined, "env": {"A": "aa", "B": "$(A)", "": "empty"}}


def answer_expand(case: Obj) -> Any:
    return expand(case["text"], case["env"])


def pull_case(rng: random.Random) -> Obj:
    starts = ("RegistryUnavailable", "SignatureValidationFailed", "rpc error", "toomanyrequests")
    return {"op": "pull", "text": rng.choice(starts) + rng.choice(("", ": why", " x"))}


def answer_pull(case: Obj) -> Any:
    return list(pull_failure("nginx", case["text"]))


def rank_case(rng: random.Random) -> Obj:
    pods, usage = [], {}
    for number in range(rng.randint(2, 6)):
        uid = f"u{number}"
        resources = {}
        if rng.random() < 0.6:
            resources = {"requests": {"memory": rng.choice(("10Mi", "100Mi", "1Gi"))}}
        pods.append(
            {
                "metadata": {"name": uid, "namespace": "ns", "uid": uid},
                "spec": {
                    "priority": rng.choice((0, 0, 10, 100)),
                    "containers": [{"name": "main", "image": "x", "resources": resources}],
                },
            }
        )
        usage[uid] = rng.randrange(1, 2_000) * 1024 * 1024 + number
    return {"op": "rank", "pods": pods, "usage": usage}


def answer_rank(case: Obj) -> Any:
    figures = {uid: (0.0, float(used)) for uid, used in case["usage"].items()}
    return [p["metadata"]["uid"] for p in pressure.ranked("memory", case["pods"], figures)]


def log_case(rng: random.Random) -> Obj:
    pod = a_pod(rng)
    kind = rng.choice(
        ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses", "")
    )
    if kind:
        pod["status"][kind] = [a_status(rng, "main")]
    return {"op": "log", "pod": pod, "previous": rng.random() < 0.4}


def answer_log(case: Obj) -> Any:
    """The real function names the container to read; ours, its life: only refusals compare."""
    try:
        life(case["pod"], "main", previous=case["previous"])
    except ApiError as error:
        return {"error": error.message}
    return "found"


def backoff_case(rng: random.Random) -> Obj:
    steps = [
        rng.choice((0, 1, 9, 11, 30, 299, 301, 599, 601, 700)) for _ in range(rng.randint(2, 12))
    ]
    return {"op": "backoff", "steps": steps}


def answer_backoff(case: Obj) -> Any:
    backoff, now, out = Backoff(), 0.0, []
    for step in case["steps"]:
        now += step
        held = "true" if backoff.holds_since(now, now) else "false"
        out.append(f"{held} {text(backoff.seconds)}")
        backoff.next(now, now)
    return out


def merge_case(rng: random.Random) -> Obj:
    pod = a_pod(rng)
    kinds = ("Ready", "ContainersReady", "PodScheduled", "DisruptionTarget", "example.com/x")

    def a_pod_status() -> Obj:
        found = [k for k in kinds if rng.random() < 0.6]
        return {
            "phase": rng.choice(("Pending", "Running", "Succeeded", "Failed")),
            "reason": rng.choice(("", "Evicted")),
            "message": rng.choice(("", "why")),
            "conditions": [
                {
                    "type": k,
                    "status": rng.choice(("True", "False")),
                    "lastProbeTime": None,
                    "lastTransitionTime": timestamp(NOW),
                }
                for k in found
            ],
        }

    old, new = a_pod_status(), a_pod_status()
    return {"op": "merge", "pod": pod, "old": old, "new": new, "mayRun": rng.random() < 0.5}


def answer_merge(case: Obj) -> Any:
    pod = {**case["pod"], "status": case["old"]}
    return comparable_status(reporting.merged(pod, case["new"], may_run=case["mayRun"], now=NOW))


def comparable_status(status: Obj) -> Obj:
    """Without empty fields, generations and times."""
    found = [
        {k: c[k] for k in ("type", "status", "reason") if c.get(k)}
        for c in status["conditions"] or ()
    ]
    basic = {k: status[k] for k in ("phase", "reason", "message") if status.get(k)}
    return {**basic, "conditions": found}


def comparable(case: Obj, recorded: Any) -> Any:
    """What of a recorded answer is compared."""
    if case["op"] == "merge":
        return comparable_status({"conditions": (), **recorded})
    if case["op"] == "log" and isinstance(recorded, str):
        return "found"
    return comparable_text(case, recorded)


Maker = Callable[[random.Random], Obj]
MAKERS: dict[str, tuple[Maker, Callable[[Obj], Any], int]] = {
    "image": (image, answer_image, 400),
    "conditions": (conditions_case, answer_conditions, 1500),
    "qos": (qos_case, answer_qos, 500),
    "restart": (restart_case, answer_restart, 300),
    "expand": (expand_case, answer_expand, 200),
    "pull": (pull_case, answer_pull, 20),
    "rank": (rank_case, answer_rank, 200),
    "log": (log_case, answer_log, 400),
    "backoff": (backoff_case, answer_backoff, 60),
    "merge": (merge_case, answer_merge, 400),
    **TEXT_MAKERS,
}


def cases(op: str) -> Iterator[Obj]:
    make, _, count = MAKERS[op]
    rng = random.Random(f"kubelet {op}")
    for _ in range(count):
        yield make(rng)


def answer(case: Obj) -> Any:
    return MAKERS[case["op"]][1](case)
