"""The fast path: per type one function from a JSON tree to what Go would write for it.

Fields come out in Go's order, unknown ones and odd values raise `Unusual`. Objects come in few
shapes, so each type keeps a plan per set of keys: which reader for which key, in which order, and
what is always written though it is missing.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from mockapi.machinery.catalogue import Field, Shape, Type
from mockapi.machinery.schema.scalars import (
    OMIT,
    SCALARS,
    UNUSUAL,
    ZEROS,
    Reader,
    quantity_text,
)

Step = tuple[str, Reader | None, Callable[[], Any] | None]
"""(key, reader of the value, maker of what is written when it is missing); a text that is dropped
when empty has neither, which saves a call for the most frequent kind of field."""
Plan = tuple[Step, ...]
_MAX_PLANS: Final = 256


class Compiler:
    """Makes and keeps the readers of all types."""

    def __init__(self, types: Mapping[str, Type]) -> None:
        self._types = types
        self._structs: dict[str, Struct] = {}
        self.emptied = False
        """Set by readers that meet what their objects are without (see `empties`): whoever wants to
        know clears it before."""

    def _quantity(self, value: Any) -> Any:
        text = quantity_text(value)
        if text != value:
            self.emptied = True
        return text

    def empty_omitted(self) -> Any:
        self.emptied = True
        return OMIT

    def empty_written(self) -> Any:
        self.emptied = True
        return None

    def struct(self, name: str) -> "Struct":
        """The reader of a type with fields; made on first use, so recursive types are fine."""
        found = self._structs.get(name)
        if found is None:
            found = self._structs[name] = Struct(self, self._types[name])
        return found

    def type(self, name: str) -> Type:
        return self._types[name]

    def element(self, shape: Shape) -> Reader:
        """The reader of a list's or map's element."""
        if isinstance(shape, str):
            return SCALARS[shape]
        if "ref" in shape:
            return self._named(shape["ref"])
        if "list" in shape:
            inner = shape["list"]
            return _list_of_text if inner == "string" else _list(self._item(inner))
        inner = shape["map"]
        return _map_of_text if inner == "string" else _map(self._item(inner))

    def _item(self, shape: Shape) -> Reader:
        """As `element`; null is the zero value of scalars that have a form of their own."""
        reader = self.element(shape)
        if shape == "bytes":
            return _always(reader, _constant(""))
        if isinstance(shape, dict) and self._is_scalar(shape):
            return _always(reader, self.zero(shape))
        return reader

    def _is_scalar(self, shape: dict[str, Any]) -> bool:
        return "ref" in shape and bool(self._types[shape["ref"]].scalar)

    def zero(self, shape: Shape) -> Callable[[], Any]:
        """Makes what Go writes for the zero value."""
        if isinstance(shape, str):
            return _constant(ZEROS[shape])
        if "ref" not in shape:
            return _constant(None)
        scalar = self._types[shape["ref"]].scalar
        if scalar:
            return _constant(ZEROS[scalar])
        name = shape["ref"]
        return lambda: self.struct(name).zero()

    def _named(self, name: str) -> Reader:
        scalar = self._types[name].scalar
        if not scalar:
            return _Late(self, name)
        if scalar.startswith("schemaor"):
            return self._schema_or(scalar, name)
        return self._quantity if scalar == "quantity" else SCALARS[scalar]

    def _schema_or(self, scalar: str, name: str) -> Reader:
        """JSONSchemaProps, or something simpler in its place (CustomResourceDefinitions)."""
        schema = _Late(self, name.rpartition(".")[0] + ".JSONSchemaProps")

        def read(value: Any) -> Any:
            if type(value) is dict:
                return schema(value)
            if type(value) is bool and scalar == "schemaorbool":
                return value
            if type(value) is not list or scalar == "schemaorbool":
                raise UNUSUAL
            if scalar == "schemaorarray":
                return [schema(item) for item in value]
            return [SCALARS["string"](item) for item in value]

        return read


class _Late:
    """A struct's reader before the struct is compiled."""

    __slots__ = ("_compiler", "_name", "_read")

    def __init__(self, compiler: Compiler, name: str) -> None:
        self._compiler = compiler
        self._name = name
        self._read: Reader | None = None

    def __call__(self, value: Any) -> Any:
        if self._read is None:
            self._read = self._compiler.struct(self._name).read
        return self._read(value)


class Struct:
    """The reader of one type with fields."""

    def __init__(self, compiler: Compiler, type: Type) -> None:
        self.type = type
        self._plans: dict[tuple[str, ...], Plan] = {}
        self._compiler = compiler
        self._readers = {name: self._reader(field) for name, field in type.fields.items()}
        self._always = {
            name: _constant(None) if field.pointer else compiler.zero(field.type)
            for name, field in type.fields.items()
            if self._is_always_written(field)
        }
        self.read = self._make()

    def zero(self) -> Any:
        return self.read({})

    def _is_always_written(self, field: Field) -> bool:
        if not field.omit:
            return True
        if field.pointer or field.omit == "zero":
            return False
        return isinstance(field.type, dict) and "ref" in field.type

    def _make(self) -> Reader:
        plans = self._plans
        plan_for = self._plan

        def read(value: Any) -> Any:
            if type(value) is not dict:
                raise UNUSUAL
            shape = tuple(value)
            plan = plans.get(shape)
            if plan is None:
                plan = plan_for(shape)
            out = {}
            for key, reader, missing in plan:
                if missing is not None:
                    out[key] = missing()
                    continue
                item = value[key]
                if reader is None:
                    if type(item) is not str:
                        if item is None:
                            continue
                        raise UNUSUAL
                    if item:
                        out[key] = item
                    continue
                item = reader(item)
                if item is not OMIT:
                    out[key] = item
            return out

        return read

    def read_over(self, value: Any, known: dict[str, Any]) -> dict[str, Any]:
        """As `read`, but fields that are the very objects of `known`, read before, are taken as
        they are."""
        if type(value) is not dict:
            raise UNUSUAL
        taken: dict[str, Any] = {}
        rest: dict[str, Any] = {}
        for name, item in value.items():
            (taken if item is not None and item is known.get(name) else rest)[name] = item
        read: dict[str, Any] = self.read(rest)
        if not taken:
            return read
        read.update(taken)
        return {name: read[name] for name in self._readers if name in read}

    def _plan(self, shape: tuple[str, ...]) -> Plan:
        present = set(shape)
        if not present.issubset(self._readers):
            raise UNUSUAL
        plan = tuple(
            (name, reader, None if name in present else self._always[name])
            for name, reader in self._readers.items()
            if name in present or name in self._always
        )
        if len(self._plans) < _MAX_PLANS:
            self._plans[shape] = plan
        return plan

    def _reader(self, field: Field) -> Reader | None:
        shape, element = field.type, self._compiler.element(field.type)
        if field.pointer:
            return _always(element, None) if not field.omit else _pointer(element)
        collection = isinstance(shape, dict) and "ref" not in shape
        if not field.omit:
            if collection:
                return _collection(element, None, self._compiler.empty_written)
            return _always(element, self._compiler.zero(shape))
        if shape == "string":
            return None
        if isinstance(shape, str):
            return _pointer(element) if shape == "any" else _dropped_when_empty(element)
        if "ref" in shape:
            zero = self._compiler.zero(shape)
            return _zero_dropped(element, zero) if field.omit == "zero" else _struct(element, zero)
        return _collection(element, OMIT, self._compiler.empty_omitted)


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


def _list(element: Reader) -> Reader:
    """Storage does not keep an empty list apart from none. See `empties`."""

    def read(value: Any) -> Any:
        if type(value) is not list:
            if value is None:
                return None
            raise UNUSUAL
        return [element(item) for item in value] or None

    return read


def _list_of_text(value: Any) -> Any:
    if type(value) is not list:
        if value is None:
            return None
        raise UNUSUAL
    for item in value:
        if type(item) is not str:
            raise UNUSUAL
    return value.copy() or None


def _map_of_text(value: Any) -> Any:
    if type(value) is not dict:
        if value is None:
            return None
        raise UNUSUAL
    for item in value.values():
        if type(item) is not str:
            raise UNUSUAL
    return dict(sorted(value.items())) or None


def _map(element: Reader) -> Reader:
    """Maps are written by key."""

    def read(value: Any) -> Any:
        if type(value) is not dict:
            if value is None:
                return None
            raise UNUSUAL
        if len(value) < 2:
            return {key: element(item) for key, item in value.items()} or None
        return {key: element(value[key]) for key in sorted(value)}

    return read


def _pointer(element: Reader) -> Reader:
    def read(value: Any) -> Any:
        if value is None:
            return OMIT
        return element(value)

    return read


def _always(element: Reader, zero: Callable[[], Any] | None) -> Reader:
    def read(value: Any) -> Any:
        if value is None:
            return None if zero is None else zero()
        return element(value)

    return read


def _struct(element: Reader, zero: Callable[[], Any]) -> Reader:
    def read(value: Any) -> Any:
        return zero() if value is None else element(value)

    return read


def _zero_dropped(element: Reader, zero: Callable[[], Any]) -> Reader:
    """omitzero: dropped when it is the zero value."""
    nothing = zero()

    def read(value: Any) -> Any:
        if value is None:
            return OMIT
        value = element(value)
        return OMIT if value is None or value == nothing else value

    return read


def _collection(element: Reader, missing: Any, empty: Callable[[], Any]) -> Reader:
    """A list or map; `empty` is asked what to write for one without elements."""

    def read(value: Any) -> Any:
        if value is None:
            return missing
        return element(value) or empty()

    return read


def _dropped_when_empty(element: Reader) -> Reader:
    def read(value: Any) -> Any:
        if value is None:
            return OMIT
        return element(value) or OMIT

    return read
