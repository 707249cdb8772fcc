"""Random sequences of requests are answered as the real server answers them."""

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from mockapi.cluster import MockCluster
from tests.contract import harness
from tests.contract.fuzz import recordings
from tests.contract.fuzz.kinds import kinds
from tests.contract.fuzz.operations import AREAS, sequence
from tests.contract.fuzz.pair import Pair, Side
from tests.contract.fuzz.recordings import Recording
from tests.contract.harness import Target

RECORDED = [one for name in recordings.names() for one in recordings.load(name)]
LENGTH = 40


@pytest.fixture(scope="module")
def mock() -> Iterator[Target]:
    with MockCluster(controllers="-*", scheduler=False, kubelet=False, nodes=0) as cluster:
        yield Target(cluster.url)


@pytest.fixture(scope="module")
def side(mock: Target) -> Iterator[Side]:
    found = Side(mock)
    yield found
    found.close()


@pytest.fixture(scope="module")
def pair(mock: Target) -> Iterator[Pair]:
    kubeconfig = os.environ.get("MOCKAPI_ORACLE")
    if not kubeconfig:
        pytest.skip("MOCKAPI_ORACLE names no real server")
    found = Pair(mock, harness.target_of(Path(kubeconfig)))
    yield found
    found.close()


@pytest.mark.parametrize("recorded", RECORDED, ids=[one.title for one in RECORDED])
def test_recorded_sequence_is_answered_as_recorded(side: Side, recorded: Recording) -> None:
    assert harness.differences(list(recorded.replies), side.run(recorded.steps)) == []


@pytest.mark.oracle
@pytest.mark.parametrize("area", AREAS)
def test_both_servers_answer_alike(pair: Pair, area: str, request: pytest.FixtureRequest) -> None:
    operations = request.config.getoption("--fuzz-operations") // len(AREAS)

    @seed(request.config.getoption("--fuzz-seed"))
    @settings(
        max_examples=max(1, operations // LENGTH),
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False))
    def alike(random: Random) -> None:
        steps = sequence(random, list(kinds().values()), length=LENGTH, areas=(area,))
        difference = pair.compare(steps)
        difference = difference and pair.confirmed(difference)
        assert difference is None, difference.report()

    alike()
