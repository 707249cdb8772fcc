"""Attach and detach: the attachment as the real controller made it, and what follows from it."""

from collections.abc import Iterator
from typing import Any

import pytest

from mockapi.client.protocol import Client
from mockapi.composition import Cluster
from mockapi.settings import Settings

Obj = dict[str, Any]
ATTACHMENTS = "storage.k8s.io/v1/volumeattachments"
# As kube-controller-manager 1.37.2 named and wrote it for this driver, handle and node.
NAME = "csi-1405dc020d3243b03e81004b4c5e3fd6d51b68079ded2074ea498d0aedc261c6"
SPEC = {
    "attacher": "elsewhere.example.com",
    "nodeName": "nva",
    "source": {"persistentVolumeName": "va"},
}
UNIQUE = "kubernetes.io/csi/elsewhere.example.com^h"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    controllers = "*,-persistentvolume-attacher-simulation"
    plain = {"nodes": 0, "kubelet": False, "scheduler": False, "seed": 1}
    made = Cluster(Settings(clock="manual", controllers=controllers, **plain))  # type: ignore[arg-type]
    made.start(listen=False)
    yield made
    made.stop()


@pytest.fixture
def client(cluster: Cluster) -> Client:
    made = cluster.clients.client("test")
    key = "volumes.kubernetes.io/controller-managed-attach-detach"
    node = _object("v1", "Node", "nva")
    node["metadata"]["annotations"] = {key: "true"}
    made.create("v1/nodes", "", node)
    size, modes = {"storage": "1Gi"}, ["ReadWriteOnce"]
    source = {"driver": "elsewhere.example.com", "volumeHandle": "h"}
    volume = {"storageClassName": "c", "capacity": size, "accessModes": modes, "csi": source}
    made.create("v1/persistentvolumes", "", _object("v1", "PersistentVolume", "va", volume))
    asked = {
        "storageClassName": "c",
        "volumeName": "va",
        "accessModes": modes,
        "resources": {"requests": size},
    }
    claim = _object("v1", "PersistentVolumeClaim", "va", asked)
    made.create("v1/persistentvolumeclaims", "default", claim)
    spec = {
        "nodeName": "nva",
        "containers": [{"name": "c", "image": "x"}],
        "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "va"}}],
    }
    made.create("v1/pods", "default", _object("v1", "Pod", "user", spec))
    cluster.settle()
    return made


def _object(version: str, kind: str, name: str, spec: Obj | None = None) -> Obj:
    made: Obj = {"apiVersion": version, "kind": kind, "metadata": {"name": name}}
    return {**made, "spec": spec} if spec else made


def _attach(cluster: Cluster, client: Client) -> None:
    status = {"status": {"attached": True}}
    client.patch(ATTACHMENTS, "", NAME, status, subresource="status")
    cluster.settle()


def test_a_pods_volume_is_to_be_attached(client: Client) -> None:
    (attachment,) = client.list(ATTACHMENTS).items
    assert (attachment["metadata"]["name"], attachment["spec"]) == (NAME, SPEC)
    assert attachment["status"] == {"attached": False}


def test_what_is_attached_shows_on_the_node_and_goes_with_the_pod(
    cluster: Cluster, client: Client
) -> None:
    _attach(cluster, client)
    node = client.get("v1/nodes", "", "nva")
    assert node["status"]["volumesAttached"] == [{"name": UNIQUE, "devicePath": ""}]
    client.delete("v1/pods", "default", "user", grace_period_seconds=0)
    cluster.settle()
    assert client.list(ATTACHMENTS).items == []
    assert not client.get("v1/nodes", "", "nva")["status"].get("volumesAttached")


def test_what_the_node_still_uses_stays_attached(cluster: Cluster, client: Client) -> None:
    _attach(cluster, client)
    in_use = {"status": {"volumesInUse": [UNIQUE]}}
    client.patch("v1/nodes", "", "nva", in_use, subresource="status")
    client.delete("v1/pods", "default", "user", grace_period_seconds=0)
    cluster.settle()
    assert len(client.list(ATTACHMENTS).items) == 1
    client.patch("v1/nodes", "", "nva", {"status": {"volumesInUse": None}}, subresource="status")
    cluster.settle()
    assert client.list(ATTACHMENTS).items == []
