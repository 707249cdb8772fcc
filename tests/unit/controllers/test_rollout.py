"""Expectations follow deployment_util_test.go and the rules of rolling updates."""

from typing import Any

import pytest

from mockapi.controllers import base, rollout


def replica_set(name: str, size: int, available: int = 0, **annotations: str) -> dict[str, Any]:
    notes = {key.replace("_", "-"): value for key, value in annotations.items()}
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": f"2026-01-01T00:00:0{name[-1]}Z",
            "annotations": {f"deployment.kubernetes.io/{k}": v for k, v in notes.items()},
        },
        "spec": {"replicas": size},
        "status": {"availableReplicas": available, "replicas": size},
    }


def deployment(size: int, surge: Any = "25%", unavailable: Any = "25%") -> dict[str, Any]:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    return {"metadata": {"name": "d"}, "spec": {"replicas": size, "strategy": strategy}}


@pytest.mark.parametrize(
    ("surge", "unavailable", "desired", "expected"),
    [
        ("0%", "0%", 0, (0, 1)),
        ("39%", "39%", 0, (0, 1)),
        ("0%", "0%", 10, (0, 1)),
        ("26%", "26%", 10, (3, 2)),
        ("1%", "0%", 10, (1, 0)),
        ("25%", "25%", 1, (1, 0)),
        (2, 3, 10, (2, 3)),
    ],
)
def test_surge_rounds_up_and_unavailable_down(
    surge: Any, unavailable: Any, desired: int, expected: tuple[int, int]
) -> None:
    assert rollout.fenceposts(surge, unavailable, desired) == expected


@pytest.mark.parametrize(
    ("size", "surge", "sets", "current", "expected"),
    [
        (5, 5, [replica_set("o1", 5)], 0, 5),
        (5, 0, [replica_set("o1", 5)], 0, 0),
        (3, 1, [replica_set("o1", 3)], 0, 1),
        (4, "25%", [replica_set("o1", 4)], 0, 1),
    ],
)
def test_a_new_set_grows_within_the_surge(
    size: int, surge: Any, sets: list[dict[str, Any]], current: int, expected: int
) -> None:
    assert rollout.new_set_size(deployment(size, surge), sets, current) == expected


def test_scaling_during_a_rollout_is_shared_by_size() -> None:
    """Ten replicas in halves grow to twenty: each set doubles, the rest goes to the largest."""
    sets = [
        replica_set("n2", 5, max_replicas="10"),
        replica_set("o1", 5, max_replicas="10"),
    ]
    shares = rollout.shares(deployment(20, 0, 1), sets)
    assert [(item["metadata"]["name"], size) for item, size in shares] == [("n2", 10), ("o1", 10)]


def test_unhealthy_replicas_of_old_sets_go_first() -> None:
    old = [replica_set("o2", 3, available=3), replica_set("o1", 4, available=1)]
    sizes = [(item["metadata"]["name"], size) for item, size in rollout.cleanups(old, 2)]
    assert sizes == [("o1", 2)]


def test_percentages_that_are_none_are_refused() -> None:
    with pytest.raises(base.Retry):
        rollout.scaled("ten", 10, round_up=True)
