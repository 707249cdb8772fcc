"""Volume sources: one rule per source, for pods (`of_pod`) and for PersistentVolumes."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from mockapi.machinery.validation import formats, names, rules
from mockapi.meta import fields
from mockapi.meta.fields import Path

Errors = rules.Errors
Rule = Callable[[Any, Path], Errors]

_HOST_PATH_TYPES = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)
_IQN = re.compile(r"iqn\.\d{4}-\d{2}\.([0-9A-Za-z\-.]+)(:[^,;*&$|\s]+)$", re.ASCII)
_EUI = re.compile(r"eui.[0-9A-Za-z]{16}")
_NAA = re.compile(r"naa.[0-9A-Za-z]{32}")
_RANGE_255 = formats.out_of_range(0, 255)
_PARTITION = formats.out_of_range(1, 255)
_HOST_PORTS = "must be a host:port pair or multiple pairs separated by commas"


def needs(*required: str) -> Rule:
    """A source whose only rule is that these fields are set."""

    def rule(source: Any, path: Path) -> Errors:
        errors: Errors = []
        for name in required:
            rules.required(source, name, path, errors)
        return errors

    return rule


def secret_reference(source: Any, path: Path, *, namespaced: bool = False) -> Errors:
    reference = source.get("secretRef")
    if reference is None:
        return []
    required = ("name", "namespace") if namespaced else ("name",)
    return needs(*required)(reference, path.child("secretRef"))


def host_path(source: Any, path: Path) -> Errors:
    if not source.get("path"):
        return [fields.required(path.child("path"))]
    errors = rules.no_backsteps(source["path"], path.child("path"))
    if source.get("type", "") not in _HOST_PATH_TYPES:
        errors.append(fields.not_supported(path.child("type"), source["type"], _HOST_PATH_TYPES))
    return errors


def git_repo(source: Any, path: Path) -> Errors:
    errors = needs("repository")(source, path)
    return errors + rules.local_descending_path(
        source.get("directory", ""), path.child("directory")
    )


def _initiator(name: str, path: Path, prefix_detail: str) -> Errors:
    if not name.startswith(("iqn", "eui", "naa")):
        return [fields.invalid(path, name, prefix_detail)]
    matches = {"iqn": _IQN.search, "eui": _EUI.fullmatch, "naa": _NAA.fullmatch}[name[:3]]
    return [] if matches(name) else [fields.invalid(path, name, "must be valid format")]


def _iscsi(source: Any, path: Path, prefix_detail: str, *, name_of_secret: bool) -> Errors:
    errors: Errors = []
    if rules.required(source, "iqn", path, errors):
        errors += _initiator(source["iqn"], path.child("iqn"), prefix_detail)
    if not 0 <= source.get("lun", 0) <= 255:
        errors.append(fields.invalid(path.child("lun"), source["lun"], _RANGE_255))
    chap = source.get("chapAuthDiscovery") or source.get("chapAuthSession")
    if chap and source.get("secretRef") is None:
        errors.append(fields.required(path.child("secretRef")))
    if name_of_secret:
        errors += secret_reference(source, path)
    if (initiator := source.get("initiatorName")) is not None:
        errors += _initiator(initiator, path.child("initiatorname"), prefix_detail)
    return errors


ISCSI_NAME_TOO_LONG = (
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if "
    "iscsi.initiatorName is specified."
)


def iscsi(source: Any, path: Path) -> Errors:
    detail = "must be valid format starting with iqn, eui, or naa"
    return needs("targetPortal")(source, path) + _iscsi(source, path, detail, name_of_secret=False)


def iscsi_persistent(source: Any, volume_name: str, path: Path) -> Errors:
    errors = needs("targetPortal")(source, path)
    portal = source.get("targetPortal", "")
    if source.get("initiatorName") is not None and len(f"{volume_name}:{portal}") > 64:
        errors.append(fields.invalid(path.child("targetportal"), portal, ISCSI_NAME_TOO_LONG))
    return errors + _iscsi(source, path, "must be valid format", name_of_secret=True)


def fc(source: Any, path: Path) -> Errors:
    errors: Errors = []
    wwns, wwids = source.get("targetWWNs"), source.get("wwids")
    if not wwns and not wwids:
        detail = "must specify either targetWWNs or wwids, but not both"
        errors.append(fields.required(path.child("targetWWNs"), detail))
    if wwns and wwids:
        detail = "targetWWNs and wwids can not be specified simultaneously"
        errors.append(fields.invalid(path.child("targetWWNs"), wwns, detail))
    if wwns:
        lun = source.get("lun")
        if lun is None:
            detail = "lun is required if targetWWNs is specified"
            errors.append(fields.required(path.child("lun"), detail))
        elif not 0 <= lun <= 255:
            errors.append(fields.invalid(path.child("lun"), lun, _RANGE_255))
    return errors


def _partitioned(identity: str) -> Rule:
    def rule(source: Any, path: Path) -> Errors:
        errors = needs(identity)(source, path)
        partition = source.get("partition", 0)
        if not 0 <= partition <= 255:
            errors.append(fields.invalid(path.child("partition"), partition, _PARTITION))
        return errors

    return rule


gce_persistent_disk = _partitioned("pdName")
aws_elastic_block_store = _partitioned("volumeID")


def nfs(source: Any, path: Path) -> Errors:
    errors = needs("server", "path")(source, path)
    if not source.get("path", "").startswith("/"):
        detail = "must be an absolute path"
        errors.append(fields.invalid(path.child("path"), source.get("path", ""), detail))
    return errors


def quobyte(source: Any, path: Path) -> Errors:
    errors: Errors = []
    if not source.get("registry"):
        errors.append(fields.required(path.child("registry"), _HOST_PORTS))
    elif len(source.get("tenant", "")) >= 65:
        detail = "must be a UUID and may not exceed a length of 64 characters"
        errors.append(fields.required(path.child("tenant"), detail))
    else:
        for pair in source["registry"].split(","):
            if pair.count(":") != 1 and not re.fullmatch(r"\[[^\[\]]*\]:[^:\[\]]*", pair):
                where = path.child("registry")
                errors.append(fields.invalid(where, source["registry"], _HOST_PORTS))
    return errors + needs("volume")(source, path)


glusterfs = needs("endpoints", "path")


def glusterfs_persistent(source: Any, path: Path) -> Errors:
    errors = glusterfs(source, path)
    namespace = source.get("endpointsNamespace")
    if namespace is None:
        return errors
    where = path.child("endpointsNamespace")
    if not namespace:
        detail = "if the endpointnamespace is set, it must be a valid namespace name"
        return [*errors, fields.invalid(where, namespace, detail)]
    return errors + rules.dns_label(namespace, where)


def flocker(source: Any, path: Path) -> Errors:
    errors: Errors = []
    name, uuid = source.get("datasetName", ""), source.get("datasetUUID", "")
    if not name and not uuid:
        errors.append(fields.required(path, "one of datasetName and datasetUUID is required"))
    if name and uuid:
        detail = "datasetName and datasetUUID can not be specified simultaneously"
        errors.append(fields.invalid(path, "resource", detail))
    if "/" in name:
        errors.append(fields.invalid(path.child("datasetName"), name, "must not contain '/'"))
    return errors


rbd = needs("monitors", "image")
cephfs = needs("monitors")


def cinder(source: Any, path: Path) -> Errors:
    return needs("volumeID")(source, path) + secret_reference(source, path)


def cinder_persistent(source: Any, path: Path) -> Errors:
    return needs("volumeID")(source, path) + secret_reference(source, path, namespaced=True)


def flex_volume(source: Any, path: Path) -> Errors:
    errors = needs("driver")(source, path)
    for key in source.get("options") or ():
        namespace = f".{key.partition('/')[0].lower()}"
        if namespace.endswith((".kubernetes.io", ".k8s.io")):
            detail = "kubernetes.io and k8s.io namespaces are reserved"
            errors.append(fields.invalid(path.child("options").key(key), key, detail))
    return errors


azure_file = needs("secretName", "shareName")


def azure_file_persistent(source: Any, path: Path) -> Errors:
    errors = azure_file(source, path)
    if source.get("secretNamespace") == "":
        errors.append(fields.required(path.child("secretNamespace")))
    return errors


_CACHING = ("None", "ReadOnly", "ReadWrite")
_DISK_KINDS = ("Dedicated", "Managed", "Shared")
_MANAGED_URI = (
    "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/"
    "{disk-id}"
)
_BLOB_URI = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"


def azure_disk(source: Any, path: Path) -> Errors:
    errors = needs("diskName", "diskURI")(source, path)
    caching, kind = source.get("cachingMode"), source.get("kind")
    uri = source.get("diskURI", "")
    if caching is not None:
        errors += rules.one_of(caching, path.child("cachingMode"), _CACHING)
    if kind is None:
        return errors
    errors += rules.one_of(kind, path.child("kind"), _DISK_KINDS)
    if kind == "Managed" and not uri.startswith("/subscriptions/"):
        errors.append(fields.not_supported(path.child("diskURI"), uri, (_MANAGED_URI,)))
    if kind != "Managed" and not uri.startswith("https://"):
        errors.append(fields.not_supported(path.child("diskURI"), uri, (_BLOB_URI,)))
    return errors


vsphere = needs("volumePath")
photon = needs("pdID")
portworx = needs("volumeID")
scale_io = needs("gateway", "system", "volumeName")


def local(source: Any, path: Path) -> Errors:
    if not source.get("path"):
        return [fields.required(path.child("path"))]
    return rules.no_backsteps(source["path"], path.child("path"))


def _storage_os(source: Any, path: Path, *, namespaced: bool) -> Errors:
    errors: Errors = []
    if rules.required(source, "volumeName", path, errors):
        errors += rules.dns_label(source["volumeName"], path.child("volumeName"))
    if source.get("volumeNamespace"):
        errors += rules.dns_label(source["volumeNamespace"], path.child("volumeNamespace"))
    return errors + secret_reference(source, path, namespaced=namespaced)


def storage_os(source: Any, path: Path) -> Errors:
    return _storage_os(source, path, namespaced=False)


def storage_os_persistent(source: Any, path: Path) -> Errors:
    return _storage_os(source, path, namespaced=True)


def csi(source: Any, path: Path) -> Errors:
    errors = rules.csi_driver_name(source.get("driver"), path.child("driver"))
    reference = source.get("nodePublishSecretRef")
    if reference is None:
        return errors
    if not reference.get("name"):
        return [*errors, fields.required(path.child("nodePublishSecretRef", "name"))]
    for detail in names.dns_subdomain(reference["name"], False):
        errors.append(fields.invalid(path.child("name"), reference["name"], detail))
    return errors


_PULL_POLICIES = ("Always", "IfNotPresent", "Never")


def pull_policy(policy: str | None, path: Path) -> Errors:
    return rules.required_one_of(policy, path, _PULL_POLICIES)


def image(source: Any, path: Path) -> Errors:
    errors = needs("reference")(source, path)
    return errors + pull_policy(source.get("pullPolicy"), path.child("pullPolicy"))


POD_ONLY: Mapping[str, tuple[str, Rule]] = {
    "hostPath": ("hostPath", host_path),
    "gitRepo": ("gitRepo", git_repo),
    "gcePersistentDisk": ("persistentDisk", gce_persistent_disk),
    "awsElasticBlockStore": ("awsElasticBlockStore", aws_elastic_block_store),
    "nfs": ("nfs", nfs),
    "iscsi": ("iscsi", iscsi),
    "glusterfs": ("glusterfs", glusterfs),
    "flocker": ("flocker", flocker),
    "persistentVolumeClaim": ("persistentVolumeClaim", needs("claimName")),
    "rbd": ("rbd", rbd),
    "cinder": ("cinder", cinder),
    "cephfs": ("cephfs", cephfs),
    "quobyte": ("quobyte", quobyte),
    "fc": ("fc", fc),
    "flexVolume": ("flexVolume", flex_volume),
    "azureFile": ("azureFile", azure_file),
    "vsphereVolume": ("vsphereVolume", vsphere),
    "photonPersistentDisk": ("photonPersistentDisk", photon),
    "portworxVolume": ("portworxVolume", portworx),
    "azureDisk": ("azureDisk", azure_disk),
    "storageos": ("storageos", storage_os),
    "scaleIO": ("scaleIO", scale_io),
    "csi": ("csi", csi),
    "image": ("image", image),
}
"""JSON name -> (the name in error paths, rule)."""
