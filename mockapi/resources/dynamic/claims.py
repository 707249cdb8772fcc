"""What a claim asks for: requests, constraints, configuration."""

import json
import re
from collections.abc import Sequence
from typing import Any

from mockapi.machinery.cel import compiling
from mockapi.machinery.resource import Obj
from mockapi.machinery.validation import declared, formats, metadata, rules
from mockapi.meta import fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.dynamic import formats as own
from mockapi.resources.dynamic.formats import items

Errors = list[FieldError]

EFFECTS = ("NoExecute", "NoSchedule", "None")
_OPERATORS = ("Equal", "Exists")
_MODES = ("All", "ExactCount")
MOST = 32
_MOST_CHOICES = 8
_LONGEST = 10 * 1024
_DEVICE_FIELD = re.compile(r"(?<![\w.])device\.([A-Za-z_]\w*)")
_DEVICE_FIELDS = ("driver", "attributes", "capacity", "allowMultipleAllocations")
_ADMIN = "resource.kubernetes.io/admin-access"
_NO_REFERENCE = (
    "must be the name of a request in the claim or the name of a request and a subrequest "
    "separated by '/'"
)
_ONE_KIND = "exactly one of `exactly` or `firstAvailable` is required"

Names = dict[str, frozenset[str]]


def request_names(devices: Obj) -> Names:
    return {
        request.get("name", ""): frozenset(
            choice.get("name", "") for choice in request.get("firstAvailable") or ()
        )
        for request in devices.get("requests") or ()
    }


def validate(devices: Obj, path: Path) -> Errors:
    names = request_names(devices)
    errors = items(devices.get("requests"), MOST, _request, path.child("requests"), key=_name)
    errors += items(
        devices.get("constraints"),
        MOST,
        lambda constraint, where: _constraint(constraint, where, names),
        path.child("constraints"),
    )
    return errors + items(
        devices.get("config"),
        MOST,
        lambda config, where: (
            references(config.get("requests"), where.child("requests"), names)
            + configuration(config, where)
        ),
        path.child("config"),
    )


def _name(holder: Obj) -> str:
    return str(holder.get("name", ""))


def _request(request: Obj, path: Path) -> Errors:
    errors = rules.dns_label(request.get("name", ""), path.child("name"))
    choices: Any = request.get("firstAvailable")
    exactly: Any = request.get("exactly")
    if not choices and exactly is None:
        return [*errors, fields.required(path, _ONE_KIND)]
    if choices and exactly is not None:
        detail = f"{_ONE_KIND}, but multiple fields are set"
        return [*errors, fields.invalid(path, None, detail)]
    if choices:
        where = path.child("firstAvailable")
        return errors + items(choices, _MOST_CHOICES, _choice, where, key=_name)
    where, name = path.child("exactly"), exactly.get("deviceClassName", "")
    errors += _class_name(name, where.child("deviceClassName"))
    return errors + _asked(exactly, where)


def _choice(choice: Obj, path: Path) -> Errors:
    errors = rules.dns_label(choice.get("name", ""), path.child("name"))
    name = choice.get("deviceClassName", "")
    errors += declared.covered(_class_name(name, path.child("deviceClassName")))
    return errors + _asked(choice, path)


def _class_name(name: str, path: Path) -> Errors:
    if not name:
        return [fields.required(path)]
    return declared.by("format=k8s-long-name", rules.dns_subdomain(name, path))


def _asked(asked: Obj, path: Path) -> Errors:
    errors = items(asked.get("selectors"), MOST, selector, path.child("selectors"))
    mode, count = asked.get("allocationMode", ""), asked.get("count", 0)
    where = path.child("count")
    if mode == "All":
        if count:
            detail = "must not be specified when allocationMode is 'All'"
            errors.append(fields.invalid(where, count, detail))
    elif mode == "ExactCount":
        if count <= 0:
            errors.append(fields.invalid(where, count, "must be greater than zero"))
    else:
        errors += declared.covered(rules.one_of(mode, path.child("allocationMode"), _MODES))
    for index, given in enumerate(asked.get("tolerations") or ()):
        errors += toleration(given, path.child("tolerations").index(index))
    return errors


def selector(given: Obj, path: Path) -> Errors:
    expression = (given.get("cel") or {}).get("expression", "")
    if given.get("cel") is None:
        return [fields.required(path.child("cel"))]
    where = path.child("cel", "expression")
    if formats.size(expression) > _LONGEST:
        return [fields.too_long(where, _LONGEST)]
    error = _cel_error(expression)
    return [fields.invalid(where, expression, error)] if error else []


def _cel_error(expression: str) -> str:
    names = compiling.Names(free=("device",))
    if error := compiling.compile_error(expression, names, ()):
        return error if expression else error.replace("<input>:1:1:", "<input>:1:0:")
    if compiling.is_available():
        for found in _DEVICE_FIELD.finditer(compiling.without_strings(expression)):
            if found[1] not in _DEVICE_FIELDS:
                at = found.start(1) - 1
                text = compiling.pointing(expression, at, f"undefined field '{found[1]}'")
                return f"compilation failed: {text}"
    wrong = compiling.compile_error(expression, names, ("bool",))
    if not wrong or wrong.endswith("dyn"):
        return ""
    return f"must evaluate to bool or the unknown type, not {wrong.rpartition(' ')[2]}"


def toleration(given: Obj, path: Path) -> Errors:
    errors: Errors = []
    if key := given.get("key"):
        errors += declared.covered(
            metadata.validate_label_name(key, path.child("key")), "format=k8s-label-key"
        )
    operator, value, where = given.get("operator", ""), given.get("value", ""), path.child("value")
    if operator == "Exists":
        if value:
            detail = "must be empty for operator `Exists`"
            errors.append(fields.invalid(where, value, detail))
    elif operator == "Equal":
        errors += own.label_value(value, where)
    elif not operator:
        errors += declared.covered([fields.required(path.child("operator"))])
    else:
        errors += declared.covered(rules.one_of(operator, path.child("operator"), _OPERATORS))
    if effect := given.get("effect"):
        errors += declared.covered(rules.one_of(effect, path.child("effect"), EFFECTS))
    return errors


def taint(given: Obj, path: Path, old: Obj | None = None) -> Errors:
    errors = metadata.validate_label_name(given.get("key", ""), path.child("key"))
    if given.get("value"):
        errors += own.label_value(given["value"], path.child("value"))
    effect, where = given.get("effect", ""), path.child("effect")
    if old is None or old.get("effect", "") != effect:
        wrong = rules.one_of(effect, where, EFFECTS) if effect else [fields.required(where)]
        errors += declared.covered(wrong)
    return errors


def _constraint(constraint: Obj, path: Path, names: Names) -> Errors:
    errors = references(constraint.get("requests"), path.child("requests"), names)
    for name in ("matchAttribute", "distinctAttribute"):
        if constraint.get(name) is not None:
            return errors + declared.covered(own.full_name(constraint[name], path.child(name)))
    detail = (
        'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields '
        "are set"
    )
    return [*errors, fields.required(path, detail)]


def references(given: Sequence[str] | None, path: Path, names: Names) -> Errors:
    return items(
        given, MOST, lambda name, where: reference(name, where, names), path, key=lambda name: name
    )


def reference(name: str, path: Path, names: Names) -> Errors:
    parts = name.split("/")
    if len(parts) > 2:
        return [fields.invalid(path, name, _NO_REFERENCE)]
    errors: Errors = []
    for part in parts:
        errors += rules.dns_label(part, path)
    request, *choice = parts
    known = names.get(request)
    if known is None or (choice and choice[0] not in known):
        errors.append(fields.invalid(path, name, _NO_REFERENCE))
    return errors


def configuration(config: Obj, path: Path, *, is_stored: bool = False) -> Errors:
    where = path.child("opaque")
    if (opaque := config.get("opaque")) is None:
        return [fields.required(where)]
    errors = declared.covered(rules.csi_driver_name(opaque.get("driver"), where.child("driver")))
    parameters = opaque.get("parameters")
    return errors + raw(parameters, where.child("parameters"), is_stored=is_stored)


def raw(given: Any, path: Path, *, is_stored: bool = False) -> Errors:
    if given is None:
        return [fields.required(path)]
    text = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
    if not is_stored and formats.size(text) > _LONGEST:
        return [fields.too_long(path, _LONGEST)]
    if isinstance(given, dict):
        return []
    return [fields.invalid(path, "<value omitted>", "must be a valid JSON object")]


def drop_disabled(devices: Obj) -> None:
    """Attributes may be derived by nobody yet."""
    for request in devices.get("requests") or ():
        for asked in (request.get("exactly") or {}, *(request.get("firstAvailable") or ())):
            asked.pop("derivedAttributes", None)


def admin_access(devices: Obj, labels: Any) -> Errors:
    """Requests for administrators are for namespaces that are labelled so."""
    for index, request in enumerate(devices.get("requests") or ()):
        if (request.get("exactly") or {}).get("adminAccess"):
            path = Path("spec", "devices", "requests").index(index).child("adminAccess")
            return no_admin(path, labels)
    return []


def no_admin(path: Path, labels: Any) -> Errors:
    if (labels or {}).get(_ADMIN) == "true":
        return []
    detail = (
        f"admin access to devices requires the `{_ADMIN}: true` label on the containing namespace"
    )
    return [fields.forbidden(path, detail)]
