"""`x-kubernetes-validations` as they are declared: their texts, and whether they compile.

`self` is known by its schema as far as the fields go that an expression names one after another.
"""

import re
from typing import Any

from mockapi.machinery.cel import compiling
from mockapi.machinery.resource import Obj
from mockapi.machinery.validation import rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.apiextensions import paths, shapes

Errors = list[FieldError]

_REASONS = (
    "FieldValueDuplicate",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueRequired",
)
_SPACE = "\t\n\v\f\r \x85\xa0"
_NOT_BOOL = "cel expression must evaluate to a bool"
_CHAIN = re.compile(r"(?<![\w.])(?:self|oldSelf)((?:\.[A-Za-z_]\w*)+)(?!\w)(?!\s*\()")
_STEP = re.compile(r"\.([A-Za-z_]\w*)")

_TEXT: Obj = {"type": "string"}
_OF_OBJECTS: Obj = {
    "apiVersion": _TEXT,
    "kind": _TEXT,
    "metadata": {"type": "object", "properties": {"name": _TEXT, "generateName": _TEXT}},
}
"""What a rule knows of every object."""


def _has_lines(text: str) -> bool:
    return "\n" in text or "\r" in text


def shape_errors(schema: Obj, path: Path) -> Errors:
    errors: Errors = []
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        where = path.child("x-kubernetes-validations").index(index)
        errors += _texts(rule, where)
        if (reason := rule.get("reason")) is not None:
            errors += rules.one_of(reason, where.child("reason"), _REASONS)
        errors += _field_path(rule.get("fieldPath", ""), schema, where.child("fieldPath"))
    return errors


def _texts(rule: Obj, path: Path) -> Errors:
    text, message = rule.get("rule", ""), rule.get("message", "")
    made = rule.get("messageExpression", "")
    short, said = text.strip(_SPACE), message.strip(_SPACE)
    errors: Errors = []
    if not short:
        errors.append(fields.required(path.child("rule"), "rule is not specified"))
    elif message and not said:
        detail = "must be non-empty if specified"
        errors.append(fields.invalid(path.child("message"), message, detail))
    elif _has_lines(said):
        detail = "must not contain line breaks"
        errors.append(fields.invalid(path.child("message"), message, detail))
    elif _has_lines(short) and not said:
        detail = "message must be specified if rule contains line breaks"
        errors.append(fields.required(path.child("message"), detail))
    if made and not made.strip(_SPACE):
        detail = "messageExpression must be non-empty if specified"
        errors.append(fields.required(path.child("messageExpression"), detail))
    return errors


def _field_path(text: str, schema: Obj, path: Path) -> Errors:
    if not text:
        return []
    errors: Errors = []
    if not text.strip(_SPACE):
        errors.append(fields.invalid(path, text, "must be non-empty if specified"))
    if _has_lines(text):
        errors.append(fields.invalid(path, text, "must not contain line breaks"))
    try:
        paths.find(text, schema)
    except paths.PathError:
        errors.append(fields.invalid(path, text, "must be a valid path"))
    return errors


def compile_errors(
    schema: Obj, path: Path, uncorrelated: Path | None, *, is_root: bool = False
) -> Errors:
    """`uncorrelated` is the place above whose parts have no old value."""
    if is_root or schema.get("x-kubernetes-embedded-resource"):
        schema = {**schema, "properties": {**(schema.get("properties") or {}), **_OF_OBJECTS}}
    errors: Errors = []
    for index, rule in enumerate(schema["x-kubernetes-validations"]):
        where = path.child("x-kubernetes-validations").index(index)
        if error := _rule_error(rule.get("rule", ""), schema):
            errors.append(fields.invalid(where.child("rule"), shapes.shown_rule(rule), error))
        made = rule.get("messageExpression", "")
        if made and (error := _message_error(made, schema)):
            at = where.child("messageExpression")
            errors.append(fields.invalid(at, shapes.shown_rule(rule), error))
        errors += _old_self(rule, where, uncorrelated)
    return errors


def _old_self(rule: Obj, path: Path, uncorrelated: Path | None) -> Errors:
    text, optional = rule.get("rule", ""), rule.get("optionalOldSelf")
    if compiling.names(text, "oldSelf"):
        if uncorrelated is None:
            return []
        detail = (
            "oldSelf cannot be used on the uncorrelatable portion of the schema within "
            f"{uncorrelated}"
        )
        return [fields.invalid(path.child("rule"), text, detail)]
    if optional is None:
        return []
    detail = "may not be set if oldSelf is not used in rule"
    return [fields.invalid(path.child("optionalOldSelf"), optional, detail)]


_NAMES = compiling.Names(free=("self", "oldSelf"))


def _rule_error(text: str, schema: Obj) -> str:
    if error := compiling.compile_error(text, _NAMES, ()) or _unknown_field(text, schema):
        return error
    if found := _CHAIN.fullmatch(text.strip(_SPACE)):
        place = _place(found[1], schema)
        kind = place.get("type", "") if place is not None else "boolean"
        return "" if kind in ("boolean", "") else _NOT_BOOL
    wrong = compiling.compile_error(text, _NAMES, ("bool",))
    return _NOT_BOOL if wrong and not wrong.endswith("dyn") else ""


def _message_error(text: str, schema: Obj) -> str:
    error = compiling.compile_error(text, _NAMES, ()) or _unknown_field(text, schema)
    if error:
        return f"messageExpression {error}"
    wrong = compiling.compile_error(text, _NAMES, ("string",))
    if wrong and not wrong.endswith("dyn"):
        return "messageExpression must evaluate to a string"
    return ""


def _unknown_field(text: str, schema: Obj) -> str:
    if not compiling.is_available():
        return ""
    for found in _CHAIN.finditer(compiling.without_strings(text)):
        place: Any = schema
        for step in _STEP.finditer(found[1]):
            properties = (place or {}).get("properties")
            if not properties or "__" in step[1]:
                break
            if step[1] not in properties:
                at = found.start(1) + step.start()
                error = compiling.pointing(text, at, f"undefined field '{step[1]}'")
                return f"compilation failed: {error}"
            place = properties[step[1]]
    return ""


def _place(chain: str, schema: Obj) -> Obj | None:
    place: Any = schema
    for step in _STEP.finditer(chain):
        place = ((place or {}).get("properties") or {}).get(step[1])
    return place if isinstance(place, dict) else None
