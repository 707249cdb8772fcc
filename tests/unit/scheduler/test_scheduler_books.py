"""What is remembered between decisions never changes one."""

import random
from typing import Any

import pytest

from mockapi.scheduler.algorithm import Attempt, Search, rank
from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.nominations import Nominations
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.profile import Profile, default_profile

Obj = dict[str, Any]
ZONE = "topology.kubernetes.io/zone"


def _node(name: str, draw: random.Random) -> Obj:
    taint = {"key": "k", "value": "v", "effect": draw.choice(["NoSchedule", "PreferNoSchedule"])}
    allocatable = {"cpu": draw.choice(["1", "2"]), "memory": "4Gi", "pods": "12"}
    labels = {"kubernetes.io/hostname": name, ZONE: draw.choice("ab"), "disk": draw.choice("xy")}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": [taint] if draw.random() < 0.4 else []},
        "status": {"allocatable": allocatable},
    }


def _constraint(action: str, key: str) -> Obj:
    selector = {"matchLabels": {"app": "a"}}
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": action,
        "labelSelector": selector,
    }


def _away(key: str) -> Obj:
    term = {"labelSelector": {"matchLabels": {"app": "b"}}, "topologyKey": key}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def _near_disk(value: str) -> Obj:
    expression = {"key": "disk", "operator": "In", "values": [value]}
    preferred = [{"weight": 5, "preference": {"matchExpressions": [expression]}}]
    return {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}


SPECS: tuple[Obj, ...] = (
    {},
    {"tolerations": [{"operator": "Exists"}]},
    {"nodeSelector": {"disk": "x"}},
    {"affinity": _near_disk("y")},
    {"affinity": _away("kubernetes.io/hostname")},
    {"topologySpreadConstraints": [_constraint("DoNotSchedule", ZONE)]},
    {"topologySpreadConstraints": [_constraint("ScheduleAnyway", "kubernetes.io/hostname")]},
)


def _pod(index: int, draw: random.Random) -> PodInfo:
    container: Obj = {"name": "c", "image": "nginx"}
    if draw.random() < 0.8:
        container["resources"] = {"requests": {"cpu": draw.choice(["100m", "300m"])}}
    if draw.random() < 0.1:
        container["ports"] = [{"containerPort": 80, "hostPort": 80}]
    metadata = {
        "name": f"p{index}",
        "namespace": "default",
        "uid": f"u{index}",
        "labels": {"app": draw.choice("ab")},
    }
    return PodInfo(
        {"metadata": metadata, "spec": {"containers": [container], **draw.choice(SPECS)}}
    )


def _said(attempt: Attempt) -> tuple[Any, ...]:
    names = [node.name for node in attempt.feasible]
    ranking = rank(attempt) if names else None
    return (
        names,
        attempt.diagnosis,
        [(plugin.name, check.nodes) for plugin, check in attempt.checks],
        tuple(attempt.asked),
        ranking and list(ranking.totals),
        ranking and {name: list(scores.raw) for name, scores in ranking.scores.items()},
    )


def _happen(cluster: Cluster, placed: list[str], draw: random.Random) -> None:
    """Something to a node, or a pod goes."""
    what = draw.random()
    name = f"n{draw.randrange(8)}"
    if what < 0.2:
        cluster.set_node(_node(name, draw))
    elif what < 0.25:
        cluster.remove_node(name)
    elif what < 0.5 and placed:
        cluster.remove_pod(placed.pop(draw.randrange(len(placed))))


def _decide(search: Search, profile: Profile, pod: PodInfo) -> Attempt:
    """As a search would that remembers nothing."""
    fresh = Search(search.cluster, search.nominations)
    fresh.start = search.start
    expected, found = fresh.run(profile, pod), search.run(profile, pod)
    assert _said(found) == _said(expected)
    return found


@pytest.mark.parametrize("seed", range(6))
def test_decisions_are_those_of_a_search_that_remembers_nothing(seed: int) -> None:
    draw = random.Random(seed)
    cluster, nominations, profile = Cluster(), Nominations(), default_profile()
    for index in range(8):
        cluster.set_node(_node(f"n{index}", draw))
    search, placed = Search(cluster, nominations), list[str]()
    for index in range(120):
        pod = _pod(index, draw)
        attempt = _decide(search, profile, pod)
        nominations.drop(f"u{index - 3}")
        if attempt.feasible and draw.random() < 0.1:
            nominations.set(pod, draw.choice(attempt.feasible).name)
        elif attempt.feasible:
            cluster.set_pod(pod.placed(draw.choice(attempt.feasible).name))
            placed.append(pod.uid)
        _happen(cluster, placed, draw)
