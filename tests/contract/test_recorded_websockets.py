"""Watches over a WebSocket go as they do with the real server."""

import json
from collections.abc import Iterator

import pytest

from mockapi.cluster import MockCluster
from tests.contract.harness import Target
from tests.contract.record_websockets import RECORDING, conversations, talk

CONVERSATIONS = conversations()


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with MockCluster(controllers="-*", scheduler=False, nodes=0) as cluster:
        yield Target(cluster.url)


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_conversation_is_the_recorded_one(name: str, target: Target) -> None:
    expected = json.loads(RECORDING.read_text())[name]
    assert talk(target, CONVERSATIONS[name]) == expected
