"""What apply does with typed values: check, merge, remove. Inputs are never changed.

Source: structured-merge-diff typed (validate.go, merge.go, remove.go) and fieldpath.Set
(EnsureNamedFieldsAreMembers).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mockapi.machinery.managedfields.fieldset import (
    LEAF,
    SELF,
    FieldSet,
    as_member,
    is_member,
    subset,
    text,
)
from mockapi.machinery.managedfields.nodes import (
    MISSING,
    Any_,
    ListNode,
    MapNode,
    Node,
    Scalar,
    TypedError,
)
from mockapi.meta import gofmt

# Checking a configuration

Problem = tuple[str, str]


def check(node: Node, value: Any) -> None:
    """Raises TypedError with everything that does not fit."""
    problems = list(_problems(node, value))
    if problems:
        raise TypedError(problems)


def check_keys(node: Node, value: Any) -> None:
    """Of a live object, in which only elements without their keys cannot be right."""
    problems = list(_keyless(node, value))
    if problems:
        raise TypedError(problems)


def _keyless(node: Node, value: Any) -> Iterator[Problem]:
    if isinstance(node, MapNode) and isinstance(value, dict):
        fields, element = node.fields, node.element
        for name, item in value.items():
            if type(item) is dict or type(item) is list:
                inner = fields.get(name, element)
                if inner is not None and not inner.leaf:
                    for path, message in _keyless(inner, item):
                        yield f".{name}{path}", message
    elif isinstance(node, ListNode) and isinstance(value, list):
        for index, item in enumerate(value):
            try:
                key = node.key(item)
            except TypedError as error:
                yield "", f"element {index}: {error.problems[0][1]}"
                return
            for path, message in _keyless(node.element, item):
                yield text((key,)) + path, message


def _problems(node: Node, value: Any) -> Iterator[Problem]:
    if value is None or isinstance(node, Any_):
        return
    if isinstance(node, Scalar):
        wrong = _scalar_problem(node.kind, value)
        if wrong:
            yield "", wrong
    elif isinstance(node, MapNode):
        yield from _map_problems(node, value)
    elif isinstance(node, ListNode):
        yield from _list_problems(node, value)


def _map_problems(node: MapNode, value: Any) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield "", f"expected map, got {_shown(value)}"
        return
    for name in sorted(value):
        inner = node.fields.get(name, node.element)
        if inner is None:
            yield f".{name}", "field not declared in schema"
            return
        for path, message in _problems(inner, value[name]):
            yield f".{name}{path}", message


def _list_problems(node: ListNode, value: Any) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield "", f"expected list, got {_shown(value)}"
        return
    seen = set()
    for index, item in enumerate(value):
        where = f"[{index}]"
        if node.associative:
            try:
                key = node.key(item)
            except TypedError as error:
                yield "", f"element {index}: {error.problems[0][1]}"
                return
            where = text((key,))
            if key in seen:
                yield "", f"duplicate entries for key {where}"
            seen.add(key)
        for path, message in _problems(node.element, item):
            yield where + path, message


def _scalar_problem(kind: str, value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "numeric" and not number:
        return f"expected numeric (int or float), got {_go_type(value)}"
    if kind == "string" and not isinstance(value, str):
        return f"expected string, got &value.valueUnstructured{{Value:{_go_syntax(value)}}}"
    if kind == "boolean" and not isinstance(value, bool):
        return f"expected boolean, got {_shown(value)}"
    if kind == "untyped" and isinstance(value, dict | list):
        return f"expected any scalar, got {_shown(value)}"
    return ""


def _shown(value: Any) -> str:
    """`%v` of the library's value."""
    return f"&{{{gofmt.value(value)}}}"


def _go_type(value: Any) -> str:
    if isinstance(value, dict):
        return "map[string]interface {}"
    if isinstance(value, list):
        return "[]interface {}"
    known = {str: "string", bool: "bool", int: "int64", float: "float64"}
    return known.get(type(value), "structpb.NullValue")


def _go_syntax(value: Any) -> str:
    """`%#v`. Not only JSON is checked: an expression's null is a number of its own."""
    if isinstance(value, str):
        return gofmt.quote(value)
    if isinstance(value, dict):
        inner = ", ".join(f"{gofmt.quote(k)}:{_go_syntax(value[k])}" for k in sorted(value))
        return f"map[string]interface {{}}{{{inner}}}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(_go_syntax, value)) + "}"
    if not isinstance(value, bool | int | float | None):
        return "0"
    return "interface {}(nil)" if value is None else gofmt.value(value)


# Merging a configuration into the live object


def merge(node: Node, live: Any, config: Any) -> Any:
    """`config` where it says something, `live` elsewhere; MISSING when nothing is left."""
    if config is MISSING:
        return live
    if live is MISSING:
        live = None
    if isinstance(node, ListNode) and node.associative:
        if live or config:
            return _merge_lists(node, live or [], config or [])
    elif isinstance(node, MapNode) and not node.leaf:
        if live or config:
            return _merge_maps(node, live or {}, config or {})
    elif isinstance(node, Any_) and node.deduced and isinstance(config, dict):
        before = live if isinstance(live, dict) else {}
        if before or config:
            return _merge_maps(node, before, config)
    return config


def _merge_maps(node: Node, live: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
    merged = {}
    for name in (*live, *(n for n in config if n not in live)):
        inner = _inner(node, name)
        value = merge(inner, live.get(name, MISSING), config.get(name, MISSING))
        if value is not MISSING:
            merged[name] = value
    return merged or MISSING


def _inner(node: Node, name: str) -> Node:
    if not isinstance(node, MapNode):
        return node
    found = node.fields.get(name, node.element)
    if found is None:
        raise TypedError([(f".{name}", "field not declared in schema")])
    return found


def _merge_lists(node: ListNode, live: Sequence[Any], config: Sequence[Any]) -> Any:
    """Both orders are kept as far as they agree; where they do not, the configuration's is."""
    mine = [(node.key(item), item) for item in live]
    theirs = {node.key(item): item for item in config}
    known: dict[str, Any] = {}
    for key, item in mine:
        known[key] = None if key in known else item
    merged = [
        merge(node.element, item if take else known.get(key, MISSING), theirs.get(key, MISSING))
        for key, item, take in _interleave(mine, list(theirs), known)
    ]
    return [item for item in merged if item is not MISSING] or MISSING


def _interleave(
    mine: Sequence[tuple[str, Any]], theirs: Sequence[str], known: Mapping[str, Any]
) -> Iterator[tuple[str, Any, bool]]:
    """(key, live item, whether that very item is meant), in the merged order."""
    wanted = set(theirs)
    shared = iter([key for key in theirs if key in known])
    following = next(shared, None)
    done: set[str] = set()
    left = right = 0
    while left < len(mine) or right < len(theirs):
        if left < len(mine) and right < len(theirs):
            key = mine[left][0]
            if key == theirs[right]:
                done.add(key)
                yield key, None, False
                left, right = left + 1, right + 1
                following = next(shared, None)
                continue
            if key in wanted and following is not None and following != key:
                left += 1
                continue
        if left < len(mine):
            key, item = mine[left]
            if key not in wanted:
                yield key, item, True
                left += 1
                continue
            if key in done:
                left += 1
        if right < len(theirs):
            key = theirs[right]
            done.add(key)
            yield key, None, False
            right += 1
            if following == key:
                following = next(shared, None)


# Removing fields


def remove(node: Node, value: Any, items: FieldSet) -> Any:
    """The value without these fields and elements; None when nothing of it is left."""
    if isinstance(node, ListNode):
        return _remove_elements(node, value, items)
    if isinstance(node, MapNode) or (isinstance(node, Any_) and isinstance(value, dict)):
        return _remove_fields(node, value, items)
    return None if isinstance(value, list) else value


def _remove_elements(node: ListNode, value: Any, items: FieldSet) -> Any:
    if not value or node.leaf or not isinstance(value, list):
        return None
    kept = []
    for item in value:
        key = node.key(item)
        target = items.get(key)
        if target is not None:
            if is_member(target):
                continue
            item = remove(node.element, item, target)
        kept.append(item)
    return kept or None


def _remove_fields(node: Node, value: Any, items: FieldSet) -> Any:
    if not value or node.leaf or not isinstance(value, dict):
        return None
    kept = {}
    for name, item in value.items():
        target = items.get(f"f:{name}")
        if target is not None:
            if is_member(target):
                continue
            item = remove(_inner(node, name), item, target)
        kept[name] = item
    return kept or None


def with_named_fields(node: Node | None, root: FieldSet) -> FieldSet:
    """A set in which declared fields with children are members too."""
    result: FieldSet = {}
    for key, tree in root.items():
        if not tree:
            result[key] = tree
            continue
        inner, named = _below(node, key)
        children = with_named_fields(inner, subset(root, key))
        if SELF in tree:
            children = {SELF: LEAF, **children}
        result[key] = as_member(children) if named else children
    return result


def _below(node: Node | None, key: str) -> tuple[Node | None, bool]:
    """(the type at a path element, whether it is a declared field)."""
    if key.startswith("f:") and isinstance(node, MapNode):
        name = key[2:]
        return node.fields.get(name, node.element), name in node.fields
    if key.startswith("f:") and isinstance(node, Any_):
        return node, False
    if key.startswith("k:") and isinstance(node, ListNode):
        return node.element, False
    return None, False
