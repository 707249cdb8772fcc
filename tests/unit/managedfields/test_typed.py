"""Laws of comparing, merging and removing typed values; types of custom resources."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockapi.machinery import catalogue
from mockapi.machinery.managedfields import fieldset, typed
from mockapi.machinery.managedfields.nodes import Node, TypedError
from mockapi.machinery.managedfields.shapes import CustomShapes, Shapes

SHAPES = Shapes(catalogue.load().types)
POD_SPEC = SHAPES.node("io.k8s.api.core.v1.PodSpec")
Obj = dict[str, Any]

NAMES = st.sampled_from(["a", "b", "c", "d"])


def keyed(*, key: str, **values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Obj]]:
    item = st.fixed_dictionaries({key: NAMES}, optional=values)
    return st.lists(item, max_size=3, unique_by=lambda found: str(found[key]))


ENV = keyed(key="name", value=NAMES)
CONTAINERS = keyed(
    key="name",
    image=NAMES,
    args=st.lists(NAMES, min_size=1, max_size=2),
    env=ENV.filter(bool),
    resources=st.fixed_dictionaries(
        {}, optional={"limits": st.dictionaries(NAMES, NAMES, min_size=1, max_size=2)}
    ).filter(bool),
)
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "containers": CONTAINERS.filter(bool),
        "nodeSelector": st.dictionaries(NAMES, NAMES, min_size=1, max_size=2),
        "hostNetwork": st.booleans(),
        "tolerations": st.lists(st.fixed_dictionaries({"key": NAMES}), min_size=1, max_size=2),
    },
)


def by_key(value: Any) -> Any:
    """Lists of elements with names, regardless of their order."""
    if isinstance(value, dict):
        return {name: by_key(item) for name, item in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict) and "name" in value[0]:
        return {item["name"]: by_key(item) for item in value}
    return value


@given(SPECS, SPECS)
def test_the_merged_value_is_the_configuration_and_the_rest(live: Obj, config: Obj) -> None:
    merged = typed.merge(POD_SPEC, live, config)
    merged = {} if not isinstance(merged, dict) else merged
    again = typed.merge(POD_SPEC, merged, config) if merged or config else {}
    assert by_key(again if isinstance(again, dict) else {}) == by_key(merged)
    wanted = fieldset.union(POD_SPEC.field_set(live) or {}, POD_SPEC.field_set(config) or {})
    assert (POD_SPEC.field_set(merged) or {}) == wanted


@given(SPECS, SPECS)
def test_comparing_tells_what_comes_and_goes(left: Obj, right: Obj) -> None:
    change, back = POD_SPEC.compare(left, right), POD_SPEC.compare(right, left)
    if left or right:
        assert (change.added, change.removed) == (back.removed, back.added)
        assert change.modified == back.modified


@given(SPECS)
def test_removing_everything_leaves_nothing(value: Obj) -> None:
    everything = typed.with_named_fields(POD_SPEC, POD_SPEC.field_set(value) or {})
    assert not typed.remove(POD_SPEC, value, everything)


@given(SPECS)
def test_removing_nothing_leaves_all_but_atomic_parts(value: Obj) -> None:
    assert typed.remove(POD_SPEC, value, {}) == (value or None)


def test_order_of_a_merged_list_follows_the_configuration_where_they_differ() -> None:
    live = [{"name": name} for name in "abcd"]
    config = [{"name": name} for name in "dbxa"]
    merged = typed.merge(POD_SPEC, {"containers": live}, {"containers": config})
    assert [item["name"] for item in merged["containers"]] == ["c", "d", "b", "x", "a"]


def custom(schema: Obj, **more: Any) -> Node:
    return CustomShapes(SHAPES).node({"type": "object", "properties": {"spec": schema}}, **more)


def test_custom_lists_are_atomic_unless_the_schema_says_otherwise() -> None:
    item = {"type": "object", "properties": {"id": {"type": "string"}, "v": {"type": "integer"}}}
    plain = custom({"type": "object", "properties": {"l": {"type": "array", "items": item}}})
    value = {"spec": {"l": [{"id": "a", "v": 1}]}}
    assert plain.field_set(value) == {"f:spec": {"f:l": {}}}
    keyed_list = {
        "type": "array",
        "items": item,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["id"],
    }
    granular = custom({"type": "object", "properties": {"l": keyed_list}})
    assert granular.field_set(value) == {
        "f:spec": {"f:l": {'k:{"id":"a"}': {".": {}, "f:id": {}, "f:v": {}}}}
    }


def test_custom_fields_that_are_kept_unknown_are_deduced() -> None:
    node = custom({"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    value = {"spec": {"a": {"b": 1, "c": [1]}, "d": None}}
    assert node.field_set(value) == {"f:spec": {"f:a": {".": {}, "f:b": {}, "f:c": {}}, "f:d": {}}}


def test_undeclared_field_of_a_custom_resource_is_refused() -> None:
    node = custom({"type": "object", "properties": {"a": {"type": "string"}}})
    with pytest.raises(TypedError, match=r"^\.spec\.b: field not declared in schema$"):
        typed.check(node, {"spec": {"b": 1}})
