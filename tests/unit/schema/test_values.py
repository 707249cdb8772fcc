"""Values of custom resources, with what a real server found wrong in them."""

import json
from pathlib import Path
from typing import Any

import pytest

from mockapi.machinery.schema.values import Values, list_errors
from tests.contract.record_custom_values import SCHEMA

RECORDINGS = Path(__file__).parents[2] / "contract/recordings/custom_values.json"
VALUES = Values(SCHEMA)


def cases() -> list[Any]:
    rows = json.loads(RECORDINGS.read_text())
    return [pytest.param(row, id=json.dumps(row["sent"].get("spec"))) for row in rows]


def causes(obj: dict[str, Any]) -> list[dict[str, str]]:
    found = [*VALUES.errors(obj), *list_errors(obj, SCHEMA)]
    return [error.cause() for error in found]


def ordered(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The real server walks maps in any order."""
    return sorted(rows, key=lambda row: (row["field"], row["reason"], row["message"]))


@pytest.mark.parametrize("case", cases())
def test_values_are_judged_as_by_the_real_server(case: dict[str, Any]) -> None:
    assert ordered(causes(case["sent"])) == ordered(case["causes"])


def test_what_was_wrong_before_may_stay() -> None:
    old = {"spec": {"text": "wrong", "map": [{"name": "a", "v": "x"}, {"name": "b"}]}}
    new = {"spec": {"text": "wrong", "map": [{"name": "b"}, {"name": "a", "v": "x"}], "flag": 1}}
    assert [error.field for error in VALUES.errors(new, old)] == ["spec.flag"]
