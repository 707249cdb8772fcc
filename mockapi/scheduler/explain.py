"""Why a pod would go where: the verdicts of all plugins on each node, scores where it fits."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mockapi.scheduler import preemption
from mockapi.scheduler.algorithm import (
    OUTSIDE,
    Attempt,
    Outside,
    Ranking,
    prepare,
    rank,
    verdict,
)
from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.nominations import Nominations
from mockapi.scheduler.plugin import Cycle
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.profile import Profile
from mockapi.scheduler.status import Code, SchedulingError, Status

Tree = dict[str, Any]


def explain(
    profile: Profile,
    cluster: Cluster,
    nominations: Nominations,
    pod: PodInfo,
    outside: Outside | None = None,
) -> Tree:
    """Nothing is changed and nothing sampled: all nodes are looked at, by all plugins.

    {pod, schedulerName, gates?, before?, nodes: [{name, fits, current?, reasons, verdicts:
    {plugin: [reason]}, scores?: {plugin: {raw, score, weight}}, total?}], best: [name], chosen?,
    message?, preemption?: {node, victims, violations}}
    """
    placed = pod.node_name
    if placed:
        pod = _as_if_waiting(pod)
    known = cluster.pod(pod.uid)
    if known is not None:
        cluster.remove_pod(pod.uid)
    try:
        tree = _explained(profile, cluster, nominations, pod, outside)
    finally:
        if known is not None:
            cluster.set_pod(known)
    if placed:
        tree["chosen"] = placed
        for node in tree["nodes"]:
            if node["name"] == placed:
                node["current"] = True
    return tree


def _as_if_waiting(pod: PodInfo) -> PodInfo:
    spec = {key: value for key, value in pod.spec.items() if key != "nodeName"}
    return PodInfo({**pod.pod, "spec": spec})


def _explained(
    profile: Profile,
    cluster: Cluster,
    nominations: Nominations,
    pod: PodInfo,
    outside: Outside | None,
) -> Tree:
    attempt = prepare(profile, Cycle(pod, cluster))
    nodes = cluster.node_order()
    try:
        for node in nodes:
            status = _status(attempt, node, nominations)
            if status is None:
                attempt.feasible.append(node)
            else:
                attempt.diagnosis.statuses[node.name] = status
        _filter_outside(attempt, outside)
    except SchedulingError as error:
        key = {"namespace": pod.namespace, "name": pod.name}
        name = profile.name
        return {"pod": key, "schedulerName": name, "nodes": [], "best": [], "message": str(error)}
    ranking = rank(attempt) if attempt.feasible else None
    if ranking is not None and outside:
        ranking = ranking.plus(outside.scores(pod, attempt.feasible))
    tree: Tree = {
        "pod": {"namespace": pod.namespace, "name": pod.name},
        "schedulerName": profile.name,
        "nodes": [_node(profile, attempt, ranking, node) for node in nodes],
        "best": [node.name for node in ranking.best()] if ranking else [],
    }
    for plugin in profile.at("preEnqueue"):
        gate = plugin.pre_enqueue(pod, cluster)
        if gate is not None:
            tree["gates"] = {"plugin": plugin.name, "message": gate.message}
    if ranking is None:
        tree |= _failure(profile, attempt, nominations, len(nodes))
    return tree


def _filter_outside(attempt: Attempt, outside: Outside | None) -> None:
    if not outside or not attempt.feasible:
        return
    filtered = outside.filter(attempt.cycle.pod, attempt.feasible)
    left = {node.name for node in filtered.nodes}
    for node in attempt.feasible:
        if node.name not in left:
            refused = Status(Code.UNSCHEDULABLE, ("refused by an extender",), OUTSIDE)
            found = filtered.statuses.get(node.name, refused)
            attempt.diagnosis.statuses[node.name] = replace(found, plugin=OUTSIDE)
    attempt.feasible = [node for node in attempt.feasible if node.name in left]


def _status(attempt: Attempt, node: NodeInfo, nominations: Nominations) -> Any:
    diagnosis = attempt.diagnosis
    candidates = attempt.candidates
    if diagnosis.before or (candidates is not None and node.name not in candidates):
        return diagnosis.absent
    return verdict(attempt.checks, node, attempt.cycle.pod, nominations)


def _failure(profile: Profile, attempt: Attempt, nominations: Nominations, total: int) -> Tree:
    if not total:
        return {"message": "no nodes available to schedule pods"}
    tree: Tree = {}
    outcome = preemption.after_filters(profile, attempt, nominations, lambda limit: 0)
    attempt.diagnosis.after = outcome.message
    if outcome.candidate is not None:
        tree["preemption"] = {
            "node": outcome.candidate.node.name,
            "victims": [victim.key for victim in outcome.candidate.victims],
            "violations": outcome.candidate.violations,
        }
    tree["message"] = attempt.diagnosis.message(total)
    return tree


def _node(profile: Profile, attempt: Attempt, ranking: Ranking | None, node: NodeInfo) -> Tree:
    status = attempt.diagnosis.statuses.get(node.name)
    tree: Tree = {
        "name": node.name,
        "fits": status is None,
        "reasons": list(status.reasons) if status is not None else [],
        "verdicts": {
            plugin.name: list(found.reasons) if (found := check(node)) is not None else []
            for plugin, check in attempt.checks
        },
    }
    if status is not None and status.plugin == OUTSIDE:
        tree["verdicts"][OUTSIDE] = list(status.reasons)
    if ranking is not None and status is None:
        index = _index(ranking.nodes, node)
        tree["scores"] = {
            plugin.name: {
                "raw": ranking.scores[plugin.name].raw[index],
                "score": ranking.scores[plugin.name].normalized[index],
                "weight": profile.weight(plugin),
            }
            for plugin in profile.at("score")
            if plugin.name in ranking.scores
        }
        more = ranking.more.get(node.name)
        if more is not None:
            tree["scores"][OUTSIDE] = {"raw": more, "score": more, "weight": 1}
        tree["total"] = ranking.totals[index]
    return tree


def _index(nodes: Sequence[NodeInfo], node: NodeInfo) -> int:
    return next(index for index, other in enumerate(nodes) if other is node)
