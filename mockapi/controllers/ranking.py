"""Which pods a controller deletes first. Source: ActivePodsWithRanks in controller_utils.go."""

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mockapi.base.clock import parse_timestamp
from mockapi.client.protocol import Obj
from mockapi.controllers import objects

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


@dataclass(frozen=True, slots=True)
class _Rank:
    """What is compared, in this order; `first` holds the criteria that are a plain order."""

    first: tuple[int, ...]
    ready: str
    restarts: tuple[int, int]
    created: str
    uid: str
    pod: Obj


def by_deletion(
    pods: Iterable[Obj], *, now: float | None = None, related: Iterable[Obj] | None = None
) -> list[Obj]:
    """Pods, the first to delete first.

    `related` are the pods of the same owner's other sets: of two equal pods the one that has more
    of them on its node goes first. None compares without costs and nodes, exact to the second
    (the older ActivePods order).
    """
    on_node: dict[str, int] = {}
    for pod in related or ():
        if objects.pod_active(pod):
            on_node[objects.node_name(pod)] = on_node.get(objects.node_name(pod), 0) + 1
    ranks = [_rank(pod, on_node, with_cost=related is not None) for pod in pods]
    compare = functools.partial(_compare, now=now)
    return [rank.pod for rank in sorted(ranks, key=functools.cmp_to_key(compare))]


def deletion_cost(pod: Obj) -> int:
    """The annotation's value, 0 when it is none (the API refuses what does not parse)."""
    text = objects.annotations(pod).get(DELETION_COST, "0")
    digits = text[1:] if text.startswith("-") else text
    return int(text) if digits.isascii() and digits.isdigit() else 0


def _rank(pod: Obj, on_node: dict[str, int], *, with_cost: bool) -> _Rank:
    ready = objects.pod_ready(pod)
    node = objects.node_name(pod)
    first: tuple[int, ...] = (int(bool(node)), _PHASES.get(objects.phase(pod), 0), int(ready))
    if with_cost:
        first = (*first, deletion_cost(pod), -on_node.get(node, 0))
    return _Rank(
        first=first,
        ready=objects.ready_since(pod),
        restarts=_restarts(pod),
        created=objects.created(pod),
        uid=objects.uid(pod),
        pod=pod,
    )


def _restarts(pod: Obj) -> tuple[int, int]:
    """The largest restart counts, negated, of the containers and of the sidecars."""
    status = objects.status(pod)
    regular = [c.get("restartCount", 0) for c in status.get("containerStatuses") or ()]
    sidecars = {
        container["name"]
        for container in pod["spec"].get("initContainers") or ()
        if container.get("restartPolicy") == "Always"
    }
    inits: Sequence[Obj] = status.get("initContainerStatuses") or ()
    restarted = [c.get("restartCount", 0) for c in inits if c.get("name") in sidecars]
    return -max(regular, default=0), -max(restarted, default=0)


def _compare(one: _Rank, two: _Rank, *, now: float | None) -> int:
    if one.first != two.first:
        return -1 if one.first < two.first else 1
    if one.ready != two.ready:
        return _by_age(one.ready, two.ready, one, two, now)
    if one.restarts != two.restarts:
        return -1 if one.restarts < two.restarts else 1
    if one.created != two.created:
        return _by_age(one.created, two.created, one, two, now)
    return 0


def _by_age(first: str, second: str, one: _Rank, two: _Rank, now: float | None) -> int:
    """The younger goes first; ages of the same power of two count as equal, the uid decides."""
    if not first or not second:
        return -1 if not first else 1
    if now is None:
        return -1 if first > second else 1
    difference = _log_age(first, now) - _log_age(second, now)
    if difference:
        return -1 if difference < 0 else 1
    return -1 if one.uid < two.uid else 1


def _log_age(moment: str, now: float) -> int:
    nanoseconds = (now - parse_timestamp(moment)) * 1e9
    return int(math.log2(nanoseconds)) if nanoseconds > 0 else -1
