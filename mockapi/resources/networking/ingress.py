"""Ingress."""

from typing import Any

from mockapi.machinery.resource import Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import addresses, formats, names, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_SPEC = Path("spec")
_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_BAD_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
_BAD_ENDS = ("/..", "/.")
_NOT_A_NAME = "must be a DNS name, not an IP address"
_ABSOLUTE = "must be an absolute path"


def _host(host: str, path: Path) -> Errors:
    judge = formats.wildcard_dns1123_subdomain if "*" in host else formats.dns1123_subdomain
    return rules.each(judge, host, path)


def _reference(reference: Any, path: Path) -> Errors:
    errors: Errors = []
    if "apiGroup" in reference:
        errors += rules.dns_subdomain(reference["apiGroup"], path.child("apiGroup"))
    for name in ("kind", "name"):
        if rules.required(reference, name, path, errors):
            for detail in names.path_segment(reference[name], False):
                errors.append(fields.invalid(path.child(name), reference[name], detail))
    return errors


def _service(service: Any, path: Path) -> Errors:
    where = path.child("service")
    errors: Errors = []
    if rules.required(service, "name", where, errors):
        for detail in names.dns_label(service["name"], False):
            errors.append(fields.invalid(where.child("name"), service["name"], detail))
    port = service.get("port") or {}
    name, number = port.get("name"), port.get("number")
    if name and number:
        errors.append(fields.invalid(path, "", "cannot set both port name & port number"))
    elif name:
        errors += rules.each(formats.port_name, name, where.child("port", "name"))
    elif number:
        errors += rules.port_number(number, where.child("port", "number"))
    else:
        errors.append(fields.required(path, "port name or number is required"))
    return errors


def _backend(backend: Any, path: Path) -> Errors:
    resource, service = backend.get("resource"), backend.get("service")
    if resource is not None and service is not None:
        return [fields.invalid(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return _reference(resource, path.child("resource"))
    if service is not None:
        return _service(service, path)
    return [fields.invalid(path, "", "resource or service backend is required")]


def _exact(text: str, path: Path) -> Errors:
    details = [] if text.startswith("/") else [_ABSOLUTE]
    details += [f"must not contain '{bad}'" for bad in _BAD_SEQUENCES if bad in text]
    details += [f"cannot end with '{bad}'" for bad in _BAD_ENDS if text.endswith(bad)]
    return [fields.invalid(path, text, detail) for detail in details]


def _path(entry: Any, path: Path) -> Errors:
    kind, text, where = entry.get("pathType"), entry.get("path", ""), path.child("path")
    if kind is None:
        return [fields.required(path.child("pathType"), "pathType must be specified")]
    errors: Errors = []
    if kind in ("Exact", "Prefix"):
        errors += _exact(text, where)
    elif kind == "ImplementationSpecific":
        if text and not text.startswith("/"):
            errors.append(fields.invalid(where, text, _ABSOLUTE))
    else:
        errors.append(fields.not_supported(path.child("pathType"), kind, _PATH_TYPES))
    return errors + _backend(entry.get("backend") or {}, path.child("backend"))


def _rule(rule: Any, path: Path) -> Errors:
    errors: Errors = []
    if host := rule.get("host"):
        if addresses.parse_sloppy(host) is not None:
            errors.append(fields.invalid(path.child("host"), host, _NOT_A_NAME))
        errors += _host(host, path.child("host"))
    http = rule.get("http")
    if http is None:
        return errors
    where = path.child("http", "paths")
    paths = http.get("paths") or ()
    if not paths:
        errors.append(fields.required(where))
    for index, entry in enumerate(paths):
        errors += _path(entry, where.index(index))
    return errors


def _tls(tls: Any, path: Path) -> Errors:
    errors: Errors = []
    for index, host in enumerate(tls.get("hosts") or ()):
        errors += _host(host, path.child("hosts").index(index))
    if name := tls.get("secretName"):
        errors += rules.object_name(name, path.child("secretName"))
    return errors


def _check(obj: Obj) -> Errors:
    spec = obj.get("spec") or {}
    errors: Errors = []
    if not spec.get("rules") and "defaultBackend" not in spec:
        detail = "either `defaultBackend` or `rules` must be specified"
        errors.append(fields.invalid(_SPEC, spec.get("rules"), detail))
    if "defaultBackend" in spec:
        errors += _backend(spec["defaultBackend"], _SPEC.child("defaultBackend"))
    for index, rule in enumerate(spec.get("rules") or ()):
        errors += _rule(rule, _SPEC.child("rules").index(index))
    for index, tls in enumerate(spec.get("tls") or ()):
        errors += _tls(tls, _SPEC.child("tls").index(index))
    if "ingressClassName" in spec:
        errors += rules.object_name(spec["ingressClassName"], _SPEC.child("ingressClassName"))
    return errors


def _annotated_class(obj: Obj) -> str | None:
    value: str | None = (obj["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION)
    return value


def _validate(obj: Obj) -> Errors:
    errors = _check(obj)
    annotated, named = _annotated_class(obj), (obj.get("spec") or {}).get("ingressClassName")
    if annotated is not None and named is not None and annotated != named:
        where = Path("annotations").child(CLASS_ANNOTATION)
        detail = "must match `ingressClassName` when both are specified"
        errors.append(fields.invalid(where, annotated, detail))
    return errors


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    if old is not None or _annotated_class(obj) is None or "ingressClassName" in obj["spec"]:
        return []
    advice = "please use 'spec.ingressClassName' instead"
    return [f'annotation "{CLASS_ANNOTATION}" is deprecated, {advice}']


def _ingress_points(obj: Obj) -> list[Any]:
    points = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    return points or []


def _validate_status(obj: Obj, old: Obj) -> Errors:
    known = tuple(point["ip"] for point in _ingress_points(old) if point.get("ip"))
    errors: Errors = []
    for index, point in enumerate(_ingress_points(obj)):
        path = Path("status", "loadBalancer", "ingress").index(index)
        if ip := point.get("ip"):
            errors += addresses.validate_ip(ip, path.child("ip"), old=known)
        if host := point.get("hostname"):
            errors += rules.dns_subdomain(host, path.child("hostname"))
            if addresses.parse_sloppy(host) is not None:
                errors.append(fields.invalid(path.child("hostname"), host, _NOT_A_NAME))
    return errors


STRATEGY = Strategy(
    group="networking.k8s.io",
    kind="Ingress",
    validate=_validate,
    validate_update=lambda obj, old: _check(obj),
    warnings=_warnings,
    has_generation=True,
    has_status=True,
    status=StatusStrategy(validate_update=_validate_status),
)
