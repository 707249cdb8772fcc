"""Expressions about kinds whose schemas a definition gives, or that a schema leaves open."""

from typing import Any

import pytest

from mockapi.machinery.cel.checking import Checker, warning

WIDGET: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "size": {"type": "integer"},
                "namespace": {"type": "string"},
                "with-dash": {"type": "string"},
                "port": {"x-kubernetes-int-or-string": True},
                "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                "open": {},
            },
        }
    },
}
PART: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "inner": {"allOf": [{"$ref": "#/components/schemas/Part"}]},
    },
}


def checker() -> Checker:
    return Checker(
        {"Part": PART}.__getitem__, kind="Widget", schema=WIDGET, has_params=False, params=None
    )


@pytest.mark.parametrize(
    "expression",
    [
        "object.spec.size > 1",
        "object.spec.__namespace__ == 'x' && object.spec.with__dash__dash == ''",
        "object.spec.port == 'http' || object.spec.port == 80",
        "object.spec.parts.all(p, p.inner.inner.whatever == 1)",
    ],
)
def test_what_fits_the_schema_is_fine(expression: str) -> None:
    assert checker().issues(expression) == ""


def test_a_field_without_a_type_is_not_seen() -> None:
    assert checker().issues("object.spec.open == 1") == (
        "ERROR: <input>:1:12: undefined field 'open'\n | object.spec.open == 1\n | ...........^"
    )


def test_types_are_called_by_the_fields_they_are_in() -> None:
    assert "'(list(Widget.spec.parts.@idx), int)'" in checker().issues("object.spec.parts == 1")
    assert "'(Widget.spec, string)'" in checker().issues("object.spec == 'x'")


def test_a_variable_has_the_type_of_its_expression() -> None:
    made = checker()
    made.declare("size", "object.spec.size")
    made.declare("bad", "object.spec.nothing")
    assert "'(int, string)'" in made.issues("variables.size == 'x'")
    assert made.issues("variables.bad == 'x'") == ""


def test_a_warning_names_the_kind() -> None:
    assert warning(("", "v1", "Pod"), "x") == "/v1, Kind=Pod: x\n"
