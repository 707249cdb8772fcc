"""Secret."""

import base64
from typing import Any

from mockapi.machinery.resource import Context, Obj, Strategy
from mockapi.machinery.validation import formats, rules
from mockapi.meta import fields as errors_of
from mockapi.meta import gojson
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import fields
from mockapi.resources.core.config_map import MAX_SIZE, bytes_of, validate_frozen

Errors = list[FieldError]

DATA = Path("data")
_ACCOUNT = "kubernetes.io/service-account.name"
_DOCKER = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
}
_REDACTED = "<secret contents redacted>"


def _validate(obj: Obj) -> Errors:
    errors: Errors = []
    data = obj.get("data") or {}
    size = 0
    for key, value in data.items():
        errors += rules.each(formats.config_map_key, key, DATA.key(key))
        size += bytes_of(value)
    if size > MAX_SIZE:
        errors.append(errors_of.too_long(DATA, MAX_SIZE))
    return errors + _by_type(obj, data)


def _by_type(obj: Obj, data: Any) -> Errors:
    kind = obj.get("type", "")
    if kind in _DOCKER:
        return _docker(data, _DOCKER[kind])
    if kind == "kubernetes.io/service-account-token":
        if (obj["metadata"].get("annotations") or {}).get(_ACCOUNT):
            return []
        return [errors_of.required(Path("metadata", "annotations").key(_ACCOUNT))]
    if kind == "kubernetes.io/basic-auth" and not data.keys() & {"username", "password"}:
        return [errors_of.required(DATA.key(key)) for key in ("username", "password")]
    if kind == "kubernetes.io/ssh-auth" and not data.get("ssh-privatekey"):
        return [errors_of.required(DATA.key("ssh-privatekey"))]
    if kind == "kubernetes.io/tls":
        missing = [key for key in ("tls.crt", "tls.key") if key not in data]
        return [errors_of.required(DATA.key(key)) for key in missing]
    return []


def _docker(data: Any, key: str) -> Errors:
    if key not in data:
        return [errors_of.required(DATA.key(key))]
    problem = _json_problem(base64.b64decode(data[key]))
    return [errors_of.invalid(DATA.key(key), _REDACTED, problem)] if problem else []


def _json_problem(body: bytes) -> str:
    """Go's words for text that is not a JSON object."""
    try:
        value = gojson.plain(gojson.parse(body))
    except gojson.GoSyntaxError as problem:
        return str(problem)
    if value is None or isinstance(value, dict):
        return ""
    what = {str: "string", bool: "bool", list: "array"}.get(type(value), "number")
    return f"json: cannot unmarshal {what} into Go value of type map[string]interface {{}}"


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    if not obj.get("type") and "type" in old:
        obj["type"] = old["type"]


def _validate_update(obj: Obj, old: Obj) -> Errors:
    errors = rules.immutable(obj.get("type", ""), old.get("type", ""), Path("type"))
    return errors + validate_frozen(obj, old, ("data",)) + _validate(obj)


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    if obj.get("type") != "kubernetes.io/tls":
        return []
    data = obj.get("data") or {}
    for key, what in (("tls.crt", "certificate"), ("tls.key", "key")):
        if b"-----BEGIN " not in base64.b64decode(data.get(key) or ""):
            return [f"tls: failed to find any PEM data in {what} input"]
    return []


STRATEGY = Strategy(
    group="",
    kind="Secret",
    judges_emptied=True,
    prepare_update=_prepare_update,
    validate=_validate,
    validate_update=_validate_update,
    warnings=_warnings,
    selectable={"type": fields.text("type")},
)
