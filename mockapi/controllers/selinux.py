"""Pods that would mount one volume with different SELinux labels are told so.

Source: pkg/controller/volume/selinuxwarning. All nodes are taken to have SELinux.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects
from mockapi.controllers.attachdetach import DRIVERS
from mockapi.controllers.protection import CLAIMS, VOLUMES, claims_of
from mockapi.meta import csi
from mockapi.meta.volumes import claim_of
from mockapi.runtime.loop import Runtime

RECURSIVE, MOUNT = "Recursive", "MountOption"
_PARTS = ("user", "role", "type", "level")
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_LABEL, _POLICY = "SELinuxLabel", "SELinuxChangePolicy"


@dataclass(frozen=True, slots=True)
class Use:
    """How a pod uses a volume."""

    label: str
    policy: str


@dataclass(slots=True)
class _Shared:
    driver: str
    """Of a CSI volume, else ""."""
    pods: dict[str, Use]
    """By key."""


class SELinuxWarningController:
    name = "selinux-warning-controller"

    def start(self, runtime: Runtime) -> None:
        self.recorder = base.recorder(runtime, "selinux_warning")
        self.pods = runtime.informer("v1/pods")
        self.claims = runtime.informer(CLAIMS)
        self.volumes = runtime.informer(VOLUMES)
        self.drivers = runtime.informer(DRIVERS)
        self.pods.index("claims", claims_of, of_status=False)
        self.known: dict[str, _Shared] = {}
        """By the volume's unique name."""
        self.used: dict[str, set[str]] = {}
        """Unique names by the pod's key."""
        self.queue = base.queue(runtime, self.name, self.sync, self.pods)
        self.pods.on_event(self._pod_changed)
        self.claims.on_event(self._claim_changed)
        self.volumes.on_event(self._volume_changed)
        self.drivers.on_event(self._driver_changed)

    # -- what has changed ------------------------------------------------------------------------

    def _pod_changed(self, event: Event) -> None:
        ended = event.old is None or objects.phase(event.old) != objects.phase(event.object)
        if event.type != "MODIFIED" or (ended and objects.pod_finished(event.object)):
            self.queue.add(objects.key(event.object))

    def _claim_changed(self, event: Event) -> None:
        claim, old = event.object, event.old
        before = old["spec"].get("volumeName") if old is not None else None
        if event.type != "DELETED" and claim["spec"].get("volumeName") != before:
            self._users_changed(objects.key(claim))

    def _volume_changed(self, event: Event) -> None:
        wanted, before = _claim_of(event.object), _claim_of(event.old)
        if event.type != "DELETED" and wanted and wanted["uid"] != (before or {}).get("uid"):
            self._users_changed(f"{wanted['namespace']}/{wanted['name']}")

    def _users_changed(self, claim: str) -> None:
        for pod in self.pods.by("claims", claim):
            self.queue.add(objects.key(pod))

    def _driver_changed(self, event: Event) -> None:
        after, before = _mounts(event.object), _mounts(event.old)
        is_new = event.type == "ADDED" and event.old is None
        if is_new or (after if event.type == "DELETED" else after != before):
            for shared in self.known.values():
                if shared.driver == objects.name(event.object):
                    for key in shared.pods:
                        self.queue.add(key)

    # -- one pod ---------------------------------------------------------------------------------

    def sync(self, key: str) -> None:
        pod = self.pods.get_key(key)
        if pod is None or objects.pod_finished(pod):
            self._forget(key)
            return
        failures = []
        volumes = {row["name"]: row for row in pod["spec"].get("volumes") or ()}
        sources = {}
        for name, volume in volumes.items():
            try:
                sources[name] = self._source(pod, volume)
            except base.Retry as error:
                failures.append(error)
        for name, labels in sorted(mounted_labels(pod).items()):
            if name not in sources:
                continue
            if len(labels) > 1:
                text = (
                    f'Volume "{name}" is mounted twice with different SELinux labels inside '
                    "this pod"
                )
                self.recorder.event(pod, "Warning", "MultipleSELinuxLabels", text)
                failures.append(base.Retry(f"multiple SELinux labels found: {','.join(labels)}"))
                continue
            self._use(pod, sources[name], next(iter(labels), ""))
        if failures:
            raise failures[0]

    def _source(self, pod: Obj, volume: Obj) -> Obj:
        """The spec that names the storage: the volume's own, or that of the persistent volume."""
        name = claim_of(objects.name(pod), volume)
        if not name:
            return volume
        key = f"{objects.namespace(pod)}/{name}"
        claim = self.claims.get_key(key)
        if claim is None:
            raise base.Retry(f"failed to find PVC {key} in PVCInformer cache")
        if "ephemeral" in volume and not objects.controlled_by(claim, pod):
            raise base.Retry(f"PVC {key} was not created for the pod")
        bound = claim["spec"].get("volumeName")
        if objects.phase(claim) != "Bound" or not bound:
            raise base.Retry(f"PVC {key} has non-bound phase or empty pvc.Spec.VolumeName")
        found = self.volumes.get("", bound)
        if found is None or (_claim_of(found) or {}).get("uid") != objects.uid(claim):
            raise base.Retry(f"PV {bound} is not bound to {key}")
        return {**found["spec"], "isPersistent": True}

    def _use(self, pod: Obj, source: Obj, label: str) -> None:
        unique = unique_name_of(source)
        if not unique:
            return
        driver = source["csi"]["driver"] if "csi" in source else ""
        by_mount = not driver and ("iscsi" in source or "fc" in source)
        if driver:
            found = self.drivers.get("", driver)
            by_mount = found is not None and _mounts(found)
        security = pod["spec"].get("securityContext") or {}
        policy = security.get("seLinuxChangePolicy") or MOUNT
        label = label if by_mount and policy != RECURSIVE else ""
        use = Use(label, policy if label else RECURSIVE)
        key = objects.key(pod)
        shared = self.known.setdefault(unique, _Shared(driver, {}))
        if shared.pods.get(key) == use:
            return
        shared.pods[key] = use
        self.used.setdefault(key, set()).add(unique)
        self._tell(key, use, shared)

    def _tell(self, key: str, use: Use, shared: _Shared) -> None:
        for other, theirs in shared.pods.items():
            if theirs.policy != use.policy:
                self._conflict(_POLICY, key, use.policy, other, theirs.policy)
            if conflict(theirs.label, use.label):
                self._conflict(_LABEL, key, use.label, other, theirs.label)

    def _conflict(self, what: str, key: str, value: str, other: str, others: str) -> None:
        for one, two, mine, its in ((key, other, value, others), (other, key, others, value)):
            pod = self.pods.get_key(one)
            if pod is not None:
                text = message(what, one, mine, two, its)
                self.recorder.event(pod, "Normal", f"{what}Conflict", text)

    def _forget(self, key: str) -> None:
        for unique in self.used.pop(key, ()):
            shared = self.known[unique]
            del shared.pods[key]
            if not shared.pods:
                del self.known[unique]


def _claim_of(volume: Obj | None) -> Obj | None:
    """The claim that a volume is bound to."""
    reference = volume["spec"].get("claimRef") if volume is not None else None
    return reference if reference and reference.get("uid") else None


def _mounts(driver: Obj | None) -> bool:
    return driver is not None and bool(driver["spec"].get("seLinuxMount"))


def unique_name_of(source: Obj) -> str:
    """Of the storage behind a volume; "" where no plugin of the controller's knows it."""
    if "csi" in source:
        return csi.unique_name({"spec": source}) if source.get("isPersistent") else ""
    if "hostPath" in source:
        return f"kubernetes.io/host-path/{source['hostPath']['path']}"
    if nfs := source.get("nfs"):
        return f"kubernetes.io/nfs/{nfs['server']}/{nfs['path']}"
    if iscsi := source.get("iscsi"):
        lun = iscsi.get("lun", 0)
        return f"kubernetes.io/iscsi/{iscsi['targetPortal']}:{iscsi['iqn']}:{lun}"
    if fc := source.get("fc"):
        if fc.get("targetWWNs") and fc.get("lun") is not None:
            return f"kubernetes.io/fc/[{' '.join(fc['targetWWNs'])}]:{fc['lun']}"
        return f"kubernetes.io/fc/[{' '.join(fc.get('wwids') or ())}]"
    return ""


def mounted_labels(pod: Obj) -> dict[str, set[str]]:
    """The labels with which a pod's containers mount each volume; a container's own options
    replace the pod's."""
    own = (pod["spec"].get("securityContext") or {}).get("seLinuxOptions")
    found: dict[str, set[str]] = {}
    for container in _containers(pod):
        options = (container.get("securityContext") or {}).get("seLinuxOptions", own)
        for mount in container.get("volumeMounts") or ():
            labels = found.setdefault(mount["name"], set())
            if options is not None:
                labels.add(label_of(options))
    return found


def _containers(pod: Obj) -> Iterator[Obj]:
    for kind in _CONTAINERS:
        yield from pod["spec"].get(kind) or ()


def label_of(options: Obj) -> str:
    text = ":".join(options.get(part, "") for part in _PARTS)
    return "" if text == ":::" else text


def conflict(one: str, two: str) -> bool:
    """What is left out is the node's to choose, all but the level."""
    mine, theirs = _parts(one), _parts(two)
    if mine[3] != theirs[3]:
        return True
    return any(a and b and a != b for a, b in zip(mine[:3], theirs[:3], strict=True))


def _parts(label: str) -> list[str]:
    parts = label.split(":", 3)
    return parts + [""] * (4 - len(parts))


def message(what: str, key: str, value: str, other: str, others: str) -> str:
    """The pod of another namespace is not named."""
    end = "If both pods land on the same node, only one of them may access the volume."
    namespace, name = objects.split_key(other)
    if objects.split_key(key)[0] == namespace:
        return (
            f'{what} "{value}" conflicts with pod {name} that uses the same volume as this pod '
            f'with {what} "{others}". {end}'
        )
    return (
        f'{what}"{value}" conflicts with another pod that uses the same volume as this pod with '
        f"a different {what}. {end}"
    )
