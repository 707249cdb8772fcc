"""JSON values as CEL sees them by a structural schema: dates are timestamps, numbers doubles, and
names of properties are escaped. Source: apiserver pkg/cel/common/values.go, pkg/cel/escaping.go.
"""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mockapi.base.lazy import module

Obj = dict[str, Any]

_RESERVED: Final = frozenset(
    (
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for",
        "function", "if", "import", "let", "loop", "package", "namespace", "return",
    )
)  # fmt: skip
_IDENTIFIER: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_./-]*")
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|h|m|s)")
_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def escape(name: str) -> str | None:
    """A property's name as an identifier; None for one that no expression can name."""
    if not _IDENTIFIER.fullmatch(name):
        return None
    if name in _RESERVED:
        return f"__{name}__"
    text = name.replace("__", "__underscores__")
    return text.replace(".", "__dot__").replace("-", "__dash__").replace("/", "__slash__")


def convert(value: Any, schema: Obj | None, *, root: bool = False) -> Any:
    """`root`: kind, apiVersion and the name and labels of metadata are seen too."""
    if schema is None:
        return value
    if isinstance(value, dict):
        return _object(
            value, schema, root=root or bool(schema.get("x-kubernetes-embedded-resource"))
        )
    if isinstance(value, list):
        items = schema.get("items")
        return [convert(item, items if isinstance(items, dict) else None) for item in value]
    return _scalar(value, schema)


def _object(value: Obj, schema: Obj, *, root: bool) -> Obj:
    properties = schema.get("properties")
    additional = schema.get("additionalProperties")
    if not properties and not root:
        inner = additional if isinstance(additional, dict) else None
        return {key: convert(item, inner) for key, item in value.items()}
    result: Obj = {}
    for key, item in value.items():
        name = escape(key)
        if properties and key in properties and key != "metadata" and name is not None:
            result[name] = convert(item, properties[key])
        elif root and key in ("kind", "apiVersion"):
            result[key] = item
        elif root and key == "metadata" and isinstance(item, dict):
            result[key] = {k: item[k] for k in ("name", "generateName") if k in item}
    return result


def _scalar(value: Any, schema: Obj) -> Any:
    kind, form = schema.get("type"), schema.get("format")
    if kind == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind != "string" or not isinstance(value, str):
        return value
    if form == "date-time":
        return _moment(value)
    if form == "date":
        return _moment(f"{value}T00:00:00Z")
    if form == "duration":
        return duration(value)
    if form == "byte":
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error:
            return value
    return value


def _moment(value: str) -> Any:
    try:
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return value
    # Inside of maps and lists the runtime takes its own messages only.
    message = module("google.protobuf.timestamp_pb2").Timestamp()
    message.FromDatetime(moment.astimezone(UTC) if moment.tzinfo is not None else moment)
    return message


def duration(value: str) -> Any:
    """Go's notation (`1h30m`); the text itself when it is not one."""
    sign, rest = (-1, value[1:]) if value.startswith("-") else (1, value)
    parts = _DURATION.findall(rest)
    if not parts or "".join(number + unit for number, unit in parts) != rest:
        return value
    seconds = sign * sum(float(number) * _UNITS[unit] for number, unit in parts)
    message = module("google.protobuf.duration_pb2").Duration()
    message.FromTimedelta(timedelta(seconds=seconds))
    return message
