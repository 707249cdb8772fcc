"""YAML as sigs.k8s.io/yaml writes it; the longer texts are recorded replies of the real server."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mockapi.api import goyaml

RECORDINGS = Path(__file__).parents[2] / "contract/recordings/http"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("", '""'),
        ("true", '"true"'),
        ("no", '"no"'),
        ("1", '"1"'),
        ("1.5e3", '"1.5e3"'),
        ("0x1f", '"0x1f"'),
        ("2001-01-01", '"2001-01-01"'),
        ("a: b", "'a: b'"),
        ("it's #1", "'it''s #1'"),
        ("- x", "'- x'"),
        ("<b> & 'q' \"d\"", "<b> & 'q' \"d\""),
        ("one\ntwo\n", "|\n  one\n  two"),
        ("one\ntwo", "|-\n  one\n  two"),
        ("tab\there", '"tab\\there"'),
        ("grüße ☃", "grüße ☃"),
        (None, "null"),
        (3, "3"),
        ({}, "{}"),
        ([], "[]"),
    ],
)
def test_scalar_is_quoted_only_where_it_must_be(value: Any, text: str) -> None:
    assert goyaml.dump({"k": value}).decode() == f"k: {text}\n"


def test_keys_are_sorted_as_people_sort_and_lists_stay_at_their_key() -> None:
    tree = {"b": [{"x": 1, "a10": 2, "a9": 3}], "a": {"c": [[1, 2], []]}}
    assert goyaml.dump(tree).decode() == (
        "a:\n  c:\n  - - 1\n    - 2\n  - []\nb:\n- a9: 3\n  a10: 2\n  x: 1\n"
    )


@pytest.mark.parametrize("file", ["bad_media", "bad_paths"])
def test_recorded_status_is_written_word_for_word(file: str) -> None:
    replies = json.loads((RECORDINGS / f"{file}.json").read_text())
    texts = [
        r["text"]
        for steps in replies.values()
        for r in steps
        if "kind: Status" in r.get("text", "")
    ]
    assert texts
    for text in texts:
        assert goyaml.dump(yaml.safe_load(text)).decode() == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=120),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_what_is_written_is_read_back(tree: Any) -> None:
    text = goyaml.dump({"root": tree}).decode()
    assert yaml.safe_load(text) == {"root": tree}
