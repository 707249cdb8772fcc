"""Histories of a cluster: after each step our scheduler tells what the real one has told.

Covers the queue in motion: back-offs of failures and of errors, which events bring which pods back,
gates, priorities, nominations, nodes that come and go. The real side ran its own event handlers,
queue and loop on a fake clock (tests/peers/scheduler_oracle).
"""

from collections import Counter
from typing import Any

from timeline_player import Player

from tests.scenarios.scheduler import timelines


def _by_pod(told: list[tuple[str, list[str]]]) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for pod, words in told:
        found.setdefault(pod, []).append(words)
    return found


def _difference(steps: list[timelines.Step], tolds: list[list[Any]]) -> Any:
    for index, (ours, real) in enumerate(zip(Player().play(steps), tolds, strict=True)):
        theirs = _by_pod([(write["pod"], write["body"]) for write in real])
        if _by_pod(ours) != theirs:
            return {"step": index, "ours": _by_pod(ours), "real": theirs}
    return None


def test_recorded_histories_go_as_with_the_real_scheduler() -> None:
    problems = {
        index: found
        for index, (steps, tolds) in enumerate(timelines.recorded())
        if (found := _difference(steps, tolds))
    }
    assert problems == {}


def test_histories_tell_of_all_that_can_happen() -> None:
    counts: Counter[str] = Counter()
    for steps, tolds in timelines.recorded():
        counts["histories"] += 1
        for step, told in zip(steps, tolds, strict=True):
            reasons = {write["body"][1] for write in told}
            counts.update(reasons)
            if "seconds" in step and reasons:
                counts["back-offs"] += 1
            if step.get("apply", {}).get("kind") == "Node" and "Scheduled" in reasons:
                counts["woken by nodes"] += 1
    assert counts["histories"] >= 100
    assert all(
        counts[name] >= 10
        for name in ("Scheduled", "FailedScheduling", "Preempted", "back-offs", "woken by nodes")
    ), counts
