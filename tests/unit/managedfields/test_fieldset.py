"""Laws of field sets: they are sets of paths, however they are written down."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockapi.machinery.managedfields import fieldset
from mockapi.machinery.managedfields.fieldset import FieldSet

KEYS = st.sampled_from(
    ["f:a", "f:b", "f:c", 'k:{"name":"x"}', 'k:{"name":"y","port":80}', 'v:"s"', "v:1", "i:0"]
)
PATHS = st.lists(KEYS, min_size=1, max_size=4).map(tuple)
Paths = frozenset[tuple[str, ...]]
PATH_SETS = st.frozensets(PATHS, max_size=8)


def build(paths: Paths) -> FieldSet:
    root: FieldSet = {}
    for path in sorted(paths):
        tree: FieldSet = {}
        for key in reversed(path):
            tree = {key: tree}
        root = fieldset.union(root, tree)
    return root


def members(root: FieldSet) -> Paths:
    return frozenset(fieldset.paths(root))


@given(PATH_SETS)
def test_set_has_what_was_put_in(paths: Paths) -> None:
    root = build(paths)
    assert members(root) == paths
    assert all(fieldset.has(root, path) for path in paths)
    assert fieldset.canonical(json.loads(json.dumps(root))) == root


@given(PATH_SETS, PATH_SETS)
def test_operations_are_those_of_sets_of_paths(left: Paths, right: Paths) -> None:
    a, b = build(left), build(right)
    assert members(fieldset.union(a, b)) == left | right
    assert members(fieldset.intersection(a, b)) == left & right
    assert members(fieldset.difference(a, b)) == left - right
    assert build(left) == a and build(right) == b


@given(PATH_SETS, PATH_SETS)
def test_equal_sets_are_equal_trees(left: Paths, right: Paths) -> None:
    a, b = build(left), build(right)
    assert fieldset.union(a, b) == fieldset.union(b, a) == build(left | right)
    assert fieldset.difference(a, b) == build(left - right)
    assert fieldset.intersection(a, b) == build(left & right)


@given(PATH_SETS, PATH_SETS)
def test_recursive_difference_takes_children_along(left: Paths, right: Paths) -> None:
    kept = {p for p in left if not any(p[: len(q)] == q for q in right)}
    assert fieldset.recursive_difference(build(left), build(right)) == build(frozenset(kept))


@given(PATH_SETS)
def test_nothing_taken_is_the_same_tree(paths: Paths) -> None:
    root = build(paths)
    assert fieldset.difference(root, {}) is root
    assert fieldset.union(root, root) is root


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("f:spec", "f:replicas"), ".spec.replicas"),
        (("f:spec", 'k:{"name":"web"}', "f:image"), '.spec[name="web"].image'),
        (('k:{"containerPort":80,"protocol":"TCP"}',), '[containerPort=80,protocol="TCP"]'),
        (("f:finalizers", 'v:"a/b"'), '.finalizers[="a/b"]'),
        (("i:3",), "[3]"),
        (
            ("f:metadata", "f:annotations", "f:example.com/a.b"),
            ".metadata.annotations.example.com/a.b",
        ),
    ],
)
def test_paths_are_shown_as_in_conflicts(path: tuple[str, ...], text: str) -> None:
    assert fieldset.text(path) == text


def test_elements_are_ordered_by_kind_and_value() -> None:
    shuffled: list[Any] = [
        'v:"b"',
        'k:{"port":8080}',
        'v:"a"',
        "f:z",
        'k:{"port":80}',
        ".",
        "f:a",
        "v:2",
        "v:10",
        'k:{"port":""}',
    ]
    assert list(fieldset.ordered({key: {} for key in shuffled})) == [
        ".",
        "f:a",
        "f:z",
        'k:{"port":80}',
        'k:{"port":8080}',
        'k:{"port":""}',
        "v:2",
        "v:10",
        'v:"a"',
        'v:"b"',
    ]


@pytest.mark.parametrize("tree", [[], {"data": {}}, {"k:x": {}}, {"v:": {}}, {"i:x": {}}])
def test_what_is_no_field_set_is_refused(tree: Any) -> None:
    with pytest.raises(fieldset.BadFieldSet):
        fieldset.canonical(tree)


def test_unknown_elements_are_dropped_and_keys_put_right() -> None:
    tree: FieldSet = {"q:new": {}, 'k:{ "b": 1, "a": "<" }': {".": {}}, "f:x": {".": {}, "f:y": {}}}
    assert fieldset.canonical(tree) == {
        "f:x": {".": {}, "f:y": {}},
        'k:{"a":"\\u003c","b":1}': {},
    }
