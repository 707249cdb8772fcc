"""Our controllers write what the real ones wrote, write by write and event by event."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.writes import comparing, recordings
from tests.writes.steps import play
from tests.writes.worlds import Feed, Mock, settings_for

CASES = [(s, name) for s in recordings.subjects() for name in recordings.scenarios(s)]
IDS = [f"{subject}/{name}" for subject, name in CASES]


@pytest.mark.parametrize(("subject", "name"), CASES, ids=IDS)
def test_writes_are_the_recorded_ones(subject: str, name: str) -> None:
    world = Mock(settings_for(subject))
    try:
        run = play(world, recordings.scenarios(subject)[name])
    finally:
        world.close()
    found = comparing.differences(recordings.load(subject)[name], run)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("subject", recordings.subjects())
def test_every_scenario_was_understood(subject: str) -> None:
    recorded = recordings.load(subject)
    assert set(recordings.scenarios(subject)) == set(recorded)
    replies = {name: one["replies"] for name, one in recorded.items()}
    assert not {n: r for n, variants in replies.items() for r in variants if recordings.mistakes(r)}


@pytest.fixture(scope="session")
def feed() -> Iterator[Feed]:
    kubeconfig = os.environ.get("MOCKAPI_ORACLE")
    if not kubeconfig:
        pytest.skip("MOCKAPI_ORACLE names no real cluster")
    made = Feed(Path(kubeconfig))
    yield made
    made.close()


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:Unverified HTTPS")
@pytest.mark.parametrize(("subject", "name"), CASES, ids=IDS)
def test_recording_is_still_true(subject: str, name: str, feed: Feed) -> None:
    world = feed.world()
    try:
        run = play(world, recordings.scenarios(subject)[name])
    finally:
        world.close()
    found = comparing.differences(recordings.load(subject)[name], run)
    assert not found, "\n".join(found)
