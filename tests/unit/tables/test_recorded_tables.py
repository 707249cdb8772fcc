"""Tables equal those kube-apiserver 1.37.2 made of the same objects."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from mockapi.machinery import tables

RECORDINGS = Path(__file__).parents[2] / "contract/recordings/tables"
RECORDED: list[dict[str, Any]] = json.loads((RECORDINGS / "tables.json").read_text())


def rendered(record: dict[str, Any], now: float) -> dict[str, Any]:
    kind = record["group"], record["kind"]
    options = {"columns": record.get("columns"), "single": record.get("single", False)}
    return tables.render(kind, record["objects"], now=now, include_object="None", **options)


@pytest.mark.parametrize("record", RECORDED, ids=lambda record: record["path"])
def test_rows_are_the_real_servers(record: dict[str, Any]) -> None:
    """The server's clock was read up to a second before the recorder's."""
    floor = math.floor(record["now"])
    answers = []
    for now in (floor, floor - 1):
        rows = rendered(record, now)["rows"]
        answers.append([{k: v for k, v in row.items() if k != "object"} for row in rows])
    assert record["rows"] in answers, (record["rows"], answers[0])


@pytest.mark.parametrize("record", RECORDED, ids=lambda record: record["path"])
def test_columns_are_the_real_servers(record: dict[str, Any]) -> None:
    definitions = rendered(record, record["now"])["columnDefinitions"]
    if "columns" in record:
        shown = record["definitions"]
        for definition in shown:
            if definition["description"].startswith("CreationTimestamp is"):
                definition["description"] = ""
        assert definitions == shown
    else:
        keys = ("name", "type", "format", "priority")
        assert [[column[key] for key in keys] for column in definitions] == record["definitions"]
