"""What is remembered between decisions: verdicts and ratings that depend on nothing but the shape
of the pod and the node itself. Pods come by the hundred of one shape, and each decision changes one
node.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import Check, Cycle, Plugin, Rating
from mockapi.scheduler.profile import Profile
from mockapi.scheduler.shapes import Shape
from mockapi.scheduler.status import Status

_MOST_BOOKS: Final = 64
_SPARE: Final = 100


class Judged:
    """One node as it was at `version`. `place` is that of the rejecting filter in the profile."""

    __slots__ = ("place", "rates", "status", "version")

    def __init__(self, version: int, place: int, status: Status | None) -> None:
        self.version = version
        self.place = place
        self.status = status
        self.rates: Sequence[int] | None = None


class Step:
    """A filter of the profile that has something to say to pods of a shape, `place` is its place
    among the PreFilters. It is asked for each pod, unless its answer is settled."""

    __slots__ = ("outcome", "place", "plugin", "settled")

    def __init__(
        self, plugin: Plugin, place: int, *, settled: bool, outcome: Check | Status | None = None
    ) -> None:
        self.plugin = plugin
        self.place = place
        self.settled = settled
        self.outcome = outcome

    def ask(self, cycle: Cycle) -> Check | Status | None:
        return self.outcome if self.settled else self.plugin.filter(cycle)


class Book:
    """Of one profile, for pods of one shape that take what is usual for it."""

    def __init__(self, profile: Profile, cycle: Cycle) -> None:
        pod = cycle.pod
        self.steps: list[Step] = []
        for place, plugin in enumerate(profile.at("preFilter")):
            if not plugin.settled(pod):
                self.steps.append(Step(plugin, place, settled=False))
            elif (outcome := plugin.filter(cycle)) is not None:
                self.steps.append(Step(plugin, place, settled=True, outcome=outcome))
        self.asked = tuple(plugin.name for plugin in profile.at("preFilter"))
        steps = {step.plugin.name: step for step in self.steps}
        self.open: list[tuple[int, str]] = []
        """Filters that are asked for each pod, by their places among all."""
        self.checks: list[tuple[Plugin, Check]] = []
        """The settled ones, in the order of the profile."""
        self._places: list[int] = []
        for place, plugin in enumerate(profile.at("filter")):
            step = steps.get(plugin.name)
            if step is not None and not step.settled:
                self.open.append((place, plugin.name))
            elif step is not None and isinstance(step.outcome, Check):
                self.checks.append((plugin, step.outcome))
                self._places.append(place)
        self.scorers: list[tuple[Plugin, int, int | None]] = []
        """With their weights, and the places of those that rate among a node's rates."""
        self._ratings: list[Rating] = []
        for plugin in profile.at("score"):
            rating = plugin.rating(pod)
            if rating is not None:
                self.scorers.append((plugin, profile.weight(plugin), len(self._ratings)))
                self._ratings.append(rating)
            elif not plugin.rates:
                self.scorers.append((plugin, profile.weight(plugin), None))
        self._nodes: dict[NodeInfo, Judged] = {}

    def judged(self, node: NodeInfo) -> Judged:
        """What the settled filters say of it."""
        known = self._nodes.get(node)
        if known is None or known.version != node.version:
            known = self._nodes[node] = self._judge(node)
        return known

    def verdict(self, node: NodeInfo) -> Status | None:
        """The first rejection by a settled filter."""
        known = self._nodes.get(node)
        if known is None or known.version != node.version:
            known = self._nodes[node] = self._judge(node)
        return known.status

    def _judge(self, node: NodeInfo) -> Judged:
        for place, (_, check) in zip(self._places, self.checks, strict=True):
            status = check(node)
            if status is not None:
                return Judged(node.version, place, status)
        return Judged(node.version, -1, None)

    def rated(self, nodes: Sequence[NodeInfo]) -> list[tuple[int, ...]]:
        """By each that rates, how it rates the nodes."""
        known = self._nodes.get
        rates = [
            one.rates
            if (one := known(node)) is not None
            and one.version == node.version
            and one.rates is not None
            else self._rate(node)
            for node in nodes
        ]
        return list(zip(*rates, strict=True))

    def _rate(self, node: NodeInfo) -> Sequence[int]:
        judged = self.judged(node)
        judged.rates = [rating(node) for rating in self._ratings]
        return judged.rates

    def forget_gone(self, nodes: int) -> None:
        """Drop what is known when most of it must be of nodes that are gone."""
        if len(self._nodes) > 2 * nodes + _SPARE:
            self._nodes.clear()


class Books:
    """The latest few."""

    def __init__(self) -> None:
        self._books: OrderedDict[tuple[str, Shape], Book] = OrderedDict()

    def find(self, profile: Profile, cycle: Cycle) -> Book:
        pod = cycle.pod
        if pod.usage is not pod.shape.usual or pod.node_name:
            return Book(profile, cycle)
        key = (profile.name, pod.shape)
        book = self._books.get(key)
        if book is None:
            book = self._books[key] = Book(profile, cycle)
            if len(self._books) > _MOST_BOOKS:
                self._books.popitem(last=False)
            return book
        self._books.move_to_end(key)
        book.forget_gone(len(cycle.cluster.nodes))
        return book
