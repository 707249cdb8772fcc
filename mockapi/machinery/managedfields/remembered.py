"""Field sets that come again and again: kept once, and what was computed of them with them.

Components write the same shapes thousands of times: the sets of one pod's fields are those of the
next. Equal sets are one object here, so that a union or a difference of two known ones is found by
their identities. The trees are shared between objects and never changed.
"""

from collections.abc import Callable
from typing import Final

import orjson

from mockapi.machinery.managedfields import fieldset
from mockapi.machinery.managedfields.fieldset import LEAF, FieldSet

LIMIT: Final = 4096
"""Of sets and of results; when they are as many they are forgotten and begin anew."""

Operation = Callable[[FieldSet, FieldSet], FieldSet]


class Remembered:
    """The sets of one cluster."""

    def __init__(self) -> None:
        self._by_content: dict[bytes, FieldSet] = {}
        self._known: dict[int, FieldSet] = {}
        self._unions: dict[tuple[int, int], FieldSet] = {}
        self._differences: dict[tuple[int, int], FieldSet] = {}

    def one(self, tree: FieldSet) -> FieldSet:
        """The set that stands for all of this content, in the real order."""
        if not tree:
            return LEAF
        if id(tree) in self._known:
            return tree
        content = orjson.dumps(tree)
        known = self._by_content.get(content)
        if known is None:
            known = self._kept(fieldset.ordered_throughout(tree))
            self._by_content[content] = known
        return known

    def _kept(self, tree: FieldSet) -> FieldSet:
        """The same of a set that is in order, as unions and differences of such are."""
        if not tree:
            return LEAF
        if id(tree) in self._known:
            return tree
        content = orjson.dumps(tree)
        known = self._by_content.get(content)
        if known is None:
            if len(self._known) >= LIMIT:
                self._forget()
            known = self._by_content[content] = tree
            # Whatever is known by its identity is kept alive here, so no other can get it.
            self._known[id(known)] = known
        return known

    def union(self, left: FieldSet, right: FieldSet) -> FieldSet:
        if not left or not right:
            return self.one(left or right)
        return self._result(self._unions, fieldset.union, left, right)

    def difference(self, left: FieldSet, right: FieldSet) -> FieldSet:
        if not left or not right:
            return self.one(left)
        return self._result(self._differences, fieldset.difference, left, right)

    def _result(
        self,
        results: dict[tuple[int, int], FieldSet],
        operation: Operation,
        left: FieldSet,
        right: FieldSet,
    ) -> FieldSet:
        left, right = self.one(left), self.one(right)
        key = (id(left), id(right))
        found = results.get(key)
        if found is None:
            found = self._kept(operation(left, right))
            if len(results) >= LIMIT:
                results.clear()
            # Neither may have been forgotten meanwhile: an identity is only worth what it names.
            if id(left) in self._known and id(right) in self._known:
                results[key] = found
        return found

    def _forget(self) -> None:
        self._by_content.clear()
        self._known.clear()
        self._unions.clear()
        self._differences.clear()
