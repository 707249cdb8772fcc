"""The handshake about attached volumes: a node says what it uses, a controller what is attached."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mockapi.client.protocol import Client
from mockapi.composition import Cluster
from mockapi.settings import Settings

Obj = dict[str, Any]
ATTACHMENTS, DRIVER = "storage.k8s.io/v1/volumeattachments", "elsewhere.example.com"
UNIQUE = f"kubernetes.io/csi/{DRIVER}^h"
SIMULATION = "persistentvolume-attacher-simulation"
Make = Callable[[str], Cluster]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Cluster] = []

    def cluster(controllers: str) -> Cluster:
        one = Cluster(Settings(clock="manual", nodes=1, seed=1, controllers=controllers))
        one.start(listen=False)
        made.append(one)
        client = one.clients.client("test")
        size, modes = {"storage": "1Gi"}, ["ReadWriteOnce"]
        source = {"driver": DRIVER, "volumeHandle": "h"}
        volume = {"storageClassName": "c", "capacity": size, "accessModes": modes, "csi": source}
        _create(client, "v1/persistentvolumes", "PersistentVolume", "data", volume)
        claim = {"storageClassName": "c", "accessModes": modes, "resources": {"requests": size}}
        _create(client, "v1/persistentvolumeclaims", "PersistentVolumeClaim", "data", claim)
        _create(client, "v1/pods", "Pod", "user", _user())
        one.advance(5)
        return one

    yield cluster
    for one in made:
        one.stop()


def _user() -> Obj:
    container: Obj = {"name": "c", "image": "nginx:1"}
    container["volumeMounts"] = [{"name": "v", "mountPath": "/v"}]
    container["lifecycle"] = {"preStop": {"sleep": {"seconds": 5}}}
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    return {"containers": [container], "volumes": volumes}


def _create(client: Client, resource: str, kind: str, name: str, spec: Obj) -> None:
    obj = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    client.create(resource, "" if kind == "PersistentVolume" else "default", obj)


def _volumes(cluster: Cluster) -> tuple[list[str], list[str], str]:
    """In use, attached, and the pod's phase."""
    client = cluster.clients.client("test")
    (node,) = client.list("v1/nodes").items
    phases = [pod["status"]["phase"] for pod in client.list("v1/pods", "default").items]
    attached = [row["name"] for row in node["status"].get("volumesAttached") or ()]
    return node["status"].get("volumesInUse") or [], attached, ",".join(phases)


def test_a_pod_runs_when_its_volume_is_attached(make: Make) -> None:
    cluster = make("*")
    assert _volumes(cluster) == ([UNIQUE], [UNIQUE], "Running")


def test_a_pod_waits_until_its_volume_is_attached(make: Make) -> None:
    cluster = make(f"*,-{SIMULATION}")
    client = cluster.clients.client("test")
    cluster.advance(100)
    assert _volumes(cluster) == ([UNIQUE], [], "Pending")
    (pod,) = client.list("v1/pods", "default").items
    (row,) = pod["status"]["containerStatuses"]
    assert row["state"] == {"waiting": {"reason": "ContainerCreating"}}
    (attachment,) = client.list(ATTACHMENTS).items
    name, status = attachment["metadata"]["name"], {"status": {"attached": True}}
    client.patch(ATTACHMENTS, "", name, status, subresource="status")
    cluster.advance(5)
    assert _volumes(cluster) == ([UNIQUE], [UNIQUE], "Running")


def test_a_volume_is_detached_after_its_pod_has_ended(make: Make) -> None:
    cluster = make("*")
    client = cluster.clients.client("test")
    client.delete("v1/pods", "default", "user")
    cluster.settle()
    assert len(client.list(ATTACHMENTS).items) == 1
    cluster.advance(60)
    assert _volumes(cluster) == ([], [], "")
    assert client.list(ATTACHMENTS).items == []


def test_two_nodes_take_turns_with_a_volume(make: Make) -> None:
    cluster = make("*")
    client = cluster.clients.client("test")
    shape = {"metadata": {"name": "second"}, "apiVersion": "v1", "kind": "Node"}
    client.create("v1/nodes", "", shape)
    cluster.advance(5)
    _create(client, "v1/pods", "Pod", "other", {**_user(), "nodeName": "second"})
    cluster.advance(10)
    assert client.get("v1/pods", "default", "other")["status"]["phase"] == "Pending"
    client.delete("v1/pods", "default", "user", grace_period_seconds=0)
    cluster.advance(60)
    assert client.get("v1/pods", "default", "other")["status"]["phase"] == "Running"
    (attachment,) = client.list(ATTACHMENTS).items
    assert attachment["spec"]["nodeName"] == "second"
