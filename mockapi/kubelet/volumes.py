"""Why a volume cannot be mounted. Source: pkg/volume/*, pkg/kubelet/volumemanager.

Network storage is taken to answer; a behaviour says otherwise.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from mockapi.kubelet.attached import to_attach
from mockapi.kubelet.behaviour import PodBehaviour
from mockapi.kubelet.fibers import Process
from mockapi.kubelet.starting import Failed
from mockapi.meta.volumes import claim_of

if TYPE_CHECKING:
    from mockapi.kubelet.worker import PodWorker

Obj = dict[str, Any]

FIRST_RETRY, LAST_RETRY = 0.5, 122.0
TIMEOUT = 123.0
"""A sync waits so many seconds for the volumes."""
PLUGINS = frozenset(
    (
        "emptyDir",
        "gitRepo",
        "hostPath",
        "nfs",
        "secret",
        "iscsi",
        "downwardAPI",
        "fc",
        "configMap",
        "projected",
        "local",
        "csi",
        "image",
        "persistentVolumeClaim",
        "ephemeral",
        # Served by CSI drivers in the name of the old plugins.
        "awsElasticBlockStore",
        "azureDisk",
        "azureFile",
        "cinder",
        "gcePersistentDisk",
        "portworxVolume",
        "vsphereVolume",
    )
)
_DIRECTORIES = frozenset(
    [
        "/",
        "/bin",
        "/boot",
        "/dev",
        "/etc",
        "/etc/kubernetes",
        "/etc/kubernetes/manifests",
        "/etc/kubernetes/pki",
        "/etc/ssl",
        "/etc/ssl/certs",
        "/etc/cni",
        "/etc/cni/net.d",
        "/home",
        "/lib",
        "/lib/modules",
        "/lib64",
        "/media",
        "/mnt",
        "/opt",
        "/opt/cni",
        "/opt/cni/bin",
        "/proc",
        "/root",
        "/run",
        "/run/containerd",
        "/sbin",
        "/srv",
        "/sys",
        "/sys/fs",
        "/sys/fs/bpf",
        "/sys/fs/cgroup",
        "/sys/kernel",
        "/sys/kernel/debug",
        "/tmp",
        "/usr",
        "/usr/local",
        "/usr/share",
        "/usr/share/ca-certificates",
        "/var",
        "/var/cache",
        "/var/lib",
        "/var/lib/cni",
        "/var/lib/containerd",
        "/var/lib/kubelet",
        "/var/lib/kubelet/plugins",
        "/var/lib/kubelet/plugins_registry",
        "/var/lib/kubelet/pods",
        "/var/log",
        "/var/log/containers",
        "/var/log/pods",
        "/var/run",
        "/var/tmp",
    ]
)
_FILES = frozenset(
    ["/etc/hosts", "/etc/hostname", "/etc/localtime", "/etc/machine-id", "/etc/resolv.conf"]
)
_SOCKETS = frozenset(("/run/containerd/containerd.sock", "/var/run/containerd/containerd.sock"))
_DEVICES = frozenset(
    ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/fuse", "/dev/kvm")
)
_BLOCKS = frozenset(("/dev/sda", "/dev/sdb", "/dev/vda", "/dev/loop0", "/dev/nvme0n1"))
_KINDS = (
    (_DIRECTORIES, "Directory"),
    (_FILES, "File"),
    (_SOCKETS, "Socket"),
    (_DEVICES, "CharDevice"),
    (_BLOCKS, "BlockDevice"),
)
_TYPE_WORDS = {
    "Directory": "directory",
    "DirectoryOrCreate": "directory",
    "File": "file",
    "FileOrCreate": "file",
    "Socket": "socket file",
    "CharDevice": "character device",
    "BlockDevice": "block device",
}


class Objects(Protocol):
    def get(self, kind: str, namespace: str, name: str) -> Obj | None: ...


def expected(pod: Obj) -> list[str]:
    """The volumes that containers use, in the order of the names."""
    used = set()
    spec = pod["spec"]
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        used |= {m["name"] for m in container.get("volumeMounts") or ()}
        used |= {d["name"] for d in container.get("volumeDevices") or ()}
    return sorted(used & {v["name"] for v in spec.get("volumes") or ()})


def source_of(volume: Obj) -> str:
    """Which kind of volume it is; emptyDir where nothing is said."""
    return next((key for key in volume if key != "name"), "emptyDir")


def processing_error(pod: Obj, volume: Obj, objects: Objects) -> str:
    """Why it is not even known what to mount."""
    kind = source_of(volume)
    if kind not in PLUGINS:
        return (
            f'failed to get Plugin from volumeSpec for volume "{volume["name"]}" '
            "err=no volume plugin matched"
        )
    claim = claim_of(pod["metadata"]["name"], volume)
    if not claim:
        return ""
    namespace = pod["metadata"]["namespace"]
    why = claim_error(namespace, claim, objects)
    return f"error processing PVC {namespace}/{claim}: {why}" if why else ""


def claim_error(namespace: str, claim: str, objects: Objects) -> str:
    pvc = objects.get("persistentvolumeclaim", namespace, claim)
    if pvc is None:
        return f'failed to fetch PVC from API server: persistentvolumeclaims "{claim}" not found'
    metadata = pvc["metadata"]
    protected = "kubernetes.io/pvc-protection" in (metadata.get("finalizers") or ())
    if "deletionTimestamp" in metadata and not protected:
        return "PVC is being deleted"
    if (pvc.get("status") or {}).get("phase") != "Bound":
        return "PVC is not bound"
    name = pvc["spec"].get("volumeName")
    if not name:
        return "PVC has empty pvc.Spec.VolumeName"
    if objects.get("persistentvolume", "", name) is None:
        return f'failed to fetch PV {name} from API server: persistentvolumes "{name}" not found'
    return ""


def mount_error(pod: Obj, volume: Obj, objects: Objects) -> str:
    """Why mounting fails, with the operation: empty when it does not."""
    namespace, kind = pod["metadata"]["namespace"], source_of(volume)
    source = volume.get(kind) or {}
    if kind == "configMap":
        error = config_error(source, source.get("name", ""), namespace, objects)
    elif kind == "secret":
        error = secret_error(source, source.get("secretName", ""), namespace, objects)
    elif kind == "projected":
        error = projected_error(source.get("sources") or (), namespace, objects)
    elif kind == "hostPath":
        error = host_path_error(source)
    elif kind == "csi":
        return _csi_error(source, volume["name"], objects)
    else:
        return ""
    return f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}' if error else ""


def config_error(source: Obj, name: str, namespace: str, objects: Objects) -> str:
    found = objects.get("configmap", namespace, name)
    if found is None:
        return "" if source.get("optional") else f'configmap "{name}" not found'
    keys = {**(found.get("data") or {}), **(found.get("binaryData") or {})}
    missing = _missing_key(source, keys)
    return f"configmap references non-existent config key: {missing}" if missing else ""


def secret_error(source: Obj, name: str, namespace: str, objects: Objects) -> str:
    found = objects.get("secret", namespace, name)
    if found is None:
        return "" if source.get("optional") else f'secret "{name}" not found'
    missing = _missing_key(source, found.get("data") or {})
    return f"references non-existent secret key: {missing}" if missing else ""


def _missing_key(source: Obj, keys: Obj) -> str:
    if source.get("optional"):
        return ""
    for item in source.get("items") or ():
        if item["key"] not in keys:
            return str(item["key"])
    return ""


def projected_error(sources: Iterable[Obj], namespace: str, objects: Objects) -> str:
    errors = []
    for source in sources:
        error = ""
        if "configMap" in source:
            one = source["configMap"]
            error = config_error(one, one.get("name", ""), namespace, objects)
        elif "secret" in source:
            one = source["secret"]
            error = secret_error(one, one.get("name", ""), namespace, objects)
        if error and error not in errors:
            errors.append(error)
    if len(errors) > 1:
        return f"[{', '.join(errors)}]"
    return errors[0] if errors else ""


def host_path_error(source: Obj) -> str:
    """Nodes have the usual directories of a Linux machine, and what pods have created."""
    wanted = source.get("type") or ""
    path = source["path"]
    if not wanted:
        return ""
    actual = next(
        (kind for paths, kind in _KINDS if path.rstrip("/") in paths or path in paths), ""
    )
    if not actual:
        if wanted.endswith("OrCreate"):
            return ""
        return (
            f"hostPath type check failed, {path} is not a {_TYPE_WORDS[wanted]}, unable to "
            f'determine its type: path "{path}" does not exist'
        )
    if actual == wanted.removesuffix("OrCreate"):
        return ""
    return f"hostPath type check failed: {path} is not a {_TYPE_WORDS[wanted]}, it's a {actual}"


def _csi_error(source: Obj, name: str, objects: Objects) -> str:
    driver = source.get("driver", "")
    found = objects.get("csidriver", "", driver)
    modes = ((found or {}).get("spec") or {}).get("volumeLifecycleModes") or ["Persistent"]
    if "Ephemeral" in modes:
        return ""
    why = "no CSIDriver object" if found is None else f"only supports {modes}"
    return (
        f'MountVolume.NewMounter initialization failed for volume "{name}" : volume mode '
        f'"Ephemeral" not supported by driver {driver} ({why})'
    )


class Mounts:
    """One pod's volumes: which are mounted, and when the others are tried again."""

    __slots__ = ("delays", "mounted", "retry_at", "tries")

    def __init__(self) -> None:
        self.mounted: set[str] = set()
        self.delays: dict[str, float] = {}
        self.retry_at: dict[str, float] = {}
        self.tries: dict[str, int] = {}


def mount_all(
    worker: "PodWorker", mounts: Mounts, behaviour: PodBehaviour, objects: Objects
) -> Process:
    """Ends when all volumes are mounted; raises Failed when they are not in time."""
    names = expected(worker.pod)
    if mounts.mounted.issuperset(names):
        return
    volumes = {v["name"]: v for v in worker.pod["spec"].get("volumes") or ()}
    _refuse_unknown(worker, mounts, [volumes[n] for n in names], objects)
    elsewhere = to_attach(worker.pod, (volumes[n] for n in names), objects)
    attached = worker.host.attached
    if elsewhere:
        attached.use(worker.uid, elsewhere.values())
    deadline = worker.now + TIMEOUT
    while True:
        missing = {name for name, unique in elsewhere.items() if not attached.has(unique)}
        waiting = [n for n in names if n not in mounts.mounted]
        for name in waiting:
            if name not in missing and mounts.retry_at.get(name, 0.0) <= worker.now:
                _mount(worker, mounts, behaviour, volumes[name], objects)
        waiting = [n for n in names if n not in mounts.mounted]
        if not waiting:
            return
        if worker.now >= deadline:
            raise Failed("FailedMount")
        again = min((mounts.retry_at[n] for n in waiting if n not in missing), default=deadline)
        yield min(deadline, again), _any_attached(worker, [elsewhere[n] for n in missing])


def _any_attached(worker: "PodWorker", names: Sequence[str]) -> Callable[[], bool]:
    return lambda: any(worker.host.attached.has(name) for name in names)


def _refuse_unknown(
    worker: "PodWorker", mounts: Mounts, volumes: Sequence[Obj], objects: Objects
) -> None:
    errors = {v["name"]: processing_error(worker.pod, v, objects) for v in volumes}
    unknown = [name for name, error in errors.items() if error]
    if not unknown:
        return
    for volume in volumes:
        if volume["name"] not in unknown:
            _mount(worker, mounts, PodBehaviour(), volume, objects)
    unmounted = [v["name"] for v in volumes if v["name"] not in mounts.mounted]
    why = "; ".join(errors[name] for name in unknown)
    message = (
        f"Unable to attach or mount volumes: unmounted volumes={_listed(unmounted)}, unattached "
        f"volumes=[], failed to process volumes={_listed(unknown)}: {why}"
    )
    worker.record(None, "Warning", "FailedMount", message)
    raise Failed("FailedMount")


def _listed(names: Sequence[str]) -> str:
    return f"[{' '.join(names)}]"


def _mount(
    worker: "PodWorker", mounts: Mounts, behaviour: PodBehaviour, volume: Obj, objects: Objects
) -> None:
    name = volume["name"]
    reason, error = "FailedMount", mount_error(worker.pod, volume, objects)
    trouble = behaviour.volumes.get(name)
    tries = mounts.tries.get(name, 0)
    mounts.tries[name] = tries + 1
    if trouble is not None and (trouble.fails < 0 or tries < trouble.fails):
        reason = trouble.reason
        failed = "AttachVolume.Attach" if reason == "FailedAttachVolume" else "MountVolume.SetUp"
        error = f'{failed} failed for volume "{name}" : {trouble.error}'
    if not error:
        mounts.mounted.add(name)
        return
    worker.record(None, "Warning", reason, error)
    delay = mounts.delays.get(name, 0.0)
    delay = min(delay * 2, LAST_RETRY) if delay else FIRST_RETRY
    mounts.delays[name] = delay
    mounts.retry_at[name] = worker.now + delay
