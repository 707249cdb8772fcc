"""spec.volumes of a pod."""

from collections.abc import Mapping, Sequence
from typing import Any

from mockapi.machinery.validation import names, rules
from mockapi.machinery.validation.metadata import GO_ORDER, validate_annotations, validate_labels
from mockapi.meta import fields
from mockapi.meta.fields import Path
from mockapi.resources.pods import projections, volume_sources
from mockapi.resources.pods.claims import validate_claim_spec

Errors = rules.Errors
Volumes = Mapping[str, Any]

_MORE_THAN_ONE = "may not specify more than 1 volume type"
_ORDER = (
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
)
_OF_FILES = {
    "secret": projections.secret,
    "configMap": projections.config_map,
    "downwardAPI": projections.downward_api,
    "projected": projections.projected,
}
_SURPLUS_NAMES = {"cephfs": "cephFS", "downwardAPI": "downwarAPI"}
"""As the real server spells them when they come second."""


def validate_volumes(volumes: Sequence[Any], pod_name: str, path: Path) -> tuple[Volumes, Errors]:
    """The good volumes by name, and the errors of the others. `pod_name` is empty in templates."""
    errors: Errors = []
    good: dict[str, Any] = {}
    made = _claims_made_for(volumes, pod_name)
    for index, volume in enumerate(volumes):
        where = path.index(index)
        name = volume.get("name", "")
        own = _source(volume, pod_name, where)
        own += rules.dns_label(name, where.child("name")) if name else [_no_name(where)]
        if name in good:
            own.append(fields.duplicate(where.child("name"), name))
        if own:
            errors += own
        else:
            good[name] = volume
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim in made and claim is not None:
            detail = "must not reference a PVC that gets created for an ephemeral volume"
            at = where.child("persistentVolumeClaim", "claimName")
            errors.append(fields.invalid(at, claim, detail))
    return good, errors


def _no_name(path: Path) -> fields.FieldError:
    return fields.required(path.child("name"))


def _claims_made_for(volumes: Sequence[Any], pod_name: str) -> frozenset[str]:
    if not pod_name:
        return frozenset()
    return frozenset(f"{pod_name}-{v.get('name')}" for v in volumes if "ephemeral" in v)


def _source(volume: Any, pod_name: str, path: Path) -> Errors:
    given = [key for key in volume if key != "name"]
    if len(given) > 1:
        given = [name for name in _ORDER if name in volume]
    if not given:
        return [fields.required(path, "must specify a volume type")]
    errors = _one_source(given[0], volume, pod_name, path)
    for name in given[1:]:
        where = path.child(_SURPLUS_NAMES.get(name, name))
        errors.append(fields.forbidden(where, _MORE_THAN_ONE))
        if name == "iscsi":
            errors += _iscsi_name(volume, path)
    return errors


def _one_source(name: str, volume: Any, pod_name: str, path: Path) -> Errors:
    source = volume[name]
    if name == "emptyDir":
        return _empty_dir(source, path)
    if name in _OF_FILES:
        return _OF_FILES[name](source, path.child(name))
    if name == "ephemeral":
        return _ephemeral(volume, pod_name, path)
    shown, rule = volume_sources.POD_ONLY[name]
    errors = rule(source, path.child(shown))
    return errors + _iscsi_name(volume, path) if name == "iscsi" else errors


def _iscsi_name(volume: Any, path: Path) -> Errors:
    source, name = volume["iscsi"], volume.get("name", "")
    too_long = len(f"{name}:{source.get('targetPortal', '')}") > 64
    if source.get("initiatorName") is None or not too_long:
        return []
    return [fields.invalid(path.child("name"), name, volume_sources.ISCSI_NAME_TOO_LONG)]


def _empty_dir(source: Any, path: Path) -> Errors:
    if not source.get("sizeLimit", "0").startswith("-"):
        return []
    detail = "SizeLimit field must be a valid resource quantity"
    return [fields.forbidden(path.child("emptyDir", "sizeLimit"), detail)]


def _ephemeral(volume: Any, pod_name: str, path: Path) -> Errors:
    template = volume["ephemeral"].get("volumeClaimTemplate")
    where = path.child("ephemeral", "volumeClaimTemplate")
    if template is None:
        errors: Errors = [fields.required(where)]
    else:
        errors = validate_claim_template(template, where)
    name = volume.get("name", "")
    if pod_name and name:
        claim = f"{pod_name}-{name}"
        for detail in names.dns_subdomain(claim, False):
            text = f'PVC name "{claim}": {detail}'
            errors.append(fields.invalid(path.child("name"), name, text))
    return errors


def validate_claim_template(template: Any, path: Path) -> Errors:
    errors = validate_template_metadata(template.get("metadata") or {}, path.child("metadata"))
    return errors + validate_claim_spec(template.get("spec") or {}, path.child("spec"))


def validate_template_metadata(meta: Any, where: Path) -> Errors:
    """Of objects that others are made after: labels and annotations, nothing else."""
    errors: Errors = []
    if meta.get("annotations"):
        errors += validate_annotations(meta["annotations"], where.child("annotations"))
    if meta.get("labels"):
        errors += validate_labels(meta["labels"], where.child("labels"))
    for name in _META_FIELDS:
        if meta.get(name):
            shown = "uID" if name == "uid" else name
            errors.append(fields.forbidden(where.child(shown), "cannot be set"))
    return errors


_META_FIELDS = tuple(name for name in GO_ORDER if name not in ("labels", "annotations"))
