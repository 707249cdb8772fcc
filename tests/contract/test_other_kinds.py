"""Requests, reviews and the bodies of subresources are answered as by the real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mockapi.cluster import MockCluster
from tests.contract import other_kinds, replies
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
    actual = other_kinds.replies(ours, SEQUENCES[kind])
    found = replies.differences(SEQUENCES[kind], RECORDED[kind], actual)
    assert found == [], "\n".join(found)
