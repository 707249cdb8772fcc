"""Event: one stored kind with two faces, core/v1 and the stricter events.k8s.io/v1."""

from collections.abc import Mapping
from typing import Any

from mockapi.machinery.resource import Obj, Strategy
from mockapi.machinery.validation import formats, internal, names, rules
from mockapi.meta import fields as errors_of
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import fields

Errors = list[FieldError]

_LIMITS = (("reportingInstance", 128), ("action", 128), ("reason", 128))
_NOTE_LIMIT = 1024
_NO_MATCH = "does not match event.namespace"


def _source(obj: Obj) -> str:
    component: str = (obj.get("source") or {}).get("component") or obj.get("reportingComponent", "")
    return component


SELECTABLE: Mapping[str, fields.Text] = {
    **{
        f"involvedObject.{name}": fields.text("involvedObject", name)
        for name in (
            "kind",
            "namespace",
            "name",
            "uid",
            "apiVersion",
            "resourceVersion",
            "fieldPath",
        )
    },
    "reason": fields.text("reason"),
    "reportingComponent": fields.text("reportingComponent"),
    "source": _source,
    "type": fields.text("type"),
}


def _legacy(obj: Obj, controller: str) -> Errors:
    """The rules of both faces; `controller` is what this one calls the reporting controller."""
    of, own = (obj.get("involvedObject") or {}).get("namespace", ""), obj["metadata"]
    namespace = own.get("namespace", "")
    path = Path("involvedObject", "namespace")
    if not obj.get("eventTime"):
        if namespace == of or (not of and namespace in ("", "default")):
            return []
        return [errors_of.invalid(path, of, _NO_MATCH)]
    errors: Errors = []
    if not of and namespace not in ("default", "kube-system"):
        errors.append(errors_of.invalid(path, of, _NO_MATCH))
    name = obj.get("reportingComponent", "")
    if not name:
        errors.append(errors_of.required(Path(controller)))
    errors += rules.qualified_name(name, Path(controller))
    for key, limit in _LIMITS:
        value = obj.get(key, "")
        if not value:
            errors.append(errors_of.required(Path(key)))
        if formats.size(value) > limit:
            detail = f"can have at most {limit} characters"
            errors.append(errors_of.invalid(Path(key), "", detail))
    if formats.size(obj.get("message", "")) > _NOTE_LIMIT:
        detail = f"can have at most {_NOTE_LIMIT} characters"
        errors.append(errors_of.invalid(Path("message"), "", detail))
    return errors


def _validate(obj: Obj) -> Errors:
    return _legacy(obj, "reportingComponent")


def _validate_update(obj: Obj, old: Obj) -> Errors:
    return _legacy(obj, "reportingComponent")


def _series(obj: Obj) -> Errors:
    series = obj.get("series")
    if series is None:
        return []
    errors: Errors = []
    if series.get("count", 0) < 2:
        errors.append(errors_of.invalid(Path("series.count"), "", "should be at least 2"))
    if not series.get("lastObservedTime"):
        errors.append(errors_of.required(Path("series.lastObservedTime")))
    return errors


def _validate_strictly(obj: Obj) -> Errors:
    errors = _series(obj)
    if not obj.get("eventTime"):
        errors.append(errors_of.required(Path("eventTime")))
    kind = obj.get("type", "")
    if kind not in ("Normal", "Warning"):
        errors.append(errors_of.invalid(Path("type"), "", f"has invalid value: {kind}"))
    for name in ("firstTimestamp", "lastTimestamp", "count", "source"):
        if obj.get(name):
            errors.append(errors_of.invalid(Path(name), "", "needs to be unset"))
    return errors


_FIXED: tuple[tuple[str, str, Any], ...] = (
    # wire name, name in errors, how it is shown
    ("involvedObject", "involvedObject", "core.ObjectReference"),
    ("reason", "reason", ""),
    ("message", "message", ""),
    ("source", "source", "core.EventSource"),
    ("firstTimestamp", "firstTimestamp", None),
    ("lastTimestamp", "lastTimestamp", None),
    ("count", "count", 0),
    ("reason", "reason", ""),
    ("type", "type", ""),
    ("eventTime", "eventTime", None),
    ("action", "action", ""),
    ("related", "related", "*core.ObjectReference"),
    ("reportingComponent", "reportingController", ""),
    ("reportingInstance", "reportingInstance", ""),
)


def _validate_update_strictly(obj: Obj, old: Obj) -> Errors:
    errors: Errors = []
    if obj.get("series") != old.get("series"):
        errors += _series(obj)
    for name, shown_name, how in _FIXED:
        now, was = obj.get(name), old.get(name)
        if (now or None) == (was or None):
            continue
        layout = isinstance(how, str) and "." in how
        shown = internal.shown(how, now) if layout else (how if now is None else now)
        errors.append(errors_of.invalid(Path(shown_name), shown, "field is immutable"))
    return errors


STRATEGY = Strategy(
    group="",
    kind="Event",
    validate_name=names.path_segment,
    validate=_validate,
    validate_update=_validate_update,
    create_on_update=True,
    metadata_last=True,
    default_propagation="Unsupported",
    selectable=SELECTABLE,
)
STRICT = Strategy(
    group="",
    kind="Event",
    before_metadata=lambda obj: _legacy(obj, "reportingController"),
    validate=_validate_strictly,
    validate_update=_validate_update_strictly,
    create_on_update=True,
    default_propagation="Unsupported",
    selectable=SELECTABLE,
)
"""Of what is written through events.k8s.io; errors still name the core kind."""
