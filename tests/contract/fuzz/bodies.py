"""Bodies that are wrong at one position of a kind's type, or no proper JSON or YAML at all."""

import copy
import json
from collections.abc import Iterator
from itertools import pairwise
from random import Random
from typing import Any

from mockapi.machinery import catalogue
from mockapi.machinery.catalogue import Shape, Types
from tests.contract.fuzz.kinds import Kind, Tree

Path = tuple[str | int, ...]
Position = tuple[Path, str, Shape]
"""(path, the type whose field it is, the field's shape)"""

_NUMBERS = (1.5, -1, 2**31, 2**63, 1e30, 1e400, 0.1)
_WRONG: dict[str, tuple[Any, ...]] = {
    "string": (5, True, 1.5, [], {}, ["a"], {"a": 1}),
    "bool": ("true", 1, 0, [], {}),
    "int32": ("5", "", True, [], {}, *_NUMBERS),
    "int64": ("5", "", True, [], {}, *_NUMBERS),
    "float64": ("5", True, [], {}),
    "bytes": (5, True, "=", "a", "ü", {}, [256], ["a"]),
    "any": (),
    "list": ({}, "a", 5, True, [None], [[]], [5], [{}], ["a"]),
    "map": ([], "a", 5, True, {"k": None}, {"k": 5}, {"k": []}, {"k": {}}, {"": "a"}),
    "struct": ([], "a", 5, True, {"unknown": 1}, None),
    "quantity": (True, {}, [], "1x", "", " 1", "1e", ".", "1Kii", 1.5, 1e30, "-1"),
    "time": (5, True, {}, "now", "2020-01-01", "", "2020-13-01T00:00:00Z"),
    "microtime": (5, True, {}, "now", "2020-01-01", "", "2020-13-01T00:00:00Z"),
    "duration": (5, True, {}, "1 h", "", "-1s"),
    "intorstring": (True, {}, [], 1.5, 2**31, ""),
    "raw": (),
    "fieldsv1": (5, "a", []),
}
_ODD_TEXTS = (
    b"",
    b"null",
    b"[]",
    b"5",
    b'"a"',
    b"true",
    b"{",
    b"}",
    b'{"a":1}x',
    b'{"a":1,}',
    b"{'a':1}",
    b'{"a":01}',
    b'{"a":+1}',
    b'{"a":NaN}',
    b'{"a":\xff}',
    b'{"a":"\xff\xfe"}',
    b'\xef\xbb\xbf{"a":1}',
    b'{"a":"\\ud800"}',
    b'{"a":"\\x"}',
    b'{"a":"\t"}',
    b'{"a":1e400}',
    b"[" * 300 + b"]" * 300,
    b'{"a":' * 300 + b"1" + b"}" * 300,
)


_ODD_YAML = (
    *("yes", "No", "on", "OFF", "y", "n", "~", "null", "Null", "NULL", "TRUE", "tRue", ""),
    *("0x10", "0o17", "017", "08", "0b11", "1_000", "1e3", ".5", "5.", "+5", "-0", "0_0"),
    *(".inf", "-.INF", "+.inf", ".nan", "1:30", "12345678901234567890", "123456789012345678901"),
    *("-9223372036854775808", "-9223372036854775809", "0xffffffffffffffff", "1.0", "1e21", "0.1"),
    *("2001-01-02", "2001-1-2 3:4:5", "2001-01-02T03:04:05Z", "2001-13-01", "01:02"),
    *("!!str 5", '!!int "5"', "!!int a", "!!int 1.5", "!!float 1", "!!float a", "!!bool yes"),
    *("!!bool 1", "!!null ~", "!!null a", "!!binary aGk=", "!!binary '?'", "! 5", "!foo 5"),
    *("!!timestamp 2001-01-02", "!!timestamp a", "!!set {a}", "!!omap [a: b]", "!!seq {a: b}"),
    *("!!map [a]", "!!str [a]", "!<tag:yaml.org,2002:str> 5", "!!foo a", "!e!a b"),
    *("&a b", "*a", "&a {b: *a}", "{<<: {a: b}}", "{<<: a}", "{<<: [{a: b}, {a: c}]}", "<<", "="),
    *("'it''s'", '"\\x41\\u263a"', '"\\q"', '"\\/"', '"\\ud800"', '"a\\\n  b"', "'a\n b'"),
    *("{a: b, a: c}", "{1: a, '1': b}", "{~: a}", "{[a]: b}", "{{a: b}: c}", "{yes: a}", "{? a}"),
    *(
        "[a, ]",
        "[,]",
        "{,}",
        "[a",
        "a]",
        "{a: b",
        "'a",
        '"a',
        "@a",
        "`a",
        "%a",
        "a: b",
        "- a",
        "a #b",
    ),
    *(
        "#a",
        "a\t",
        "\ta",
        "|",
        ">",
        "| a",
        "a\n b",
        "\x01",
        "\x7f",
        "\x85",
        "\u2028",
        "\U0001f600",
    ),
)
"""What may stand in the place of a value, between commas and brackets."""


def odd_yaml(random: Random, kind: Kind) -> str:
    """An object in YAML's flow style with something odd for a value, or for a key."""
    path, _, _ = random.choice(list(positions(kind)))
    key = random.random() < 0.2
    body = placed(kind, path, {_MARK: "a"} if key else _MARK)
    return json.dumps(body).replace(f'"{_MARK}"', random.choice(_ODD_YAML), 1)


_MARK = "@mark@"


def positions(kind: Kind) -> Iterator[Position]:
    """Every field of every type that a kind is made of, each type by the shortest way to it."""
    types = catalogue.load("1.37").types
    waiting: list[tuple[Path, str]] = [((), kind.type_name)]
    seen = {kind.type_name}
    while waiting:
        path, name = waiting.pop(0)
        for field in types[name].fields.values():
            here = (*path, field.name)
            yield here, name, field.type
            inner, ref = _struct(here, field.type, types)
            if ref and ref not in seen:
                seen.add(ref)
                waiting.append((inner, ref))


def _struct(path: Path, shape: Shape, types: Types) -> tuple[Path, str]:
    """The path of the struct in a field, and its type, "" if there is none."""
    while isinstance(shape, dict):
        if "ref" in shape:
            name: str = shape["ref"]
            return path, "" if types[name].scalar else name
        step: str | int = 0 if "list" in shape else "k"
        path, shape = (*path, step), shape.get("list") or shape["map"]
    return path, ""


def wrong_values(shape: Shape) -> tuple[Any, ...]:
    """Values that do not fit a shape, or only just."""
    if isinstance(shape, str):
        return (*_WRONG[shape], None)
    if "ref" in shape:
        scalar = catalogue.load("1.37").types[shape["ref"]].scalar
        return (*_WRONG.get(scalar or "struct", (5, "a")), None)
    return (*_WRONG["list" if "list" in shape else "map"], None)


def placed(kind: Kind, path: Path, value: Any, name: str = "a") -> Tree:
    """An object of the kind with a value at a path; what is on the way is made."""
    body = copy.deepcopy(kind.samples[0])
    body["metadata"] = {**(body.get("metadata") or {}), "name": kind.name(name)}
    node: Any = body
    for step, following in pairwise(path):
        if isinstance(step, int):
            if not node:
                node.append(None)
        elif step not in node:
            node[step] = None
        if not isinstance(node[step], list if isinstance(following, int) else dict):
            node[step] = [] if isinstance(following, int) else {}
        node = node[step]
    if isinstance(path[-1], int):
        node[:1] = [value]
    else:
        node[path[-1]] = value
    return body


def odd_text(random: Random, kind: Kind) -> bytes:
    """Text that a JSON or YAML reader may trip over."""
    if random.random() < 0.3:
        return random.choice(_ODD_TEXTS)
    text = json.dumps(placed(kind, ("metadata", "name"), kind.name("a")))
    choice = random.randrange(6)
    if choice == 0:
        return text[: random.randrange(len(text))].encode()
    if choice == 1:
        at = random.randrange(len(text))
        return (
            text[:at].encode()
            + random.choice((b"\xff", b"\x00", b",", b"}", b'"'))
            + text[at:].encode()
        )
    key = random.choice(sorted(kind.samples[0]))
    extra = {2: f'"{key}":null,', 3: f'"{key.upper()}":1,', 4: f'"{key}":"a",', 5: '"a":1,"a":2,'}
    return ("{" + extra[choice] + text[1:]).encode()
