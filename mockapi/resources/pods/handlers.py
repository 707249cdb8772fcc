"""Probes and lifecycle hooks."""

from collections.abc import Callable, Mapping
from typing import Any

from mockapi.machinery.validation import formats, rules
from mockapi.meta import fields
from mockapi.meta.fields import Path

Errors = rules.Errors

_SCHEMES = ("HTTP", "HTTPS")
_COUNTERS = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
)


def _exec(action: Any, path: Path) -> Errors:
    return [] if action.get("command") else [fields.required(path.child("command"))]


def _http_get(action: Any, path: Path) -> Errors:
    errors: Errors = []
    rules.required(action, "path", path, errors)
    errors += rules.port_number_or_name(action.get("port", 0), path.child("port"))
    errors += rules.one_of(action.get("scheme", ""), path.child("scheme"), _SCHEMES)
    for header in action.get("httpHeaders") or ():
        name = header.get("name", "")
        errors += rules.each(formats.http_header_name, name, path.child("httpHeaders"))
    return errors


def _port(action: Any, path: Path) -> Errors:
    return rules.port_number_or_name(action.get("port", 0), path.child("port"))


_RULES: Mapping[str, Callable[[Any, Path], Errors]] = {
    "exec": _exec,
    "httpGet": _http_get,
    "tcpSocket": _port,
    "grpc": _port,
}


def _sleep(action: Any, grace_period: int | None, path: Path) -> Errors:
    seconds = action.get("seconds", 0)
    if grace_period is None or 0 <= seconds <= grace_period:
        return []
    detail = f"must be non-negative and less than terminationGracePeriodSeconds ({grace_period})"
    return [fields.invalid(path, seconds, detail)]


def validate_handler(handler: Any, grace_period: int | None, path: Path) -> Errors:
    errors: Errors = []
    count = 0
    for name in ("exec", "httpGet", "tcpSocket", "grpc", "sleep"):
        action = handler.get(name)
        if action is None:
            continue
        count += 1
        where = path.child(name)
        if count > 1:
            errors.append(fields.forbidden(where, "may not specify more than 1 handler type"))
        elif name == "sleep":
            errors += _sleep(action, grace_period, where)
        else:
            errors += _RULES[name](action, where)
    if not count:
        errors.append(fields.required(path, "must specify a handler type"))
    return errors


def validate_lifecycle(lifecycle: Any, grace_period: int | None, path: Path) -> Errors:
    errors: Errors = []
    for name in ("postStart", "preStop"):
        if lifecycle.get(name) is not None:
            errors += validate_handler(lifecycle[name], grace_period, path.child(name))
    return errors


def _probe(probe: Any, grace_period: int | None, path: Path) -> Errors:
    errors = validate_handler(probe, grace_period, path)
    for name in _COUNTERS:
        if probe.get(name, 0) < 0:
            errors += rules.not_negative(probe[name], path.child(name))
    seconds = probe.get("terminationGracePeriodSeconds")
    if seconds is not None and seconds <= 0:
        where = path.child("terminationGracePeriodSeconds")
        errors.append(fields.invalid(where, seconds, "must be greater than 0"))
    return errors


def validate_probes(container: Any, grace_period: int | None, path: Path) -> Errors:
    """Liveness, readiness and startup probe, in this order."""
    errors: Errors = []
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if probe is None:
            continue
        where = path.child(name)
        errors += _probe(probe, grace_period, where)
        if name == "readinessProbe":
            seconds = probe.get("terminationGracePeriodSeconds")
            if seconds is not None:
                where = where.child("terminationGracePeriodSeconds")
                detail = "must not be set for readinessProbes"
                errors.append(fields.invalid(where, seconds, detail))
        elif probe.get("successThreshold", 0) != 1:
            threshold = probe.get("successThreshold", 0)
            where = where.child("successThreshold")
            errors.append(fields.invalid(where, threshold, "must be 1"))
    return errors
