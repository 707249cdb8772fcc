"""What a HorizontalPodAutoscaler watches."""

from typing import Any

from mockapi.machinery.validation import formats, names, rules
from mockapi.meta import fields, quantity
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.pods import quantities

Errors = list[FieldError]

_TYPES = ("ContainerResource", "External", "Object", "Pods", "Resource")
_FIELDS = {
    "Object": "object",
    "External": "external",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def path_segment(value: str, path: Path) -> Errors:
    return [fields.invalid(path, value, detail) for detail in names.path_segment(value, False)]


def api_version(reference: Any, path: Path, *, empty_group: bool) -> Errors:
    text = reference.get("apiVersion", "")
    where = path.child("apiVersion")
    if text.count("/") > 1:
        return [fields.invalid(where, text, f"unexpected GroupVersion string: {text}")]
    if not empty_group and not text.partition("/")[0] * ("/" in text):
        return [fields.invalid(where, text, "apiVersion must specify API group")]
    return []


def _described(reference: Any, path: Path) -> Errors:
    errors: Errors = []
    for name in ("kind", "name"):
        if rules.required(reference, name, path, errors):
            errors += path_segment(reference[name], path.child(name))
    return errors + api_version(reference, path, empty_group=True)


def _identifier(identifier: Any, path: Path) -> Errors:
    errors: Errors = []
    if rules.required(identifier, "name", path, errors, "must specify a metric name"):
        errors += path_segment(identifier["name"], path.child("name"))
    return errors


def _target(target: Any, path: Path) -> Errors:
    errors: Errors = []
    kind = target.get("type", "")
    if not kind:
        errors.append(fields.required(path.child("type"), "must specify a metric target type"))
    if kind not in ("Utilization", "Value", "AverageValue"):
        detail = "must be either Utilization, Value, or AverageValue"
        errors.append(fields.invalid(path.child("type"), kind, detail))
    for name in ("value", "averageValue"):
        if name in target and quantity.parse(target[name]).sign != 1:
            errors.append(fields.invalid(path.child(name), target[name], "must be positive"))
    utilization = target.get("averageUtilization")
    if utilization is not None and utilization < 1:
        where = path.child("averageUtilization")
        errors.append(fields.invalid(where, utilization, "must be greater than 0"))
    return errors


def _object(source: Any, path: Path) -> Errors:
    target, where = source.get("target") or {}, path.child("target")
    errors = _described(source.get("describedObject") or {}, path.child("describedObject"))
    errors += _identifier(source.get("metric") or {}, path.child("metric"))
    errors += _target(target, where)
    if "value" not in target and "averageValue" not in target:
        detail = "must set either a target value or averageValue"
        errors.append(fields.required(where.child("averageValue"), detail))
    return errors


def _external(source: Any, path: Path) -> Errors:
    target, where = source.get("target") or {}, path.child("target")
    errors = _identifier(source.get("metric") or {}, path.child("metric"))
    errors += _target(target, where)
    if "value" not in target and "averageValue" not in target:
        detail = "must set either a target value for metric or a per-pod target"
        errors.append(fields.required(where.child("averageValue"), detail))
    if "value" in target and "averageValue" in target:
        detail = "may not set both a target value for metric and a per-pod target"
        errors.append(fields.forbidden(where.child("value"), detail))
    return errors


def _pods(source: Any, path: Path) -> Errors:
    target, where = source.get("target") or {}, path.child("target")
    errors = _identifier(source.get("metric") or {}, path.child("metric"))
    errors += _target(target, where)
    if "averageValue" not in target:
        detail = "must specify a positive target averageValue"
        errors.append(fields.required(where.child("averageValue"), detail))
    return errors


def _used(source: Any, path: Path) -> Errors:
    target, where = source.get("target") or {}, path.child("target")
    errors = _target(target, where)
    if "averageUtilization" not in target and "averageValue" not in target:
        detail = "must set either a target raw value or a target utilization"
        errors.append(fields.required(where.child("averageUtilization"), detail))
    if "averageUtilization" in target and "averageValue" in target:
        detail = "may not set both a target raw value and a target utilization"
        errors.append(fields.forbidden(where.child("averageValue"), detail))
    return errors


def _resource(source: Any, path: Path) -> Errors:
    errors: Errors = []
    rules.required(source, "name", path, errors, "must specify a resource name")
    return errors + _used(source, path)


def _container_resource(source: Any, path: Path) -> Errors:
    errors: Errors = []
    if rules.required(source, "name", path, errors, "must specify a resource name"):
        errors += quantities.container_resource_name(source["name"], path.child("name"))
    if rules.required(source, "container", path, errors, "must specify a container"):
        errors += rules.each(formats.dns1123_label, source["container"], path.child("container"))
    return errors + _used(source, path)


_SOURCES = {
    "object": _object,
    "external": _external,
    "pods": _pods,
    "resource": _resource,
    "containerResource": _container_resource,
}


def validate(metric: Any, path: Path) -> Errors:
    kind = metric.get("type", "")
    errors: Errors = []
    if not kind:
        detail = "must specify a metric source type"
        errors.append(fields.required(path.child("type"), detail))
    errors += rules.one_of(kind, path.child("type"), _TYPES)
    present = [name for name in _SOURCES if metric.get(name) is not None]
    if present:
        errors += _SOURCES[present[0]](metric[present[0]], path.child(present[0]))
    expected = _FIELDS.get(kind, "")
    if expected and expected not in present:
        detail = "must populate information for the given metric source"
        errors.append(fields.required(path.child(expected), detail))
    if len(present) > 1:
        for name in present:
            if name != expected:
                detail = "must populate the given metric source only"
                errors.append(fields.forbidden(path.child(name), detail))
    return errors
