"""Volumes on the way to a node: the scheduler's part of delayed binding."""

from typing import Any

from scheduler_world import World

Obj = dict[str, Any]
CLAIMS = "v1/persistentvolumeclaims"
VOLUMES = "v1/persistentvolumes"


def _world() -> World:
    world = World()
    world.node("n0")
    world.node("n1")
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "local"},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    world.create("storage.k8s.io/v1/storageclasses", storage_class)
    dynamic = {**storage_class, "metadata": {"name": "dynamic"}, "provisioner": "example.com/disk"}
    world.create("storage.k8s.io/v1/storageclasses", dynamic)
    return world


def _claim(world: World, name: str, storage_class: str) -> Obj:
    return world.create(
        CLAIMS,
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
                "storageClassName": storage_class,
            },
        },
    )


def _volume(world: World, name: str, node: str) -> Obj:
    volume = world.create(
        VOLUMES,
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": "2Gi"},
                "storageClassName": "local",
                "local": {"path": "/mnt"},
                "nodeAffinity": {
                    "required": {
                        "nodeSelectorTerms": [
                            {
                                "matchExpressions": [
                                    {
                                        "key": "kubernetes.io/hostname",
                                        "operator": "In",
                                        "values": [node],
                                    }
                                ]
                            }
                        ]
                    }
                },
            },
        },
    )
    world.client.patch(VOLUMES, "", name, {"status": {"phase": "Available"}}, subresource="status")
    return volume


def _mounting(claim: str) -> list[Obj]:
    return [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]


def _bind(world: World, claim: str, volume: str) -> None:
    """What the volume controller does."""
    annotations = {"pv.kubernetes.io/bind-completed": "yes"}
    patch = {"metadata": {"annotations": annotations}, "spec": {"volumeName": volume}}
    world.patch(CLAIMS, "default", claim, patch)
    world.settle()


def test_pod_goes_where_its_local_volume_is_once_the_claim_is_bound() -> None:
    world = _world()
    _volume(world, "pv", "n1")
    claim = _claim(world, "data", "local")
    world.pod(volumes=_mounting("data"))
    world.settle()
    volume = world.client.get(VOLUMES, "", "pv")
    reference = volume["spec"]["claimRef"]
    assert (reference["name"], reference["uid"]) == ("data", claim["metadata"]["uid"])
    assert volume["metadata"]["annotations"] == {"pv.kubernetes.io/bound-by-controller": "yes"}
    assert world.where("p") == [None]
    assert world.get()["status"]["nominatedNodeName"] == "n1"
    _bind(world, "data", "pv")
    assert world.where("p") == ["n1"]


def test_node_is_selected_for_a_claim_that_must_be_provisioned() -> None:
    world = _world()
    _claim(world, "data", "dynamic")
    world.pod(volumes=_mounting("data"), nodeSelector={"kubernetes.io/hostname": "n1"})
    world.settle()
    claim = world.client.get(CLAIMS, "default", "data")
    selected = claim["metadata"]["annotations"]["volume.kubernetes.io/selected-node"]
    assert (selected, world.where("p")) == ("n1", [None])
    _volume(world, "made", "n1")
    _bind(world, "data", "made")
    assert world.where("p") == ["n1"]


def test_claim_that_is_never_bound_ends_the_attempt_after_ten_minutes() -> None:
    world = _world()
    _claim(world, "data", "dynamic")
    world.pod(volumes=_mounting("data"))
    world.settle()
    world.advance(600)
    condition = world.scheduled_condition()
    assert (condition["reason"], condition["message"]) == (
        "SchedulerError",
        'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded',
    )


def test_missing_claim_and_its_arrival() -> None:
    world = _world()
    _volume(world, "pv", "n0")
    world.pod(volumes=_mounting("data"))
    world.settle()
    assert world.scheduled_condition()["message"] == (
        '0/2 nodes are available: persistentvolumeclaim "data" not found. not found'
    )
    _claim(world, "data", "local")
    world.settle()
    _bind(world, "data", "pv")
    assert world.where("p") == ["n0"]


def test_deleted_pod_leaves_its_volume_wait() -> None:
    world = _world()
    _claim(world, "data", "dynamic")
    world.pod(volumes=_mounting("data"))
    world.settle()
    world.delete("p")
    world.settle()
    assert len(world.scheduler.cluster) == 0
    world.advance(700)
    assert [event[0] for event in world.events()] == []
