"""Rules that types declare field by field, as tables, and how they are asked.

What has not changed in an update is not asked again. Source: zz_generated.validations.go beside
each group's types, apimachinery pkg/api/validate.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mockapi.machinery.resource import Obj
from mockapi.machinery.validation import declared, formats, internal, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]
Judge = Callable[[Any, Path], Errors]
Key = Callable[[Any], Any]
Rule = Callable[[Obj, Obj | None, Path], Errors]
"""(new, old, path) of a whole struct."""


@dataclass(frozen=True, slots=True)
class Field:
    """What is declared of one field, in the order in which it is asked."""

    name: str
    kind: str = ""
    is_required: bool = False
    is_immutable: bool = False
    """Then a change is the last that is said of it."""
    is_frozen: bool = False
    """A change is for written rules to refuse: nothing more is asked."""
    limit: int | None = None
    judges: tuple[Judge, ...] = ()
    key: Key | None = None
    """Makes the list a set."""
    judge_key: Judge | None = None
    """Of a map's keys."""
    shown: str = ""
    """The kind of repeated items, where nothing is declared of it."""
    is_map: bool = False
    is_inline: bool = False
    is_pointer: bool = False
    """An empty text and a zero are values."""
    is_fixed: bool = False
    """Once it is set."""


@dataclass(frozen=True, slots=True)
class Declarations:
    """The tables of one group: `types` by the names of its structs."""

    types: Mapping[str, Sequence[Field]]
    rules: Mapping[str, Rule] = field(default_factory=dict)
    """What is declared of whole structs; said before their fields."""
    layouts: str = ""
    """The package of internal layouts, for texts that show a struct (`resource`)."""

    def settle(self, written: Errors, kind: str, new: Any, old: Any, path: Path | None) -> Errors:
        """Written errors and declared ones."""
        return declared.settle(written, self.check(kind, new, old, path))

    def check(
        self, kind: str, new: Any, old: Any, path: Path | None, *, update: bool = False
    ) -> Errors:
        """`old` is what `new` was; `path` is None for a whole object."""
        if old is not None and new == old:
            return []
        update = update or old is not None
        errors = self.rules[kind](new, old, path) if kind in self.rules and path else []
        for one in self.types[kind]:
            if one.is_inline:
                errors += self.check(one.kind, new, old, path, update=update)
                continue
            before = old.get(one.name) if old is not None else None
            value = new.get(one.name)
            if old is None or _differ(one, value, before):
                where = path.child(one.name) if path else Path(one.name)
                errors += self._field(one, value, before, where, update=update)
        return errors

    def _field(self, one: Field, value: Any, before: Any, path: Path, *, update: bool) -> Errors:
        if one.is_fixed and before is not None and value is not None:
            error = fields.invalid(path, None, "field cannot be modified once set")
            return declared.by("update", [error])
        is_struct = bool(one.kind) and not isinstance(value, list)
        if one.is_frozen and update:
            return []
        absent = value is None if is_struct or one.is_pointer else not value
        errors = [fields.required(path)] if absent and one.is_required else []
        if one.is_immutable and update:
            return errors + declared.changed(path)
        if absent:
            return errors
        if one.limit is not None and len(value) > one.limit:
            return declared.by("maxItems", [fields.too_many(path, len(value), one.limit)])
        for judge in one.judges:
            errors += judge(value, path)
        if one.judge_key is not None:
            for key in value:
                errors += one.judge_key(key, path)
        if one.key is not None:
            errors += self._repeated(value, one, path)
        return errors + self._inside(one, value, before, path, update=update)

    def _inside(self, one: Field, value: Any, before: Any, path: Path, *, update: bool) -> Errors:
        if not one.kind:
            return []
        if one.is_map:
            items = [(item, (before or {}).get(k), path.key(k)) for k, item in value.items()]
        elif isinstance(value, list):
            items = [
                (item, _was(item, before, one.key), path.index(index))
                for index, item in enumerate(value)
            ]
        else:
            items = [(value, before, path)]
        return [
            error
            for item, was, where in items
            for error in self.check(one.kind, item, was, where, update=update)
        ]

    def _repeated(self, values: Sequence[Any], one: Field, path: Path) -> Errors:
        key, kind = one.key or itself, one.shown or one.kind
        seen: list[Any] = []
        errors: Errors = []
        for index, item in enumerate(values):
            if key(item) in seen:
                shown = internal.ordered(f"{self.layouts}.{kind}", item) if kind else item
                errors.append(fields.duplicate(path.index(index), shown))
            else:
                seen.append(key(item))
        return errors


def _differ(one: Field, value: Any, before: Any) -> bool:
    if one.is_pointer:
        return bool(value != before)
    return bool((value or None) != (before or None))


def _was(item: Any, before: Sequence[Any] | None, key: Key | None) -> Any:
    if key is None:
        return None
    return next((old for old in before or () if key(old) == key(item)), None)


# -- keys and judges -------------------------------------------------------------------------


def named(item: Any) -> Any:
    return item.get("name", "")


def itself(item: Any) -> Any:
    return item


def by(origin: str, judge: Callable[[str], list[str]]) -> Judge:
    return lambda value, path: declared.by(origin, rules.each(judge, value, path))


def longest(limit: int) -> Judge:
    def judge(value: str, path: Path) -> Errors:
        wrong = [fields.too_long(path, limit)] if formats.size(value) > limit else []
        return declared.by("maxBytes", wrong)

    return judge


def at_least(limit: int) -> Judge:
    def judge(value: int, path: Path) -> Errors:
        detail = f"must be greater than or equal to {limit}"
        wrong = [fields.invalid(path, value, detail)] if value < limit else []
        return declared.by("minimum", wrong)

    return judge


def one_of(*valid: str) -> Judge:
    return lambda value, path: rules.one_of(value, path, valid)
