"""The arithmetic of rollouts. Source: deployment_util.go. Pure: objects in, numbers out."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from mockapi.client.protocol import Obj
from mockapi.controllers import base, objects

DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
INT32_MAX = 2**31 - 1


def scaled(value: Any, total: int, *, round_up: bool) -> int:
    """An absolute number, or a percentage of `total`; Retry for any other text: it may change."""
    if isinstance(value, int):
        return value
    if not isinstance(value, str) or not value.endswith("%") or not value[:-1].isdigit():
        raise base.Retry("invalid value for IntOrString: invalid type: string is not a percentage")
    share = int(value[:-1]) * total
    return -(-share // 100) if round_up else share // 100


def fenceposts(surge: Any, unavailable: Any, desired: int) -> tuple[int, int]:
    """(maxSurge, maxUnavailable) as numbers; never both zero, or a rollout could not move."""
    try:
        up = scaled(0 if surge is None else surge, desired, round_up=True)
        down = scaled(0 if unavailable is None else unavailable, desired, round_up=False)
    except base.Retry:
        return 0, 0
    return (up, down) if up or down else (0, 1)


def replicas(obj: Obj) -> int:
    """spec.replicas of a Deployment or ReplicaSet."""
    return int(obj["spec"].get("replicas", 1))


def _rolling(deployment: Obj) -> Obj | None:
    strategy = deployment["spec"].get("strategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return None
    return strategy.get("rollingUpdate") or {}


def is_rolling(deployment: Obj) -> bool:
    return _rolling(deployment) is not None


def max_surge(deployment: Obj) -> int:
    rolling = _rolling(deployment)
    if rolling is None:
        return 0
    desired = replicas(deployment)
    return fenceposts(rolling.get("maxSurge"), rolling.get("maxUnavailable"), desired)[0]


def max_unavailable(deployment: Obj) -> int:
    rolling, desired = _rolling(deployment), replicas(deployment)
    if rolling is None or not desired:
        return 0
    down = fenceposts(rolling.get("maxSurge"), rolling.get("maxUnavailable"), desired)[1]
    return min(down, desired)


def new_set_size(deployment: Obj, all_sets: Iterable[Obj], current: int) -> int:
    """How large the new ReplicaSet (now `current`) may be: all sets within the surge."""
    desired = replicas(deployment)
    rolling = _rolling(deployment)
    if rolling is None:
        return desired
    most = desired + scaled(rolling.get("maxSurge", 0), desired, round_up=True)
    now = total(all_sets)
    if now >= most:
        return current
    return current + min(most - now, desired - current)


def total(sets: Iterable[Obj]) -> int:
    """The sum of the asked-for sizes."""
    return sum(replicas(item) for item in sets)


def counted(sets: Iterable[Obj], count: str) -> int:
    """The sum of one count of their statuses."""
    return sum(objects.status(item).get(count, 0) for item in sets)


def terminating(sets: Iterable[Obj]) -> int | None:
    """The terminating pods, None while a set that was synced does not say."""
    found = 0
    for item in sets:
        status = objects.status(item)
        count = status.get("terminatingReplicas")
        if count is None and status.get("observedGeneration", 0):
            return None
        found += count or 0
    return found


def proportion(deployment: Obj, replica_set: Obj, to_add: int, added: int) -> int:
    """A set's share of a scaling that meets a rollout halfway, limited to what is left."""
    if not replicas(replica_set) or not to_add or to_add == added:
        return 0
    share, left = _fraction(deployment, replica_set), to_add - added
    return min(share, left) if to_add > 0 else max(share, left)


def _fraction(deployment: Obj, replica_set: Obj) -> int:
    size = replicas(replica_set)
    if not replicas(deployment):
        return -size
    before = annotated(replica_set, MAXIMUM) or objects.status(deployment).get("replicas", 0)
    if not before:
        return 0
    share = size * (replicas(deployment) + max_surge(deployment)) / before
    return math.floor(share + 0.5) - size


def annotated(replica_set: Obj, annotation: str) -> int | None:
    """A count kept in an annotation, None when it is missing or no int32."""
    text = objects.annotations(replica_set).get(annotation, "")
    if not text.isascii() or not text.isdigit() or int(text) > INT32_MAX:
        return None
    return int(text)


def shares(deployment: Obj, active: Sequence[Obj]) -> list[tuple[Obj, int]]:
    """The new size of each set when a Deployment is scaled during its rollout, in write order."""
    desired = replicas(deployment)
    allowed = desired + max_surge(deployment) if desired else 0
    to_add = allowed - total(active)
    ordered = by_size(active, newer_first=to_add > 0) if to_add else list(active)
    sizes, added = [], 0
    for item in ordered:
        part = proportion(deployment, item, to_add, added) if to_add else 0
        sizes.append(replicas(item) + part)
        added += part
    if to_add and sizes:
        sizes[0] = max(0, sizes[0] + to_add - added)
    return list(zip(ordered, sizes, strict=True))


def by_age(sets: Iterable[Obj]) -> list[Obj]:
    """Oldest first, then by name."""
    return sorted(sets, key=lambda item: (objects.created(item), objects.name(item)))


def by_size(sets: Iterable[Obj], *, newer_first: bool) -> list[Obj]:
    """Largest first; of equal ones the newest or the oldest."""
    aged = by_age(sets)
    return sorted(reversed(aged) if newer_first else aged, key=lambda item: -replicas(item))


def active(sets: Iterable[Obj]) -> list[Obj]:
    return [item for item in sets if replicas(item) > 0]


def active_or_latest(new: Obj | None, old: Sequence[Obj]) -> Obj | None:
    """The only active set, else the latest; None when several are active."""
    latest_first = by_age(old)[::-1]
    running = active([*latest_first, *([new] if new else [])])
    if len(running) > 1:
        return None
    if running:
        return running[0]
    return new or (latest_first[0] if latest_first else None)


def saturated(deployment: Obj, replica_set: Obj | None) -> bool:
    """The set has all the replicas of the Deployment, and all are available."""
    if replica_set is None:
        return False
    counts = (
        replicas(replica_set),
        annotated(replica_set, DESIRED),
        objects.status(replica_set).get("availableReplicas", 0),
    )
    return counts == (replicas(deployment),) * 3


def complete(deployment: Obj, status: Obj) -> bool:
    counts: list[int] = [
        status.get(c, 0) for c in ("updatedReplicas", "replicas", "availableReplicas")
    ]
    observed = int(status.get("observedGeneration", 0))
    return counts == [replicas(deployment)] * 3 and observed >= objects.generation(deployment)


def progressing(old: Obj, new: Obj) -> bool:
    """The new status is ahead of the old one."""

    def left(status: Obj) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    return left(new) < left(old) or any(
        new.get(count, 0) > old.get(count, 0)
        for count in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )


def has_deadline(deployment: Obj) -> bool:
    return bool(deployment["spec"].get("progressDeadlineSeconds", INT32_MAX) != INT32_MAX)


def cleanups(old: Iterable[Obj], most: int) -> list[tuple[Obj, int]]:
    """New sizes of old sets that drop up to `most` unavailable replicas, oldest first.

    A set that counts more available replicas than it is to have has not shrunk yet: what would
    come of it is no size, and the caller has to wait."""
    dropped, sizes = 0, []
    for item in by_age(old):
        if dropped >= most:
            break
        unavailable = replicas(item) - objects.status(item).get("availableReplicas", 0)
        if not replicas(item) or not unavailable:
            continue
        count = min(most - dropped, unavailable)
        sizes.append((item, replicas(item) - count))
        dropped += count
    return sizes


def scale_downs(old: Iterable[Obj], most: int) -> list[tuple[Obj, int]]:
    """New sizes of old sets that drop `most` replicas, oldest first."""
    dropped, sizes = 0, []
    for item in by_age(old):
        if dropped >= most:
            break
        count = min(replicas(item), most - dropped)
        if count:
            sizes.append((item, replicas(item) - count))
            dropped += count
    return sizes
