"""Our answer to a case, in the words of tests/peers/scheduler_oracle."""

from typing import Any, cast

from mockapi.base.clock import Clock, ManualTime
from mockapi.client.protocol import Client
from mockapi.machinery.request import Normal
from mockapi.scheduler import configuration, preemption
from mockapi.scheduler.algorithm import Attempt, Search, prepare, rank, verdict
from mockapi.scheduler.cluster import Cluster, Listers, Objects
from mockapi.scheduler.evicting import Evictor
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.nominations import Nominations
from mockapi.scheduler.plugin import Cycle
from mockapi.scheduler.plugins.dynamic_resources import ClaimCheck
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.profile import Profile, default_profile
from mockapi.scheduler.reporting import Reports
from mockapi.scheduler.status import Code, SchedulingError, Status

Case = dict[str, Any]
Answer = dict[str, Any]

_KINDS = {
    "Namespace": "namespaces",
    "Service": "services",
    "ReplicationController": "replication_controllers",
    "ReplicaSet": "replica_sets",
    "StatefulSet": "stateful_sets",
    "PersistentVolumeClaim": "claims",
    "PersistentVolume": "volumes",
    "StorageClass": "storage_classes",
    "CSINode": "csi_nodes",
    "CSIDriver": "csi_drivers",
    "CSIStorageCapacity": "csi_capacities",
    "VolumeAttachment": "volume_attachments",
    "PodDisruptionBudget": "budgets",
    "ResourceClaim": "resource_claims",
    "ResourceSlice": "resource_slices",
    "DeviceClass": "device_classes",
    "DeviceTaintRule": "device_taint_rules",
}
_CODES = {
    Code.UNSCHEDULABLE: "Unschedulable",
    Code.UNRESOLVABLE: "UnschedulableAndUnresolvable",
}


class World:
    def __init__(self, case: Case) -> None:
        by_kind: dict[str, list[Any]] = {}
        for obj in case["objects"]:
            by_kind.setdefault(obj["kind"], []).append(obj)
        listers = {field: Objects(by_kind.get(kind, ())) for kind, field in _KINDS.items()}
        self.cluster = Cluster(Listers(**listers))
        self.nominations = Nominations()
        for node in by_kind.get("Node", ()):
            self.cluster.set_node(node)
        self.pod: PodInfo | None = None
        for obj in by_kind.get("Pod", ()):
            pod = PodInfo(obj)
            if pod.key == case["pod"]:
                self.pod = pod
            if pod.node_name:
                self.cluster.set_pod(pod)
            elif pod.key != case["pod"]:
                self.nominations.set(pod, pod.nominated_node)
        self.profile = _profile(case, self.pod)


def _profile(case: Case, pod: PodInfo | None) -> Profile:
    if "config" not in case or pod is None:
        return default_profile()
    loaded = configuration.parse(case["config"])
    return {profile.name: profile for profile in loaded.profiles}[pod.scheduler_name]


def _verdict(status: Status) -> dict[str, Any]:
    found: dict[str, Any] = {"code": _CODES[status.code]}
    if status.plugin:
        found["plugin"] = status.plugin
    if status.reasons:
        found["reasons"] = sorted(status.reasons)
    return found


def answer(case: Case) -> Answer:
    world = World(case)
    assert world.pod is not None
    found = _inspected(world, world.pod)
    try:
        return found | _decided(world, world.pod)
    except SchedulingError as error:
        return {**found, "message": str(error)}


def _judged(world: World, attempt: Attempt, node: NodeInfo) -> dict[str, Any] | None:
    try:
        status = verdict(attempt.checks, node, attempt.cycle.pod, world.nominations)
    except SchedulingError as error:
        plugin = str(error).split('"')[1]
        return {"code": "Error", "plugin": plugin, "reasons": [str(error)]}
    return None if status is None else _verdict(status)


def _inspected(world: World, pod: PodInfo) -> Answer:
    attempt = prepare(world.profile, Cycle(pod, world.cluster))
    if attempt.diagnosis.before:
        return {"preFilter": _verdict(attempt.diagnosis.absent)}
    verdicts: dict[str, Any] = {}
    for node in world.cluster.nodes.values():
        if attempt.candidates is not None and node.name not in attempt.candidates:
            continue
        rejected = _judged(world, attempt, node)
        if rejected is None:
            attempt.feasible.append(node)
        else:
            verdicts[node.name] = rejected
    found: Answer = {"verdicts": verdicts} if verdicts else {}
    if attempt.feasible:
        found["scores"] = _scores(world, attempt)
    return found


def _scores(world: World, attempt: Attempt) -> dict[str, dict[str, int]]:
    ranking = rank(attempt)
    found: dict[str, dict[str, int]] = {}
    for index, node in enumerate(ranking.nodes):
        scores = {"": ranking.totals[index]}
        for plugin in world.profile.at("score"):
            if plugin.name in ranking.scores:
                score = ranking.scores[plugin.name].normalized[index]
                scores[plugin.name] = score * world.profile.weight(plugin)
        found[node.name] = scores
    return found


def _decided(world: World, pod: PodInfo) -> Answer:
    attempt = Search(world.cluster, world.nominations).run(world.profile, pod)
    if attempt.feasible:
        best = attempt.feasible
        if len(best) > 1:
            best = rank(attempt).best()
        hosts = sorted(node.name for node in best)
        return {"hosts": hosts, "claims": {host: _claims(world, attempt, host) for host in hosts}}
    found: Answer = {}
    outcome = preemption.after_filters(world.profile, attempt, world.nominations, lambda limit: 0)
    attempt.diagnosis.after = outcome.message
    if outcome.candidate is not None:
        found["nominated"] = outcome.candidate.node.name
        victims = outcome.candidate.victims
        found["victims"] = [victim.key for victim in victims if not victim.terminating]
        found["writes"] = _writes(world, pod, outcome.candidate)
    elif not outcome.keeps_nomination:
        found["nominated"] = ""
    found["message"] = attempt.diagnosis.message(len(world.cluster.nodes))
    if attempt.diagnosis.plugins:
        found["plugins"] = sorted(attempt.diagnosis.plugins)
    return found


class _Diary:
    """Stands in for the API: keeps what is written."""

    def __init__(self) -> None:
        self.writes: list[dict[str, Any]] = []

    def patch(self, resource: str, namespace: str, name: str, patch: Any, **options: Any) -> Any:
        verb = f"patch {options.get('subresource', '')}"
        self.writes.append({"verb": verb, "pod": f"{namespace}/{name}", "body": patch})

    def delete(self, resource: str, namespace: str, name: str) -> None:
        self.writes.append({"verb": "delete", "pod": f"{namespace}/{name}"})

    def create(self, resource: str, namespace: str, made: Normal) -> Any:
        event = made.tree
        pod = event["regarding"]
        body = [event[name] for name in ("type", "reason", "action", "note")]
        write = {"verb": "event", "pod": f"{pod['namespace']}/{pod['name']}", "body": body}
        self.writes.append(write)


def _writes(world: World, pod: PodInfo, candidate: preemption.Candidate) -> list[Any]:
    diary = _Diary()
    client = cast(Client, diary)
    reports = Reports(client, Clock(ManualTime(0)))
    Evictor(client, reports, world.nominations).evict(pod, candidate)
    return diary.writes


def _write_differences(real: list[Any], ours: list[Any]) -> list[str]:
    """What happens to each victim, in order, and to whom last; they are dealt with side by side."""
    told = [[_timeless(write) for write in writes] for writes in (real, ours)]
    by_pod: list[dict[str, list[Any]]] = [{}, {}]
    for grouped, writes in zip(by_pod, told, strict=True):
        for write in writes:
            grouped.setdefault(write["pod"], []).append(write)
    last = [
        next((w["pod"] for w in reversed(writes) if w["verb"] == "delete"), "") for writes in told
    ]
    if by_pod[0] != by_pod[1] or last[0] != last[1]:
        return [f"writes: {by_pod[0]} / {by_pod[1]}"]
    return []


def _timeless(write: dict[str, Any]) -> dict[str, Any]:
    body = write.get("body")
    if not isinstance(body, dict):
        return write
    status = dict(body["status"])
    if "conditions" in status:
        status["conditions"] = [c | {"lastTransitionTime": ""} for c in status["conditions"]]
    return {**write, "body": {**body, "status": status}}


def _claims(world: World, attempt: Attempt, host: str) -> dict[str, Any]:
    """Statuses of the claims of the pod's namespace once it is bound to the host."""
    pod = attempt.cycle.pod
    check = attempt.cycle.data.get("DynamicResources")
    statuses = {
        claim["metadata"]["name"]: dict(claim.get("status") or {})
        for claim in world.cluster.listers.resource_claims.list(pod.namespace)
    }
    if isinstance(check, ClaimCheck):
        given = iter(check.allocations.get(host, ()))
        for claim in check.claims:
            status = statuses[claim["metadata"]["name"]]
            if "allocation" not in status:
                status["allocation"] = next(given)
            user = {"resource": "pods", "name": pod.name, "uid": pod.uid}
            status["reservedFor"] = [*status.get("reservedFor", ()), user]
    return {name: _without_chance(status) for name, status in statuses.items()}


def _without_chance(status: dict[str, Any]) -> dict[str, Any]:
    """Without moments and ids of shares, which are drawn."""
    if "allocation" not in status:
        return status
    allocation = {k: v for k, v in status["allocation"].items() if k != "allocationTimestamp"}
    devices = allocation.get("devices", {})
    results = [
        result | ({"shareID": ""} if "shareID" in result else {})
        for result in devices.get("results", ())
    ]
    allocation["devices"] = devices | {"results": results}
    return {**status, "allocation": allocation}


def differences(expected: Answer, found: Answer) -> list[str]:
    """What our answer says otherwise than the real scheduler's. Ties are allowed for."""
    problems = []
    for key in ("preFilter", "message", "plugins", "nominated", "error"):
        real, ours = expected.get(key), found.get(key)
        if key == "preFilter" and real:
            real = _sorted(real)
        if real != ours and not (key == "message" and {real, ours} <= _errors(expected)):
            problems.append(f"{key}: {real} / {ours}")
    real_verdicts = {name: _sorted(v) for name, v in (expected.get("verdicts") or {}).items()}
    if real_verdicts != (found.get("verdicts") or {}):
        problems.append(f"verdicts: {real_verdicts} / {found.get('verdicts')}")
    problems += _score_differences(expected.get("scores") or {}, found.get("scores") or {})
    if expected.get("host") and expected["host"] not in found.get("hosts", ()):
        problems.append(f"host: {expected['host']} / {found.get('hosts')}")
    if expected.get("claims") is not None:
        real = {name: _without_chance(status) for name, status in expected["claims"].items()}
        ours = (found.get("claims") or {}).get(expected["host"])
        if real != ours:
            problems.append(f"claims: {real} / {ours}")
    problems += _write_differences(expected.get("writes") or [], found.get("writes") or [])
    problems += _victim_differences(expected.get("victims") or [], found.get("victims") or [])
    return problems


def _errors(expected: Answer) -> set[str]:
    """Errors of single nodes: the real one looks at nodes side by side, any of them may win."""
    verdicts = (expected.get("verdicts") or {}).values()
    return {text for v in verdicts if v["code"] == "Error" for text in v["reasons"]}


def _sorted(verdict: dict[str, Any]) -> dict[str, Any]:
    return verdict | ({"reasons": sorted(verdict["reasons"])} if verdict.get("reasons") else {})


def _score_differences(
    real: dict[str, dict[str, int]], ours: dict[str, dict[str, int]]
) -> list[str]:
    if real.keys() != ours.keys():
        return [f"fitting nodes: {sorted(real)} / {sorted(ours)}"]
    problems = []
    for name, scores in real.items():
        for plugin in scores.keys() | ours[name].keys():
            one, other = scores.get(plugin, 0), ours[name].get(plugin, 0)
            if one != other:
                problems.append(f"score of {plugin or 'all'} on {name}: {one} / {other}")
    return problems


def _victim_differences(real: list[str], ours: list[str]) -> list[str]:
    """All but the last are deleted side by side, so only the last has a place."""
    if sorted(real) != sorted(ours) or real[-1:] != ours[-1:]:
        return [f"victims: {real} / {ours}"]
    return []
