"""What a plugin may do, and what it is given. Source: kube-scheduler/framework interface.

A plugin works a pod out once (`filter`) and answers for each node by calling the `Check` that came
of it; where the answer depends on which pods run where, the check can be told to imagine a pod
gone or arrived, which is how preemption tries things out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mockapi.client.protocol import Obj
from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.status import Status

MAX_SCORE = 100


@dataclass
class Cycle:
    """One attempt to place one pod. `data` is what a plugin leaves for its own later steps."""

    pod: PodInfo
    cluster: Cluster
    data: dict[str, Any] = field(default_factory=dict)


class Check:
    """The verdict on each node for the pod of the cycle."""

    __slots__ = ("nodes",)

    def __init__(self) -> None:
        self.nodes: frozenset[str] | None = None
        """Only these nodes can pass, where the plugin knows it beforehand."""

    def __call__(self, node: NodeInfo) -> Status | None:
        return None

    def add(self, pod: PodInfo, node: NodeInfo) -> None:
        """Imagine that `pod` runs on `node` too."""

    def remove(self, pod: PodInfo, node: NodeInfo) -> None:
        """Imagine that `pod` is gone from `node`."""

    def copy(self) -> "Check":
        """One that can imagine on its own."""
        return self


class Test(Check):
    """A check that is a function of the node alone."""

    __slots__ = ("test",)

    def __init__(self, test: Callable[[NodeInfo], Status | None]) -> None:
        super().__init__()
        self.test = test

    def __call__(self, node: NodeInfo) -> Status | None:
        return self.test(node)


class Scores(NamedTuple):
    """For each node: as computed, and brought to 0..100."""

    raw: Sequence[int]
    normalized: Sequence[int]


class Change(NamedTuple):
    """Something happened: `what` to a `resource` (`Node`, `AssignedPod`, `TargetPod`,
    `PersistentVolume`...), for example `add`, `delete`, `update` or `update-labels`."""

    resource: str
    what: str
    old: Obj | None
    new: Obj | None


Hint = Callable[[PodInfo, Change, Cluster], bool]
"""May this change make a pod schedulable that the plugin had rejected?"""


def always(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    return True


def never(pod: PodInfo, change: Change, cluster: Cluster) -> bool:
    return False


Rating = Callable[[NodeInfo], int]
"""A node's score as computed."""


class Plugin:
    """Extension points that a plugin does not have are absent from `points`.

    What depends on nothing but the pod's shape and the node itself is remembered (see `book.py`):
    a plugin says so with `settled` of its filter, and by having a `rating` in place of a `score`.
    """

    name: str
    points: frozenset[str] = frozenset()
    """Of `preEnqueue queueSort preFilter filter postFilter preScore score reserve preBind bind`."""
    hints: dict[tuple[str, str], Hint] = {}
    """By resource and what happened to it."""

    def pre_enqueue(self, pod: PodInfo, cluster: Cluster) -> Status | None:
        return None

    def settled(self, pod: PodInfo) -> bool:
        """Does `filter` answer alike for all pods of this shape and usage, whatever else there is,
        and does its check look at nothing but the node?"""
        return False

    def filter(self, cycle: Cycle) -> Check | Status | None:
        """The pod's check, a rejection on all nodes, or None when the pod is no concern."""
        return None

    rates = False
    """Are its scores those of `rating`?"""

    def rating(self, pod: PodInfo) -> Rating | None:
        """For all pods of this shape and usage; None when it makes no difference between nodes."""
        return None

    def normalized(self, raw: Sequence[int]) -> Sequence[int]:
        """The ratings of the nodes that fit, brought to 0..100."""
        return raw

    def score(self, cycle: Cycle, nodes: Sequence[NodeInfo]) -> Scores | None:
        """Of the plugins that do not rate; None when it makes no difference between nodes."""
        return None


def default_normalized(raw: Sequence[int], *, reverse: bool = False) -> list[int]:
    """Scaled so that the largest becomes 100; reversed, the largest becomes 0.
    Source: plugins/helper/normalize_score.go."""
    highest = max(raw, default=0)
    if highest <= 0:
        return [MAX_SCORE] * len(raw) if reverse else list(raw)
    scaled = [MAX_SCORE * score // highest for score in raw]
    return [MAX_SCORE - score for score in scaled] if reverse else scaled
