"""Sets of fields as the trees that fieldsV1 shows, and their algebra.

A key is a path element: `f:<field>`, `k:<JSON of the keys>`, `v:<JSON of the value>`, `i:<index>`.
A node is {} for a member without children; with children it is a member when it has ".". The
root is no member of anything: {} there is the empty set. Trees are shared, and never changed.
Source: structured-merge-diff fieldpath.Set.
"""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

FieldSet = dict[str, Any]

LEAF: Final[FieldSet] = {}
SELF: Final = "."


class BadFieldSet(ValueError):
    """A tree that is no field set."""


def is_member(node: FieldSet) -> bool:
    return not node or SELF in node


def as_member(node: FieldSet) -> FieldSet:
    return node if is_member(node) else {SELF: LEAF, **node}


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """Of two roots."""
    if not left or left is right:
        return right
    return _merge(left, right) if right else left


def _union(left: FieldSet, right: FieldSet) -> FieldSet:
    if left is right:
        return left
    if not left:
        return as_member(right)
    return _merge(left, right) if right else as_member(left)


def _merge(left: FieldSet, right: FieldSet) -> FieldSet:
    result = dict(left)
    for key, node in right.items():
        mine = left.get(key)
        if mine is None or key == SELF:
            result[key] = node
        else:
            result[key] = _union(mine, node)
    return ordered(result) if len(result) > len(left) else result


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """Of two roots: the members of `left` that are not members of `right`. A field does not take
    its children with it. `left` itself when nothing goes."""
    return _children_without(left, right)


def _children_without(left: FieldSet, right: FieldSet) -> FieldSet:
    result = left
    for key, node in right.items():
        mine = left.get(key)
        if mine is None or key == SELF:
            continue
        rest = _without(mine, node)
        if rest is mine:
            continue
        if result is left:
            result = dict(left)
        if rest is None:
            del result[key]
        else:
            result[key] = rest
    return result


def _without(left: FieldSet, right: FieldSet) -> FieldSet | None:
    """None: nothing is left."""
    member = is_member(left) and not is_member(right)
    children = _children_without(left, right) if left else left
    if member == is_member(left):
        if children is left:
            return left
        if len(children) > (SELF in children):
            return children
        return LEAF if member else None
    children = {key: node for key, node in children.items() if key != SELF}
    return children or None


def recursive_difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """Of two roots: a field of `right` takes its children with it."""
    result = left
    for key, node in right.items():
        mine = left.get(key)
        if mine is None or key == SELF:
            continue
        rest = None if is_member(node) else recursive_difference(mine, node)
        if rest is mine:
            continue
        if result is left:
            result = dict(left)
        if rest:
            result[key] = LEAF if rest.keys() == {SELF} else rest
        else:
            del result[key]
    return result


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    """Of two roots."""
    return _intersection(left, right, member=False) or LEAF


def _intersection(left: FieldSet, right: FieldSet, *, member: bool) -> FieldSet | None:
    small, large = (left, right) if len(left) <= len(right) else (right, left)
    result: FieldSet = {}
    for key, node in small.items():
        other = large.get(key)
        if other is not None and key != SELF:
            both = is_member(node) and is_member(other)
            common = _intersection(node, other, member=both)
            if common is not None:
                result[key] = common
    if not result:
        return LEAF if member else None
    return {SELF: LEAF, **result} if member else result


def has(root: FieldSet, path: Sequence[str]) -> bool:
    node: FieldSet | None = root
    for key in path:
        if node is None:
            return False
        node = node.get(key)
    return node is not None and is_member(node)


def subset(root: FieldSet, key: str) -> FieldSet:
    """The children of one element, as a root."""
    node = root.get(key)
    if not node:
        return LEAF
    return {k: v for k, v in node.items() if k != SELF} if SELF in node else node


def make(*paths: Sequence[str]) -> FieldSet:
    """The set of these paths of fields: `make(("spec",), ("status", "conditions"))`."""
    root: FieldSet = {}
    for path in paths:
        tree: FieldSet = LEAF
        for name in reversed(path):
            tree = {f"f:{name}": tree}
        root = union(root, tree)
    return root


def paths(root: FieldSet, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every member; those of one level come before their children."""
    for key, node in root.items():
        if key != SELF and is_member(node):
            yield (*prefix, key)
    for key, node in root.items():
        if node:
            yield from paths(node, (*prefix, key))


# Order and text of path elements


_KINDS: Final = {"f": 0, "k": 1, "v": 2, "i": 3}
_RANKS: Final = {float: 0, int: 0, str: 1, bool: 2, list: 3, dict: 4, type(None): 5}


def _value_order(value: Any) -> tuple[Any, ...]:
    if isinstance(value, list | dict):
        return (_RANKS[type(value)], json.dumps(value))
    return (_RANKS[type(value)], 0 if value is None else value)


@lru_cache(maxsize=65536)
def order(key: str) -> tuple[Any, ...]:
    """Sorts path elements as the real server writes them."""
    if key == SELF:
        return (-1,)
    kind, text = _KINDS[key[0]], key[2:]
    if kind == 0:
        return (0, text)
    if kind == 3:
        return (3, int(text))
    value = json.loads(text)
    if kind == 2:
        return (2, _value_order(value))
    return (1, tuple((name, _value_order(value[name])) for name in sorted(value)))


def ordered(node: FieldSet) -> FieldSet:
    return {key: node[key] for key in sorted(node, key=order)}


def ordered_throughout(node: FieldSet) -> FieldSet:
    if not node:
        return LEAF
    return {key: ordered_throughout(node[key]) for key in sorted(node, key=order)}


def text(path: Sequence[str]) -> str:
    """`.spec.containers[name="web"].image`."""
    return "".join(map(_element_text, path))


def _element_text(key: str) -> str:
    kind, rest = key[0], key[2:]
    if kind == "f":
        return f".{rest}"
    if kind == "i":
        return f"[{rest}]"
    value = json.loads(rest)
    if kind == "v":
        return f"[={_shown(value)}]"
    return "[" + ",".join(f"{name}={_shown(value[name])}" for name in sorted(value)) + "]"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ",".join(map(_shown, value)) + "]"
    if isinstance(value, dict):
        return "".join(f"{key}={_shown(value[key])}" for key in sorted(value))
    return json.dumps(value, ensure_ascii=False)


# From outside


_quote: Final = json.encoder.encode_basestring


def scalar_json(value: Any) -> str:
    """A scalar as Go's encoder writes it."""
    if type(value) is str:
        quoted: str = _quote(value)
        if "<" in quoted or ">" in quoted or "&" in quoted:
            quoted = quoted.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
        return quoted
    return json.dumps(value)


def canonical(tree: Any) -> FieldSet:
    """A field set that a client sent: checked, its keys in the real form and order."""
    if not isinstance(tree, dict):
        raise BadFieldSet("not an object")
    result: FieldSet = {}
    for key, node in tree.items():
        if key == SELF:
            result[SELF] = LEAF
            continue
        element = _canonical_key(key)
        if element:
            result[element] = canonical(node)
    if len(result) == 1 and SELF in result:
        return LEAF
    return ordered(result)


def _canonical_key(key: str) -> str:
    """ "" for a kind of element that nobody knows; those are dropped."""
    if len(key) < 2 or key[1] != ":":
        raise BadFieldSet(f"missing colon: {key}")
    kind, rest = key[0], key[2:]
    try:
        if kind == "f":
            return key
        if kind == "i":
            return f"i:{int(rest)}"
        if kind == "v":
            return f"v:{scalar_json(json.loads(rest))}"
        if kind == "k":
            values = json.loads(rest)
            inner = ",".join(f"{_quote(n)}:{scalar_json(values[n])}" for n in sorted(values))
            return "k:{" + inner + "}"
    except (ValueError, TypeError, KeyError) as error:
        raise BadFieldSet(str(error)) from error
    return ""
