"""Taints, zones, indexes, slices, volumes and the choice of controllers."""

from typing import Any

import pytest

from mockapi.controllers import chosen, jobpods, slicing, taints, zones
from mockapi.meta.tolerations import tolerates


@pytest.mark.parametrize(
    ("text", "indexes"),
    [("", set()), ("0", {0}), ("0,1", {0, 1}), ("0-2,5,7,8", {0, 1, 2, 5, 7, 8})],
)
def test_completed_indexes_are_written_as_runs(text: str, indexes: set[int]) -> None:
    assert jobpods.parse_indexes(text) == indexes
    assert jobpods.format_indexes(indexes) == text


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0), (1, 10), (2, 20), (3, 40), (9, 600)])
def test_a_jobs_back_off_doubles_to_ten_minutes(failures: int, seconds: float) -> None:
    assert jobpods.back_off(failures) == seconds


@pytest.mark.parametrize(
    ("ready", "expected"),
    [
        ([True], zones.NORMAL),
        ([False], zones.FULL),
        ([False, False, False, True], zones.PARTIAL),
        ([False, False, True], zones.NORMAL),
        ([], zones.NORMAL),
    ],
)
def test_the_state_of_a_zone(ready: list[bool], expected: str) -> None:
    assert zones.state(ready) == expected


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "k", "operator": "Exists", "effect": "NoSchedule"}, True),
        ({"key": "k", "value": "v"}, True),
        ({"key": "k", "value": "w"}, False),
        ({"key": "j", "operator": "Exists"}, False),
        ({"key": "k", "value": "v", "effect": "NoExecute"}, False),
    ],
)
def test_tolerations(toleration: dict[str, Any], tolerated: bool) -> None:
    taint = {"key": "k", "value": "v", "effect": "NoSchedule"}
    assert tolerates(toleration, taint) is tolerated


def test_the_shortest_toleration_counts() -> None:
    assert taints.patience([{"tolerationSeconds": 300}, {"tolerationSeconds": 60}, {}]) == 60
    assert taints.patience([{}]) is None


def _endpoint(number: int) -> dict[str, Any]:
    return {"addresses": [f"10.0.0.{number}"], "conditions": {"ready": True}}


def _slice(name: str, *numbers: int) -> dict[str, Any]:
    metadata = {"name": name, "labels": {"l": "v"}}
    return {"metadata": metadata, "endpoints": [_endpoint(number) for number in numbers]}


def test_a_changed_slice_takes_in_new_endpoints_and_others_are_left_alone() -> None:
    existing = [_slice("a", 1, 2), _slice("b", 3)]
    desired = [_endpoint(number) for number in (1, 3, 4)]
    changes = slicing.spread(existing, desired, {"metadata": {}}, {"l": "v"})
    written = [(item["metadata"]["name"], item["endpoints"]) for item in changes.update]
    assert written == [("a", [_endpoint(1), _endpoint(4)])]
    assert (changes.create, changes.delete) == ([], [])


def test_a_slice_holds_a_hundred_endpoints() -> None:
    desired = [_endpoint(number) for number in range(150)]
    changes = slicing.spread([], desired, {"metadata": {}}, {})
    assert [len(item["endpoints"]) for item in changes.create] == [100, 50]


def test_controllers_are_chosen_as_by_the_real_option() -> None:
    everything = {component.name for component in chosen("*")}
    without_job = {component.name for component in chosen("*,-job")}
    assert everything - without_job == {"job-controller"}
    assert [component.name for component in chosen("deployment")] == ["deployment-controller"]
    assert chosen("-*") == []


def test_an_unknown_controller_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match='"deploy" is not in the list of known controllers'):
        chosen("*,-deploy")
