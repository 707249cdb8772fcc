"""Selectors against recorded replies of a real server and the rules of the API documentation."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockapi.meta import selectors

RECORDED = json.loads(
    (Path(__file__).parents[2] / "contract/recordings/selectors/parse.json").read_text()
)


def problem(parse: Any, text: str) -> str | None:
    try:
        parse(text)
    except selectors.SelectorError as error:
        return error.message
    return None


@pytest.mark.parametrize(("text", "message"), RECORDED["labels"])
def test_label_selector_is_refused_as_recorded(text: str, message: str | None) -> None:
    assert problem(selectors.parse_labels, text) == message


@pytest.mark.parametrize(("text", "message"), RECORDED["fields"])
def test_field_selector_is_refused_as_recorded(text: str, message: str | None) -> None:
    if message and message.startswith("field label not supported"):
        message = None  # for the kind to say
    assert problem(selectors.parse_fields, text) == message


@pytest.mark.parametrize(
    ("text", "labels", "selected"),
    [
        ("", {"x": "y"}, True),
        ("x=y", {"x": "y"}, True),
        ("x=y", {}, False),
        ("x=y,z=w", {"x": "y", "z": "w"}, True),
        ("x=y,z=w", {"x": "w", "z": "w"}, False),
        ("x!=y,z!=w", {"x": "z", "z": "a"}, True),
        ("x!=y", {}, True),
        ("notin=in", {"notin": "in"}, True),
        ("x", {"x": ""}, True),
        ("x", {}, False),
        ("!x", {"y": "z"}, True),
        ("!x", {"x": "z"}, False),
        ("x in (a,b)", {"x": "b"}, True),
        ("x in (a,b)", {}, False),
        ("x in ()", {"x": ""}, True),
        ("x in ()", {}, False),
        ("x notin (a,b)", {"x": "c"}, True),
        ("x notin (a,b)", {}, True),
        ("x notin (a,b)", {"x": "a"}, False),
        ("x>1", {"x": "2"}, True),
        ("x>1", {"x": "1"}, False),
        ("x>1", {"x": "many"}, False),
        ("x<1", {"x": "-7"}, True),
        ("x<1", {}, False),
        ("a,x in (b),!c", {"a": "", "x": "b"}, True),
    ],
)
def test_label_selector_selects(text: str, labels: dict[str, str], selected: bool) -> None:
    assert selectors.parse_labels(text).matches(labels) is selected


def test_missing_labels_are_no_labels() -> None:
    texts = ["", "a", "!a", "a=b", "a=b,c=d", "a!=b", "a>1,b"]
    chosen = [selectors.parse_labels(text).matches(None) for text in texts]
    assert chosen == [True, False, True, False, False, True, False]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("x = a , y==b,a != c", "a!=c,x=a,y==b"),
        ("x in (c,a,b)", "x in (a,b,c)"),
        ("x notin ()", "x notin ()"),
        ("x in (a)", "x in (a)"),
        (" y , !x ", "!x,y"),
        ("z>1,z<9", "z>1,z<9"),
    ],
)
def test_selector_is_printed_in_canonical_form(text: str, canonical: str) -> None:
    assert str(selectors.parse_labels(text)) == canonical


def test_selector_of_an_object() -> None:
    selector = selectors.from_object(
        {
            "matchLabels": {"b": "1", "a": "2"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["y", "x"]},
                {"key": "old", "operator": "DoesNotExist"},
                {"key": "new", "operator": "Exists"},
                {"key": "env", "operator": "NotIn", "values": ["dev"]},
            ],
        }
    )
    assert str(selector) == "a=2,b=1,env notin (dev),new,!old,tier in (x,y)"
    assert selector.matches({"a": "2", "b": "1", "new": "", "tier": "x"})


def test_absent_selector_selects_nothing_and_an_empty_one_everything() -> None:
    assert not selectors.from_object(None).matches({"a": "b"})
    assert not selectors.from_object(None).empty
    assert selectors.from_object({}).matches(None)
    assert selectors.from_object({"matchLabels": {}}).empty


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        (
            {"matchExpressions": [{"key": "a", "operator": "in", "values": ["b"]}]},
            '"in" is not a valid label selector operator',
        ),
        (
            {"matchExpressions": [{"key": "a", "operator": "In"}]},
            "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty",
        ),
        (
            {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]},
            'values: Invalid value: ["b"]: values set must be empty for exists and does not exist',
        ),
    ],
)
def test_bad_selector_of_an_object(selector: dict[str, Any], message: str) -> None:
    assert problem(selectors.from_object, selector) == message  # type: ignore[arg-type]


def test_selector_knows_the_value_it_demands() -> None:
    selector = selectors.parse_labels("a=1,b in (2),c in (1,2),d!=3")
    assert [selector.exact(key) for key in "abcde"] == ["1", "2", None, None, None]


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("", True),
        ("metadata.name=web", True),
        ("metadata.name==web,spec.nodeName=", True),
        ("metadata.name!=web", False),
        ("spec.nodeName!=", False),
        ("metadata.name=db", False),
    ],
)
def test_field_selector_selects(text: str, selected: bool) -> None:
    found = {"metadata.name": "web"}
    matches = selectors.parse_fields(text).matches(lambda field: found.get(field, ""))
    assert matches is selected


def test_field_selector_is_transformed_or_refused_by_the_kind() -> None:
    selector = selectors.parse_fields("name==a,drop=,x!=b")
    renamed = selector.transform(
        lambda field, value: ("", "") if field == "drop" else (f"metadata.{field}", value)
    )
    assert str(renamed) == "metadata.name=a,metadata.x!=b"
    assert renamed.exact("metadata.name") == "a"
    assert renamed.exact("metadata.x") is None


@given(st.text())
def test_escaped_field_value_reads_back(value: str) -> None:
    selector = selectors.parse_fields(f"f={selectors.escape(value)}")
    assert selector.terms == (("f", "=", value),)


NAMES = st.from_regex(r"[a-z]([a-z0-9.]{0,5}[a-z0-9])?", fullmatch=True)
REQUIREMENTS = st.one_of(
    st.builds(lambda k, o, v: f"{k}{o}{v}", NAMES, st.sampled_from(["=", "==", "!="]), NAMES),
    st.builds(
        lambda k, o, v: f"{k} {o} ({','.join(v)})",
        NAMES,
        st.sampled_from(["in", "notin"]),
        st.lists(NAMES, max_size=3),
    ),
    st.builds(lambda n, k: n + k, st.sampled_from(["", "!"]), NAMES),
    st.builds(lambda k, o, n: f"{k}{o}{n}", NAMES, st.sampled_from("<>"), st.integers(0, 9)),
)


@given(st.lists(REQUIREMENTS, max_size=4), st.dictionaries(NAMES, NAMES, max_size=3))
def test_canonical_text_means_the_same(texts: list[str], labels: dict[str, str]) -> None:
    selector = selectors.parse_labels(",".join(texts))
    again = selectors.parse_labels(str(selector))
    assert str(again) == str(selector)
    assert again.matches(labels) is selector.matches(labels)
