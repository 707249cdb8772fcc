"""One decision: which nodes fit, which of them is the best, and the words when none does.

Sources: pkg/scheduler/schedule_one.go, framework/runtime/framework.go, framework/types.go.
"""

import operator
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from mockapi.scheduler.book import Book, Books, Judged
from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.nominations import Nominations
from mockapi.scheduler.plugin import Check, Cycle, Plugin, Scores
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.profile import Profile
from mockapi.scheduler.status import Code, Status, unresolvable

LEAST_NODES_TO_FIND = 100
LEAST_PERCENTAGE = 5
OUTSIDE: Final = "Extender"
"""Stands for extenders among the plugins that have rejected a pod."""


_NOT_LOOKED_AT = Status(Code.UNRESOLVABLE)


@dataclass
class Diagnosis:
    """Why a pod does not fit, node by node."""

    statuses: dict[str, Status] = field(default_factory=dict)
    absent: Status = _NOT_LOOKED_AT
    """Of the nodes that were not looked at."""
    plugins: set[str] = field(default_factory=set)
    """Those that had a part in the rejection: only events that concern them make the pod worth
    another try."""
    before: str = ""
    """The reason that held for all nodes at once."""
    after: str = ""
    """What came of preemption."""

    def status(self, node: str) -> Status:
        return self.statuses.get(node, self.absent)

    def message(self, total: int) -> str:
        """What FailedScheduling says."""
        text = f"0/{total} nodes are available:"
        if self.before:
            text += f" {self.before}."
        elif reasons := self._reasons(total):
            text += f" {', '.join(reasons)}."
        return f"{text} {self.after}" if self.after else text

    def _reasons(self, total: int) -> list[str]:
        counts: Counter[str] = Counter()
        for status in self.statuses.values():
            counts.update(status.reasons)
        for reason in self.absent.reasons:
            counts[reason] += max(0, total - len(self.statuses))
        return sorted(f"{count} {reason}" for reason, count in counts.items() if count)


@dataclass
class Attempt:
    """What is known of one pod on all nodes: the filters' answers, ready to be asked again."""

    cycle: Cycle
    book: Book
    checks: Sequence[tuple[Plugin, Check]] = ()
    diagnosis: Diagnosis = field(default_factory=Diagnosis)
    feasible: list[NodeInfo] = field(default_factory=list)
    open: Sequence[tuple[int, Check]] = ()
    """Those of the checks that the book cannot answer for, by their places among the filters."""
    asked: Sequence[str] = ()
    """Filters that have looked at the pod; a rejection for all nodes keeps it from the others."""
    candidates: frozenset[str] | None = None
    """The only nodes that can fit, where the filters know beforehand."""


def prepare(profile: Profile, cycle: Cycle, book: Book | None = None) -> Attempt:
    """Let every filter look at the pod (PreFilter). A rejection stands in the diagnosis."""
    book = Book(profile, cycle) if book is None else book
    attempt = Attempt(cycle, book, asked=book.asked)
    diagnosis = attempt.diagnosis
    found: dict[str, Check] = {}
    limiting: set[str] = set()
    rejection: Status | None = None
    for step in book.steps:
        outcome = step.ask(cycle)
        if outcome is None:
            continue
        if isinstance(outcome, Status):
            rejection = outcome
            if outcome.code == Code.UNRESOLVABLE:
                limiting = set()
                attempt.asked = book.asked[: step.place + 1]
                break
            continue
        name = step.plugin.name
        found[name] = outcome
        if outcome.nodes is not None:
            limiting.add(name)
            known = attempt.candidates
            attempt.candidates = outcome.nodes if known is None else known & outcome.nodes
        if attempt.candidates is not None and not attempt.candidates:
            rejection = unresolvable("", _disjoint(limiting))
            attempt.asked = book.asked[: step.place + 1]
            break
    diagnosis.plugins = set(limiting)
    if rejection is not None:
        diagnosis.absent, diagnosis.before = rejection, rejection.message
        diagnosis.plugins |= {rejection.plugin} - {""}
    elif attempt.candidates is not None:
        reason = f"node(s) didn't satisfy plugin(s) [{' '.join(sorted(limiting))}]"
        diagnosis.absent = unresolvable("", reason)
    attempt.open = [(place, found[name]) for place, name in book.open if name in found]
    if attempt.open or rejection is not None:
        attempt.checks = [(p, found[p.name]) for p in profile.at("filter") if p.name in found]
    else:
        attempt.checks = book.checks
    return attempt


def _disjoint(plugins: set[str]) -> str:
    if len(plugins) == 1:
        return f"node(s) didn't satisfy plugin {next(iter(plugins))}"
    return f"node(s) didn't satisfy plugin(s) [{' '.join(sorted(plugins))}] simultaneously"


def verdict(
    checks: Sequence[tuple[Plugin, Check]], node: NodeInfo, pod: PodInfo, nominations: Nominations
) -> Status | None:
    """The first rejection. Pods nominated to the node must have room too, if they matter at least
    as much; but the pod must also fit without them, because they may never come."""
    if nominations:
        expected = [
            other
            for other in nominations.on(node.name)
            if other.priority >= pod.priority and other.uid != pod.uid
        ]
        if expected:
            imagined = node.copy()
            copies = [(plugin, check.copy()) for plugin, check in checks]
            for other in expected:
                imagined.add(other)
                for _, check in copies:
                    check.add(other, imagined)
            rejected = _first(copies, imagined)
            if rejected is not None:
                return rejected
    return _first(checks, node)


def _first(checks: Sequence[tuple[Plugin, Check]], node: NodeInfo) -> Status | None:
    for _, check in checks:
        status = check(node)
        if status is not None:
            return status
    return None


def nodes_to_find(percentage: int, total: int) -> int:
    """After how many fitting nodes the search may stop."""
    if total < LEAST_NODES_TO_FIND:
        return total
    if percentage == 0:
        percentage = max(50 - total // 125, LEAST_PERCENTAGE)
    return max(total * percentage // 100, LEAST_NODES_TO_FIND)


class Filtered(Protocol):
    """What extenders have left, and why the others are not."""

    nodes: Sequence[NodeInfo]
    statuses: dict[str, Status]


class Outside(Protocol):
    """Extenders, as far as a decision knows them; see `extenders.py`."""

    @property
    def filtering(self) -> bool: ...

    @property
    def scoring(self) -> bool: ...

    def filter(self, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Filtered: ...

    def scores(self, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Mapping[str, int]: ...


class Search:
    """Finds fitting nodes. In a large cluster it starts where the last search has stopped."""

    def __init__(
        self,
        cluster: Cluster,
        nominations: Nominations,
        outside: Outside | None = None,
    ) -> None:
        self.cluster = cluster
        self.nominations = nominations
        self._outside = outside
        self._books = Books()
        self.start = 0

    def run(self, profile: Profile, pod: PodInfo) -> Attempt:
        cycle = Cycle(pod, self.cluster)
        attempt = prepare(profile, cycle, self._books.find(profile, cycle))
        if attempt.diagnosis.before:
            return attempt
        nominated = self.cluster.nodes.get(pod.nominated_node)
        if nominated is not None:
            self._filter(attempt, [nominated], 1)
            self._ask_outside(attempt)
            if attempt.feasible:
                return attempt
        nodes = self._candidates(attempt)
        self._filter(attempt, nodes, self._wanted(profile, len(nodes)))
        total = len(self.cluster.nodes)
        seen = len(attempt.feasible) + len(attempt.diagnosis.statuses)
        self.start = (self.start + seen) % total
        if self._ask_outside(attempt):
            attempt.diagnosis.plugins.add(OUTSIDE)
        return attempt

    def _ask_outside(self, attempt: Attempt) -> bool:
        """Let extenders filter what is left; have they taken nodes away?"""
        if not self._outside or not attempt.feasible:
            return False
        before = len(attempt.feasible)
        filtered = self._outside.filter(attempt.cycle.pod, attempt.feasible)
        attempt.feasible = list(filtered.nodes)
        attempt.diagnosis.statuses.update(filtered.statuses)
        return len(attempt.feasible) != before

    def _wanted(self, profile: Profile, total: int) -> int:
        """The first fitting node will do where nobody compares any."""
        outside = self._outside
        if profile.at("score") or (outside and (outside.filtering or outside.scoring)):
            return nodes_to_find(profile.percentage, total)
        return 1

    def _candidates(self, attempt: Attempt) -> list[NodeInfo]:
        names = attempt.candidates
        if names is None:
            return self.cluster.node_order()
        known = self.cluster.nodes
        return [known[name] for name in sorted(names) if name in known]

    def _filter(self, attempt: Attempt, nodes: Sequence[NodeInfo], wanted: int) -> None:
        diagnosis, feasible = attempt.diagnosis, attempt.feasible
        judge = self._judge(attempt)
        count = len(nodes)
        first = self.start % count if count else 0
        for index in range(first, first + count):
            if len(feasible) >= wanted:
                break
            node = nodes[index - count if index >= count else index]
            status = judge(node)
            if status is None:
                feasible.append(node)
            else:
                diagnosis.statuses[node.name] = status
                diagnosis.plugins.add(status.plugin)

    def _judge(self, attempt: Attempt) -> Callable[[NodeInfo], Status | None]:
        """The first rejection of a node; the book knows it where no nominated pod has a say."""
        nominations, pod, book = self.nominations, attempt.cycle.pod, attempt.book
        if nominations:
            return lambda node: verdict(attempt.checks, node, pod, nominations)
        if attempt.open:
            return lambda node: _first_of_all(attempt.open, book.judged(node), node)
        return book.verdict


def _first_of_all(
    checks: Sequence[tuple[int, Check]], judged: Judged, node: NodeInfo
) -> Status | None:
    """The first rejection by the settled checks, which is known, and by others."""
    for place, check in checks:
        if judged.status is not None and place > judged.place:
            break
        status = check(node)
        if status is not None:
            return status
    return judged.status


@dataclass(frozen=True, slots=True)
class Ranking:
    """Scores of the nodes that fit; `totals` are weighted sums."""

    nodes: Sequence[NodeInfo]
    scores: Mapping[str, Scores]
    totals: Sequence[int]
    more: Mapping[str, int] = field(default_factory=dict)
    """What extenders have added, by node."""

    def plus(self, more: Mapping[str, int]) -> "Ranking":
        """With what is added to the totals of nodes by their names."""
        totals = [
            total + more.get(node.name, 0)
            for node, total in zip(self.nodes, self.totals, strict=True)
        ]
        return replace(self, totals=totals, more=more)

    def best(self) -> list[NodeInfo]:
        highest = max(self.totals)
        return [
            node for node, total in zip(self.nodes, self.totals, strict=True) if total == highest
        ]


def rank(attempt: Attempt) -> Ranking:
    """Of the nodes that fit."""
    nodes, book = attempt.feasible, attempt.book
    rated = book.rated(nodes)
    found: dict[str, Scores] = {}
    totals = [0] * len(nodes)
    for plugin, weight, place in book.scorers:
        if place is None:
            scores = plugin.score(attempt.cycle, nodes)
            if scores is None:
                continue
        else:
            raw = rated[place]
            scores = Scores(raw, plugin.normalized(raw))
        found[plugin.name] = scores
        weighted: Sequence[int] = scores.normalized
        if weight != 1:
            weighted = [weight * score for score in weighted]
        totals = list(map(operator.add, totals, weighted))
    return Ranking(nodes, found, totals)


def choose(
    attempt: Attempt,
    below: Callable[[int], int],
    outside: Outside | None = None,
) -> NodeInfo:
    """The best of the nodes that fit; equals are drawn by lot."""
    if len(attempt.feasible) == 1:
        return attempt.feasible[0]
    ranking = rank(attempt)
    if outside:
        ranking = ranking.plus(outside.scores(attempt.cycle.pod, attempt.feasible))
    best = ranking.best()
    return best[below(len(best))] if len(best) > 1 else best[0]
