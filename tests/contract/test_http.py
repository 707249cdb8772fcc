"""mockapi's replies are the recorded ones of the real server, and the recordings are still true."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockapi.cluster import MockCluster
from mockapi.kubeconfig import headers_of
from tests.contract import harness
from tests.contract.harness import Case, Target

CASES = harness.all_cases()
GUARDED = ("authorizer",)
"""Files of cases that need RBAC."""
DEVIATIONS = Path(__file__).parents[2] / "docs" / "deviations.md"


@pytest.fixture(scope="session")
def mock() -> Iterator[Target]:
    """An API server alone, as the real one was when it was recorded."""
    with MockCluster(controllers="-*", scheduler=False, nodes=0, metrics_server=False) as cluster:
        yield Target(cluster.url)


@pytest.fixture(scope="session")
def guarded() -> Iterator[Target]:
    """The same with RBAC, for its administrator."""
    with MockCluster(
        controllers="-*", scheduler=False, nodes=0, metrics_server=False, authorization="RBAC"
    ) as cluster:
        yield Target(cluster.url, headers_of(Path(cluster.kubeconfig)))


@pytest.fixture(scope="session")
def oracle() -> Target:
    kubeconfig = os.environ.get("MOCKAPI_ORACLE")
    if not kubeconfig:
        pytest.skip("MOCKAPI_ORACLE names no real server")
    return harness.target_of(Path(kubeconfig))


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_reply_is_the_recorded_one(case: Case, request: pytest.FixtureRequest) -> None:
    mock = request.getfixturevalue("guarded" if case.file in GUARDED else "mock")
    expected = harness.recording(case.file)[case.name]
    assert harness.unexcused(case, expected, harness.run(case, mock)) == []


@pytest.mark.oracle
@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_recording_is_still_true(case: Case, oracle: Target) -> None:
    expected = harness.recording(case.file)[case.name]
    assert harness.differences(expected, harness.run(case, oracle)) == []


def test_names_of_cases_are_unique() -> None:
    ids = [case.id for case in CASES]
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("case", [c for c in CASES if c.deviation], ids=lambda case: case.id)
def test_deviation_is_documented(case: Case) -> None:
    assert f"`{case.deviation}`" in DEVIATIONS.read_text()
