"""What the real server's parsers said about hundreds of damaged texts, said by us."""

import json
from pathlib import Path
from typing import Any

import pytest

from mockapi.meta import codec, quantity

RECORDINGS = Path(__file__).parents[2] / "contract/recordings/serializers"
HEADER = "couldn't get version/kind; json parse error: "


def recorded(name: str) -> list[Any]:
    cases: list[Any] = json.loads((RECORDINGS / f"{name}.json").read_text())
    return cases


@pytest.mark.parametrize("case", recorded("json"), ids=lambda case: repr(case["body"])[-60:])
def test_damaged_json_is_refused_in_gos_words(case: dict[str, Any]) -> None:
    body, error = case["body"].encode("latin-1"), case["error"].removeprefix(HEADER)
    is_syntax = case["error"].startswith(HEADER) and "cannot unmarshal" not in error
    try:
        codec.parse_json(body)
    except codec.CodecError as refused:
        assert is_syntax and str(refused) == error
    else:
        assert not is_syntax


# The C parser is stricter about tags and plain texts than Go's, or names another reason.
KNOWN = frozenset(
    (
        "did not find expected whitespace or line break",
        "did not find expected tag URI",
        "found unexpected ':'",
    )
)


@pytest.mark.parametrize("case", recorded("yaml"), ids=lambda case: repr(case["body"])[-60:])
def test_yaml_reads_as_the_real_server_reads_it(case: dict[str, Any]) -> None:
    try:
        tree, problems = codec.parse_yaml_strictly(case["body"].encode("latin-1"))
    except codec.CodecError as refused:
        if any(str(refused).endswith(text) for text in KNOWN):
            pytest.xfail(str(refused))
        assert str(refused) == case.get("error")
    else:
        assert case.get("error") is None
        assert (tree, problems) == (case["object"], case.get("problems", []))


@pytest.mark.parametrize("case", recorded("quantities"), ids=lambda case: case["body"])
def test_quantities_are_those_of_the_real_server(case: dict[str, Any]) -> None:
    try:
        found = quantity.parse(case["body"])
    except quantity.QuantityError as refused:
        assert str(refused) == case.get("error")
    else:
        assert str(found) == case.get("text")
        if found.unscaled > 0 and found.milli_value() < 2**63:
            assert (found.value(), found.milli_value()) == (case["value"], case["milli"])


def test_bad_utf8_becomes_replacement_characters() -> None:
    assert codec.parse_json(b'{"a":"\xff\xe2\x82"}') == {"a": "\ufffd\ufffd\ufffd"}


def test_half_a_surrogate_pair_becomes_a_replacement_character() -> None:
    assert codec.parse_json(rb'{"a":"\ud800x\ud83d\ude00"}') == {"a": "\ufffdx\U0001f600"}


def test_dumps_escapes_what_go_escapes() -> None:
    assert codec.dumps({"a": "<b>&\u2028"}) == b'{"a":"\\u003cb\\u003e\\u0026\\u2028"}'


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":2}',
        b'{"a" :1,"a":2}',
        b'{"a":{"b":":x","b":1}}',
        rb'{"a\\":1,"a\\":2}',
        b'[{"x":"\\":","x":"\\":"}]',
    ],
)
def test_repeated_keys_are_always_suspected(body: bytes) -> None:
    assert codec.may_repeat_keys(body, codec.parse_json(body))


@pytest.mark.parametrize("body", [b'{"a":"\\"b\\":1","c":{"d":[]}}', b'{"a": 1, "b": {"a": 2}}'])
def test_ordinary_bodies_are_not_suspected(body: bytes) -> None:
    assert not codec.may_repeat_keys(body, codec.parse_json(body))
