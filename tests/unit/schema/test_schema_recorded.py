"""What the real server's decoders, defaults and conversions made of generated bodies."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mockapi.machinery import catalogue
from mockapi.machinery.schema.schemas import Schemas
from mockapi.machinery.schema.strict import DecodeError
from mockapi.meta import codec
from mockapi.meta.names import GroupVersionKind
from mockapi.resources import defaults
from mockapi.resources.conversions import CONVERSIONS

RECORDINGS = Path(__file__).parents[2] / "contract/recordings/serializers"
TABLES = catalogue.load("1.37")
NOW = "2026-11-11T11:11:11Z"
SCHEMAS = Schemas(
    TABLES.types,
    defaults.defaulters(lambda: NOW),
    normalisers=defaults.NORMALISERS,
    names=lambda: TABLES.table("gonames"),
)


@cache
def recorded(name: str) -> list[Any]:
    cases: list[Any] = json.loads((RECORDINGS / f"{name}.json").read_text())
    return cases


def cases(name: str) -> list[Any]:
    rows = recorded(name)
    return [pytest.param(row, id=f"{i}-{row['kind'][2]}") for i, row in enumerate(rows)]


def without_empties(tree: Any) -> Any:
    """The recording shows Go's memory; ours is what storage keeps, where empty is absent."""
    if isinstance(tree, dict):
        kept = {key: without_empties(value) for key, value in tree.items()}
        return {key: value for key, value in kept.items() if value not in ({}, None, [])}
    return [without_empties(item) for item in tree] if isinstance(tree, list) else tree


def text(tree: Any) -> str:
    """As text, so that the order of keys counts."""
    return json.dumps(tree)


@pytest.mark.parametrize("case", cases("decoding"))
def test_bodies_decode_as_in_the_real_server(case: dict[str, Any]) -> None:
    name = TABLES.type_name(GroupVersionKind(*case["kind"]))
    try:
        decoded = SCHEMAS.decode_body(name, case["body"].encode())
    except (DecodeError, codec.CodecError) as refused:
        assert str(refused) == case.get("error")
    else:
        assert case.get("error") is None
        assert decoded.problems == case.get("problems", [])
        assert text(without_empties(decoded.obj)) == text(without_empties(case["object"]))


@pytest.mark.parametrize("case", cases("storing"))
def test_objects_come_back_from_storage_as_in_the_real_server(case: dict[str, Any]) -> None:
    gvk, to = GroupVersionKind(*case["kind"]), GroupVersionKind(*case["to"])
    obj = SCHEMAS.decode(TABLES.type_name(gvk), case["sent"]).obj
    SCHEMAS.default(TABLES.type_name(gvk), obj)
    if way := CONVERSIONS.get((gvk.group, gvk.kind), {}).get(gvk.version):
        obj = way.to_storage(obj)
    if way := CONVERSIONS.get((to.group, to.kind), {}).get(to.version):
        obj = way.from_storage(obj)
    ours = SCHEMAS.normal(TABLES.type_name(to), obj)
    theirs = re.sub(r'("timeAdded": )"202[5-9][^"]*"', rf'\1"{NOW}"', text(case["object"]))
    assert text(ours) == theirs
