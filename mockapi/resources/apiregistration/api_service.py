"""APIService."""

import base64
from typing import Any

from mockapi.machinery.resource import Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import formats, metadata, names, rules
from mockapi.machinery.validation.names import NameRule
from mockapi.meta import fields, gofmt
from mockapi.meta.fields import FieldError, Path

Errors = list[FieldError]

_SPEC = Path("spec")
_HIGHEST = {"groupPriorityMinimum": 20000, "versionPriority": 1000}
_STATUSES = ("True", "False", "Unknown")


def _name_rule(obj: Obj) -> NameRule:
    spec = obj["spec"]
    needed = f"{spec.get('version', '')}.{spec.get('group', '')}"

    def rule(name: str, prefix: bool) -> list[str]:
        if details := names.path_segment(name, prefix):
            return details
        if name == needed:
            return []
        return [f'must be `spec.version+"."+spec.group`: {gofmt.quote(needed)}']

    return rule


def _validate(obj: Obj) -> Errors:
    spec = obj["spec"]
    group, version = spec.get("group", ""), spec.get("version", "")
    errors: Errors = []
    if not group and version != "v1":
        detail = "only v1 may have an empty group and it better be legacy kube"
        errors.append(fields.required(_SPEC.child("group"), detail))
    if group:
        errors += rules.dns_subdomain(group, _SPEC.child("group"))
    errors += rules.each(formats.dns1035_label, version, _SPEC.child("version"))
    for name, highest in _HIGHEST.items():
        value = spec.get(name, 0)
        if not 0 < value <= highest:
            detail = f"must be positive and less than {highest}"
            errors.append(fields.invalid(_SPEC.child(name), value, detail))
    return errors + (_local(spec) if spec.get("service") is None else _remote(spec))


def _local(spec: Any) -> Errors:
    errors: Errors = []
    if bundle := spec.get("caBundle"):
        shown = f"{len(base64.b64decode(bundle))} bytes"
        detail = "local APIServices may not have a caBundle"
        errors.append(fields.invalid(_SPEC.child("caBundle"), shown, detail))
    if spec.get("insecureSkipTLSVerify"):
        where, name = _SPEC.child("insecureSkipTLSVerify"), "insecureSkipTLSVerify"
        errors.append(fields.invalid(where, True, f"local APIServices may not have {name}"))
    return errors


def _remote(spec: Any) -> Errors:
    service, path = spec["service"], _SPEC.child("service")
    errors: Errors = []
    for name in ("namespace", "name"):
        rules.required(service, name, path, errors)
    port = service.get("port", 0)
    if details := formats.port_number(port):
        detail = f"port is not valid: {', '.join(details)}"
        errors.append(fields.invalid(path.child("port"), port, detail))
    if spec.get("insecureSkipTLSVerify") and spec.get("caBundle"):
        where = _SPEC.child("insecureSkipTLSVerify")
        errors.append(fields.invalid(where, True, "may not be true if caBundle is present"))
    return errors


def _validate_update(obj: Obj, old: Obj) -> Errors:
    rule = _name_rule(obj)
    own = metadata.validate_object_meta(obj["metadata"], namespaced=False, validate_name=rule)
    return own + _validate(obj)


def _validate_status(obj: Obj, old: Obj) -> Errors:
    errors: Errors = []
    for index, condition in enumerate((obj.get("status") or {}).get("conditions") or ()):
        path = Path("status", "conditions").index(index).child("status")
        errors += rules.one_of(condition.get("status", ""), path, _STATUSES)
    return errors


def _prepare_create(obj: Obj, context: Context) -> None:
    """Those of this server are available at once."""
    if not obj["spec"].get("service"):
        available = {
            "type": "Available",
            "status": "True",
            "lastTransitionTime": context.now,
            "reason": "Local",
            "message": "Local APIServices are always available",
        }
        obj["status"] = {"conditions": [available]}


STRATEGY = Strategy(
    group="apiregistration.k8s.io",
    kind="APIService",
    name_rule=_name_rule,
    repeats_errors=True,
    prepare_create=_prepare_create,
    validate=_validate,
    validate_update=_validate_update,
    has_status=True,
    status=StatusStrategy(
        validate_update=_validate_status,
        kept_metadata=("labels", "annotations", "finalizers", "ownerReferences"),
    ),
    unconditional_update=False,
)
