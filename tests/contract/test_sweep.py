"""Every built-in kind answers the same requests as it does in the real server, reply by reply."""

from collections.abc import Iterator

import pytest

from mockapi.cluster import MockCluster
from tests.contract import bad_values, harness, replies, sweep
from tests.contract.fuzz.pair import Side
from tests.contract.harness import Target

SEQUENCES = sweep.sequences()
RECORDED = sweep.load()
WRONG = bad_values.sequences()
REFUSED = bad_values.load()


@pytest.fixture(scope="module")
def ours() -> Iterator[Side]:
    """Its time stands still: the real server answered within one second."""
    with MockCluster(
        clock="manual", controllers="-*", scheduler=False, kubelet=False, nodes=0
    ) as cluster:
        side = Side(Target(cluster.url))
        yield side
        side.close()


@pytest.fixture(scope="module")
def real() -> Iterator[Side]:
    yield from replies.real(Side)


def _differences(side: Side, kind: str) -> list[str]:
    return replies.differences(SEQUENCES[kind], RECORDED[kind], side.run(SEQUENCES[kind]))


@pytest.mark.parametrize("kind", SEQUENCES)
def test_kind_answers_as_recorded(ours: Side, kind: str) -> None:
    assert _differences(ours, kind) == []


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_values_are_answered_as_recorded(ours: Side, kind: str) -> None:
    found = []
    replies = zip(REFUSED[kind], ours.run(WRONG[kind]), strict=True)
    for step, (expected, actual) in zip(WRONG[kind], replies, strict=True):
        assert actual["status"] < 500, step
        lines = harness.differences(expected, bad_values.brief(actual))
        found += [f"{step.body}: {line}" for line in lines]
    assert found == []


@pytest.mark.oracle
@pytest.mark.parametrize("kind", SEQUENCES)
def test_recording_is_still_true(real: Side, kind: str) -> None:
    assert _differences(real, kind) == []


def test_all_kinds_are_recorded_by_at_least_twelve_hundred_replies() -> None:
    assert set(RECORDED) == set(SEQUENCES)
    assert sum(map(len, RECORDED.values())) >= 1200
