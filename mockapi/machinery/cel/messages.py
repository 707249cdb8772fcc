"""Schemas of kinds as messages, which the checker knows the fields of.

Source: apiserver pkg/cel/common/schemas.go (which type a schema stands for), pkg/cel/types.go (what
the types are called).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from mockapi.base.lazy import module
from mockapi.machinery.cel.values import escape

Obj = dict[str, Any]
Kind = tuple[Any, ...]
"""("string",), ("list", KIND), ("map", KIND), ("message", NAME), ("dyn",), ..."""

TITLE: Final = "x-type-name"
"""A schema's own name for its type."""
_PACKAGE: Final = "mockapi"
_FORMATS: Final = {
    "byte": "bytes",
    "date-time": "timestamp",
    "date": "timestamp",
    "duration": "duration",
}
_WORDS: Final = {"boolean": "bool", "integer": "int", "number": "double"}
_OPTIONAL, _REPEATED, _MESSAGE = 1, 3, 11
# google.protobuf.FieldDescriptorProto.Type
_NUMBERS: Final = {"double": 1, "int": 3, "bool": 8, "string": 9, "bytes": 12}
_KNOWN: Final = {
    "timestamp": ".google.protobuf.Timestamp",
    "duration": ".google.protobuf.Duration",
}
_ANY: Final = ".google.protobuf.Value"
_FILES: Final = ("timestamp", "duration", "struct")


class Messages:
    """Collects the types of one environment."""

    def __init__(self, resolve: Callable[[str], Obj]) -> None:
        """`resolve` gives the schema that a reference names."""
        self._resolve = resolve
        self._file = module("google.protobuf.descriptor_pb2").FileDescriptorProto(
            name="kinds.proto", package=_PACKAGE, syntax="proto3"
        )
        self._file.dependency.extend(f"google/protobuf/{name}.proto" for name in _FILES)
        self.names: dict[str, str] = {}
        """What the types are called, by the names of their messages."""

    def add(self, schema: Obj, name: str) -> str:
        """The message of an object's schema."""
        return f"{_PACKAGE}.{self._message(self._resolved(schema)[0], name, frozenset())}"

    def pool(self) -> Any:
        """Everything that has been added."""
        pool = module("google.protobuf.descriptor_pool").DescriptorPool()
        for name in _FILES:
            known = module(f"google.protobuf.{name}_pb2")
            pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
        pool.Add(self._file)
        return pool

    def _resolved(self, schema: Obj) -> tuple[Obj, str]:
        """A schema without references, and the last of those."""
        reference = ""
        while "$ref" in schema or len(schema.get("allOf") or ()) == 1:
            if "$ref" in schema:
                reference = schema["$ref"]
                schema = self._resolve(reference.rpartition("/")[2])
            else:
                schema = schema["allOf"][0]
        return schema, reference

    def _message(self, schema: Obj, name: str, inside: frozenset[str]) -> str:
        name = schema.get(TITLE, name)
        ident = f"T{len(self.names)}_"
        self.names[f"{_PACKAGE}.{ident}"] = name
        message = self._file.message_type.add(name=ident)
        for key, inner in (schema.get("properties") or {}).items():
            field = escape(key)
            if field is None:
                continue
            kind = self._kind(inner, f"{name}.{field}", inside)
            if kind is not None:
                self._field(message, field, kind)
        return ident

    def _kind(self, schema: Obj, name: str, inside: frozenset[str]) -> Kind | None:
        """None for what expressions do not see."""
        schema, reference = self._resolved(schema)
        if reference and reference in inside:
            return ("dyn",)
        if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string"):
            return ("dyn",)
        inside |= {reference}
        match schema.get("type"):
            case "string":
                return (_FORMATS.get(schema.get("format", ""), "string"),)
            case "array":
                return _of("list", self._kind_of(schema.get("items"), f"{name}.@idx", inside))
            case "object":
                each = schema.get("additionalProperties")
                if isinstance(each, dict):
                    return _of("map", self._kind_of(each, f"{name}.@elem", inside))
                return ("message", self._message(schema, name, inside))
            case word if word in _WORDS:
                return (_WORDS[word],)
        return None

    def _kind_of(self, schema: Any, name: str, inside: frozenset[str]) -> Kind | None:
        return self._kind(schema, name, inside) if isinstance(schema, dict) else None

    def _field(self, message: Any, name: str, kind: Kind) -> None:
        field = message.field.add(name=name, number=len(message.field) + 1, json_name=name)
        field.label = _REPEATED if kind[0] in ("list", "map") else _OPTIONAL
        if kind[0] != "map":
            _set(field, kind[1] if kind[0] == "list" else kind)
            return
        entry = re.sub(r"(?:^|_)(\w)", lambda found: found[1].upper(), name) + "Entry"
        inner = message.nested_type.add(name=entry)
        inner.options.map_entry = True
        _set(inner.field.add(name="key", number=1, label=_OPTIONAL), ("string",))
        _set(inner.field.add(name="value", number=2, label=_OPTIONAL), kind[1])
        field.type, field.type_name = _MESSAGE, f".{_PACKAGE}.{message.name}.{entry}"


def _of(word: str, inner: Kind | None) -> Kind | None:
    return None if inner is None else (word, inner)


def _set(field: Any, kind: Kind) -> None:
    """Lists and maps directly in lists and maps are not messages: they may be anything."""
    if kind[0] in _NUMBERS:
        field.type = _NUMBERS[kind[0]]
        return
    field.type = _MESSAGE
    if kind[0] == "message":
        field.type_name = f".{_PACKAGE}.{kind[1]}"
    else:
        field.type_name = _KNOWN.get(kind[0], _ANY)


# -- what every policy sees --------------------------------------------------------------------

_TEXT: Final[Obj] = {"type": "string"}
_TEXTS: Final[Obj] = {"type": "array", "items": _TEXT}
_MOMENT: Final[Obj] = {"type": "string", "format": "date-time"}


def _object(title: str, fields: Mapping[str, Obj]) -> Obj:
    return {"type": "object", TITLE: f"kubernetes.{title}", "properties": dict(fields)}


def _texts(title: str, *names: str) -> Obj:
    return _object(title, dict.fromkeys(names, _TEXT))


_GVK: Final = _texts("GroupVersionKind", "group", "version", "kind")
_GVR: Final = _texts("GroupVersionResource", "group", "version", "resource")
REQUEST: Final = _object(
    "AdmissionRequest",
    {
        "kind": _GVK,
        "resource": _GVR,
        "subResource": _TEXT,
        "requestKind": _GVK,
        "requestResource": _GVR,
        "requestSubResource": _TEXT,
        "name": _TEXT,
        "namespace": _TEXT,
        "operation": _TEXT,
        "userInfo": _object(
            "UserInfo",
            {
                "username": _TEXT,
                "uid": _TEXT,
                "groups": _TEXTS,
                "extra": {"type": "object", "additionalProperties": _TEXTS},
            },
        ),
        "dryRun": {"type": "boolean"},
        "options": {"x-kubernetes-int-or-string": True},
    },
)
NAMESPACE: Final = _object(
    "Namespace",
    {
        "metadata": _object(
            "NamespaceMetadata",
            {
                **dict.fromkeys(
                    ("name", "generateName", "namespace", "UID", "resourceVersion"), _TEXT
                ),
                "labels": {"type": "object", "additionalProperties": _TEXT},
                "annotations": {"type": "object", "additionalProperties": _TEXT},
                "creationTimestamp": _MOMENT,
                "deletionTimestamp": _MOMENT,
                "deletionGracePeriodSeconds": {"type": "integer"},
                "generation": {"type": "integer"},
                "finalizers": _TEXTS,
            },
        ),
        "spec": _object("NamespaceSpec", {"finalizers": _TEXTS}),
        "status": _object(
            "NamespaceStatus",
            {
                "conditions": {
                    "type": "array",
                    "items": _object(
                        "NamespaceCondition",
                        {
                            **dict.fromkeys(("status", "type", "message", "reason"), _TEXT),
                            "lastTransitionTime": _MOMENT,
                        },
                    ),
                },
                "phase": _TEXT,
            },
        ),
    },
)
