"""The strategic merge patch that leads from one object to another, as components send it.

Source: apimachinery pkg/util/strategicpatch CreateTwoWayMergePatch, for what components write:
values are not changed in place, primitive lists with a merge strategy do not occur.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mockapi.machinery.catalogue import Field, Shape, Type

Obj = dict[str, Any]

DELETE = {"$patch": "delete"}


@dataclass(frozen=True, slots=True)
class PartPatch:
    """The patch that makes one part of an object, as its writer has seen it, what he wants there.

    Who has the object as it was seen knows what the patch makes of it, and need not make the patch.
    """

    seen: Obj
    part: str
    wanted: Obj
    type_name: str
    """Of the part."""
    types: Mapping[str, Type]
    normal: bool = False
    """What is wanted is as the server would write it (see `request.Normal`)."""

    def tree(self) -> Obj:
        """The patch itself; for the object with this uid, whatever else has changed in it."""
        before = self.seen.get(self.part) or {}
        changed = patch(before, self.wanted, self.type_name, self.types)
        return {"metadata": {"uid": self.seen["metadata"]["uid"]}, self.part: changed}

    def is_made_for(self, obj: Obj) -> bool:
        """Whether the object is as it was seen."""
        mine, other = self.seen["metadata"], obj["metadata"]
        same: bool = mine["resourceVersion"] == other["resourceVersion"]
        return same and mine["uid"] == other["uid"]


def patch(old: Obj, new: Obj, type_name: str, types: Mapping[str, Type]) -> Obj:
    """From `old` to `new`, which may be a part of an object; empty when nothing differs."""
    return _difference(old, new, {"ref": type_name}, types)


def _difference(old: Obj, new: Obj, shape: Shape, types: Mapping[str, Type]) -> Obj:
    out: Obj = {}
    for key, value in new.items():
        before = old.get(key)
        if key not in old:
            out[key] = value
        elif value != before:
            _differ(out, key, before, value, _field(shape, key, types), types)
    out.update((key, None) for key in old if key not in new)
    return out


def _field(shape: Shape, key: str, types: Mapping[str, Type]) -> Field | None:
    """None below a plain map."""
    if isinstance(shape, dict) and "ref" in shape:
        return types[shape["ref"]].fields.get(key)
    return None


def _differ(
    out: Obj, key: str, old: Any, new: Any, field: Field | None, types: Mapping[str, Type]
) -> None:
    merges = field is not None and "merge" in field.patch_strategy.split(",")
    if isinstance(old, dict) and isinstance(new, dict):
        out[key] = _difference(old, new, "any" if field is None else field.type, types)
    elif merges and field is not None and isinstance(old, list) and isinstance(new, list):
        name = field.patch_merge_key
        out[f"$setElementOrder/{key}"] = [{name: item[name]} for item in new]
        changed = _items(old, new, name, field.type, types)
        if changed:
            out[key] = changed
    else:
        out[key] = new


def _items(
    old: Sequence[Obj], new: Sequence[Obj], name: str, shape: Shape, types: Mapping[str, Type]
) -> list[Obj]:
    """What differs in a list of objects that their merge key tells apart."""
    assert isinstance(shape, dict)
    before = {item[name]: item for item in old}
    kept = {item[name] for item in new}
    changed = []
    for item in new:
        known = before.get(item[name])
        if known is None:
            changed.append(item)
        elif known != item:
            found = _difference(known, item, shape["list"], types)
            changed.append({**found, name: item[name]})
    gone = ({**DELETE, name: key} for key in before if key not in kept)
    return [*changed, *gone]
