"""Strategic merge patch: lists merge by key, directives say what merging cannot.

Driven by the patch strategies and merge keys of the type tables. Source: apimachinery
pkg/util/strategicpatch and its design proposals (merge by key, preserve order).
"""

from collections.abc import Mapping
from typing import Any, Final

from mockapi.base import tree
from mockapi.machinery.catalogue import Field, Shape, Type
from mockapi.machinery.patch import ordering
from mockapi.machinery.patch.failures import Malformed, Rejected, Unmergeable
from mockapi.meta import gofmt

Obj = dict[str, Any]

DIRECTIVE: Final = "$patch"
RETAIN: Final = "$retainKeys"
DELETE_FROM: Final = "$deleteFromPrimitiveList"
ORDER: Final = "$setElementOrder"


def consumable(patch: Obj) -> Obj:
    """A copy of the patch for `consume`."""
    copy: Obj = tree.copy(patch)
    return copy


def apply(patch: Obj, document: Obj, type_name: str, types: Mapping[str, Type]) -> Obj:
    """The patched document, sharing untouched parts with `document`. Not yet decoded: what the
    type does not know is still in it."""
    return consume(consumable(patch), document, type_name, types)


def consume(patch: Obj, document: Obj, type_name: str, types: Mapping[str, Type]) -> Obj:
    """As `apply`; directives and nulls that are done with leave the patch."""
    return _merge(document, patch, _Schema({"ref": type_name}, types))


class _Schema:
    """A type of the tables, as far as patching goes."""

    __slots__ = ("shape", "types")

    def __init__(self, shape: Shape, types: Mapping[str, Type]) -> None:
        self.shape = shape
        self.types = types

    def field(self, name: str) -> tuple["_Schema", str, str]:
        """(schema, strategy, merge key) of an object's field."""
        field = self._field(name)
        strategies = [s for s in field.patch_strategy.split(",") if s != "retainKeys"]
        strategy = strategies[0] if strategies else ""
        return _Schema(field.type, self.types), strategy, field.patch_merge_key

    def _field(self, name: str) -> Field:
        if self.kind != "struct":
            raise Unmergeable(
                f"merging an object in json but data type is not struct, instead is: {self.kind}"
            )
        assert isinstance(self.shape, dict)
        owner = self.types[self.shape["ref"]]
        field = owner.fields.get(name)
        if field is None:
            quoted = gofmt.quote(name)
            raise Unmergeable(
                f"unable to find api field in struct {owner.go} for the json field {quoted}"
            )
        return field

    def items(self) -> "_Schema":
        if self.kind != "slice":
            raise Unmergeable("expected slice or array type, but got: struct")
        assert isinstance(self.shape, dict)
        return _Schema(self.shape["list"], self.types)

    @property
    def kind(self) -> str:
        """Go's kind of the type."""
        if isinstance(self.shape, str):
            return {"bytes": "slice", "any": "interface"}.get(self.shape, self.shape)
        if "list" in self.shape:
            return "slice"
        return "map" if "map" in self.shape else "struct"


def _merge(original: Obj, patch: Obj, schema: _Schema) -> Obj:
    """`patch` is consumed; `original` is not changed."""
    if DIRECTIVE in patch:
        return _whole(patch)
    result = dict(original)
    _retain(result, patch)
    _merge_ordered(result, patch, schema)
    for key, value in patch.items():
        if key.startswith(DELETE_FROM):
            _delete_from(result, _list_name(key, DELETE_FROM), value, schema)
        elif value is None:
            result.pop(key, None)
        else:
            _merge_value(result, key, value, schema)
    return result


def _whole(patch: Obj) -> Obj:
    """`$patch: replace` or `delete` for an object as a whole."""
    directive = patch[DIRECTIVE]
    if directive == "replace":
        del patch[DIRECTIVE]
        return patch
    if directive == "delete":
        return {}
    raise _unknown(directive, patch)


def _unknown(directive: Any, patch: Obj) -> Unmergeable:
    text = f"{gofmt.as_text(directive)} in map: {gofmt.value(patch)}"
    return Unmergeable(f"unknown patch type: {text}")


def _retain(result: Obj, patch: Obj) -> None:
    if RETAIN not in patch:
        return
    names = patch.pop(RETAIN)
    if not isinstance(names, list):
        raise Malformed("invalid patch format of retainKeys")
    for key, value in patch.items():
        if value is not None and not key.startswith((DELETE_FROM, ORDER)) and key not in names:
            raise Malformed("invalid patch format of retainKeys")
    for key in [key for key in result if key not in names]:
        del result[key]


def _merge_value(result: Obj, key: str, value: Any, schema: _Schema) -> None:
    current = result.get(key)
    if isinstance(value, dict) and isinstance(current, dict):
        inner, strategy, _ = schema.field(key)
        result[key] = value if strategy == "replace" else _merge(current, value, inner)
    elif isinstance(value, list) and isinstance(current, list):
        inner, strategy, merge_key = schema.field(key)
        items = inner.items()
        result[key] = (
            _merge_lists(current, value, items, merge_key) if strategy == "merge" else value
        )
    else:
        if current is None or type(value) is not type(current):
            _drop_nulls(value)
        _set(result, key, value)


def _set(result: Obj, key: str, value: Any) -> None:
    """Take the patch's value as it is, but for elements that are directives."""
    kept, value = _without_directives(value)
    if kept:
        result[key] = value
    else:
        result.pop(key, None)


def _without_directives(value: Any) -> tuple[bool, Any]:
    if isinstance(value, dict):
        if DIRECTIVE in value:
            return False, None
        for key, item in list(value.items()):  # in place: refusals show the patch without them
            kept, value[key] = _without_directives(item)
            if not kept:
                del value[key]
        return True, value
    if isinstance(value, list):
        return True, [item for kept, item in map(_without_directives, value) if kept]
    return True, value


def _drop_nulls(value: Any) -> None:
    if isinstance(value, dict):
        for key in [key for key, item in value.items() if item is None]:
            del value[key]
        for item in value.values():
            _drop_nulls(item)
    elif isinstance(value, list):
        for item in value:
            _drop_nulls(item)


def _list_name(key: str, prefix: str) -> str:
    found, slash, name = key.partition("/")
    if found != prefix or not slash:
        what = "primitive list" if prefix == DELETE_FROM else "setElementOrder list"
        raise Malformed(f"invalid patch format of {what}")
    return name


def _delete_from(result: Obj, name: str, values: Any, schema: _Schema) -> None:
    """`$deleteFromPrimitiveList/name`."""
    if values is None:
        result.pop(name, None)
        return
    current = result.get(name)
    if not isinstance(current, list) or not isinstance(values, list):
        return
    inner, _, merge_key = schema.field(name)
    items = inner.items()
    if not current and not values:
        return
    if _element_type(current, values) is dict:
        result[name] = _merge_lists(current, values, items, merge_key)
    else:
        result[name] = [item for item in current if not _contains(values, item)]


def _merge_ordered(result: Obj, patch: Obj, schema: _Schema) -> None:
    """The lists that have a `$setElementOrder/x` beside them. They leave the patch."""
    for key in [key for key in patch if key.startswith(ORDER)]:
        order = _expect_list(patch.pop(key))
        name = _list_name(key, ORDER)
        current = _expect_list(result[name]) if name in result else None
        changes = _expect_list(patch[name]) if name in patch else None
        inner, strategy, merge_key = schema.field(name)
        items = inner.items()
        _check_order(changes or [], order, merge_key)
        if current is None and changes is None:
            continue
        if changes is None:
            merged = current or []
        elif current is None:
            merged = _without_directives(changes)[1]
        else:
            merged = (
                _merge_lists(current, changes, items, merge_key) if strategy == "merge" else changes
            )
        _element_type(current or [], changes or [])
        result[name] = ordering.arrange(merged, order, current or [], merge_key)
        patch.pop(name, None)


def _expect_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Unmergeable(f"expected a []interface {{}}, but received a {_go_type(value)}")
    return value


def _check_order(changes: list[Any], order: list[Any], merge_key: str) -> None:
    """What the patch has must be in the order list, in that order."""
    if not changes or not order:
        return
    kept = changes
    if merge_key:
        kept = [item for item in changes if _expect_map(item).get(DIRECTIVE) != "delete"]
    kept = [item for item in kept if not (isinstance(item, dict) and DIRECTIVE in item)]
    position = 0
    for item in kept:
        key = ordering.key_of(item, merge_key)
        while position < len(order) and not ordering.same(
            key, ordering.key_of(order[position], merge_key)
        ):
            position += 1
        if position == len(order):
            raise Unmergeable(
                f"The order in patch list:\n{gofmt.value(changes)}\n doesn't match {ORDER} "
                f"list:\n{gofmt.value(order)}\n"
            )
        position += 1


def _expect_map(value: Any) -> Obj:
    if not isinstance(value, dict):
        raise Unmergeable(f"expected a map[string]interface {{}}, but received a {_go_type(value)}")
    return value


def _merge_lists(current: list[Any], patch: list[Any], items: _Schema, merge_key: str) -> list[Any]:
    if not current and not patch:
        return current
    if _element_type(current, patch) is not dict:
        merged = ordering.distinct([*current, *patch])
    else:
        if not merge_key:
            raise Unmergeable(f"cannot merge lists without merge key for {items.kind}")
        current, patch = _directed(current, patch, merge_key)
        merged = _merge_maps(current, patch, items, merge_key)
    return ordering.arrange(merged, patch, current, merge_key)


def _directed(current: list[Any], patch: list[Any], merge_key: str) -> tuple[list[Any], list[Any]]:
    """Carries out the elements with `$patch`; (list to merge into, elements without directive)."""
    plain = []
    replace = False
    for item in patch:
        directive = item.get(DIRECTIVE)
        if DIRECTIVE not in item:
            plain.append(item)
        elif directive == "delete":
            key = ordering.key_of(item, merge_key)
            current = [
                found
                for found in current
                if merge_key not in found or not ordering.same(found[merge_key], key)
            ]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise Unmergeable("merging lists cannot yet be specified in the patch")
        else:
            raise _unknown(directive, item)
    return (plain, []) if replace else (current, plain)


def _merge_maps(current: list[Any], patch: list[Any], items: _Schema, merge_key: str) -> list[Any]:
    merged = list(current)
    for item in patch:
        key = ordering.key_of(item, merge_key)
        for index, found in enumerate(merged):
            if merge_key in found and ordering.same(found[merge_key], key):
                merged[index] = _merge(found, item, items)
                break
        else:
            merged.append(item)
    return merged


def _element_type(*lists: list[Any]) -> type:
    """The one type of all elements."""
    found: type | None = None
    for item in (item for items in lists for item in items):
        if found is None:
            if isinstance(item, list):
                raise Rejected("lists of lists are not supported")
            found = type(item)
        elif found is not type(item):
            shown = gofmt.value(list(lists))
            raise Unmergeable(f"list element types are not identical: {shown}")
    if found is None:
        raise Unmergeable("no elements in any of the given slices")
    return found


def _contains(values: list[Any], item: Any) -> bool:
    return any(ordering.same(value, item) for value in values)


def _go_type(value: Any) -> str:
    names = {str: "string", bool: "bool", int: "int64", float: "float64", type(None): "%!s(<nil>)"}
    if isinstance(value, dict):
        return "map[string]interface {}"
    return "[]interface {}" if isinstance(value, list) else names[type(value)]
