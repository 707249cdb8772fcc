"""Webhooks are called, and their answers heeded, as the real server was recorded doing it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockapi.cluster import MockCluster
from tests.contract import harness
from tests.contract.harness import Target
from tests.contract.webhooks import running
from tests.contract.webhooks.receiver import Receiver
from tests.contract.webhooks.running import Scenario

SCENARIOS = running.scenarios()


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    receiver = Receiver(tmp_path_factory.mktemp("receiver"))
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def mock() -> Iterator[Target]:
    with MockCluster(controllers="-*", scheduler=False, nodes=0) as cluster:
        yield Target(cluster.url)


@pytest.fixture(scope="module")
def recorded() -> dict[str, running.Tree]:
    found: dict[str, running.Tree] = json.loads(running.RECORDING.read_text())
    return found


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_webhooks_are_called_as_recorded(
    scenario: Scenario, mock: Target, receiver: Receiver, recorded: dict[str, running.Tree]
) -> None:
    found = running.run(scenario, mock, receiver)
    assert harness.differences(recorded[scenario.name], found) == []


@pytest.mark.oracle
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_recording_is_still_true(
    scenario: Scenario, receiver: Receiver, recorded: dict[str, running.Tree]
) -> None:
    kubeconfig = os.environ.get("MOCKAPI_ORACLE")
    if not kubeconfig:
        pytest.skip("MOCKAPI_ORACLE names no real server")
    found = running.run(scenario, harness.target_of(Path(kubeconfig)), receiver)
    assert harness.differences(recorded[scenario.name], found) == []
