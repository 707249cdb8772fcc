"""Writes by several managers leave the managed fields that a real server left, reply by reply."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.record_applies import NAMESPACE
from tests.contract.replay import Player, normal

RECORDINGS = Path(__file__).parent / "recordings/apply"
SCENARIOS = [
    pytest.param(scenario["steps"], id=f"{path.stem}/{scenario['name']}")
    for path in sorted(RECORDINGS.glob("*.json"))
    for scenario in json.loads(path.read_text())
]


@pytest.fixture(scope="module")
def player() -> Player:
    return Player()


@pytest.mark.parametrize("steps", SCENARIOS)
def test_managers_own_what_the_real_server_recorded(
    player: Player, steps: list[dict[str, Any]]
) -> None:
    player.begin()
    path = steps[0]["url"].partition("?")[0].removesuffix("/status").removesuffix("/x")
    for step in steps:
        body = json.loads(json.dumps(step["body"]).replace(NAMESPACE, player.namespace))
        code, reply = player.call(step["method"], step["url"], body, step["type"])
        assert normal(reply, player.namespace) == normal(step["reply"], NAMESPACE)
        assert code == step["code"]
        if "autoscaling" not in path:
            found, stored = player.call("GET", f"{path}/x")
            stored = stored if found == 200 else None  # type: ignore[assignment]
            assert normal(stored, player.namespace) == normal(step["stored"], NAMESPACE)
