"""Static pods and their mirrors. Source: pkg/kubelet/pod/mirror_client.go."""

from typing import Any

from kubelet_fake import Cluster

MANIFEST: dict[str, Any] = {
    "metadata": {"name": "proxy", "namespace": "default"},
    "spec": {"hostNetwork": True, "containers": [{"name": "main", "image": "proxy:1"}]},
}


def test_a_static_pod_is_mirrored_and_runs() -> None:
    cluster = Cluster(static_pods=(MANIFEST,))
    pod = cluster.pod("proxy-node-1")
    assert pod["status"]["phase"] == "Running"
    annotations = pod["metadata"]["annotations"]
    assert annotations["kubernetes.io/config.source"] == "file"
    assert annotations["kubernetes.io/config.mirror"] == annotations["kubernetes.io/config.hash"]
    owner = pod["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("Node", "node-1", True)


def test_a_deleted_mirror_comes_back_and_the_container_has_never_stopped() -> None:
    cluster = Cluster(static_pods=(MANIFEST,))
    before = cluster.pod("proxy-node-1")
    cluster.delete("proxy-node-1")
    after = cluster.pod("proxy-node-1")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["status"]["containerStatuses"] == before["status"]["containerStatuses"]
    assert not [r for _, r, _, _ in cluster.events("proxy-node-1") if r == "Killing"]
