"""How objects of a custom kind behave.

Source: apiextensions-apiserver pkg/registry/customresource.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mockapi.machinery.cel import programs
from mockapi.machinery.resource import Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.schema import embedded, values
from mockapi.machinery.schema.values import NOTHING, Values
from mockapi.machinery.tables.jsonpath import compile_path
from mockapi.meta import fields, gofmt
from mockapi.meta.fields import FieldError
from mockapi.resources import finalizers
from mockapi.resources.custom import scaling
from mockapi.resources.custom.rules import Node

_STATUS = "status"
_BLOCKING = frozenset(
    (
        "FieldValueNotSupported",
        "FieldValueRequired",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "FieldValueTypeInvalid",
    )
)
_NOT_CHECKED = (
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)


def strategy(definition: Obj, version: Obj) -> Strategy:
    """The strategy of one served version of an apiextensions.k8s.io/v1 definition."""
    spec = definition["spec"]
    subresources = version.get("subresources") or {}
    rules = Rules(definition, version)
    has_status = subresources.get("status") is not None
    return Strategy(
        group=spec["group"],
        kind=rules.kind,
        validate=rules.errors,
        validate_update=rules.update_errors,
        warnings=_warnings,
        has_generation=True,
        generation_counts=_counts,
        has_status=has_status,
        prepare_create=_without_status if has_status else _nothing,
        status=StatusStrategy(_keep_metadata, rules.status_errors),
        scale=scaling.strategy(rules.scale) if rules.scale else None,
        selectable=_selectable(version),
        unconditional_update=False,
    )


class Rules:
    """The checks of one version."""

    def __init__(self, definition: Obj, version: Obj) -> None:
        names = definition["status"]["acceptedNames"]
        self.kind: str = names["kind"]
        self.api_version = f"{definition['spec']['group']}/{version['name']}"
        self.schema: Obj = (version.get("schema") or {}).get("openAPIV3Schema") or {}
        self.scale: Obj | None = (version.get("subresources") or {}).get("scale")
        self._values = Values(self.schema)
        status = (self.schema.get("properties") or {}).get(_STATUS)
        self._status = Values(status) if status is not None else None
        self._asked = Node(self.schema, root=True) if programs.available() else None

    def errors(self, obj: Obj) -> list[FieldError]:
        found = self._type_errors(obj)
        if not found:
            found = self._values.errors(obj)
            if self.scale:
                found += scaling.spec_errors(obj, self.scale)
                found += scaling.status_errors(obj, self.scale)
        found += embedded.errors(obj, self.schema)
        found += values.list_errors(obj, self.schema)
        return self._with_rules(found, obj, None)

    def update_errors(self, obj: Obj, old: Obj) -> list[FieldError]:
        found = self._type_errors(obj)
        if not found:
            found = self._values.errors(obj, old)
            if self.scale:
                found += scaling.spec_errors(obj, self.scale)
                found += scaling.status_errors(obj, self.scale)
        found += embedded.errors(obj, self.schema)
        return self._with_rules(found + self._list_errors(obj, old), obj, old)

    def status_errors(self, obj: Obj, old: Obj) -> list[FieldError]:
        found = self._type_errors(obj)
        if not found:
            if self._status is not None and _STATUS in obj:
                before = old.get(_STATUS, NOTHING)
                found = self._status.errors(obj[_STATUS], before, path=_STATUS)
            if self.scale:
                found += scaling.status_errors(obj, self.scale)
        return self._with_rules(found + self._list_errors(obj, old), obj, old)

    def _with_rules(self, found: list[FieldError], obj: Obj, old: Obj | None) -> list[FieldError]:
        """The rules are only asked of what is sound."""
        if not self._asked:
            return found
        if any(error.reason in _BLOCKING for error in found):
            return [*found, fields.invalid("<nil>", None, _NOT_CHECKED)]
        return found + self._asked.errors(obj, old)

    def _list_errors(self, obj: Obj, old: Obj) -> list[FieldError]:
        """What was wrong before may stay wrong."""
        found = values.list_errors(obj, self.schema)
        return found if found and not values.list_errors(old, self.schema) else []

    def _type_errors(self, obj: Obj) -> list[FieldError]:
        found = []
        if obj["kind"] != self.kind:
            found.append(fields.invalid("kind", obj["kind"], f"must be {self.kind}"))
        if obj["apiVersion"] != self.api_version:
            text = f"must be {self.api_version}"
            found.append(fields.invalid("apiVersion", obj["apiVersion"], text))
        return found


def _nothing(obj: Obj, context: Context) -> None:
    return None


def _without_status(obj: Obj, context: Context) -> None:
    obj.pop(_STATUS, None)


def _keep_metadata(obj: Obj, old: Obj, context: Context) -> None:
    """A status write changes nothing of metadata but who manages what."""
    metadata = dict(old["metadata"])
    for key in ("managedFields", "resourceVersion"):
        metadata.pop(key, None)
        if key in obj["metadata"]:
            metadata[key] = obj["metadata"][key]
    obj["metadata"] = metadata


def _counts(obj: Obj, old: Obj) -> bool:
    keys = (obj.keys() | old.keys()) - {"metadata"}
    return any(obj.get(key) != old.get(key) for key in keys)


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    before = set((old or {}).get("metadata", {}).get("finalizers") or ())
    added = set(obj["metadata"].get("finalizers") or ()) - before
    return [text for name in sorted(added) for text in finalizers.warnings(name)]


def _selectable(version: Obj) -> Mapping[str, Callable[[Obj], str]]:
    return {
        row["jsonPath"].removeprefix("."): _selected(row["jsonPath"])
        for row in version.get("selectableFields") or ()
    }


def _selected(path: str) -> Callable[[Obj], str]:
    find = compile_path(path)

    def get(obj: Obj) -> str:
        value: Any = next(find(obj), None)
        return "" if value is None else gofmt.value(value)

    return get
