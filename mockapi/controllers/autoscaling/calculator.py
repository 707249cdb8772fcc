"""How many replicas a metric asks for. Pure: pods and figures in, a `Proposal` out.

Source: pkg/controller/podautoscaler/replica_calculator.go, metrics/utilization.go. Amounts are in
thousandths.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from mockapi.base.clock import parse_timestamp
from mockapi.client.protocol import Obj
from mockapi.controllers import objects
from mockapi.controllers.autoscaling.metrics import PodMetric, Unavailable
from mockapi.meta import quantity

CPU_INITIALIZATION_SECONDS = 300.0
INITIAL_READINESS_SECONDS = 30.0
MOST = 2**31 - 1
MOST_USAGE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How far the usage may be from the target before anything is done, as fractions."""

    down: float = 0.1
    up: float = 0.1

    def within(self, ratio: float) -> bool:
        return 1.0 - self.down <= ratio <= 1.0 + self.up


@dataclass(frozen=True, slots=True)
class Proposal:
    """`usage` is the average or the value; `utilization` in percent where there is a request."""

    replicas: int
    usage: int
    utilization: int = 0


@dataclass(frozen=True, slots=True)
class _Groups:
    ready: int
    unready: Collection[str]
    missing: Collection[str]
    ignored: Collection[str]


@dataclass(frozen=True, slots=True)
class Situation:
    """What all metrics of one autoscaler are judged by."""

    pods: Sequence[Obj]
    current: int
    """spec.replicas of the target."""
    reported: int
    """status.replicas of the target."""
    tolerances: Tolerances
    now: float


Ratio = Callable[[Mapping[str, PodMetric]], tuple[float, int, int]]
"""From figures to the ratio of usage and target, the utilization and the average usage."""


def utilization(
    at: Situation, metrics: Mapping[str, PodMetric], target: int, resource: str, container: str
) -> Proposal:
    """By percent of the pods' requests."""
    if not at.pods:
        raise Unavailable("no pods returned by selector while calculating replica count")
    groups = _group(at, metrics, resource)
    kept = _kept(metrics, groups)
    requests = {objects.name(pod): _request(pod, container, resource) for pod in at.pods}

    def ratio(figures: Mapping[str, PodMetric]) -> tuple[float, int, int]:
        known = {name: one for name, one in figures.items() if name in requests}
        total = sum(one.value for one in known.values())
        asked = sum(requests[name] for name in known)
        if not asked:
            raise Unavailable("no metrics returned matched known pods")
        percent = total * 100 // asked
        return percent / target, percent, total // len(known)

    def fallback(name: str) -> int:
        return requests[name] * max(100, target) // 100

    return _propose(at, groups, kept, ratio, fallback)


def average(
    at: Situation, metrics: Mapping[str, PodMetric], target: int, resource: str = ""
) -> Proposal:
    """By the average of the pods' own figures."""
    if not at.pods:
        raise Unavailable("no pods returned by selector while calculating replica count")
    groups = _group(at, metrics, resource)
    kept = _kept(metrics, groups)

    def ratio(figures: Mapping[str, PodMetric]) -> tuple[float, int, int]:
        usage = sum(one.value for one in figures.values()) // len(figures)
        return usage / target, 0, usage

    return _propose(at, groups, kept, ratio, lambda name: target)


def value(at: Situation, usage: int, target: int) -> Proposal:
    """By one figure for the whole target (Object and External metrics with `value`)."""
    ratio = usage / target
    if not at.current:
        return Proposal(math.ceil(ratio), usage)
    if at.tolerances.within(ratio):
        return Proposal(at.current, usage)
    if not at.pods:
        text = "no pods returned by selector while calculating replica count"
        raise Unavailable(f"unable to calculate ready pods: {text}")
    ready = sum(objects.phase(pod) == "Running" and objects.pod_ready(pod) for pod in at.pods)
    return Proposal(min(math.ceil(ratio * ready), MOST), usage)


def value_per_pod(at: Situation, usage: int, target: int) -> Proposal:
    """By one figure that is shared by the pods (`averageValue`)."""
    replicas = at.reported
    ratio = usage / (target * replicas) if replicas else math.inf if usage else math.nan
    if not at.tolerances.within(ratio):
        replicas = min(math.ceil(usage / target), MOST)
    # What Go makes of a division by zero that it turns into an integer.
    each = math.ceil(usage / at.reported) if at.reported else -MOST_USAGE - 1
    return Proposal(replicas, min(each, MOST_USAGE))


def _kept(metrics: Mapping[str, PodMetric], groups: _Groups) -> dict[str, PodMetric]:
    kept = {
        name: one
        for name, one in metrics.items()
        if name not in groups.ignored and name not in groups.unready
    }
    if not kept:
        text = "did not receive metrics for targeted pods (pods might be unready)"
        raise Unavailable(text)
    return kept


def _propose(
    at: Situation,
    groups: _Groups,
    kept: Mapping[str, PodMetric],
    ratio_of: Ratio,
    fallback: Callable[[str], int],
) -> Proposal:
    """What is missing is assumed to be such that it holds the change back."""
    ratio, percent, usage = ratio_of(kept)
    unready_count = bool(groups.unready) and ratio > 1.0
    stay = Proposal(at.current, usage, percent)
    if not unready_count and not groups.missing:
        if at.tolerances.within(ratio):
            return stay
        return Proposal(math.ceil(ratio * groups.ready), usage, percent)
    assumed = dict(kept)
    if ratio != 1.0:
        for name in groups.missing:
            assumed[name] = PodMetric(fallback(name) if ratio < 1.0 else 0)
    if unready_count:
        assumed |= dict.fromkeys(groups.unready, PodMetric(0))
    new, _, _ = ratio_of(assumed)
    if at.tolerances.within(new) or (ratio < 1.0 < new) or (new < 1.0 < ratio):
        return stay
    replicas = math.ceil(new * len(assumed))
    if (new < 1.0 and replicas > at.current) or (new > 1.0 and replicas < at.current):
        return stay
    return Proposal(replicas, usage, percent)


def _group(at: Situation, metrics: Mapping[str, PodMetric], resource: str) -> _Groups:
    ready, unready, missing, ignored = 0, set(), set(), set()
    for pod in at.pods:
        name = objects.name(pod)
        metric = metrics.get(name)
        if objects.deleting(pod) or objects.phase(pod) == "Failed":
            ignored.add(name)
        elif objects.phase(pod) == "Pending":
            unready.add(name)
        elif metric is None:
            missing.add(name)
        elif resource == "cpu" and _starting(pod, metric, at.now):
            unready.add(name)
        else:
            ready += 1
    return _Groups(ready, unready, missing, ignored)


def _starting(pod: Obj, metric: PodMetric, now: float) -> bool:
    """CPU figures of a pod that starts say little about its load."""
    ready, started = objects.condition(pod, "Ready"), objects.status(pod).get("startTime")
    if ready is None or not started:
        return True
    begun = parse_timestamp(started)
    since = parse_timestamp(ready["lastTransitionTime"])
    if begun + CPU_INITIALIZATION_SECONDS > now:
        return bool(ready["status"] == "False" or metric.timestamp < since + metric.window)
    return bool(ready["status"] == "False" and begun + INITIAL_READINESS_SECONDS > since)


def _request(pod: Obj, container: str, resource: str) -> int:
    spec = pod["spec"]
    own = (spec.get("resources") or {}).get("requests") or {}
    if own and not container:
        return _pod_level(pod, own, resource)
    sidecars = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
    total = 0
    for one in [*spec["containers"], *sidecars]:
        if container and container != one["name"]:
            continue
        asked = ((one.get("resources") or {}).get("requests") or {}).get(resource)
        if asked is None:
            where = f"container {one['name']} of Pod {objects.name(pod)}"
            raise Unavailable(f"missing request for {resource} in {where}")
        total += quantity.parse(asked).milli_value()
        if container:
            return total
    if container:
        raise Unavailable(f"container {container} not found in Pod {objects.name(pod)}")
    return total


def _pod_level(pod: Obj, own: Mapping[str, str], resource: str) -> int:
    if resource not in own:
        where = f"Pod {objects.name(pod)}"
        raise Unavailable(f"missing pod-level request for {resource} in {where}")
    return quantity.parse(own[resource]).milli_value()
