"""What becomes of a volume whose claim is gone: recycled by a pod, deleted, or kept.

Sources: pkg/controller/volume/persistentvolume/pv_controller.go, pkg/volume/util/recyclerclient,
pkg/volume/hostpath. Drivers delete their own volumes.
"""

import re
from collections.abc import Callable

from mockapi.client.protocol import Client, Obj
from mockapi.controllers import base, objects, volumes
from mockapi.meta import quantity
from mockapi.meta.errors import ApiError
from mockapi.meta.volumes import RECYCLER
from mockapi.runtime.informer import Informer

PODS, SPACE = "v1/pods", "default"
IMAGE = "registry.k8s.io/build-image/debian-base:bookworm-v1.0.6"
_SCRUB = 'test -e /scrub && find /scrub -mindepth 1 -delete && test -z "$(ls -A /scrub)" || exit 1'
_GI = 1 << 30
_DELETABLE = re.compile("/tmp/.+")
_SECONDS_PER_GI = 30
_LEAST_SECONDS = {"hostPath": 60, "nfs": 300}
"""Kinds of volumes that can be recycled, and how long the smallest may take."""

OLD_POD = "old recycler pod found, will retry later"
Problem = str


class Recycler:
    """Runs one pod for each volume that is recycled."""

    def __init__(self, client: Client, pods: Informer) -> None:
        self._client = client
        self._pods = pods
        self._made: dict[str, str] = {}
        """The uid of the pod by the volume's name."""

    def can(self, volume: Obj) -> bool:
        return any(kind in volume["spec"] for kind in _LEAST_SECONDS)

    def go_on(self, volume: Obj) -> Problem | None:
        """None as long as it is under way; empty when it is done, else what went wrong."""
        name = objects.name(volume)
        made = self._made.get(name)
        if made is None:
            return self._begin(name, volume)
        pod = self._pods.get(SPACE, RECYCLER + name)
        if pod is None or objects.uid(pod) != made:
            del self._made[name]
            return "failed to recycle volume: recycler pod was deleted"
        if not objects.pod_finished(pod):
            return None
        del self._made[name]
        base.delete_if_there(self._client, PODS, pod)
        if objects.phase(pod) == "Succeeded":
            return ""
        why = objects.status(pod).get("message") or "pod failed, pod.Status.Message unknown"
        return f"failed to recycle volume: {why}"

    def _begin(self, name: str, volume: Obj) -> Problem | None:
        pod = recycler_pod(volume)
        try:
            self._made[name] = objects.uid(self._client.create(PODS, SPACE, pod))
        except ApiError as error:
            if not base.already_exists(error):
                return f"unexpected error creating recycler pod:  {error.message}"
            base.delete_if_there(self._client, PODS, {**pod, "metadata": pod["metadata"]})
            return OLD_POD
        self._pods.catch_up()
        return None


def recycler_pod(volume: Obj) -> Obj:
    spec = volume["spec"]
    kind = next(kind for kind in _LEAST_SECONDS if kind in spec)
    size = quantity.parse((spec.get("capacity") or {}).get("storage", "0")).value()
    seconds = max(_LEAST_SECONDS[kind], size // _GI * _SECONDS_PER_GI)
    source = {key: spec[kind][key] for key in ("server", "path") if key in spec[kind]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": RECYCLER + objects.name(volume), "namespace": SPACE},
        "spec": {
            "activeDeadlineSeconds": seconds,
            "restartPolicy": "Never",
            "volumes": [{"name": "vol", kind: source}],
            "containers": [
                {
                    "name": "pv-recycler",
                    "image": IMAGE,
                    "command": ["/bin/sh"],
                    "args": ["-c", _SCRUB],
                    "volumeMounts": [{"name": "vol", "mountPath": "/scrub"}],
                }
            ],
        },
    }


def delete(volume: Obj, remove: Callable[[], object]) -> Problem:
    """Delete a volume that the tree itself can delete; drivers see to theirs."""
    driver = objects.annotations(volume).get(volumes.PROVISIONED_BY, "")
    source = volume["spec"].get("hostPath")
    if source is None or (driver and not driver.startswith("kubernetes.io/")):
        return ""
    if not _DELETABLE.search(source["path"]):
        return f"host_path deleter only supports /tmp/.+ but received provided {source['path']}"
    remove()
    return ""
