"""PersistentVolumeClaim."""

from typing import Any

from mockapi.machinery.resource import Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import internal, rules
from mockapi.meta import fields as errors_of
from mockapi.meta import quantity
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import fields
from mockapi.resources.pods import quantities
from mockapi.resources.pods.claims import validate_claim_spec
from mockapi.resources.pods.warnings import claim_spec_warnings

Errors = list[FieldError]

SPEC = Path("spec")
_STORAGE_CLASS = "volume.beta.kubernetes.io/storage-class"
_SIZE = SPEC.child("resources", "requests", "storage")
_RESIZES = (
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
    "NodeResizePending",
)


def _drop_disabled(spec: Any, before: Any) -> None:
    reference = spec.get("dataSourceRef")
    if reference and reference.get("namespace") and not before.get("dataSourceRef"):
        del spec["dataSourceRef"]
    in_use = before.get("dataSource") is not None or before.get("dataSourceRef") is not None
    if not in_use and spec.get("dataSourceRef") is None and not _is_known(spec.get("dataSource")):
        spec.pop("dataSource", None)


def _is_known(source: Any) -> bool:
    if source is None:
        return False
    known = (("PersistentVolumeClaim", ""), ("VolumeSnapshot", "snapshot.storage.k8s.io"))
    return (source.get("kind"), source.get("apiGroup") or "") in known


def normalize_data_sources(spec: Any) -> None:
    """dataSource and dataSourceRef say the same; whoever sets one has set both."""
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    names = ("apiGroup", "kind", "name")
    if source is not None and reference is None:
        spec["dataSourceRef"] = {n: source[n] for n in names if n in source}
    elif source is None and reference is not None and not reference.get("namespace"):
        spec["dataSource"] = {n: reference[n] for n in names if n in reference}


def _prepare_create(obj: Obj, context: Context) -> None:
    obj["status"] = {"phase": "Pending"}
    spec = obj["spec"]
    if "dataSource" in spec or "dataSourceRef" in spec:
        _drop_disabled(spec, {})
        normalize_data_sources(spec)


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    spec = obj["spec"]
    if spec is not old["spec"] and ("dataSource" in spec or "dataSourceRef" in spec):
        _drop_disabled(spec, old["spec"])
        normalize_data_sources(spec)


def _validate(obj: Obj) -> Errors:
    return validate_claim_spec(obj["spec"], SPEC)


def _size(holder: Any, *path: str) -> quantity.Quantity:
    for step in path:
        holder = (holder or {}).get(step)
    return quantity.parse((holder or {}).get("storage") or "0")


def _validate_update(obj: Obj, old: Obj) -> Errors:
    errors = _class_annotation(obj, old)
    if _full(obj["spec"]) == _full(old["spec"]):
        return errors
    errors = validate_claim_spec(obj["spec"], SPEC) + errors
    now, was = _comparable(obj, old)
    if _full(now) != _full(was):
        changes = internal.diff("core.PersistentVolumeClaimSpec", was, now)
        detail = (
            "spec is immutable after creation except resources.requests and "
            f"volumeAttributesClassName for bound claims\n{changes}"
        )
        errors.append(errors_of.forbidden(SPEC, detail))
    errors += _shrinking(obj, old)
    spec, before = obj["spec"], old["spec"]
    errors += rules.immutable(spec.get("volumeMode"), before.get("volumeMode"), Path("volumeMode"))
    return errors + _attributes_class(spec, before, old)


def _upgrades_annotation(obj: Obj, old: Obj) -> bool:
    """The class moves from the old annotation to the field."""
    before = (old["metadata"].get("annotations") or {}).get(_STORAGE_CLASS)
    now = (obj["metadata"].get("annotations") or {}).get(_STORAGE_CLASS, before)
    if before is None or old["spec"].get("storageClassName") is not None:
        return False
    return bool(obj["spec"].get("storageClassName") == before == now)


def _class_annotation(obj: Obj, old: Obj) -> Errors:
    now = (obj["metadata"].get("annotations") or {}).get(_STORAGE_CLASS, "")
    before = (old["metadata"].get("annotations") or {}).get(_STORAGE_CLASS, "")
    if now == before or _upgrades_annotation(obj, old):
        return []
    path = Path("metadata", "annotations").child(_STORAGE_CLASS)
    return [errors_of.invalid(path, now, "field is immutable")]


def _comparable(obj: Obj, old: Obj) -> tuple[Any, Any]:
    """Both specs, with what may change made equal."""
    now, was = dict(obj["spec"]), dict(old["spec"])
    normalize_data_sources(was)
    if not was.get("volumeName") and "volumeName" in now:
        was["volumeName"] = now["volumeName"]
    annotation = (old["metadata"].get("annotations") or {}).get(_STORAGE_CLASS)
    name = now.get("storageClassName")
    if was.get("storageClassName") is None and name is not None and annotation in (None, name):
        now.pop("storageClassName")
    if (obj.get("status") or {}).get("phase") == "Bound":
        resources = dict(now.get("resources") or {})
        if resources.get("requests") is not None:
            size = ((was.get("resources") or {}).get("requests") or {}).get("storage", "0")
            resources["requests"] = {**resources["requests"], "storage": size}
            now["resources"] = resources
        now.pop("volumeAttributesClassName", None)
        if "volumeAttributesClassName" in was:
            now["volumeAttributesClassName"] = was["volumeAttributesClassName"]
    return now, was


def _full(spec: Any) -> Any:
    """Without empty lists and maps, which count as none when specs are compared."""
    out = {key: value for key, value in spec.items() if key != "accessModes" or value}
    for part in ("resources", "selector"):
        if out.get(part):
            out[part] = {key: value for key, value in out[part].items() if value}
    return out


def _shrinking(obj: Obj, old: Obj) -> Errors:
    now = _size(obj, "spec", "resources", "requests")
    if now.cmp(_size(old, "spec", "resources", "requests")) >= 0:
        return []
    if now.cmp(_size(old, "status", "capacity")) > 0:
        return []
    return [errors_of.forbidden(_SIZE, "field can not be less than status.capacity")]


def _attributes_class(spec: Any, before: Any, old: Obj) -> Errors:
    name = "volumeAttributesClassName"
    if spec.get(name) == before.get(name):
        return []
    if (old.get("status") or {}).get("currentVolumeAttributesClassName") is None:
        return []
    if spec.get(name):
        return []
    what = "nil" if spec.get(name) is None else "empty string"
    detail = (
        f"update to {what} is forbidden when status.currentVolumeAttributesClassName is not nil"
    )
    return [errors_of.forbidden(SPEC.child(name), detail)]


def _prepare_status(obj: Obj, old: Obj, context: Context) -> None:
    (obj.get("status") or {}).pop("healthStatus", None)


def _validate_status(obj: Obj, old: Obj) -> Errors:
    status = obj.get("status") or {}
    errors: Errors = []
    path = Path("status", "capacity")
    for name, value in (status.get("capacity") or {}).items():
        errors += _basic(value, path.key(name))
    path = Path("status", "allocatedResourceStatuses")
    for name, value in (status.get("allocatedResourceStatuses") or {}).items():
        errors += _resource_key(name, path)
        if value not in _RESIZES:
            errors.append(errors_of.not_supported(path, name, _RESIZES))
    path = Path("status", "allocatedResources")
    for name, value in (status.get("allocatedResources") or {}).items():
        errors += _resource_key(name, path) or _basic(value, path.key(name))
    return errors


def _basic(value: str, path: Path) -> Errors:
    amount = quantity.parse(value).value()
    if amount >= 0:
        return []
    return [errors_of.invalid(path, amount, "must be a valid resource quantity")]


def _resource_key(name: str, path: Path) -> Errors:
    if errors := rules.qualified_name(name, path):
        return errors
    if quantities.is_native(name) and name != "storage":
        return [errors_of.not_supported(path, name, ("storage",))]
    return []


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    found = []
    if _STORAGE_CLASS in (obj["metadata"].get("annotations") or {}):
        found.append(
            f"metadata.annotations[{_STORAGE_CLASS}]: deprecated since v1.8; use "
            '"storageClassName" attribute instead'
        )
    return [*found, *claim_spec_warnings(obj["spec"], SPEC)]


STRATEGY = Strategy(
    group="",
    kind="PersistentVolumeClaim",
    judges_emptied=True,
    settles=lambda obj: True,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    validate=_validate,
    validate_update=_validate_update,
    warnings=_warnings,
    has_status=True,
    status=StatusStrategy(prepare_update=_prepare_status, validate_update=_validate_status),
    selectable={"name": fields.text("metadata", "name")},
)
