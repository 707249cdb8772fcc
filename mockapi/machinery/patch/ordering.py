"""In which order the elements of a merged list stand.

Patched elements keep the patch's order, the others that of the live list; the two are interleaved
by the live list as far as that goes. Source: strategicpatch's normalizeElementOrder.
"""

from typing import Any

from mockapi.machinery.patch.failures import Unmergeable
from mockapi.meta import gofmt


def same(left: Any, right: Any) -> bool:
    """Equal as Go's `==` of interfaces: the type counts."""
    return type(left) is type(right) and bool(left == right)


def key_of(item: Any, merge_key: str) -> Any:
    """What an element is known by: the merge key's value, or itself without a merge key."""
    if not merge_key:
        return item
    if not isinstance(item, dict) or merge_key not in item:
        shown = gofmt.value(item)
        raise Unmergeable(f"map: {shown} does not contain declared merge key: {merge_key}")
    return item[merge_key]


def arrange(merged: list[Any], order: list[Any], live: list[Any], merge_key: str) -> list[Any]:
    """`merged` put in order: by `order` where it names the element, by `live` elsewhere."""
    ordered = _Order(order, merge_key)
    lived = _Order(live, merge_key)
    if ordered.is_that_of(merged):
        return list(merged)
    patched = [item for item in merged if ordered.index(item) >= 0]
    others = [item for item in merged if ordered.index(item) < 0]
    return _interleave(lived.sort(others), ordered.sort(patched), lived)


class _Order:
    """Positions in a list by key."""

    def __init__(self, items: list[Any], merge_key: str) -> None:
        self._merge_key = merge_key
        self._keys = [key_of(item, merge_key) for item in items]
        # Nearly all keys are texts, and only texts equal them.
        self._texts: dict[str, int] = {
            key: index for index, key in reversed([*enumerate(self._keys)]) if type(key) is str
        }

    def is_that_of(self, items: list[Any]) -> bool:
        """Whether the items stand so already."""
        if len(items) != len(self._keys) or len(self._texts) != len(self._keys):
            return False
        keys = [key_of(item, self._merge_key) for item in items]
        return all(type(key) is str for key in keys) and keys == self._keys

    def index(self, item: Any) -> int:
        key = key_of(item, self._merge_key)
        if type(key) is str:
            return self._texts.get(key, -1)
        for index, known in enumerate(self._keys):
            if same(known, key):
                return index
        return -1

    def sort(self, items: list[Any]) -> list[Any]:
        """Stable; an element that is not in the order goes before its predecessor."""
        places = [(self.index(item), item) for item in items]
        if all(place >= 0 for place, _ in places):
            return [item for _, item in sorted(places, key=lambda pair: pair[0])]
        done: list[tuple[int, Any]] = []
        for pair in places:
            position = len(done)
            while position and (
                pair[0] < 0 or done[position - 1][0] < 0 or pair[0] < done[position - 1][0]
            ):
                position -= 1
            done.insert(position, pair)
        return [item for _, item in done]


def _interleave(others: list[Any], patched: list[Any], live: _Order) -> list[Any]:
    """Each of `others` before the first patched element that is after it in the live list."""
    result: list[Any] = []
    waiting = list(reversed(others))
    for item in patched:
        place = live.index(item)
        while waiting and place >= 0 and 0 <= live.index(waiting[-1]) < place:
            result.append(waiting.pop())
        result.append(item)
    return [*result, *reversed(waiting)]


def distinct(items: list[Any]) -> list[Any]:
    """Without doubles. The last element takes a double's place, as the real one does it."""
    kept = list(items)
    first = 0
    while first < len(kept) - 1:
        other = first + 1
        while other < len(kept):
            if same(kept[first], kept[other]):
                kept[other] = kept[-1]
                kept.pop()
            else:
                other += 1
        first += 1
    return kept
