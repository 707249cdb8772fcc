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


# Listed as "decoding" in docs/deviations.md: the C parser is stricter about characters of tags and
# of plain texts than Go's. What is refused here and not there, or in other words:
STRICTER = {
    "- !!>nt '3'\n- !!float 1\n": "yaml: line 5: did not find expected tag URI",
    "- !!]loat 1\n": "yaml: line 6: did not find expected tag URI",
    "- [a, ~, null:]\n- 012\n- 2024-01-02\n": "yaml: line 12: found unexpected ':'",
}


def stricter(body: str) -> str | None:
    return next((said for end, said in STRICTER.items() if body.endswith(end)), None)


@pytest.mark.parametrize("case", recorded("yaml"), ids=lambda case: repr(case["body"])[-60:])
def test_yaml_reads_as_the_real_server_reads_it(case: dict[str, Any]) -> None:
    error = stricter(case["body"]) or case.get("error")
    try:
        tree, problems = codec.parse_yaml_strictly(case["body"].encode("latin-1"))
    except codec.CodecError as refused:
        assert str(refused) == error
    else:
        assert error is None
        assert (tree, problems) == (case["object"], case.get("problems", []))


def test_every_listed_strictness_is_recorded() -> None:
    bodies = [case["body"] for case in recorded("yaml")]
    assert all(any(body.endswith(end) for body in bodies) for end in STRICTER)


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
