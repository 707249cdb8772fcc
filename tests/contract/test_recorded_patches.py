"""Patches do to an object what they did to it in a real server, or are refused as there."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.record_patches import NAMESPACE
from tests.contract.replay import Player, normal

RECORDINGS = Path(__file__).parent / "recordings/patch"


def cases() -> list[Any]:
    found = []
    for path in sorted(RECORDINGS.glob("*.json")):
        before, *recorded = json.loads(path.read_text())
        for number, case in enumerate(recorded):
            name = f"{path.stem}/{number}"
            found.append(pytest.param(path.stem, before["before"], case, id=name))
    return found


@pytest.fixture(scope="module")
def players() -> dict[str, Player]:
    return {}


def player_of(players: dict[str, Player], family: str, before: dict[str, Any]) -> Player:
    if family not in players:
        players[family] = Player()
        players[family].begin(NAMESPACE)
        players[family].put(before)
    return players[family]


def text_of(recorded: str) -> str:
    """`{...} * 10001` is that many operations."""
    one, times, count = recorded.rpartition(" * ")
    return f"[{','.join([one] * int(count))}]" if times and count.isdigit() else recorded


@pytest.mark.parametrize(("family", "before", "case"), cases())
def test_patch_is_answered_as_recorded(
    players: dict[str, Player], family: str, before: dict[str, Any], case: dict[str, Any]
) -> None:
    player = player_of(players, family, before)
    base = f"/api/v1/namespaces/{{ns}}/{before['kind'].lower()}s/subject"
    query = "&".join(filter(None, ("dryRun=All", case["query"])))
    body = text_of(case["patch"]) or " "
    code, reply = player.call("PATCH", f"{base}?{query}", body, case["type"])
    assert normal(reply, NAMESPACE) == normal(case["reply"], NAMESPACE)
    assert (code, player.warnings) == (case["code"], case["warnings"])
