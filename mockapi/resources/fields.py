"""Reading an object's fields: what field selectors and the scale subresource need."""

from collections.abc import Callable
from typing import Any

from mockapi.machinery.resource import Obj, ScaleStrategy
from mockapi.meta import selectors

Text = Callable[[Obj], str]


def _at(obj: Obj, path: tuple[str, ...]) -> Any:
    value: Any = obj
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def text(*path: str) -> Text:
    return lambda obj: _at(obj, path) or ""


def number(*path: str) -> Text:
    return lambda obj: str(_at(obj, path) or 0)


def flag(*path: str) -> Text:
    return lambda obj: "true" if _at(obj, path) else "false"


def _set_replicas(obj: Obj, replicas: int) -> None:
    obj["spec"] = {**(obj.get("spec") or {}), "replicas": replicas}


def _selector_of_object(obj: Obj) -> str:
    selector = _at(obj, ("spec", "selector"))
    return str(selectors.from_object(selector)) if selector else ""


def _selector_of_labels(obj: Obj) -> str:
    labels = _at(obj, ("spec", "selector")) or {}
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels))


def scale(*, selector_is_map: bool = False) -> ScaleStrategy:
    """spec.replicas, status.replicas and spec.selector, where all scalable built-ins have them."""
    return ScaleStrategy(
        replicas=lambda obj: _at(obj, ("spec", "replicas")) or 0,
        set_replicas=_set_replicas,
        status_replicas=lambda obj: _at(obj, ("status", "replicas")) or 0,
        selector=_selector_of_labels if selector_is_map else _selector_of_object,
    )
