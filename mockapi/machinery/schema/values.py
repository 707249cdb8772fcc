"""Values of custom resources against their schema, with the real server's field errors.
Source: kube-openapi pkg/validation/validate, apiextensions-apiserver pkg/apiserver/validation.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import orjson

from mockapi.machinery.schema import formats
from mockapi.meta import fields, gofmt
from mockapi.meta.fields import FieldError, Path

Obj = dict[str, Any]
NOTHING: Final = object()
"""There is no old value to compare with."""
_FORMATS_OF_NUMBERS: Final = {"integer": ("int32", "int64"), "number": ("float", "double")}
_RANGES: Final = {"int32": 2**31, "int64": 2**63}


class Found:
    """Errors of one validation, and how many checks a value passed (it picks what to tell of a
    failed anyOf)."""

    __slots__ = ("errors", "matches")

    def __init__(self, *errors: FieldError, matches: int = 0) -> None:
        self.errors = list(errors)
        self.matches = matches

    def merge(self, other: "Found") -> None:
        self.add(*other.errors)
        self.matches += other.matches

    def add(self, *errors: FieldError) -> None:
        """The same text is not said twice."""
        for error in errors:
            if str(error) not in {str(known) for known in self.errors}:
                self.errors.append(error)


class Values:
    """The checks of one schema node."""

    def __init__(self, schema: Obj) -> None:
        self.schema = schema
        either = schema.get("x-kubernetes-int-or-string") is True
        declared = schema.get("type")
        self.types = ("integer", "string") if either else (declared,) if declared else ()
        self.format = _known_format(schema.get("format") or "", self.types)
        self.properties = {k: Values(v) for k, v in (schema.get("properties") or {}).items()}
        additional, items = schema.get("additionalProperties"), schema.get("items")
        self.additional = Values(additional) if isinstance(additional, dict) else None
        self.items = Values(items) if isinstance(items, dict) else None
        self.all_of = [Values(one) for one in schema.get("allOf") or ()]
        self.any_of = [Values(one) for one in schema.get("anyOf") or ()]
        self.one_of = [Values(one) for one in schema.get("oneOf") or ()]
        self.forbidden = Values(schema["not"]) if isinstance(schema.get("not"), dict) else None

    def errors(self, value: Any, old: Any = NOTHING, *, path: str = "") -> list[FieldError]:
        """What is wrong with `value`; what has not changed since `old` may stay wrong."""
        return self.check(value, old, path).errors

    def check(self, value: Any, old: Any, path: str) -> Found:
        if old is not NOTHING and _same(value, old):
            return Found(matches=1)
        found = self._check_type(value, path)
        if value is None:
            found.merge(self._check_enum(value, path))
            return found
        for check in (self._check_parts, *_BY_TYPE.get(type(value), ()), Values._check_enum):
            method = check if check is self._check_parts else check.__get__(self)
            found.merge(method(value, path))
            found.matches += 1
        if isinstance(value, dict):
            found.merge(self._check_object(value, old, path))
        elif isinstance(value, list):
            found.merge(self._check_list(value, old, path))
        found.matches += 2
        return found

    def _check_type(self, value: Any, path: str) -> Found:
        if not self.types or (value is None and self.schema.get("nullable")):
            return Found(matches=1)
        actual = _type_name(value)
        fits = actual in self.types or (actual == "integer" and "number" in self.types)
        if actual == "number" and "integer" in self.types and float(value).is_integer():
            fits = True
        if fits:
            return Found(matches=1)
        return Found(_type_error(path, ",".join(self.types), actual))

    def _check_parts(self, value: Any, path: str) -> Found:
        found = Found(matches=1)
        if self.any_of:
            self._check_any(value, path, found)
        if self.one_of:
            self._check_one(value, path, found)
        if self.all_of:
            self._check_all(value, path, found)
        if self.forbidden and not self.forbidden.check(value, NOTHING, path).errors:
            found.add(_whole(f"{gofmt.quote(path)} must not validate the schema (not)"))
        return found

    def _check_any(self, value: Any, path: str, found: Found) -> None:
        results = [one.check(value, NOTHING, path) for one in self.any_of]
        good = [result for result in results if not result.errors]
        if good:
            found.merge(good[0])
            return
        found.add(_whole(f"{gofmt.quote(path)} must validate at least one schema (anyOf)"))
        found.merge(max(results, key=lambda result: result.matches))

    def _check_one(self, value: Any, path: str, found: Found) -> None:
        results = [one.check(value, NOTHING, path) for one in self.one_of]
        good = [result for result in results if not result.errors]
        if len(good) == 1:
            found.merge(good[0])
            return
        how = f"Found {len(good)} valid alternatives" if good else "Found none valid"
        text = f"{gofmt.quote(path)} must validate one and only one schema (oneOf). {how}"
        found.add(_whole(text))
        if not good:
            found.merge(max(results, key=lambda result: result.matches))

    def _check_all(self, value: Any, path: str, found: Found) -> None:
        results = [one.check(value, NOTHING, path) for one in self.all_of]
        for result in results:
            found.merge(result)
        valid = sum(not result.errors for result in results)
        if valid < len(results):
            more = "" if valid else ". None validated"
            text = f"{gofmt.quote(path)} must validate all the schemas (allOf){more}"
            found.add(_whole(text))

    def _check_text(self, value: Any, path: str) -> Found:
        """The first of length and pattern that fails, then the format."""
        schema, found = self.schema, Found()
        longest, shortest = schema.get("maxLength"), schema.get("minLength")
        if longest is not None and len(value) > longest:
            found.add(fields.too_long(_field(path), longest))
        elif shortest is not None and len(value) < shortest:
            text = f"{path} in body should be at least {shortest} chars long"
            found.add(fields.invalid(_field(path), value, text))
        elif (pattern := schema.get("pattern")) and (wrong := _mismatch(value, pattern)):
            found.add(fields.invalid(_field(path), value, f"{path} in body should match '{wrong}'"))
        check = formats.checker(self.format) if self.format else None
        if check is not None and not check(value):
            text = f"{path} in body must be of type {self.format}: {gofmt.quote(value)}"
            found.add(fields.type_invalid(_field(path), value, text))
        return found

    def _check_number(self, value: Any, path: str) -> Found:
        found = Found(matches=1)
        if not self._in_range(value):
            form = f"with format {self.format}" if self.format else "(default format)"
            found.add(_whole(f"Checked value must be of type integer {form} in {path}"))
        factor = self._factor(value)
        if factor is not None and factor <= 0:
            text = f"factor MultipleOf declared for {path} must be positive: {factor}"
            found.add(fields.invalid(_field(path), factor, text))
        for text in (self._multiple(value, factor), self._minimum(value), self._maximum(value)):
            if text:
                found.add(fields.invalid(_field(path), value, f"{path} in body should be {text}"))
        return found

    def _in_range(self, value: Any) -> bool:
        """Integers by their format, and no fractions."""
        if self.types != ("integer",):
            return True
        limit = _RANGES[self.format or "int64"]
        return float(value).is_integer() and -limit <= value < limit

    def _factor(self, value: Any) -> Any:
        """multipleOf, without its fraction for integers."""
        factor = self.schema.get("multipleOf")
        return int(factor) if factor is not None and isinstance(value, int) else factor

    def _multiple(self, value: Any, factor: Any) -> str:
        if factor is None or factor <= 0:
            return ""
        if isinstance(value, int):
            fits = value % factor == 0
        else:
            fits = float(value / factor if factor >= 1 else 1 / factor * value).is_integer()
        return "" if fits else f"a multiple of {gofmt.value(factor)}"

    def _minimum(self, value: Any) -> str:
        limit, exclusive = self.schema.get("minimum"), self.schema.get("exclusiveMinimum")
        if limit is None:
            return ""
        limit = int(limit) if isinstance(value, int) else float(limit)
        if value > limit or (value == limit and not exclusive):
            return ""
        return f"greater than {'' if exclusive else 'or equal to '}{gofmt.value(limit)}"

    def _maximum(self, value: Any) -> str:
        limit, exclusive = self.schema.get("maximum"), self.schema.get("exclusiveMaximum")
        if limit is None:
            return ""
        limit = int(limit) if isinstance(value, int) else float(limit)
        if value < limit or (value == limit and not exclusive):
            return ""
        return f"less than {'' if exclusive else 'or equal to '}{gofmt.value(limit)}"

    def _check_enum(self, value: Any, path: str) -> Found:
        allowed = self.schema.get("enum")
        if not allowed or any(_same(value, one) for one in allowed):
            return Found()
        shown = [one if isinstance(one, str) else orjson.dumps(one).decode() for one in allowed]
        return Found(fields.not_supported(_field(path), value, shown))

    def _check_list(self, value: list[Any], old: Any, path: str) -> Found:
        found, schema = Found(matches=1), self.schema
        if self.items is not None:
            before = _by_keys(old, schema)
            for index, item in enumerate(value):
                known = before.get(_keys(item, schema), NOTHING) if before else NOTHING
                found.merge(self.items.check(item, known, f"{path}[{index}]"))
        least, most = schema.get("minItems"), schema.get("maxItems")
        if least is not None and len(value) < least:
            text = f"{path} in body should have at least {least} items"
            found.add(fields.invalid(_field(path), len(value), text))
        if most is not None and len(value) > most:
            found.add(fields.too_many(_field(path), len(value), most))
        if schema.get("uniqueItems") and _repeats(value):
            text = f"{path} in body shouldn't contain duplicates"
            found.add(fields.invalid(_field(path), "", text))
        return found

    def _check_object(self, value: Obj, old: Any, path: str) -> Found:
        found, schema = Found(), self.schema
        before = old if isinstance(old, dict) else {}
        least, most = schema.get("minProperties"), schema.get("maxProperties")
        if least is not None and len(value) < least:
            text = f"{path} in body should have at least {least} properties"
            found.add(fields.invalid(_field(path), len(value), text))
        if most is not None and len(value) > most:
            found.add(fields.too_many(_field(path), len(value), most))
        for key, item in value.items():
            known = before.get(key, NOTHING)
            if key in self.properties:
                inner = f"{path}.{key}" if path else key
                found.merge(self.properties[key].check(item, known, inner))
            elif self.additional is not None:
                found.merge(self.additional.check(item, known, f"{path}.{key}"))
            elif schema.get("additionalProperties") is False:
                text = f"{path}.{key} in body is a forbidden property"
                found.add(fields.invalid(_field(path), key, text))
        for key in schema.get("required") or ():
            if key not in value:
                found.add(fields.required(_field(f"{path}.{key}")))
        return found


_BY_TYPE: Final[dict[type, tuple[Callable[..., Found], ...]]] = {
    str: (Values._check_text,),
    int: (Values._check_number,),
    float: (Values._check_number,),
}


def list_errors(value: Any, schema: Obj, path: Path | None = None) -> list[FieldError]:
    """Repeated elements of sets and repeated keys of maps (x-kubernetes-list-type)."""
    path = path or Path("")
    found: list[FieldError] = []
    if isinstance(value, dict):
        properties, additional = schema.get("properties") or {}, schema.get("additionalProperties")
        for key, item in value.items():
            if isinstance(additional, dict):
                found += list_errors(item, additional, path.key(key))
            if key in properties:
                found += list_errors(item, properties[key], path.child(key))
    elif isinstance(value, list):
        found += _repeated(value, schema, path)
        if isinstance(schema.get("items"), dict):
            for index, item in enumerate(value):
                found += list_errors(item, schema["items"], path.index(index))
    return found


def _repeated(value: list[Any], schema: Obj, path: Path) -> list[FieldError]:
    kind = schema.get("x-kubernetes-list-type")
    if kind not in ("set", "map"):
        return []
    found: list[FieldError] = []
    seen: dict[bytes, int] = {}
    for index, item in enumerate(value):
        if kind == "map" and item is not None and not isinstance(item, dict):
            text = "must be an object for an array of list-type map"
            return [fields.invalid(path.index(index), item, text)]
        shown = item if kind == "set" else _map_key(item, schema)
        key = orjson.dumps(shown, option=orjson.OPT_SORT_KEYS)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] == 2:
            found.append(fields.duplicate(path.index(index), shown))
    return found


def _map_key(item: Any, schema: Obj) -> Any:
    if not isinstance(item, dict):
        return None
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    return {key: item[key] for key in keys if key in item}


def _by_keys(old: Any, schema: Obj) -> dict[bytes, Any]:
    """The old elements of a list that is a map: only those can be told again."""
    if not isinstance(old, list) or schema.get("x-kubernetes-list-type") != "map":
        return {}
    return {_keys(item, schema): item for item in old}


def _keys(item: Any, schema: Obj) -> bytes:
    return orjson.dumps(_map_key(item, schema), option=orjson.OPT_SORT_KEYS)


def _known_format(format: str, types: tuple[str, ...]) -> str:
    if types in ((), ("string",)):
        return format if formats.checker(format) else ""
    known = _FORMATS_OF_NUMBERS.get(types[0], ()) if len(types) == 1 else ()
    return format if format in known else ""


def _type_name(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _type_error(path: str, types: str, actual: str) -> FieldError:
    text = f"{path} in body must be of type {types}: {gofmt.quote(actual)}"
    return fields.type_invalid(_field(path), actual, text)


def _field(path: str) -> str:
    return path.removeprefix(".") or "<nil>"


def _whole(text: str) -> FieldError:
    """Errors without a place of their own."""
    return fields.invalid("<nil>", "", text)


def _mismatch(value: str, pattern: str) -> str:
    """ "" when it matches, else what is said of the pattern."""
    try:
        return "" if formats.go_pattern(pattern).search(value) else pattern
    except re.error as error:
        return f"{pattern}, but pattern is invalid: {error}"


def _same(one: Any, other: Any) -> bool:
    """Equal, and true is not 1."""
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(v, other[k]) for k, v in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _repeats(value: list[Any]) -> bool:
    texts = [orjson.dumps(item, option=orjson.OPT_SORT_KEYS) for item in value]
    return len(set(texts)) < len(texts)
