"""Environment variables of containers and the references they are made from."""

import re
from collections.abc import Sequence
from typing import Any

from mockapi.machinery.validation import formats, names, rules
from mockapi.meta import fields
from mockapi.meta.fields import Path

Errors = rules.Errors

_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_POD_FIELDS = frozenset(
    (
        "metadata.annotations",
        "metadata.labels",
        *_FIELDS,
        "spec.restartPolicy",
        "spec.schedulerName",
        "status.phase",
        "spec.host",
    )
)
_RESOURCES = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
_HUGE_PAGES = ("limits.hugepages-", "requests.hugepages-")
_SIZES = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_SUBSCRIPT = re.compile(r"(?P<path>.+?)\['(?P<key>.*)'\]", re.DOTALL)
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")


def validate_env(variables: Sequence[Any], path: Path) -> Errors:
    errors: Errors = []
    for index, variable in enumerate(variables):
        name = variable.get("name")
        if not name:
            errors.append(fields.required(path.index(index).child("name")))
        elif formats.relaxed_environment_name(name):
            where = path.index(index).child("name")
            errors += rules.each(formats.relaxed_environment_name, name, where)
        if variable.get("valueFrom") is not None:
            errors += _value_from(variable, path.index(index).child("valueFrom"))
    return errors


def _value_from(variable: Any, path: Path) -> Errors:
    errors: Errors = []
    source = variable["valueFrom"]
    given = [name for name in _SOURCES if source.get(name) is not None]
    for name in given:
        errors += _REFERENCES[name](source[name], path.child(name))
    if not given:
        listed = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        errors.append(fields.invalid(path, "", f"must specify one of: {listed}"))
    elif variable.get("value"):
        detail = "may not be specified when `value` is not empty"
        errors.append(fields.invalid(path, "", detail))
    elif len(given) > 1:
        detail = "may not have more than one field specified at a time"
        errors.append(fields.invalid(path, "", detail))
    return errors


def field_reference(reference: Any, allowed: Sequence[str], path: Path) -> Errors:
    for name in ("apiVersion", "fieldPath"):
        if not reference.get(name):
            return [fields.required(path.child(name))]
    asked = reference["fieldPath"]
    label, problem = _convert(reference["apiVersion"], asked)
    if problem:
        detail = f"error converting fieldPath: {problem}"
        return [fields.invalid(path.child("fieldPath"), asked, detail)]
    if match := _SUBSCRIPT.fullmatch(label):
        key = match["key"]
        return rules.qualified_name(
            key.lower() if match["path"] == "metadata.annotations" else key, path
        )
    if label not in allowed:
        return [fields.not_supported(path.child("fieldPath"), label, allowed)]
    return []


def _convert(version: str, label: str) -> tuple[str, str]:
    """The field's name inside, and what is wrong with it."""
    if version != "v1":
        return "", f"unsupported pod version: {version}"
    if match := _SUBSCRIPT.fullmatch(label):
        if match["path"] in ("metadata.annotations", "metadata.labels"):
            return label, ""
        return "", f"field label does not support subscript: {label}"
    if label not in _POD_FIELDS:
        return "", f"field label not supported: {label}"
    return ("spec.nodeName" if label == "spec.host" else label), ""


def resource_reference(reference: Any, path: Path, *, volume: bool) -> Errors:
    errors: Errors = []
    resource = reference.get("resource", "")
    if volume and not reference.get("containerName"):
        errors.append(fields.required(path.child("containerName")))
    elif not resource:
        errors.append(fields.required(path.child("resource")))
    elif resource not in _RESOURCES and not resource.startswith(_HUGE_PAGES):
        errors.append(fields.not_supported(path.child("resource"), resource, _RESOURCES))
    return errors + _divisor(resource, reference.get("divisor", "0"), path)


def _divisor(resource: str, divisor: str, path: Path) -> Errors:
    if divisor == "0":
        return []
    sizes = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei"
    valid: tuple[str, ...] = _SIZES
    if resource.endswith(".cpu"):
        valid, shown = ("1m", "1"), "1m and 1 are supported with the cpu resource"
    elif resource.endswith(".memory"):
        shown = f"{sizes} are supported with the memory resource"
    elif resource.endswith(".ephemeral-storage"):
        shown = f"{sizes} are supported with the local ephemeral storage resource"
    elif resource.startswith(_HUGE_PAGES):
        shown = f"{sizes} are supported with the hugepages resource"
    else:
        return []
    if divisor in valid:
        return []
    return [fields.invalid(path.child("divisor"), resource, f"only divisor's values {shown}")]


def _key_reference(reference: Any, path: Path) -> Errors:
    errors = rules.object_name(reference.get("name", ""), path.child("name"))
    if not reference.get("key"):
        return [*errors, fields.required(path.child("key"))]
    return errors + rules.each(formats.config_map_key, reference["key"], path.child("key"))


def _file_reference(reference: Any, path: Path) -> Errors:
    errors: Errors = []
    if rules.required(reference, "key", path, errors):
        errors += rules.each(formats.relaxed_environment_name, reference["key"], path.child("key"))
    if rules.required(reference, "volumeName", path, errors):
        errors += rules.dns_label(reference["volumeName"], path.child("volumeName"))
    if rules.required(reference, "path", path, errors):
        errors += rules.no_backsteps(reference["path"], path.child("path"))
    return errors


_REFERENCES = {
    "fieldRef": lambda reference, path: field_reference(reference, _FIELDS, path),
    "resourceFieldRef": lambda reference, path: resource_reference(reference, path, volume=False),
    "configMapKeyRef": _key_reference,
    "secretKeyRef": _key_reference,
    "fileKeyRef": _file_reference,
}


def validate_env_from(sources: Sequence[Any], path: Path) -> Errors:
    errors: Errors = []
    for index, source in enumerate(sources):
        where = path.index(index)
        if prefix := source.get("prefix"):
            errors += rules.each(formats.relaxed_environment_name, prefix, where.child("prefix"))
        given = [n for n in ("configMapRef", "secretRef") if source.get(n) is not None]
        for name in given:
            errors += _object_reference(source[name], where.child(name))
        if not given:
            detail = "must specify one of: `configMapRef` or `secretRef`"
            errors.append(fields.invalid(path, "", detail))
        elif len(given) > 1:
            detail = "may not have more than one field specified at a time"
            errors.append(fields.invalid(path, "", detail))
    return errors


def _object_reference(reference: Any, path: Path) -> Errors:
    name = reference.get("name")
    if not name:
        return [fields.required(path.child("name"))]
    return [
        fields.invalid(path.child("name"), name, detail)
        for detail in names.dns_subdomain(name, True)
    ]
