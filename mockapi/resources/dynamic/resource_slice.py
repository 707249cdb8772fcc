"""ResourceSlice."""

from typing import Any

from mockapi.machinery.resource import Context, Obj, Strategy
from mockapi.machinery.validation import internal, rules
from mockapi.meta import fields as errors_of
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import fields
from mockapi.resources.dynamic import capacities, declarations, devices
from mockapi.resources.dynamic import formats as own
from mockapi.resources.pods import placement

Errors = list[FieldError]

_SPEC = Path("spec")
_MOST_DEVICES = 128
_MOST_ADVANCED = 64
_MOST_COUNTERS = 8
_PLACES = (
    "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
)


def _drop_disabled(obj: Obj) -> None:
    spec = obj.get("spec") or {}
    for name in ("partitionTypeAttribute", "skipNodeOperations"):
        spec.pop(name, None)
    for device in spec.get("devices") or ():
        devices.drop_disabled(device)


def _check(obj: Obj, old: Obj | None) -> Errors:
    spec = obj.get("spec") or {}
    before = ((old or {}).get("spec") or {}) if old is not None else None
    errors = rules.csi_driver_name(spec.get("driver"), _SPEC.child("driver"))
    errors += _pool(spec.get("pool") or {}, _SPEC.child("pool"))
    if before is not None:
        names = [(part.get("pool") or {}).get("name", "") for part in (spec, before)]
        errors += rules.immutable(names[0], names[1], _SPEC.child("pool", "name"))
        for name, empty in (("driver", ""), ("nodeName", None)):
            new, was = spec.get(name, empty), before.get(name, empty)
            errors += rules.immutable(new, was, _SPEC.child(name))
    errors += _places(spec)
    if "sharedCounters" in spec and "devices" in spec:
        detail = "only one of `sharedCounters` or `devices` is allowed"
        errors.append(errors_of.invalid(_SPEC, "", detail))
    errors += _devices(spec, before)
    errors += own.items(
        spec.get("sharedCounters"),
        _MOST_COUNTERS,
        capacities.counter_set,
        _SPEC.child("sharedCounters"),
        key=lambda given: given.get("name", ""),
    )
    return declarations.TABLES.settle(errors, "ResourceSliceSpec", spec, before, _SPEC)


def _pool(pool: Obj, path: Path) -> Errors:
    errors = own.pool_name(pool.get("name", ""), path.child("name"))
    if (count := pool.get("resourceSliceCount", 0)) <= 0:
        where = path.child("resourceSliceCount")
        errors.append(errors_of.invalid(where, count, "must be greater than zero"))
    if (generation := pool.get("generation", 0)) < 0:
        detail = "must be greater than or equal to zero"
        errors.append(errors_of.invalid(path.child("generation"), generation, detail))
    return errors


def _places(spec: Obj) -> Errors:
    errors: Errors = []
    chosen: list[str] = []
    if (name := spec.get("nodeName")) is not None:
        where = _SPEC.child("nodeName")
        if name:
            chosen.append("`nodeName`")
            errors += rules.dns_subdomain(name, where)
        else:
            detail = "must be either unset or set to a non-empty string"
            errors.append(errors_of.invalid(where, name, detail))
    if (selector := spec.get("nodeSelector")) is not None:
        chosen.append("`nodeSelector`")
        where = _SPEC.child("nodeSelector")
        errors += placement.validate_node_selector(selector, where)
        terms = selector.get("nodeSelectorTerms")
        if len(terms or ()) != 1:
            shown = internal.shown("[core.NodeSelectorTerm", terms)
            detail = "must have exactly one node selector term"
            errors.append(errors_of.invalid(where.child("nodeSelectorTerms"), shown, detail))
    for name in ("allNodes", "perDeviceNodeSelection"):
        if spec.get(name):
            chosen.append(f"`{name}`")
        elif spec.get(name) is not None:
            detail = "must be either unset or set to true"
            errors.append(errors_of.invalid(_SPEC.child(name), False, detail))
    if not chosen:
        errors.append(errors_of.required(_SPEC, _PLACES))
    elif len(chosen) > 1:
        detail = f"{_PLACES}, but multiple fields are set"
        errors.append(errors_of.invalid(_SPEC, f"{{{', '.join(chosen)}}}", detail))
    return errors


def _devices(spec: Obj, before: Obj | None) -> Errors:
    given = spec.get("devices") or []
    old = {device.get("name", ""): device for device in (before or {}).get("devices") or ()}
    advanced = any(device.get("taints") or device.get("consumesCounters") for device in given)

    def judge(device: Any, path: Path) -> Errors:
        was = old.get(device.get("name", ""))
        per_device = bool(spec.get("perDeviceNodeSelection"))
        return devices.device(device, was, path, per_device=per_device)

    return own.items(
        given,
        _MOST_ADVANCED if advanced else _MOST_DEVICES,
        judge,
        _SPEC.child("devices"),
        covers=False,
        key=lambda device: device.get("name", ""),
    )


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    driver = (obj.get("spec") or {}).get("driver", "")
    if driver == driver.lower():
        return []
    text = "spec.driver: driver names should be lowercase; "
    return [f'{text}"{driver}" contains uppercase characters']


def _prepare_create(obj: Obj, context: Context) -> None:
    _drop_disabled(obj)


STRATEGY = Strategy(
    group="resource.k8s.io",
    kind="ResourceSlice",
    judges_emptied=True,
    prepare_create=_prepare_create,
    prepare_update=lambda obj, old, context: _drop_disabled(obj),
    validate=lambda obj: _check(obj, None),
    validate_update=_check,
    warnings=_warnings,
    has_generation=True,
    counts_as_sent=True,
    selectable={
        "spec.nodeName": fields.text("spec", "nodeName"),
        "spec.driver": fields.text("spec", "driver"),
        "spec.pool.name": fields.text("spec", "pool", "name"),
    },
)
