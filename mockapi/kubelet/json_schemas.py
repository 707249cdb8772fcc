"""JSON schemas (2020-12) of what people write for the fake kubelet, for their editors.

They follow from the marshmallow schemas that judge it, so they say the same.
"""

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from mockapi.kubelet.behaviour_schema import CURVE, POD, RULES, CurveField, OneOrMore
from mockapi.kubelet.node_shapes import SHAPES
from mockapi.kubelet.states import STATES

Tree = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def behaviour() -> Tree:
    """Of the annotation `mockapi.dev/behaviour`."""
    return _Document("mockapi: the behaviour of a pod").of(POD)


def rules() -> Tree:
    """Of the file of rules; the control API takes its second form."""
    document = _Document("mockapi: rules of behaviours")
    many = {"type": "array", "items": document.object(RULES)}
    under = {
        "type": "object",
        "additionalProperties": False,
        "required": ["rules"],
        "properties": {"rules": many},
    }
    return document.whole({"oneOf": [many, under]})


def nodes() -> Tree:
    """Of the file of node shapes."""
    document = _Document("mockapi: shapes of nodes")
    return document.whole({"type": "array", "items": document.object(SHAPES)})


class _Document:
    """One document; each marshmallow schema is written once, under $defs."""

    def __init__(self, title: str) -> None:
        self._head = {"$schema": DIALECT, "title": title}
        self._definitions: dict[str, Tree] = {}

    def of(self, schema: Schema) -> Tree:
        return self.whole(self.object(schema))

    def whole(self, schema: Tree) -> Tree:
        return {**self._head, **schema, "$defs": dict(sorted(self._definitions.items()))}

    def object(self, schema: Schema) -> Tree:
        name = type(schema).__name__.strip("_").removesuffix("Schema").lower()
        if name not in self._definitions:
            definition = self._definitions[name] = {}
            definition |= self._object(schema)
        return {"$ref": f"#/$defs/{name}"}

    def _object(self, schema: Schema) -> Tree:
        required = [name for name, field in schema.fields.items() if field.required]
        properties = {name: self._field(field, name) for name, field in schema.fields.items()}
        out: Tree = {"type": "object", "additionalProperties": False, "properties": properties}
        if required:
            out["required"] = required
        return out

    def _field(self, field: Any, name: str = "") -> Tree:
        if isinstance(field, fields.Nested) and isinstance(field.schema, Schema):
            return self.object(field.schema)
        if isinstance(field, fields.List):
            return {"type": "array", "items": self._field(field.inner)}
        if isinstance(field, OneOrMore):
            return self._one_or_more(field)
        if isinstance(field, fields.Dict):
            value = self._field(field.value_field) if field.value_field else {}
            return {"type": "object", "additionalProperties": value}
        if isinstance(field, CurveField):
            return {"oneOf": [{"type": ["string", "number"]}, self.object(CURVE)]}
        if hasattr(field, "json_type"):
            out = dict(field.json_type)
            return {"oneOf": [out, {"type": "null"}]} if field.allow_none else out
        if name == "state":
            # Other spellings are understood too.
            return {"anyOf": [{"enum": sorted(STATES)}, {"type": "string"}]}
        return _scalar(field)

    def _one_or_more(self, field: OneOrMore) -> Tree:
        item = self.object(field.item)
        if field.shorthand:
            short = self._field(field.item.fields[field.shorthand])
            item = {"oneOf": [short, item]}
        return {"oneOf": [item, {"type": "array", "minItems": 1, "items": item}]}


def _scalar(field: Any) -> Tree:
    if isinstance(field, fields.Boolean):
        return {"type": "boolean"}
    out: Tree = {"type": "integer" if isinstance(field, fields.Integer) else "string"}
    for rule in field.validators:
        out |= _limits(rule)
    return out


def _limits(rule: Any) -> Mapping[str, Any]:
    if isinstance(rule, validate.OneOf):
        return {"enum": list(rule.choices)}
    if isinstance(rule, validate.Range):
        found = {"minimum": rule.min, "maximum": rule.max}
        return {key: value for key, value in found.items() if value is not None}
    return {"minLength": rule.min} if isinstance(rule, validate.Length) else {}


ALL: Mapping[str, Callable[[], Tree]] = {"behaviour": behaviour, "rules": rules, "nodes": nodes}
