"""Static pods: run from manifests on the node, shown in the API by mirror pods.

A mirror pod can be deleted in the API, but its containers go on and the kubelet makes a new mirror.
Source: pkg/kubelet/pod/mirror_client.go, pkg/kubelet/config/common.go.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson

from mockapi.base import tree
from mockapi.kubelet.agent import NodeAgent
from mockapi.kubelet.worker import PodWorker
from mockapi.meta.errors import AlreadyExists, ApiError

Obj = dict[str, Any]

HASH = "kubernetes.io/config.hash"
MIRROR = "kubernetes.io/config.mirror"
SEEN = "kubernetes.io/config.seen"
SOURCE = "kubernetes.io/config.source"


def is_mirror(pod: Obj) -> bool:
    return MIRROR in (pod["metadata"].get("annotations") or {})


def mirror_pod(manifest: Obj, agent: NodeAgent, seen: str) -> Obj:
    """The mirror of a manifest on a node."""
    pod: Obj = tree.copy(manifest)
    metadata = pod.setdefault("metadata", {})
    content = orjson.dumps([manifest, agent.name], option=orjson.OPT_SORT_KEYS)
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    metadata["name"] = f"{metadata['name']}-{agent.name}"
    metadata.setdefault("namespace", "default")
    metadata["annotations"] = {
        **(metadata.get("annotations") or {}),
        HASH: digest,
        MIRROR: digest,
        SEEN: seen,
        SOURCE: "file",
    }
    metadata["ownerReferences"] = [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "name": agent.name,
            "uid": agent.node["metadata"]["uid"],
            "controller": True,
        }
    ]
    spec = pod["spec"]
    spec["nodeName"] = agent.name
    spec["tolerations"] = [
        *(spec.get("tolerations") or ()),
        {"effect": "NoExecute", "operator": "Exists"},
    ]
    return {"apiVersion": "v1", "kind": "Pod", **pod}


class StaticPods:
    """What nodes run from their folders of manifests."""

    def __init__(self) -> None:
        self._mirrors: dict[tuple[str, str, str], Obj] = {}
        self._workers: dict[tuple[str, str, str], PodWorker] = {}
        """Of mirrors that were deleted: what goes on running."""

    def start(self, agent: NodeAgent, manifests: Sequence[Obj], seen: str) -> None:
        for manifest in manifests:
            pod = mirror_pod(manifest, agent, seen)
            self._mirrors[_key(pod)] = pod
            self._create(agent, pod)

    def _create(self, agent: NodeAgent, pod: Obj) -> None:
        metadata = pod["metadata"]
        try:
            agent.client.create("v1/pods", metadata["namespace"], pod)
        except AlreadyExists:
            return
        except ApiError as error:
            message = f"Failed creating a mirror pod for {metadata['name']}: {error}"
            agent.recorder.event(agent.node, "Warning", "FailedMirrorPod", message)

    def owns(self, pod: Obj) -> bool:
        return bool(self._mirrors) and is_mirror(pod) and _key(pod) in self._mirrors

    def mirror_deleted(self, pod: Obj, worker: PodWorker) -> None:
        """Make a new mirror of what goes on running."""
        key = _key(pod)
        self._workers[key] = worker
        self._create(worker.host, self._mirrors[key])

    def take_over(self, pod: Obj) -> PodWorker | None:
        """The worker that a new mirror is to show."""
        worker = self._workers.pop(_key(pod), None)
        if worker is not None:
            worker.rebind(pod)
        return worker


def _key(pod: Obj) -> tuple[str, str, str]:
    metadata = pod["metadata"]
    return pod["spec"].get("nodeName", ""), metadata["namespace"], metadata["name"]
