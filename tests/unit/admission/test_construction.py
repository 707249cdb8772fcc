"""Objects that expressions make. Source: apiserver pkg/cel/mutation/dynamic/objects_test.go."""

from typing import Any

import pytest

from mockapi.machinery.cel import construction
from mockapi.machinery.cel.construction import WrongType

TYPE = '"\\u0000type": dyn'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("object.spec.replicas > 3", "object.spec.replicas > 3"),
        ("Object{}", f'{{{TYPE}("Object")}}'),
        ("Object.spec {a: 1}", f'{{{TYPE}("Object.spec"), "a": 1}}'),
        ("Object{?a: x, `b`: {'c': d}}", f'{{{TYPE}("Object"), ?"a": x, "b": {{\'c\': d}}}}'),
        ("[JSONPatch{op: f(a, b)}]", f'[{{{TYPE}("JSONPatch"), "op": f(a, b)}}]'),
        ("'Object{a: 1}' + \"Object{\"", "'Object{a: 1}' + \"Object{\""),
        ("params.Object{a: 1}", "params.Object{a: 1}"),
        ("r'\\' + Object{}.a", f"r'\\' + {{{TYPE}(\"Object\")}}.a"),
    ],
)
def test_made_objects_become_maps(text: str, expected: str) -> None:
    assert construction.rewritten(text) == expected


def test_each_character_keeps_its_place() -> None:
    text = 'Object{data: {"a": other}}'
    rewritten, places = construction.rewritten(text), construction.places(text)
    assert places[rewritten.index("other")] == text.index("other")
    assert places[len(rewritten)] == len(text)


def made(name: str, **fields: Any) -> dict[str, Any]:
    return {"\0type": name, **fields}


def test_types_are_named_by_their_fields() -> None:
    right = made("Object", spec=made("Object.spec", list=[made("Object.spec.list")]))
    construction.check_names(right)
    with pytest.raises(WrongType) as error:
        construction.check_names(made("Object", spec={"k": made("Object.other")}))
    assert str(error.value) == (
        'unexpected type name "Object.other", expected "Object.spec", which matches field name '
        "path from root Object type"
    )


def test_what_is_made_is_json() -> None:
    value = made("Object", a=[1.0, 2.5, b"ab"], b=made("Object.b"), c=None)
    assert construction.plain(value) == {"a": [1, 2.5, "YWI="], "b": {}, "c": None}
    with pytest.raises(WrongType):
        construction.plain({1: "a"})
