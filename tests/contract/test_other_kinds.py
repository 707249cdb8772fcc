"""Requests, reviews and the bodies of subresources are answered as by the real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mockapi.cluster import MockCluster
from tests.contract import harness, other_kinds
from tests.contract.fuzz.pair import Side
from tests.contract.record_authorized import target_of_token

SEQUENCES = other_kinds.sequences()
RECORDED = other_kinds.load()


@pytest.fixture(scope="module")
def ours() -> Iterator[Side]:
    """With RBAC, as the real server has it: some of these ask what somebody may do."""
    with MockCluster(
        clock="manual",
        authorization="RBAC",
        controllers="-*",
        scheduler=False,
        kubelet=False,
        nodes=0,
    ) as cluster:
        side = Side(target_of_token(Path(cluster.kubeconfig)))
        yield side
        side.close()


@pytest.mark.parametrize("kind", SEQUENCES)
def test_bodies_are_answered_as_recorded(ours: Side, kind: str) -> None:
    found = []
    steps = SEQUENCES[kind]
    replies = zip(RECORDED[kind], other_kinds.replies(ours, steps), strict=True)
    for step, (expected, actual) in zip(steps, replies, strict=True):
        lines = harness.differences(expected, actual)
        found += [f"{step.title} {step.body}: {line}" for line in lines]
    assert found == [], "\n".join(found)
