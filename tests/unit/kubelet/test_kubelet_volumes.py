"""Volumes and environments that cannot be made. Source: pkg/volume, kubelet_pods.go."""

from typing import Any

import pytest
from kubelet_fake import Cluster

from mockapi.kubelet import volumes
from mockapi.kubelet.environment import expand, variables


def run(cluster: Cluster, source: dict[str, Any], **spec: Any) -> None:
    mounts = [{"name": "data", "mountPath": "/data"}]
    cluster.run(
        containers=[{"name": "main", "image": "nginx", "volumeMounts": mounts}],
        volumes=[{"name": "data", **source}],
        **spec,
    )


def failed(cluster: Cluster) -> list[tuple[str, int]]:
    return [(m, n) for _, reason, m, n in cluster.events() if reason == "FailedMount"]


SETUP = 'MountVolume.SetUp failed for volume "data" : '


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"configMap": {"name": "cfg"}}, SETUP + 'configmap "cfg" not found'),
        ({"secret": {"secretName": "key"}}, SETUP + 'secret "key" not found'),
        (
            {"projected": {"sources": [{"configMap": {"name": "cfg"}}]}},
            SETUP + 'configmap "cfg" not found',
        ),
        (
            {
                "projected": {
                    "sources": [{"configMap": {"name": "cfg"}}, {"secret": {"name": "key"}}]
                }
            },
            SETUP + '[configmap "cfg" not found, secret "key" not found]',
        ),
        (
            {"hostPath": {"path": "/nowhere", "type": "Directory"}},
            SETUP + "hostPath type check failed, /nowhere is not a directory, unable to "
            'determine its type: path "/nowhere" does not exist',
        ),
        (
            {"hostPath": {"path": "/etc/hosts", "type": "Directory"}},
            SETUP + "hostPath type check failed: /etc/hosts is not a directory, it's a File",
        ),
        (
            {"csi": {"driver": "inline.example.com"}},
            'MountVolume.NewMounter initialization failed for volume "data" : volume mode '
            '"Ephemeral" not supported by driver inline.example.com (no CSIDriver object)',
        ),
        (
            {"persistentVolumeClaim": {"claimName": "claim"}},
            "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], "
            "failed to process volumes=[data]: error processing PVC default/claim: failed to "
            'fetch PVC from API server: persistentvolumeclaims "claim" not found',
        ),
        (
            {"cephfs": {"monitors": ["a"]}},
            "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], "
            "failed to process volumes=[data]: failed to get Plugin from volumeSpec for volume "
            '"data" err=no volume plugin matched',
        ),
    ],
)
def test_a_missing_volume_keeps_the_pod_creating(source: dict[str, Any], message: str) -> None:
    cluster = Cluster()
    run(cluster, source)
    assert failed(cluster) == [(message, 1)]
    assert cluster.shown() == "ContainerCreating"
    assert cluster.conditions()["PodReadyToStartContainers"] == "False"


@pytest.mark.parametrize(
    "source",
    [
        {"emptyDir": {}},
        {"configMap": {"name": "cfg", "optional": True}},
        {"secret": {"secretName": "key", "optional": True}},
        {"projected": {"sources": [{"configMap": {"name": "cfg", "optional": True}}]}},
        {"hostPath": {"path": "/nowhere"}},
        {"hostPath": {"path": "/nowhere", "type": "DirectoryOrCreate"}},
        {"hostPath": {"path": "/var/log", "type": "Directory"}},
        {"hostPath": {"path": "/run/containerd/containerd.sock", "type": "Socket"}},
        {"nfs": {"server": "s", "path": "/"}},
        {"downwardAPI": {"items": []}},
    ],
)
def test_volumes_that_do_not_hold_a_pod_up(source: dict[str, Any]) -> None:
    cluster = Cluster()
    run(cluster, source)
    assert cluster.status()["phase"] == "Running"


def test_mounting_is_tried_again_with_growing_pauses() -> None:
    cluster = Cluster()
    run(cluster, {"configMap": {"name": "cfg"}})
    cluster.advance(0.5 + 1 + 2 + 4)
    assert failed(cluster)[0][1] == 5
    cluster.api.create("v1/configmaps", "default", {"metadata": {"name": "cfg"}, "data": {}})
    cluster.advance(7.9)
    assert cluster.shown() == "ContainerCreating"
    cluster.advance(0.1)
    assert cluster.shown() == "Running"


def test_missing_keys() -> None:
    cluster = Cluster()
    cluster.api.create("v1/configmaps", "default", {"metadata": {"name": "cfg"}, "data": {}})
    cluster.api.create("v1/secrets", "default", {"metadata": {"name": "key"}, "data": {}})
    items = [{"key": "a", "path": "a"}]
    run(cluster, {"configMap": {"name": "cfg", "items": items}}, name="one")
    run(cluster, {"secret": {"secretName": "key", "items": items}}, name="two")
    assert cluster.events("one")[0][2] == SETUP + (
        "configmap references non-existent config key: a"
    )
    assert cluster.events("two")[0][2] == SETUP + "references non-existent secret key: a"


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        (
            {"metadata": {}, "spec": {}, "status": {"phase": "Pending"}},
            "PVC is not bound",
        ),
        (
            {"metadata": {"deletionTimestamp": "x"}, "spec": {}},
            "PVC is being deleted",
        ),
        (
            {"metadata": {}, "spec": {}, "status": {"phase": "Bound"}},
            "PVC has empty pvc.Spec.VolumeName",
        ),
        (
            {"metadata": {}, "spec": {"volumeName": "pv"}, "status": {"phase": "Bound"}},
            'failed to fetch PV pv from API server: persistentvolumes "pv" not found',
        ),
    ],
)
def test_claims(claim: dict[str, Any], why: str) -> None:
    class Objects:
        def get(self, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
            return claim if kind == "persistentvolumeclaim" else None

    assert volumes.claim_error("ns", "claim", Objects()) == why


def test_volume_trouble_by_behaviour() -> None:
    cluster = Cluster()
    run(
        cluster,
        {"nfs": {"server": "s", "path": "/"}},
        annotation='volumes: {data: {error: "mount failed: exit status 32", fails: 1}}',
    )
    assert failed(cluster) == [(SETUP + "mount failed: exit status 32", 1)]
    cluster.advance(0.5)
    assert cluster.shown() == "Running"


def config_error(cluster: Cluster, **container: Any) -> dict[str, Any]:
    cluster.run(containers=[{"name": "main", "image": "nginx", **container}])
    waiting: dict[str, Any] = cluster.container()["state"].get("waiting", {})
    return waiting


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ({"envFrom": [{"configMapRef": {"name": "cfg"}}]}, 'configmap "cfg" not found'),
        ({"envFrom": [{"secretRef": {"name": "key"}}]}, 'secret "key" not found'),
        (
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "cfg", "key": "k"}}}]},
            'configmap "cfg" not found',
        ),
        (
            {
                "env": [
                    {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "there", "key": "k"}}}
                ]
            },
            "couldn't find key k in ConfigMap default/there",
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "hid", "key": "k"}}}]},
            "couldn't find key k in Secret default/hid",
        ),
        (
            {"securityContext": {"runAsNonRoot": True, "runAsUser": 0}},
            'container\'s runAsUser breaks non-root policy (pod: "web_default(uid-web)", '
            "container: main)",
        ),
    ],
)
def test_create_container_config_error(container: dict[str, Any], message: str) -> None:
    cluster = Cluster()
    cluster.api.create("v1/configmaps", "default", {"metadata": {"name": "there"}})
    cluster.api.create("v1/secrets", "default", {"metadata": {"name": "hid"}})
    waiting = config_error(cluster, **container)
    assert waiting == {"reason": "CreateContainerConfigError", "message": message}
    assert ("Warning", "Failed", f"Error: {message}", 2) in cluster.events()


def test_optional_references_do_not_matter() -> None:
    cluster = Cluster()
    reference = {"name": "cfg", "key": "k", "optional": True}
    waiting = config_error(
        cluster,
        envFrom=[{"secretRef": {"name": "key", "optional": True}}],
        env=[{"name": "A", "valueFrom": {"configMapKeyRef": reference}}],
    )
    assert waiting == {}


def test_a_config_error_goes_when_its_cause_does() -> None:
    cluster = Cluster()
    config_error(cluster, envFrom=[{"configMapRef": {"name": "cfg"}}])
    cluster.api.create("v1/configmaps", "default", {"metadata": {"name": "cfg"}, "data": {}})
    cluster.advance(10)
    assert cluster.shown() == "Running"


def test_variables() -> None:
    class Objects:
        def get(self, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
            return {"data": {"B": "b"}} if kind == "configmap" else None

    container = {
        "envFrom": [{"configMapRef": {"name": "cfg"}, "prefix": "P_"}],
        "env": [
            {"name": "A", "value": "a-$(P_B)-$(NO)-$$(A)"},
            {"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
    }
    pod = {"metadata": {"name": "web", "namespace": "ns", "uid": "u"}, "spec": {}}
    assert variables(pod, container, Objects()) == {"P_B": "b", "A": "a-b-$(NO)-$(A)", "N": "web"}
    assert expand("$", {}) == "$"
