"""Which pods to evict so that a more important one fits: as few and as unimportant as possible.

Sources: plugins/defaultpreemption, framework/preemption (preemption.go, util.go).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from mockapi.client.protocol import Obj
from mockapi.meta import selectors
from mockapi.scheduler.algorithm import Attempt, Diagnosis, verdict
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.nominations import Nominations
from mockapi.scheduler.plugin import Check, Plugin
from mockapi.scheduler.plugins.dynamic_resources import DynamicResources
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.profile import DefaultPreemption, Profile
from mockapi.scheduler.status import Code, Status, unresolvable

_NOT_HELPFUL = unresolvable("", "Preemption is not helpful for scheduling")
_NO_VICTIMS = unresolvable("", "No preemption victims found for incoming pod")
_LATEST = "~"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that would fit without the victims, the most important of which comes first."""

    node: NodeInfo
    victims: Sequence[PodInfo]
    violations: int
    """Victims whose disruption budget has none left."""


Ask = Callable[[PodInfo, Sequence[Candidate]], Sequence[Candidate]]
"""Extenders, who may choose other victims or none."""


@dataclass(frozen=True, slots=True)
class Outcome:
    message: str
    candidate: Candidate | None = None
    keeps_nomination: bool = False
    """The pod may not look for victims now: what it was nominated to stays."""
    idle_claim: Obj | None = None
    """A claim that keeps the pod from nodes and is to lose its allocation."""


def after_filters(
    profile: Profile,
    attempt: Attempt,
    nominations: Nominations,
    below: Callable[[int], int],
    outside: Ask = lambda pod, candidates: candidates,
) -> Outcome:
    """What the profile does for a pod that fits nowhere (PostFilter)."""
    plugins = profile.at("postFilter")
    idle: Obj | None = None
    for plugin in plugins:
        if isinstance(plugin, DefaultPreemption):
            outcome = preempt(plugin, attempt, nominations, below, outside)
            return outcome if idle is None else _with_idle_claim(outcome, idle)
        if isinstance(plugin, DynamicResources):
            idle = plugin.idle_claim(attempt.cycle)
        if plugin.name not in attempt.asked and profile.find("preFilter", type(plugin)):
            # The real plugin then misses what its PreFilter would have left for it, and says so.
            return Outcome("not found", keeps_nomination=True)
    outcome = Outcome("", keeps_nomination=bool(plugins))
    return outcome if idle is None else _with_idle_claim(outcome, idle)


def _with_idle_claim(outcome: Outcome, claim: Obj) -> Outcome:
    done = "deallocation of ResourceClaim completed"
    message = f"{done}, {outcome.message}" if outcome.message else done
    return replace(outcome, message=message, idle_claim=claim)


def preempt(
    plugin: DefaultPreemption,
    attempt: Attempt,
    nominations: Nominations,
    below: Callable[[int], int],
    outside: Ask,
) -> Outcome:
    """Look for victims on all nodes where removing pods could help."""
    pod, cluster = attempt.cycle.pod, attempt.cycle.cluster
    diagnosis = attempt.diagnosis
    refusal = _refusal(pod, attempt)
    if refusal:
        return Outcome(f"preemption: {refusal}", keeps_nomination=True)
    nodes = [
        node
        for node in cluster.node_order()
        if diagnosis.status(node.name).code == Code.UNSCHEDULABLE
    ]
    candidates, statuses = _dry_run(plugin, attempt, nodes, nominations, below)
    if not candidates:
        why = Diagnosis(statuses, _NOT_HELPFUL)
        return Outcome(f"preemption: {why.message(len(cluster.nodes))}")
    left = outside(pod, candidates)
    if not left:
        return Outcome("preemption: no candidate node for preemption")
    best = pick(left)
    return Outcome(
        f"preemption: found a potential placement for pod on node {best.node.name}, "
        f"preempting {len(best.victims)} victims",
        best,
    )


def _refusal(pod: PodInfo, attempt: Attempt) -> str:
    if pod.spec.get("preemptionPolicy") == "Never":
        return "not eligible due to preemptionPolicy=Never."
    nominated = pod.nominated_node
    if not nominated or attempt.diagnosis.status(nominated).code == Code.UNRESOLVABLE:
        return ""
    node = attempt.cycle.cluster.nodes.get(nominated)
    others = node.pods.values() if node is not None else ()
    if any(other.priority < pod.priority and _is_being_preempted(other) for other in others):
        return "not eligible due to a terminating pod on the nominated node."
    return ""


def _is_being_preempted(pod: PodInfo) -> bool:
    if not pod.terminating:
        return False
    for condition in (pod.pod.get("status") or {}).get("conditions") or ():
        if condition["type"] == "DisruptionTarget":
            return bool(
                condition["status"] == "True" and condition.get("reason") == "PreemptionByScheduler"
            )
    return False


def _dry_run(
    plugin: DefaultPreemption,
    attempt: Attempt,
    nodes: Sequence[NodeInfo],
    nominations: Nominations,
    below: Callable[[int], int],
) -> tuple[list[Candidate], dict[str, Status]]:
    """In a large cluster only some nodes are tried, from a random one on."""
    statuses: dict[str, Status] = {}
    good: list[Candidate] = []
    violating: list[Candidate] = []
    if not nodes:
        return [], statuses
    wanted = max(len(nodes) * plugin.percentage // 100, plugin.absolute)
    offset = below(len(nodes)) if len(nodes) > wanted else 0
    budgets = attempt.cycle.cluster.listers.budgets.list()
    for index in range(len(nodes)):
        node = nodes[(offset + index) % len(nodes)]
        found = select_victims(attempt, node, nominations, budgets)
        if isinstance(found, Status):
            statuses[node.name] = found
            continue
        (violating if found.violations else good).append(found)
        if good and len(good) + len(violating) >= wanted:
            break
    return [*good, *violating], statuses


def select_victims(
    attempt: Attempt, node: NodeInfo, nominations: Nominations, budgets: Sequence[Obj]
) -> Candidate | Status:
    """Take all less important pods away; if the pod fits then, put back all that can stay, those
    with a broken budget first and the most important first."""
    preemptor = attempt.cycle.pod
    less_important = [pod for pod in node.pods.values() if pod.priority < preemptor.priority]
    if not less_important:
        return _NO_VICTIMS
    trial = _Trial(attempt.checks, node, preemptor, nominations)
    for pod in less_important:
        trial.remove(pod)
    rejected = trial.verdict()
    if rejected is not None:
        return rejected
    less_important.sort(key=_importance)
    broken, fine = split_by_budget(less_important, budgets)
    broken_victims = [pod for pod in broken if not trial.can_stay(pod)]
    victims = broken_victims + [pod for pod in fine if not trial.can_stay(pod)]
    if broken and fine:
        victims.sort(key=_importance)
    if not victims:
        return Status(Code.ERROR, (f'expected at least one victim pod on node "{node.name}"',))
    return Candidate(node, victims, len(broken_victims))


class _Trial:
    """A node on which pods are imagined gone."""

    def __init__(
        self,
        checks: Iterable[tuple[Plugin, Check]],
        node: NodeInfo,
        preemptor: PodInfo,
        nominations: Nominations,
    ) -> None:
        self._checks = [(plugin, check.copy()) for plugin, check in checks]
        self._node = node.copy()
        self._preemptor = preemptor
        self._nominations = nominations

    def remove(self, pod: PodInfo) -> None:
        self._node.remove(pod)
        for _, check in self._checks:
            check.remove(pod, self._node)

    def _add(self, pod: PodInfo) -> None:
        self._node.add(pod)
        for _, check in self._checks:
            check.add(pod, self._node)

    def verdict(self) -> Status | None:
        return verdict(self._checks, self._node, self._preemptor, self._nominations)

    def can_stay(self, pod: PodInfo) -> bool:
        self._add(pod)
        if self.verdict() is None:
            return True
        self.remove(pod)
        return False


def _importance(pod: PodInfo) -> tuple[int, str]:
    """The most important first; of equals the one that has run longest."""
    return -pod.priority, pod.start_time or _LATEST


def split_by_budget(
    pods: Iterable[PodInfo], budgets: Sequence[Obj]
) -> tuple[list[PodInfo], list[PodInfo]]:
    """Pods whose eviction would break a budget, counted in order, and the others."""
    allowed = [(budget.get("status") or {}).get("disruptionsAllowed", 0) for budget in budgets]
    broken: list[PodInfo] = []
    fine: list[PodInfo] = []
    for pod in pods:
        (broken if _breaks(pod, budgets, allowed) else fine).append(pod)
    return broken, fine


def _breaks(pod: PodInfo, budgets: Sequence[Obj], allowed: list[int]) -> bool:
    if not pod.labels:
        return False
    for index, budget in enumerate(budgets):
        if budget["metadata"]["namespace"] != pod.namespace:
            continue
        selector = selectors.from_object(budget["spec"].get("selector"))
        if selector.empty or not selector.matches(pod.labels):
            continue
        if pod.name in ((budget.get("status") or {}).get("disruptedPods") or ()):
            continue
        allowed[index] -= 1
        if allowed[index] < 0:
            return True
    return False


def pick(candidates: Sequence[Candidate]) -> Candidate:
    """Fewest broken budgets, then the least important victims, the lowest sum of priorities, the
    fewest victims, and the shortest-lived ones."""
    return max(candidates, key=_merit)


def _merit(candidate: Candidate) -> tuple[int, int, int, int, str]:
    victims = candidate.victims
    most_important = victims[0].priority
    started = min(
        pod.start_time or _LATEST
        for pod in victims
        if pod.priority == max(victim.priority for victim in victims)
    )
    total = sum(pod.priority + 2**31 for pod in victims)
    return -candidate.violations, -most_important, -total, -len(victims), started
