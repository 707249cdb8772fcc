"""How many nodes are looked at. Source: numFeasibleNodesToFind in pkg/scheduler/schedule_one.go."""

import pytest

from mockapi.scheduler.algorithm import nodes_to_find


@pytest.mark.parametrize(
    ("percentage", "total", "wanted"),
    [(0, 99, 99), (0, 100, 100), (0, 1000, 420), (0, 5000, 500), (0, 6000, 300), (70, 1000, 700)],
)
def test_large_clusters_are_searched_in_part(percentage: int, total: int, wanted: int) -> None:
    assert nodes_to_find(percentage, total) == wanted
