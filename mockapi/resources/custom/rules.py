"""`x-kubernetes-validations`: the rules of a schema, asked of an object and of what it was.

Source: apiextensions-apiserver pkg/apiserver/schema/cel/validation.go. Costs are not counted.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mockapi.machinery.cel.programs import CelError, Program
from mockapi.machinery.cel.values import convert
from mockapi.machinery.resource import Obj
from mockapi.meta import fields
from mockapi.meta.fields import OMITTED, FieldError, Path

_VARIABLES = ("oldSelf", "self")
_OPTIONAL_VARIABLES = ("hasOld", "oldValue", "self")
_OPTIONAL = "cel.bind(oldSelf, hasOld ? optional.of(oldValue) : optional.none(), {})"
_NOWHERE = "<nil>"
_MAX_MESSAGE = 5 * 1024


@dataclass(frozen=True)
class Rule:
    """One rule of one node, compiled when it is first asked."""

    said: Obj

    @property
    def text(self) -> str:
        return str(self.said.get("rule") or "")

    @cached_property
    def program(self) -> Program:
        if self.optional:
            return Program(_OPTIONAL.format(self.text), _OPTIONAL_VARIABLES)
        return Program(self.text, _VARIABLES)

    @property
    def optional(self) -> bool:
        """oldSelf is an optional value, and the rule is asked of new ones too."""
        return bool(self.said.get("optionalOldSelf"))

    @cached_property
    def message_program(self) -> Program | None:
        text = self.said.get("messageExpression")
        return Program(text, _VARIABLES) if text else None

    @cached_property
    def uses_old(self) -> bool:
        """A transition rule: it is asked only when there was a value."""
        return "oldSelf" in self.text

    @property
    def shown(self) -> str:
        return str(self.said.get("message") or self.text).strip()

    @property
    def default_message(self) -> str:
        message = self.said.get("message")
        return str(message).strip() if message else f"failed rule: {self.shown}"


class Node:
    """The rules at one place of a schema and below it."""

    def __init__(self, schema: Obj, *, root: bool = False, type_schema: Obj | None = None) -> None:
        """`type_schema` is the structural node that an `allOf` part speaks of."""
        self._typed = type_schema or schema
        self._root = root or bool(self._typed.get("x-kubernetes-embedded-resource"))
        self.rules = [Rule(row) for row in schema.get("x-kubernetes-validations") or ()]
        inner = self._typed.get("properties") or {}
        properties = {
            key: Node(part, type_schema=inner[key])
            for key, part in (schema.get("properties") or {}).items()
            if key in inner
        }
        self.properties = {key: node for key, node in properties.items() if node}
        self.items = self._below(schema, "items")
        self.additional = self._below(schema, "additionalProperties")
        parts = [Node(p, root=root, type_schema=self._typed) for p in schema.get("allOf") or ()]
        self.parts = [part for part in parts if part]

    def _below(self, schema: Obj, key: str) -> "Node | None":
        part, typed = schema.get(key), self._typed.get(key)
        if not isinstance(part, dict) or not isinstance(typed, dict):
            return None
        node = Node(part, type_schema=typed)
        return node if node else None

    def __bool__(self) -> bool:
        below = self.properties or self.items or self.additional or self.parts
        return bool(self.rules or below)

    def errors(self, value: Any, old: Any = None, path: Path | None = None) -> list[FieldError]:
        """The rules that do not hold; those about what has not changed are passed over."""
        if value is None:
            return []
        path = path or Path("")
        found = self._own_errors(value, old, path) if self.rules else []
        for part in self.parts:
            found += part.errors(value, old, path)
        if isinstance(value, list):
            found += self._list_errors(value, old, path)
        elif isinstance(value, dict):
            found += self._object_errors(value, old if isinstance(old, dict) else {}, path)
        return found

    def _object_errors(self, value: Obj, old: Obj, path: Path) -> list[FieldError]:
        found: list[FieldError] = []
        for key, item in value.items():
            if key in self.properties:
                found += self.properties[key].errors(item, old.get(key), path.child(key))
            elif self.additional is not None:
                found += self.additional.errors(item, old.get(key), path.key(key))
        return found

    def _list_errors(self, value: list[Any], old: Any, path: Path) -> list[FieldError]:
        found: list[FieldError] = []
        if self.items is None:
            return found
        before = self._by_keys(old)
        for index, item in enumerate(value):
            found += self.items.errors(item, before.get(self._keys(item)), path.index(index))
        return found

    def _by_keys(self, old: Any) -> dict[Any, Any]:
        """Only the elements of maps can be told again."""
        if self._typed.get("x-kubernetes-list-type") != "map" or not isinstance(old, list):
            return {}
        return {self._keys(item): item for item in old}

    def _keys(self, item: Any) -> Any:
        names = self._typed.get("x-kubernetes-list-map-keys") or ()
        return tuple(item.get(name) for name in names) if isinstance(item, dict) else None

    def _own_errors(self, value: Any, old: Any, path: Path) -> list[FieldError]:
        before = None if old is None else convert(old, self._typed, root=self._root)
        now = convert(value, self._typed, root=self._root)
        found = []
        for rule in self.rules:
            if rule.uses_old and old is None and not rule.optional:
                continue
            seen: Obj = {"self": now, "oldSelf": before}
            if rule.optional:
                seen = {"self": now, "oldValue": before, "hasOld": old is not None}
            error = self._ask(rule, seen, value, path)
            if error is not None and (rule.uses_old or value != old):
                found.append(error)
        return found

    def _ask(self, rule: Rule, seen: Obj, value: Any, path: Path) -> FieldError | None:
        kind = self._typed.get("type", "")
        try:
            if rule.program.evaluate(seen) is True:
                return None
        except CelError as error:
            return fields.invalid(str(path) or _NOWHERE, kind, _failure(rule, str(error)))
        field = rule.said.get("fieldPath")
        shown = OMITTED if kind in ("object", "array") else value
        place = f"{path}{field or ''}".removeprefix(".") or _NOWHERE
        return _error(rule, place, shown, _message(rule, seen))


def _failure(rule: Rule, text: str) -> str:
    if text.startswith("no such overload"):
        return (
            f"'{text}': call arguments did not match a supported operator, function or macro "
            f"signature for rule: {rule.shown}"
        )
    return f"{text} evaluating rule: {rule.shown}"


def _message(rule: Rule, seen: Obj) -> str:
    """The message expression's text, while it is one line of sensible length."""
    try:
        program = rule.message_program
        known = {"oldSelf": None, **seen}
        text = program.evaluate(known) if program is not None else None
    except CelError:
        return rule.default_message
    line = text.strip() if isinstance(text, str) else ""
    usable = line and "\n" not in line and len(line.encode()) <= _MAX_MESSAGE
    return line if usable else rule.default_message


def _error(rule: Rule, path: str, value: Any, detail: str) -> FieldError:
    match rule.said.get("reason"):
        case "FieldValueForbidden":
            return fields.forbidden(path, detail)
        case "FieldValueRequired":
            return fields.required(path, detail)
        case "FieldValueDuplicate":
            return fields.duplicate(path, value)
    return fields.invalid(path, value, detail)
