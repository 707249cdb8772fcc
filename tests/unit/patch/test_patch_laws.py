"""Laws of patches: the difference of two objects, applied to the one, gives the other."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mockapi.machinery import catalogue
from mockapi.machinery.patch import json_patch, merge_patch, strategic

TYPES = catalogue.load().types
POD_TEMPLATE_SPEC = "io.k8s.api.core.v1.PodSpec"
Obj = dict[str, Any]

KEYS = st.sampled_from(["a", "b", "c~d", "e/f"])
TREES = st.dictionaries(
    KEYS,
    st.recursive(
        st.one_of(st.booleans(), st.integers(-3, 3), st.text(max_size=2)),
        lambda inner: st.one_of(
            st.dictionaries(KEYS, inner, max_size=3), st.lists(inner, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=4,
)


def merge_difference(old: Obj, new: Obj) -> Obj:
    """A merge patch from one to the other."""
    patch: Obj = {key: None for key in old if key not in new}
    for key, value in new.items():
        if key not in old:
            patch[key] = value
        elif isinstance(value, dict) and isinstance(old[key], dict):
            patch[key] = merge_difference(old[key], value)
        elif value != old[key] or type(value) is not type(old[key]):
            patch[key] = value
    return patch


def json_difference(old: Any, new: Any, path: str = "") -> list[Obj]:
    """A JSON patch from one to the other."""
    operations: list[Obj] = []
    for key in old.keys() | new.keys():
        here = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
        if key not in new:
            operations.append({"op": "remove", "path": here})
        elif key not in old:
            operations.append({"op": "add", "path": here, "value": new[key]})
        elif isinstance(old[key], dict) and isinstance(new[key], dict):
            operations += json_difference(old[key], new[key], here)
        elif old[key] != new[key]:
            operations.append({"op": "test", "path": here, "value": old[key]})
            operations.append({"op": "replace", "path": here, "value": new[key]})
    return operations


@given(TREES, TREES)
def test_merge_patch_of_the_difference_gives_the_target(old: Obj, new: Obj) -> None:
    before = copy.deepcopy(old)
    assert merge_patch.apply(merge_difference(old, new), old) == new
    assert old == before


@given(TREES, TREES)
def test_json_patch_of_the_difference_gives_the_target(old: Obj, new: Obj) -> None:
    before = copy.deepcopy(old)
    assert json_patch.apply(json_difference(old, new), old) == new
    assert old == before


NAMES = st.sampled_from(["a", "b", "c", "d"])
CONTAINER = st.fixed_dictionaries(
    {"name": NAMES}, optional={"image": NAMES, "args": st.lists(NAMES, min_size=1, max_size=2)}
)
SPECS = st.fixed_dictionaries(
    {"containers": st.lists(CONTAINER, min_size=1, max_size=4, unique_by=lambda c: str(c["name"]))},
    optional={"nodeSelector": st.dictionaries(NAMES, NAMES, min_size=1, max_size=3)},
)


def strategic_difference(old: Obj, new: Obj) -> Obj:
    """A strategic patch as kubectl makes it: by merge key, with the order beside."""
    before = {item["name"]: item for item in old["containers"]}
    after = {item["name"]: item for item in new["containers"]}
    changed = [
        {**merge_difference(before[name], item), "name": name} if name in before else item
        for name, item in after.items()
    ]
    gone = [{"name": name, "$patch": "delete"} for name in before if name not in after]
    patch = merge_difference(
        {k: v for k, v in old.items() if k != "containers"},
        {k: v for k, v in new.items() if k != "containers"},
    )
    patch["containers"] = [*changed, *gone]
    patch["$setElementOrder/containers"] = [{"name": name} for name in after]
    return patch


@given(SPECS, SPECS)
def test_strategic_patch_of_the_difference_gives_the_target(old: Obj, new: Obj) -> None:
    before, patch = copy.deepcopy(old), strategic_difference(old, new)
    given_patch = copy.deepcopy(patch)
    assert strategic.apply(patch, old, POD_TEMPLATE_SPEC, TYPES) == new
    assert (old, patch) == (before, given_patch)


@given(SPECS)
def test_empty_patches_change_nothing(spec: Obj) -> None:
    assert strategic.apply({}, spec, POD_TEMPLATE_SPEC, TYPES) == spec
    assert merge_patch.apply({}, spec) == spec
    assert json_patch.apply([], spec) == spec
