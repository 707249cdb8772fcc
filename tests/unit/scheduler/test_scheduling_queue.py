"""Order, back-off and waking. Expectations from pkg/scheduler/backend/queue."""

from typing import Any

from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.plugin import Change
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.profile import default_profile
from mockapi.scheduler.queue import SchedulingQueue


class Clock:
    now = 1000.5


def _queue() -> tuple[SchedulingQueue, Clock]:
    clock = Clock()
    profiles = {"default-scheduler": default_profile()}
    return SchedulingQueue(profiles, Cluster(), lambda: clock.now), clock


def _pod(name: str, **spec: Any) -> PodInfo:
    metadata = {"name": name, "namespace": "default", "uid": name}
    return PodInfo({"metadata": metadata, "spec": {"containers": [], **spec}})


def _names(queue: SchedulingQueue) -> list[str]:
    names = []
    while (queued := queue.pop()) is not None:
        names.append(queued.pod.name)
    return names


NODE = {"metadata": {"name": "n"}, "spec": {}, "status": {"allocatable": {"pods": "5"}}}
NODE_ADDED = Change("Node", "add", None, NODE)


def test_priority_goes_first_then_who_came_first() -> None:
    queue, clock = _queue()
    for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 5)):
        queue.add(_pod(name, priority=priority))
        clock.now += 1
    assert _names(queue) == ["b", "d", "a", "c"]


def test_rejected_pod_waits_for_an_event_that_concerns_its_rejection() -> None:
    queue, _ = _queue()
    queue.add(_pod("p", nodeSelector={"disk": "ssd"}))
    queued = queue.pop()
    assert queued is not None
    queue.reject(queued, {"NodeAffinity"})
    queue.move(NODE_ADDED)
    assert not queue.ready
    ssd = {**NODE, "metadata": {"name": "n", "labels": {"disk": "ssd"}}}
    queue.move(Change("Node", "add", None, ssd))
    assert _names(queue) == ["p"]


def test_pod_that_backs_off_is_tried_when_nobody_else_is_in_line() -> None:
    queue, _ = _queue()
    queue.add(_pod("rejected", priority=10))
    queued = queue.pop()
    assert queued is not None
    queue.reject(queued, {"NodeResourcesFit"})
    queue.move(NODE_ADDED)
    queue.add(_pod("fresh"))
    assert _names(queue) == ["fresh", "rejected"]


def test_back_off_doubles_up_to_ten_seconds_and_ends_with_a_whole_second() -> None:
    queue, clock = _queue()
    queue.add(_pod("p"))
    waits = []
    for _ in range(6):
        queued = queue.pop()
        assert queued is not None
        due = queue.reject(queued, set())
        waits.append(due - clock.now)
        clock.now = due
        queue.flush()
    assert waits == [1.5, 3.0, 5.0, 9.0, 11.0, 11.0]


def test_error_back_off_is_not_cut_short() -> None:
    queue, clock = _queue()
    queue.add(_pod("p"))
    queued = queue.pop()
    assert queued is not None
    due = queue.reject(queued, set())
    queue.move(NODE_ADDED)
    clock.now = due - 0.001
    queue.flush()
    assert not queue.ready
    clock.now = due
    queue.flush()
    assert _names(queue) == ["p"]


def test_gated_pod_is_not_woken_by_other_events() -> None:
    queue, _ = _queue()
    queue.add(_pod("p", schedulingGates=[{"name": "g"}]))
    queue.move(NODE_ADDED)
    assert not queue.ready
    free = _pod("p")
    queue.update(free, [Change("TargetPod", "update-gates", None, free.pod)])
    assert _names(queue) == ["p"]


def test_deleted_pod_is_gone_from_the_line() -> None:
    queue, _ = _queue()
    queue.add(_pod("a"))
    queue.add(_pod("b"))
    queue.delete("a")
    assert _names(queue) == ["b"]
