"""RFC 6902 as evanphx/json-patch v4 does it, with the liberties that clients have come to rely on:
`replace` of a missing key adds it, negative indices count from the end, anything before the first
slash of a pointer is ignored.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from mockapi.base import tree
from mockapi.machinery.patch.failures import Rejected
from mockapi.meta import gofmt, gojson
from mockapi.meta.gojson import Number

MAX_OPERATIONS: Final = 10_000

Operation = Mapping[str, Any]
_MISSING: Final = object()


class TestFailed(Rejected):
    """A `test` that does not hold."""


def apply(operations: Sequence[Operation | None], document: Any, *, escaped: bool = True) -> Any:
    """The patched document, sharing untouched parts with `document`. Touched objects have their
    keys sorted, as Go writes them. `escaped` False: `test` finds no text with `<`, `>` or `&`
    equal, because the real one compares with the escaped text of the object.
    """
    patching = _Patching(document, escaped=escaped)
    for operation in operations:
        patching.run(operation or {})
    return patching.finish()


class _Patching:
    """One run. `_owned` are the containers already copied, which may be changed in place."""

    def __init__(self, document: Any, *, escaped: bool) -> None:
        self._owned: dict[int, Any] = {}
        self._document = self._own(document)
        self._escaped = escaped

    def run(self, operation: Operation) -> None:
        kind = operation.get("op")
        run = _RUN.get(kind) if isinstance(kind, str) else None
        if run is None:
            name = kind if isinstance(kind, str) else "unknown"
            raise Rejected(f"Unexpected kind: {name}")
        run(self, operation)

    def finish(self) -> Any:
        for container in self._owned.values():
            if isinstance(container, dict):
                items = sorted(container.items())
                container.clear()
                container.update(items)
        return self._document

    def _own(self, container: Any) -> Any:
        """A shallow copy, remembered (which also keeps its id from being used again)."""
        copy = dict(container) if isinstance(container, dict) else list(container)
        self._owned[id(copy)] = copy
        return copy

    def _find(self, pointer: str) -> tuple[Any, str] | None:
        """The container that a pointer's last step is in, and that step; None: there is none."""
        steps = pointer.split("/")
        if len(steps) < 2:
            return None
        container = self._document
        for step in map(_unescape, steps[1:-1]):
            try:
                inner = _get(container, step)
            except _IndexError:
                return None
            if not isinstance(inner, dict | list):
                return None
            if id(inner) not in self._owned:
                inner = self._own(inner)
                _put(container, step, inner)
            container = inner
        return container, _unescape(steps[-1])

    def _target(self, verb: str, pointer: str) -> tuple[Any, str]:
        found = self._find(pointer)
        if found is None:
            shown = gofmt.quote(pointer) if verb in ("add", "remove") else pointer
            text = f"{verb} operation does not apply: doc is missing path: {shown}"
            raise Rejected(f"{text}: missing value")
        return found

    def add(self, operation: Operation) -> None:
        pointer = _text(operation, "add", "path")
        container, key = self._target("add", pointer)
        self._insert("add", container, key, operation.get("value"), pointer)

    def remove(self, operation: Operation) -> None:
        pointer = _text(operation, "remove", "path")
        container, key = self._target("remove", pointer)
        self._drop("remove", container, key, pointer)

    def replace(self, operation: Operation) -> None:
        pointer = _text(operation, "replace", "path")
        value = operation.get("value")
        if pointer == "":
            if not isinstance(value, dict | list):
                raise Rejected("replace operation value must be object or array")
            self._document = self._own(value)
            return
        container, key = self._target("replace", pointer)
        try:
            _get(container, key)
        except _IndexError as error:
            text = f"replace operation does not apply: doc is missing key: {pointer}"
            raise Rejected(text) from error
        _put(container, key, value)

    def move(self, operation: Operation) -> None:
        origin = _text(operation, "move", "from")
        container, key = self._target("move", origin)
        value = self._read("move", container, key)
        self._drop("move", container, key, key)
        pointer = _text(operation, "move", "path")
        container, key = self._target("move", pointer)
        self._insert("move", container, key, value, pointer)

    def copy(self, operation: Operation) -> None:
        container, key = self._target("copy", _text(operation, "copy", "from"))
        value = self._read("copy", container, key)
        pointer = _text(operation, "copy", "path")
        container, key = self._target("copy", pointer)
        value = None if value is _MISSING else tree.copy(value)
        self._insert("copy", container, key, value, pointer)

    def test(self, operation: Operation) -> None:
        pointer = _text(operation, "test", "path")
        value = operation.get("value", _MISSING)
        if pointer == "":
            actual = self._document
        else:
            container, key = self._target("test", pointer)
            actual = self._read("test", container, key)
        if actual in (None, _MISSING) and value in (None, _MISSING):
            return
        if not _equal(actual, value) or not (self._escaped or _is_plain(value)):
            raise TestFailed(f"testing value {pointer} failed: test failed")
        if pointer and isinstance(actual, dict | list):
            _put(container, key, self._own_all(actual))  # Go has read it in order to compare it

    def _own_all(self, value: Any) -> Any:
        if not isinstance(value, dict | list):
            return value
        copy = self._own(value)
        for step, inner in copy.items() if isinstance(copy, dict) else enumerate(copy):
            copy[step] = self._own_all(inner)
        return copy

    def _read(self, verb: str, container: Any, key: str) -> Any:
        try:
            return _get(container, key)
        except _IndexError as error:
            raise Rejected(f"error in {verb} for path: '{key}': {error}") from error

    def _insert(self, verb: str, container: Any, key: str, value: Any, pointer: str) -> None:
        if isinstance(container, dict):
            container[key] = None if value is _MISSING else value
            return
        try:
            position = len(container) if key == "-" else _index(key, len(container) + 1)
        except _IndexError as error:
            raise Rejected(f"error in {verb} for path: '{pointer}': {error}") from error
        container.insert(position, None if value is _MISSING else value)

    def _drop(self, verb: str, container: Any, key: str, pointer: str) -> None:
        try:
            if isinstance(container, list):
                del container[_index(key, len(container))]
            elif key in container:
                del container[key]
            else:
                raise _IndexError(f"Unable to remove nonexistent key: {key}: missing value")
        except _IndexError as error:
            raise Rejected(f"error in {verb} for path: '{pointer}': {error}") from error


_RUN: Final[dict[str, Callable[[_Patching, Operation], None]]] = {
    "add": _Patching.add,
    "remove": _Patching.remove,
    "replace": _Patching.replace,
    "move": _Patching.move,
    "copy": _Patching.copy,
    "test": _Patching.test,
}


class _IndexError(Exception):
    """A step that leads nowhere."""


def _text(operation: Operation, verb: str, name: str) -> str:
    value = operation.get(name)
    if not isinstance(value, str):
        raise Rejected(f"{verb} operation failed to decode {name}: missing value")
    return value


def _unescape(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~") if "~" in step else step


_INTEGER: Final = re.compile(r"[+-]?[0-9]+\Z")


def _index(step: str, size: int) -> int:
    if not _INTEGER.match(step):
        raise _IndexError(f"strconv.Atoi: parsing {gofmt.quote(step)}: invalid syntax")
    index = int(step)
    if index >= size or index < -size:
        raise _IndexError(f"Unable to access invalid index: {index}: invalid index referenced")
    return index + size if index < 0 else index


def _get(container: Any, step: str) -> Any:
    if isinstance(container, dict):
        return container.get(step, _MISSING)
    return container[_index(step, len(container))]


def _put(container: Any, step: str, value: Any) -> None:
    container[step if isinstance(container, dict) else _index(step, len(container))] = value


def _equal(left: Any, right: Any) -> bool:
    """Equal JSON: unlike Python's, 1 is neither true nor 1.0."""
    if isinstance(left, Number) or isinstance(right, Number):
        return _spelled(left) == _spelled(right)
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_equal(left[k], right[k]) for k in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return bool(left == right)


def _spelled(value: Any) -> str | None:
    """A number as it is written, None for other values."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(value) if isinstance(value, int) else gojson.dumps(value)


def _is_plain(value: Any) -> bool:
    """No text in it that Go's encoder escapes."""
    if isinstance(value, str):
        return not any(char in value for char in "<>&\u2028\u2029")
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return all(map(_is_plain, value)) if isinstance(value, list) else True
