"""A kubelet that starts anew goes on with the pods that it finds."""

from kubelet_fake import Cluster

from mockapi.kubelet.kubelet import Kubelet, KubeletSettings
from mockapi.kubelet.nodes import NodeShape
from mockapi.runtime.loop import Runtime


def restart(cluster: Cluster) -> None:
    """A new process on the same API."""
    cluster.runtime.close()
    cluster.runtime = Runtime(cluster.server, clock=cluster.clock, ids=cluster.ids)
    cluster.kubelet = Kubelet(KubeletSettings(shapes=(NodeShape(count=1),)))
    cluster.runtime.add(cluster.kubelet)
    cluster.settle()


def test_a_running_pod_goes_on_running() -> None:
    cluster = Cluster()
    cluster.run()
    before = cluster.status()
    restart(cluster)
    cluster.advance(60)
    assert cluster.status() == before
    cluster.delete()
    assert not cluster.exists()


def test_a_container_still_ends_when_it_would_have() -> None:
    cluster = Cluster()
    cluster.run(annotation="run: {seconds: 30}", restartPolicy="Never")
    cluster.advance(10)
    restart(cluster)
    cluster.advance(19)
    assert cluster.status()["phase"] == "Running"
    cluster.advance(1)
    assert cluster.status()["phase"] == "Succeeded"


def test_restarts_are_counted_on() -> None:
    cluster = Cluster()
    cluster.run(annotation="run: [{seconds: 1, exitCode: 1}, {seconds: 20, exitCode: 1}, {}]")
    cluster.advance(5)
    assert cluster.container()["restartCount"] == 1
    restart(cluster)
    cluster.advance(30)
    assert cluster.container()["restartCount"] == 2


def test_addresses_in_use_are_not_given_out_again() -> None:
    cluster = Cluster()
    cluster.run("a")
    restart(cluster)
    cluster.run("b")
    assert cluster.status("a")["podIP"] != cluster.status("b")["podIP"]
