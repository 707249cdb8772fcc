"""The scale subresource of custom resources. Source: pkg/registry/customresource/etcd.go."""

from typing import Any

from mockapi.machinery.resource import Obj, ScaleStrategy
from mockapi.meta import fields, gofmt
from mockapi.meta.fields import FieldError

_OBJECT = "map[string]interface{}"
_MAX = 2**31 - 1
_GO_KINDS = {dict: "map[string]interface {}", list: "[]interface {}", str: "string", bool: "bool"}


class _WrongKind(ValueError):
    """What a path leads through, or to, is of another kind; str() is Go's text."""


def strategy(scale: Obj) -> ScaleStrategy:
    spec, status = scale["specReplicasPath"], scale["statusReplicasPath"]
    selector = scale.get("labelSelectorPath") or ""

    def set_replicas(obj: Obj, number: int) -> None:
        *way, last = _steps(spec)
        for step in way:
            obj[step] = dict(obj.get(step) or {})
            obj = obj[step]
        obj[last] = number

    return ScaleStrategy(
        replicas=lambda obj: _number(obj, spec) or 0,
        set_replicas=set_replicas,
        status_replicas=lambda obj: _number(obj, status) or 0,
        selector=lambda obj: _text(obj, selector) if selector else "",
        path=tuple(_steps(spec)),
        has_replicas=lambda obj: _number(obj, spec) is not None,
    )


def spec_errors(obj: Obj, scale: Obj) -> list[FieldError]:
    return _number_errors(obj, scale["specReplicasPath"])


def status_errors(obj: Obj, scale: Obj) -> list[FieldError]:
    found = _number_errors(obj, scale["statusReplicasPath"])
    selector = scale.get("labelSelectorPath")
    if selector:
        try:
            _text(obj, selector)
        except _WrongKind as error:
            found.append(fields.invalid(selector, "", str(error)))
    return found


def _number_errors(obj: Obj, path: str) -> list[FieldError]:
    try:
        number = _number(obj, path) or 0
    except _WrongKind as error:
        return [fields.invalid(path, 0, str(error))]
    if number < 0:
        return [fields.invalid(path, number, "should be a non-negative integer")]
    if number > _MAX:
        return [fields.invalid(path, number, f"should be less than or equal to {_MAX}")]
    return []


def _number(obj: Obj, path: str) -> int | None:
    value = _find(obj, path)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise _WrongKind(_accessor(path, value, "int64"))
    return value


def _text(obj: Obj, path: str) -> str:
    value = _find(obj, path)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _WrongKind(_accessor(path, value, "string"))
    return value


def _steps(path: str) -> list[str]:
    return path.removeprefix(".").split(".")


def _find(obj: Obj, path: str) -> Any:
    value: Any = obj
    steps = _steps(path)
    for index, step in enumerate(steps):
        if value is None:
            return None
        if not isinstance(value, dict):
            raise _WrongKind(_accessor("." + ".".join(steps[: index + 1]), value, _OBJECT))
        value = value.get(step)
    return value


def _accessor(path: str, value: Any, expected: str) -> str:
    kind = _GO_KINDS.get(type(value), "float64" if isinstance(value, float) else "int64")
    return f"{path} accessor error: {gofmt.value(value)} is of the type {kind}, expected {expected}"
