"""PersistentVolume."""

import posixpath
from collections.abc import Mapping
from typing import Any

from mockapi.machinery.resource import Context, Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import internal, rules
from mockapi.meta import fields as errors_of
from mockapi.meta import quantity
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import fields, node_labels
from mockapi.resources.pods import claims, placement
from mockapi.resources.pods import volume_sources as sources

Errors = list[FieldError]

SPEC = Path("spec")
_RECLAIM = ("Delete", "Recycle", "Retain")
_MOUNT_OPTIONS = "volume.beta.kubernetes.io/mount-options"
_STORAGE_CLASS = "volume.beta.kubernetes.io/storage-class"


def _csi(source: Any, path: Path) -> Errors:
    errors = rules.csi_driver_name(source.get("driver"), path.child("driver"))
    rules.required(source, "volumeHandle", path, errors)
    for name in (
        "controllerPublishSecretRef",
        "controllerExpandSecretRef",
        "nodePublishSecretRef",
        "nodeExpandSecretRef",
    ):
        if source.get(name) is not None:
            errors += _secret(source[name], path.child(name))
    return errors


def _secret(reference: Any, path: Path) -> Errors:
    errors: Errors = []
    if rules.required(reference, "name", path, errors):
        errors += rules.dns_subdomain(reference["name"], path.child("name"))
    if rules.required(reference, "namespace", path, errors):
        errors += rules.dns_label(reference["namespace"], path.child("namespace"))
    return errors


_SOURCES: Mapping[str, tuple[str, sources.Rule]] = {
    "hostPath": ("hostPath", sources.host_path),
    "gcePersistentDisk": ("persistentDisk", sources.gce_persistent_disk),
    "awsElasticBlockStore": ("awsElasticBlockStore", sources.aws_elastic_block_store),
    "glusterfs": ("glusterfs", sources.glusterfs_persistent),
    "flocker": ("flocker", sources.flocker),
    "nfs": ("nfs", sources.nfs),
    "rbd": ("rbd", sources.rbd),
    "quobyte": ("quobyte", sources.quobyte),
    "cephfs": ("cephfs", sources.cephfs),
    "iscsi": ("iscsi", sources.iscsi),
    "cinder": ("cinder", sources.cinder_persistent),
    "fc": ("fc", sources.fc),
    "flexVolume": ("flexVolume", sources.flex_volume),
    "azureFile": ("azureFile", sources.azure_file_persistent),
    "vsphereVolume": ("vsphereVolume", sources.vsphere),
    "photonPersistentDisk": ("photonPersistentDisk", sources.photon),
    "portworxVolume": ("portworxVolume", sources.portworx),
    "azureDisk": ("azureDisk", sources.azure_disk),
    "scaleIO": ("scaleIO", sources.scale_io),
    "local": ("local", sources.local),
    "storageos": ("storageos", sources.storage_os_persistent),
    "csi": ("csi", _csi),
}
_WITH_MOUNT_OPTIONS = frozenset(
    (
        "gcePersistentDisk",
        "awsElasticBlockStore",
        "glusterfs",
        "nfs",
        "rbd",
        "quobyte",
        "iscsi",
        "cinder",
        "cephfs",
        "azureFile",
        "vsphereVolume",
        "azureDisk",
        "photonPersistentDisk",
    )
)


def validate_spec(spec: Any, name: str, path: Path) -> Errors:
    """Of a PersistentVolume called `name`."""
    errors: Errors = []
    modes = spec.get("accessModes") or ()
    if not modes:
        errors.append(errors_of.required(path.child("accessModes")))
    errors += claims.access_modes(modes, path.child("accessModes"))
    errors += _capacity(spec.get("capacity"), path.child("capacity"))
    if policy := spec.get("persistentVolumeReclaimPolicy"):
        where = path.child("persistentVolumeReclaimPolicy")
        errors += rules.one_of(policy, where, _RECLAIM)
    if (affinity := spec.get("nodeAffinity")) is not None:
        errors += _affinity(affinity, path.child("nodeAffinity"))
    errors += _source(spec, name, path)
    return errors + _rest(spec, path)


def validate_inline_spec(spec: Any, path: Path) -> Errors:
    """Of a volume that stands inside a VolumeAttachment."""
    errors: Errors = []
    context = "in the context of inline volumes"
    not_here = f"may not be specified {context}"
    for name in ("claimRef", "capacity"):
        if spec.get(name):
            errors.append(errors_of.forbidden(path.child(name), not_here))
    if spec.get("csi") is None:
        detail = f"has to be specified {context}"
        errors.append(errors_of.required(path.child("csi"), detail))
    modes = spec.get("accessModes") or ()
    if not modes:
        errors.append(errors_of.required(path.child("accessModes")))
    errors += claims.access_modes(modes, path.child("accessModes"))
    if spec.get("persistentVolumeReclaimPolicy", "Retain") not in ("", "Retain"):
        detail = f"may only be Retain {context}"
        where = path.child("persistentVolumeReclaimPolicy")
        errors.append(errors_of.forbidden(where, detail))
    if spec.get("nodeAffinity") is not None:
        errors.append(errors_of.forbidden(path.child("nodeAffinity"), not_here))
    errors += _source(spec, "", path)
    if spec.get("storageClassName"):
        errors.append(errors_of.forbidden(path.child("storageClassName"), not_here))
    if spec.get("volumeMode", "Filesystem") != "Filesystem":
        detail = f"may not specify volumeMode other than Filesystem {context}"
        errors.append(errors_of.forbidden(path.child("volumeMode"), detail))
    return errors


def _capacity(given: Mapping[str, str] | None, path: Path) -> Errors:
    errors: Errors = []
    capacity = given or {}
    if not capacity:
        errors.append(errors_of.required(path))
    if "storage" not in capacity or len(capacity) > 1:
        shown = None if given is None else {key: given[key] for key in sorted(given)}
        errors.append(errors_of.not_supported(path, shown, ("storage",)))
    for name, value in capacity.items():
        amount = quantity.parse(value)
        if amount.value() < 0:
            detail = "must be a valid resource quantity"
            errors.append(errors_of.invalid(path.key(name), amount.value(), detail))
        errors += rules.positive_quantity(value, path.key(name))
    return errors


def _affinity(affinity: Any, path: Path) -> Errors:
    if affinity.get("required") is None:
        detail = "must specify required node constraints"
        return [errors_of.required(path.child("required"), detail)]
    return placement.validate_node_selector(affinity["required"], path.child("required"))


def _source(spec: Any, name: str, path: Path) -> Errors:
    errors: Errors = []
    given = [key for key in _SOURCES if spec.get(key) is not None]
    for position, key in enumerate(given):
        where = path.child(_SOURCES[key][0])
        if position and key != "flexVolume":
            shown = "cephFS" if key == "cephfs" else key
            detail = "may not specify more than 1 volume type"
            errors.append(errors_of.forbidden(path.child(shown), detail))
        elif key == "iscsi":
            errors += sources.iscsi_persistent(spec[key], name, where)
        else:
            errors += _SOURCES[key][1](spec[key], where)
        if key == "local" and not position and spec.get("nodeAffinity") is None:
            detail = "Local volume requires node affinity"
            errors.append(errors_of.required(path.child("nodeAffinity"), detail))
    if not given:
        errors.append(errors_of.required(path, "must specify a volume type"))
    return errors


def _rest(spec: Any, path: Path) -> Errors:
    errors: Errors = []
    target = (spec.get("hostPath") or {}).get("path", "")
    recycled = spec.get("persistentVolumeReclaimPolicy") == "Recycle"
    if recycled and target and posixpath.normpath(target) == "/":
        detail = "may not be 'recycle' for a hostPath mount of '/'"
        where = path.child("persistentVolumeReclaimPolicy")
        errors.append(errors_of.forbidden(where, detail))
    if spec.get("storageClassName"):
        errors += rules.object_name(spec["storageClassName"], path.child("storageClassName"))
    if (mode := spec.get("volumeMode")) is not None:
        errors += rules.one_of(mode, path.child("volumeMode"), claims.VOLUME_MODES)
    name = spec.get("volumeAttributesClassName")
    if name is None:
        return errors
    where = path.child("volumeAttributesClassName")
    if name:
        errors += rules.object_name(name, where)
    else:
        errors.append(errors_of.required(where, "an empty string is disallowed"))
    if spec.get("csi") is None:
        detail = "has to be specified when using volumeAttributesClassName"
        errors.append(errors_of.required(path.child("csi"), detail))
    return errors


def _mount_options(obj: Obj) -> Errors:
    if _MOUNT_OPTIONS not in (obj["metadata"].get("annotations") or {}):
        return []
    if obj["spec"].keys() & _WITH_MOUNT_OPTIONS:
        return []
    detail = "may not specify mount options for this volume type"
    return [errors_of.forbidden(Path("metadata", "annotations", _MOUNT_OPTIONS), detail)]


def _validate(obj: Obj) -> Errors:
    errors = validate_spec(obj["spec"], obj["metadata"].get("name", ""), SPEC)
    return errors + _mount_options(obj)


def _validate_update(obj: Obj, old: Obj) -> Errors:
    spec, before = obj["spec"], old["spec"]
    if spec == before:
        return _mount_options(obj)
    own = validate_spec(spec, obj["metadata"].get("name", ""), SPEC)
    errors = own + _mount_options(obj) + own
    errors += _source_update(spec, before)
    mode, was = spec.get("volumeMode"), before.get("volumeMode")
    errors += rules.immutable(mode, was, Path("volumeMode"))
    affinity = before.get("nodeAffinity")
    if affinity is not None and _modern(affinity) != _modern(spec.get("nodeAffinity")):
        shown = internal.shown("*core.VolumeNodeAffinity", spec.get("nodeAffinity"))
        detail = "field is immutable, except for updating from beta label to GA"
        errors.append(errors_of.invalid(Path("nodeAffinity"), shown, detail))
    name = "volumeAttributesClassName"
    if before.get(name) is not None and spec.get(name) is None:
        detail = "update from non-nil value to nil is forbidden"
        errors.append(errors_of.forbidden(SPEC.child(name), detail))
    return errors


def _source_update(spec: Any, before: Any) -> Errors:
    now = {key: spec[key] for key in _SOURCES if key in spec}
    was = {key: before[key] for key in _SOURCES if key in before}
    csi = now.get("csi")
    if csi and "csi" in was and "controllerExpandSecretRef" not in was["csi"]:
        now["csi"] = {k: v for k, v in csi.items() if k != "controllerExpandSecretRef"}
    if now == was:
        return []
    changes = internal.diff("core.PersistentVolumeSpec", was, now, only=_SOURCES)
    detail = f"spec.persistentvolumesource is immutable after creation\n{changes}"
    return [errors_of.forbidden(SPEC.child("persistentvolumesource"), detail)]


_NEW_LABELS = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
}


def _modern(value: Any) -> Any:
    """A node affinity with the labels' newer names."""
    if isinstance(value, list):
        return [_modern(item) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {name: _modern(item) for name, item in value.items()}
    if "key" in changed:
        changed["key"] = _NEW_LABELS.get(changed["key"], changed["key"])
    return changed


def _prepare_create(obj: Obj, context: Context) -> None:
    obj["status"] = {"phase": "Pending", "lastPhaseTransitionTime": context.now}


def _prepare_status(obj: Obj, old: Obj, context: Context) -> None:
    status, before = obj.setdefault("status", {}), old.get("status") or {}
    name = "lastPhaseTransitionTime"
    if status.get("phase") == before.get("phase"):
        if name not in status and name in before:
            status[name] = before[name]
    elif status.get(name) in (None, before.get(name)):
        status[name] = context.now


_DEPRECATED = {
    "cephfs": ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    "photonPersistentDisk": (
        "photonPersistentDisk",
        "deprecated in v1.11, non-functional in v1.16+",
    ),
    "scaleIO": ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    "storageos": ("storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    "glusterfs": ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    "rbd": ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
}
_DEPRECATED_ANNOTATIONS = {
    _STORAGE_CLASS: 'deprecated since v1.8; use "storageClassName" attribute instead',
    _MOUNT_OPTIONS: 'deprecated since v1.31; use "mountOptions" attribute instead',
}


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    spec = obj["spec"]
    annotations = obj["metadata"].get("annotations") or {}
    found = [
        f"metadata.annotations[{key}]: {message}"
        for key, message in _DEPRECATED_ANNOTATIONS.items()
        if key in annotations
    ]
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        found.append(
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. "
            "Instead, the recommended approach is to use dynamic provisioning."
        )
    required = (spec.get("nodeAffinity") or {}).get("required") or {}
    for index, term in enumerate(required.get("nodeSelectorTerms") or ()):
        where = SPEC.child("nodeAffinity", "required", "nodeSelectorTerms").index(index)
        found += node_labels.term_warnings(term, where)
    for name, (shown, message) in _DEPRECATED.items():
        if spec.get(name) is not None:
            found.append(f"{SPEC.child(shown)}: {message}")
    return found


STRATEGY = Strategy(
    group="",
    kind="PersistentVolume",
    prepare_create=_prepare_create,
    validate=_validate,
    validate_update=_validate_update,
    warnings=_warnings,
    has_status=True,
    status=StatusStrategy(prepare_update=_prepare_status, validate_update=lambda obj, old: []),
    selectable={"name": fields.text("metadata", "name")},
)
