"""Types as ownership sees them: what is a leaf, how list elements are told apart.

Three questions are asked on every write, and answered in one pass each: which fields something
new brings (`added`), what differs between two values (`compare`), and, for apply, which fields a
configuration names (`field_set`). Source: structured-merge-diff typed (compare.go,
tofieldset.go, validate.go, merge.go, remove.go).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from mockapi.machinery.managedfields.fieldset import LEAF, SELF, FieldSet, order, scalar_json

MISSING: Final[Any] = object()


class Change(NamedTuple):
    """What differs, as trees; None where nothing does. LEAF: the value itself."""

    removed: FieldSet | None
    modified: FieldSet | None
    added: FieldSet | None


REMOVED: Final = Change(LEAF, None, None)
MODIFIED: Final = Change(None, LEAF, None)
SAME: Final = Change(None, None, None)


class TypedError(ValueError):
    """A value that does not fit its type; the texts are the real ones."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        """(path, what is wrong) of each."""
        self.problems = list(problems)
        texts = [f"{path}: {message}" if path else message for path, message in self.problems]
        joined = texts[0] if len(texts) == 1 else "\n  ".join(("errors:", *texts))
        super().__init__(joined)


_ZEROES: Final = frozenset(("0", "0s"))


def _leaf_shape(value: Any) -> Any:
    """What of a leaf's value decides whether it is the type's zero value."""
    if value:
        return value if type(value) is str and value in _ZEROES else True
    return type(value) if isinstance(value, dict | list) else value


class Node:
    """A type. Leaves are owned as a whole, whatever is in them."""

    __slots__ = ("leaf",)

    leaf: bool

    def added(self, value: Any) -> FieldSet:
        """The node of a value that was not there before (and, reversed, of one that is gone)."""
        return LEAF

    def shape(self, value: Any) -> Any:
        """Hashable, and equal for values that have the same `added`, and the same `compare` with
        the type's zero value. Raises TypedError as they do."""
        return _leaf_shape(value)

    def compare(self, left: Any, right: Any) -> Change:
        """Of two values that are there and differ."""
        return MODIFIED

    def field_set(self, value: Any) -> FieldSet | None:
        """The node of a value in a configuration; None when it names no field."""
        return LEAF


class Scalar(Node):
    """`kind`: numeric, string, boolean, untyped."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.leaf = True


class Any_(Node):
    """Whatever comes. Deduced: maps are granular, lists are not. Otherwise a leaf."""

    __slots__ = ("deduced",)

    def __init__(self, *, deduced: bool) -> None:
        self.deduced = deduced
        self.leaf = not deduced

    def added(self, value: Any) -> FieldSet:
        if self.leaf or not isinstance(value, dict) or not value:
            return LEAF
        tree: FieldSet = {SELF: LEAF}
        for name in sorted(value):
            tree[f"f:{name}"] = self.added(value[name])
        return tree

    def shape(self, value: Any) -> Any:
        if self.leaf or not isinstance(value, dict) or not value:
            return _leaf_shape(value)
        return tuple((name, self.shape(item)) for name, item in value.items())

    def compare(self, left: Any, right: Any) -> Change:
        maps = isinstance(left, dict), isinstance(right, dict)
        if self.leaf or not (maps[0] or maps[1]) or not (left or right):
            return MODIFIED
        if maps[0] and maps[1]:
            return _compare_maps(left, right, self._plan)
        removed = {f"f:{n}": self.added(v) for n, v in left.items()} if maps[0] else {}
        added = {f"f:{n}": self.added(v) for n, v in right.items()} if maps[1] else {}
        other = right if maps[0] else left
        modified = LEAF if other is not None else None
        return Change(removed or None, modified, added or None)

    def _plan(self, name: str) -> tuple[str, Node]:
        return f"f:{name}", self

    def field_set(self, value: Any) -> FieldSet | None:
        if self.leaf or not isinstance(value, dict | None):
            return LEAF
        if not value:
            return None
        return {f"f:{name}": _member_set(self, value[name]) for name in sorted(value)}


def _member_set(node: Node, value: Any) -> FieldSet:
    """The node of a map's or list's element: always a member itself."""
    inner = node.field_set(value)
    return {SELF: LEAF, **inner} if inner else LEAF


Plan = Callable[[str], tuple[str, Node]]


class MapNode(Node):
    """A struct (named fields), a map (elements of one type), or both.

    `lenient` is for the top of an object: names not in `fields` are nobody's (name, uid, ...).
    """

    __slots__ = ("_known", "element", "fields", "lenient")

    def __init__(self, *, atomic: bool = False, lenient: bool = False) -> None:
        self.leaf = atomic
        self.lenient = lenient
        self.fields: dict[str, Node] = {}
        self.element: Node | None = None
        self._known: dict[str, tuple[str, Node]] = {}

    def plan(self, name: str) -> tuple[str, Node]:
        """(path element, type) of a field; remembered for the fields of structs."""
        node = self.fields.get(name)
        if node is None:
            if self.element is None:
                raise TypedError([(f".{name}", "field not declared in schema")])
            return f"f:{name}", self.element
        known = self._known[name] = (f"f:{name}", node)
        return known

    def added(self, value: Any) -> FieldSet:
        if self.leaf or not value:
            return LEAF
        tree: FieldSet = {SELF: LEAF}
        known = self._known
        for name in sorted(value):
            key, node = known.get(name) or self.plan(name)
            tree[key] = LEAF if node.leaf else node.added(value[name])
        return tree

    def shape(self, value: Any) -> Any:
        if self.leaf or not value:
            return _leaf_shape(value)
        parts: list[Any] = []
        known = self._known
        for name, item in value.items():
            found = known.get(name)
            if found is None:
                if self.lenient and name not in self.fields:
                    continue
                found = self.plan(name)
            parts.append(name)
            node = found[1]
            parts.append(_leaf_shape(item) if node.leaf else node.shape(item))
        return tuple(parts)

    def compare(self, left: Any, right: Any) -> Change:
        if self.leaf or not (left or right):
            return MODIFIED
        if self.lenient:
            left = {name: item for name, item in (left or {}).items() if name in self.fields}
            right = {name: item for name, item in (right or {}).items() if name in self.fields}
        return _compare_maps(left or {}, right or {}, self._find)

    def _find(self, name: str) -> tuple[str, Node]:
        return self._known.get(name) or self.plan(name)

    def field_set(self, value: Any) -> FieldSet | None:
        if self.leaf:
            return LEAF
        if not value:
            return None
        tree: FieldSet = {}
        for name in sorted(value):
            key, node = self._find(name)
            item = value[name]
            inner = node.field_set(item)
            if name not in self.fields or item is None or item == {}:
                tree[key] = {SELF: LEAF, **inner} if inner else LEAF
            elif inner is not None:
                tree[key] = inner
        return tree or None


def _compare_maps(left: Mapping[str, Any], right: Mapping[str, Any], find: Plan) -> Change:
    removed: FieldSet = {}
    modified: FieldSet = {}
    added: FieldSet = {}
    for name, new in right.items():
        old = left.get(name, MISSING)
        if old is new:
            continue
        if old is MISSING:
            key, node = find(name)
            added[key] = LEAF if node.leaf else node.added(new)
        elif old != new:
            key, node = find(name)
            if node.leaf:
                modified[key] = LEAF
            else:
                _collect(key, node.compare(old, new), removed, modified, added)
    for name, old in left.items():
        if name not in right:
            key, node = find(name)
            removed[key] = LEAF if node.leaf else node.added(old)
    return Change(removed or None, modified or None, added or None)


def _collect(
    key: str, change: Change, removed: FieldSet, modified: FieldSet, added: FieldSet
) -> None:
    if change.removed is not None:
        removed[key] = change.removed
    if change.modified is not None:
        modified[key] = change.modified
    if change.added is not None:
        added[key] = change.added


class ListNode(Node):
    """A set of scalars (no keys) or a list of maps told apart by keys; atomic lists are leaves."""

    __slots__ = ("_defaults", "_keys", "_only", "_prefixes", "associative", "element", "keys")

    def __init__(
        self,
        element: Node,
        *,
        associative: bool = False,
        keys: Sequence[str] = (),
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        self.element = element
        self.associative = associative
        self.leaf = not associative
        self.keys = tuple(keys)
        self._defaults = defaults or {}
        self._keys = tuple(sorted(keys))
        self._prefixes = tuple(scalar_json(key) + ":" for key in self._keys)
        self._only = self._keys[0] if len(self._keys) == 1 else ""

    def key(self, item: Any) -> str:
        """The path element of a list's element."""
        if not self.keys:
            return self._value_key(item)
        if not isinstance(item, dict):
            what = "a null element" if item is None else "non-map elements"
            raise TypedError([("", f"associative list with keys may not have {what}")])
        if self._only and self._only in item:
            return f"k:{{{self._prefixes[0]}{scalar_json(item[self._only])}}}"
        parts = []
        for name, prefix in zip(self._keys, self._prefixes, strict=True):
            value = item.get(name, MISSING)
            if value is MISSING:
                value = self._defaults.get(name, MISSING)
            if value is not MISSING:
                parts.append(prefix + scalar_json(value))
        if not parts:
            shown = "[" + " ".join(f'"{key}"' for key in self.keys) + "]"
            text = f"associative list with keys has an element that omits all key fields {shown}"
            raise TypedError([("", f"{text} (and doesn't have default values for any key fields)")])
        return "k:{" + ",".join(parts) + "}"

    @staticmethod
    def _value_key(item: Any) -> str:
        if isinstance(item, dict):
            text = "associative list without keys has an element that's a map type"
        elif isinstance(item, list):
            text = "not supported: associative list with lists as elements"
        elif item is None:
            text = "associative list without keys has an element that's an explicit null"
        else:
            return f"v:{scalar_json(item)}"
        raise TypedError([("", text)])

    def index(self, items: Any) -> dict[str, list[Any]]:
        """Elements by path element; more than one where the list has doubles."""
        found: dict[str, list[Any]] = {}
        for item in items or ():
            found.setdefault(self.key(item), []).append(item)
        return found

    def added(self, value: Any) -> FieldSet:
        if self.leaf or not value:
            return LEAF
        return {SELF: LEAF, **self._elements(value)}

    def shape(self, value: Any) -> Any:
        if self.leaf or not value:
            return _leaf_shape(value)
        element = self.element
        return tuple([(self.key(item), element.shape(item)) for item in value])

    def _elements(self, value: Any) -> FieldSet:
        node = self.element
        tree: FieldSet = {}
        doubles = set()
        for item in value:
            key = self.key(item)
            if key in tree:
                doubles.add(key)
            tree[key] = LEAF if node.leaf else node.added(item)
        for key in doubles:
            tree[key] = LEAF
        return {key: tree[key] for key in sorted(tree, key=order)} if len(tree) > 1 else tree

    def compare(self, left: Any, right: Any) -> Change:
        if self.leaf or not (left or right):
            return MODIFIED
        change = self._compare_in_step(left, right)
        if change is not None:
            return change
        before, after = self.index(left), self.index(right)
        removed: FieldSet = {}
        modified: FieldSet = {}
        added: FieldSet = {}
        for key, items in after.items():
            change = self._compare_elements(before.get(key, ()), items)
            if change is not SAME:
                _collect(key, change, removed, modified, added)
        for key, items in before.items():
            if key not in after:
                removed[key] = LEAF if len(items) > 1 else self.element.added(items[0])
        return Change(removed or None, modified or None, added or None)

    def _compare_in_step(self, left: Any, right: Any) -> Change | None:
        """Of lists with the same elements in the same order, as nearly all are; None: others."""
        if not left or not right or len(left) != len(right):
            return None
        keys = [self.key(item) for item in right]
        if len(set(keys)) != len(keys):
            return None
        removed: FieldSet = {}
        modified: FieldSet = {}
        added: FieldSet = {}
        for key, old, new in zip(keys, left, right, strict=True):
            if old is new or old == new:
                continue
            if self.key(old) != key:
                return None
            if self.element.leaf:
                modified[key] = LEAF
            else:
                _collect(key, self.element.compare(old, new), removed, modified, added)
        return Change(removed or None, modified or None, added or None)

    def _compare_elements(self, before: Sequence[Any], after: Sequence[Any]) -> Change:
        """Doubles are compared as a whole; becoming or ceasing to be doubles is a change."""
        node = self.element
        if len(before) <= 1 and len(after) == 1:
            if not before:
                return Change(None, None, node.added(after[0]))
            old, new = before[0], after[0]
            if old is new or old == new:
                return SAME
            return MODIFIED if node.leaf else node.compare(old, new)
        if len(before) > 1 and len(after) > 1:
            return SAME if list(before) == list(after) else MODIFIED
        if len(before) > 1:
            return Change(LEAF, None, node.added(after[0]))
        return Change(node.added(before[0]) if before else None, None, LEAF)

    def field_set(self, value: Any) -> FieldSet | None:
        if self.leaf:
            return LEAF
        tree: FieldSet = {}
        for key, items in self.index(value).items():
            tree[key] = LEAF if len(items) > 1 else _member_set(self.element, items[0])
        return {key: tree[key] for key in sorted(tree, key=order)} if tree else None
