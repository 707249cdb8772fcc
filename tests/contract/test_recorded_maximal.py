"""Objects with every field set are answered as by the real server, in every form."""

import json
from collections.abc import Iterator

import pytest

from mockapi.cluster import MockCluster
from tests.contract import maximal, record_maximal, replies
from tests.contract.fuzz.pair import Side
from tests.contract.harness import Target

SEQUENCES = record_maximal.sequences()
RECORDED = record_maximal.load()


@pytest.fixture(scope="module")
def ours() -> Iterator[Side]:
    """Its time stands still: the real server answered within one second."""
    with MockCluster(
        clock="manual", controllers="-*", scheduler=False, kubelet=False, nodes=0
    ) as cluster:
        side = record_maximal.side(Target(cluster.url))
        yield side
        side.close()


@pytest.fixture(scope="module")
def real() -> Iterator[Side]:
    yield from replies.real(record_maximal.side)


def _differences(side: Side, name: str) -> list[str]:
    return replies.differences(SEQUENCES[name], RECORDED[name], side.run(SEQUENCES[name]))


@pytest.mark.parametrize("name", SEQUENCES)
def test_full_object_is_answered_as_recorded(ours: Side, name: str) -> None:
    assert _differences(ours, name) == []


@pytest.mark.oracle
@pytest.mark.parametrize("name", SEQUENCES)
def test_recording_is_still_true(real: Side, name: str) -> None:
    assert _differences(real, name) == []


def test_every_field_is_set_in_some_object() -> None:
    """But for those that `maximal.yaml` says why they cannot be."""
    known, said = set[str](), set[str]()
    for name, steps in SEQUENCES.items():
        kind = maximal.kinds()[name.rpartition(" ")[0]]
        known |= maximal.fields_of(kind)
        for body in (step.body for step in steps if step.method in ("POST", "PUT") and step.body):
            said |= maximal.set_in(kind, json.loads(body))
    never = {field for fields in maximal.hints()["never"].values() for field in fields}
    assert known - said == never
