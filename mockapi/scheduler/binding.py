"""After the decision: volumes are bound, then the pod. Nothing here waits; a pod whose volumes
or devices take time stands in `Waits` until they are there.

Source: pkg/scheduler/framework/plugins/volumebinding/binder.go (BindPodVolumes, checkBindings).
"""

from collections.abc import Callable
from dataclasses import dataclass

from mockapi.base.clock import Clock, Timer
from mockapi.client.protocol import Client, Obj
from mockapi.scheduler import volumes
from mockapi.scheduler.cluster import Cluster
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.volumes import NodeVolumes


class BindingFailed(Exception):
    """What a pod waits for will not come to be; the text is the real scheduler's."""


def bind_pod(client: Client, pod: PodInfo, node: str) -> None:
    binding = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"namespace": pod.namespace, "name": pod.name, "uid": pod.uid},
        "target": {"kind": "Node", "name": node},
    }
    client.create("v1/pods", pod.namespace, binding, name=pod.name, subresource="binding")


def start_volumes(client: Client, plan: NodeVolumes, node: str) -> None:
    """Reserve the chosen volumes for their claims, and ask for those to be provisioned."""
    for claim, volume in plan.bindings:
        wanted = _reserved(volume, claim)
        if wanted is not volume:
            client.update("v1/persistentvolumes", "", wanted)
    for provision in plan.provisions:
        claim = provision.claim
        metadata = dict(claim["metadata"])
        metadata["annotations"] = {
            **(metadata.get("annotations") or {}),
            volumes.SELECTED_NODE: node,
        }
        client.update(
            "v1/persistentvolumeclaims", metadata["namespace"], {**claim, "metadata": metadata}
        )


def _reserved(volume: Obj, claim: Obj) -> Obj:
    """With a reference to the claim; the volume itself when it has it already."""
    metadata = claim["metadata"]
    reference = volume["spec"].get("claimRef") or {}
    ours = volumes.belongs_to(volume, claim)
    if ours and reference.get("uid") == metadata["uid"]:
        return volume
    changed = {**volume, "spec": dict(volume["spec"]), "metadata": dict(volume["metadata"])}
    changed["spec"]["claimRef"] = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "resourceVersion": metadata["resourceVersion"],
    }
    if not ours:
        changed["metadata"]["annotations"] = {
            **(volume["metadata"].get("annotations") or {}),
            volumes.BOUND_BY_CONTROLLER: "yes",
        }
    return changed


def volumes_ready(plan: NodeVolumes, node_name: str, cluster: Cluster) -> bool:
    """Are all claims bound to volumes that the node can use? BindingFailed when they cannot be."""
    try:
        return _volumes_ready(plan, node_name, cluster)
    except BindingFailed as error:
        raise BindingFailed(f"binding volumes: {error}") from None


def _volumes_ready(plan: NodeVolumes, node_name: str, cluster: Cluster) -> bool:
    node = cluster.nodes.get(node_name)
    if node is None:
        raise BindingFailed(f'failed to get node "{node_name}": node "{node_name}" not found')
    ready = True
    for claim, volume in plan.bindings:
        ready = _binding_ready(claim, volume["metadata"]["name"], node_name, cluster) and ready
    for provision in plan.provisions:
        ready = _provision_ready(provision.claim, node_name, cluster) and ready
    return ready


def _current_claim(claim: Obj, cluster: Cluster, what: str) -> Obj:
    metadata = claim["metadata"]
    found = cluster.listers.claims.get(metadata["namespace"], metadata["name"])
    if found is None:
        key = f"{metadata['namespace']}/{metadata['name']}"
        raise BindingFailed(
            f'failed to check {what}: could not find v1.PersistentVolumeClaim "{key}"'
        )
    return found


def _check_place(volume: Obj, node_name: str, cluster: Cluster) -> None:
    if not volumes.usable_on(volume, cluster.nodes[node_name]):
        name = volume["metadata"]["name"]
        raise BindingFailed(
            f'pv "{name}" node affinity doesn\'t match node "{node_name}": '
            "no matching NodeSelectorTerms"
        )


def _binding_ready(claim: Obj, name: str, node_name: str, cluster: Cluster) -> bool:
    volume = cluster.listers.volumes.get("", name)
    if volume is None:
        raise BindingFailed(f'failed to check binding: could not find v1.PersistentVolume "{name}"')
    current = _current_claim(claim, cluster, "binding")
    _check_place(volume, node_name, cluster)
    if not (volume["spec"].get("claimRef") or {}).get("uid"):
        raise BindingFailed(f'ClaimRef got reset for pv "{name}"')
    return volumes.is_bound(current)


def _provision_ready(claim: Obj, node_name: str, cluster: Cluster) -> bool:
    current = _current_claim(claim, cluster, "provisioning pvc")
    if volumes.annotations(current).get(volumes.SELECTED_NODE) != node_name:
        name = current["metadata"]["name"]
        raise BindingFailed(f'provisioning failed for PVC "{name}"')
    name = current["spec"].get("volumeName")
    volume = cluster.listers.volumes.get("", name) if name else None
    if name and volume is None:
        return False
    if volume is not None:
        _check_place(volume, node_name, cluster)
    return volumes.is_bound(current)


@dataclass(eq=False)
class Wait:
    """A pod that has its node but not yet all that it needs there."""

    pod: PodInfo
    ready: Callable[[], bool]
    """Is it all there? BindingFailed when it will never be."""
    finish: Callable[[str], None]
    """Called once, with the error's text or nothing."""
    timed_out: str = ""
    deadline: Timer | None = None


class Waits:
    """Looks again whenever something has changed that a pod may wait for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waits: dict[str, Wait] = {}

    def add(self, wait: Wait, timeout: float) -> None:
        uid = wait.pod.uid
        self._waits[uid] = wait
        wait.deadline = self._clock.call_later(timeout, lambda: self._end(uid, wait.timed_out))

    def drop(self, uid: str) -> None:
        wait = self._waits.pop(uid, None)
        if wait is not None and wait.deadline is not None:
            wait.deadline.cancel()

    def look(self) -> None:
        for uid, wait in list(self._waits.items()):
            try:
                ready = wait.ready()
            except BindingFailed as error:
                self._end(uid, str(error))
                continue
            if ready:
                self._end(uid, "")

    def _end(self, uid: str, error: str) -> None:
        wait = self._waits.get(uid)
        if wait is not None:
            self.drop(uid)
            wait.finish(error)
