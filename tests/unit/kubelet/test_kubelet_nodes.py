"""Nodes: registration, heartbeats, troubles, eviction, shutdown. Source: pkg/kubelet."""

from typing import Any

import pytest
from kubelet_fake import START, T0, Cluster

from mockapi.kubelet import pressure
from mockapi.kubelet.behaviour_schema import BadBehaviour
from mockapi.kubelet.nodelife import read
from mockapi.kubelet.nodes import NodeShape, allocatable_of, pod_cidr


def node(cluster: Cluster, name: str = "node-1") -> dict[str, Any]:
    return cluster.api.get("v1/nodes", "", name)


def node_condition(cluster: Cluster, kind: str, name: str = "node-1") -> tuple[str, str, str]:
    found = next(c for c in node(cluster, name)["status"]["conditions"] if c["type"] == kind)
    return found["status"], found["reason"], found["message"]


def behave(cluster: Cluster, text: str | None, name: str = "node-1") -> None:
    annotations = {} if text is None else {"mockapi.dev/behaviour": text}
    current = node(cluster, name)
    metadata = {**current["metadata"], "annotations": annotations}
    cluster.api.update("v1/nodes", "", {**current, "metadata": metadata})
    cluster.settle()


def node_events(cluster: Cluster, name: str = "node-1") -> list[tuple[str, str]]:
    return [(reason, message) for _, reason, message, _ in cluster.events(name)]


def test_a_registered_node() -> None:
    found = node(Cluster())
    assert found["metadata"]["labels"]["kubernetes.io/hostname"] == "node-1"
    status = found["status"]
    assert status["capacity"]["pods"] == "110"
    assert status["addresses"] == [
        {"type": "InternalIP", "address": "172.18.0.2"},
        {"type": "Hostname", "address": "node-1"},
    ]
    assert [(c["type"], c["status"], c["reason"]) for c in status["conditions"]] == [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID"),
        ("Ready", "True", "KubeletReady"),
    ]
    assert status["nodeInfo"]["kubeletVersion"] == "v1.37.2"


def test_events_of_a_starting_kubelet() -> None:
    assert node_events(Cluster()) == [
        ("Starting", "Starting kubelet."),
        ("NodeHasSufficientMemory", "Node node-1 status is now: NodeHasSufficientMemory"),
        ("NodeHasNoDiskPressure", "Node node-1 status is now: NodeHasNoDiskPressure"),
        ("NodeHasSufficientPID", "Node node-1 status is now: NodeHasSufficientPID"),
        ("NodeAllocatableEnforced", "Updated Node Allocatable limit across pods"),
        ("NodeReady", "Node node-1 status is now: NodeReady"),
    ]


def test_allocatable_keeps_the_eviction_thresholds_back() -> None:
    found = allocatable_of({"cpu": "8", "memory": "32Gi", "ephemeral-storage": "100Gi"})
    assert found == {"cpu": "8", "memory": "33452032Ki", "ephemeral-storage": "96636764160"}


def test_shapes() -> None:
    shape = NodeShape(
        count=2,
        name="gpu",
        capacity={"cpu": "64", "nvidia.com/gpu": "8"},
        labels={"zone": "a"},
        taints=({"key": "gpu", "effect": "NoSchedule"},),
    )
    found = node(Cluster(shapes=(shape,)), "gpu-2")
    assert found["status"]["allocatable"]["nvidia.com/gpu"] == "8"
    assert found["metadata"]["labels"]["zone"] == "a"
    assert found["spec"]["taints"] == [{"key": "gpu", "effect": "NoSchedule"}]


def renewals(cluster: Cluster) -> list[float]:
    return [when for when, _, resource, _ in cluster.server.writes if resource.endswith("leases")]


def test_leases_are_renewed_every_ten_seconds() -> None:
    cluster = Cluster()
    cluster.advance(35)
    assert renewals(cluster) == [10, 20, 30]


def test_the_status_is_reported_every_five_minutes() -> None:
    cluster = Cluster()
    cluster.advance(601)
    writes = [w for w, verb, r, _ in cluster.server.writes if r == "v1/nodes"]
    assert writes == [300, 600]


def test_many_nodes_beat_less_often_but_all_in_time() -> None:
    cluster = Cluster(nodes=500)
    cluster.server.writes.clear()
    cluster.advance(20)
    names = [o["metadata"]["name"] for _, _, r, o in cluster.server.writes if r.endswith("leases")]
    assert len(names) == 1000
    assert len(set(names)) == 500


def test_a_silent_node_does_nothing_and_catches_up() -> None:
    cluster = Cluster()
    cluster.run(annotation="run: {seconds: 60}", restartPolicy="Never")
    behave(cluster, "heartbeat: false")
    cluster.server.writes.clear()
    cluster.advance(100)
    assert cluster.server.writes == []
    cluster.delete(grace=1)
    assert cluster.exists()
    behave(cluster, None)
    assert not cluster.exists()
    assert node_condition(cluster, "Ready")[0] == "True"


def test_a_broken_network_holds_new_pods_up() -> None:
    cluster = Cluster()
    behave(cluster, "network: false")
    message = (
        "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
        "message:Network plugin returns error: cni plugin not initialized"
    )
    assert node_condition(cluster, "Ready") == ("False", "KubeletNotReady", message)
    assert node_events(cluster)[-1] == ("NodeNotReady", "Node node-1 status is now: NodeNotReady")
    cluster.run()
    assert cluster.events()[0] == (
        "Warning",
        "NetworkNotReady",
        f"network is not ready: {message}",
        1,
    )
    cluster.run("host", hostNetwork=True)
    assert cluster.status("host")["phase"] == "Running"
    assert cluster.status("host")["podIP"] == "172.18.0.2"
    behave(cluster, None)
    cluster.advance(1)
    assert cluster.status()["phase"] == "Running"


def test_a_dead_runtime_makes_the_node_unready_and_its_pods_stand_still() -> None:
    cluster = Cluster()
    behave(cluster, "runtime: false")
    assert node_condition(cluster, "Ready") == (
        "False",
        "KubeletNotReady",
        "container runtime is down",
    )
    cluster.run()
    assert cluster.status() == {"phase": "Pending", "qosClass": "BestEffort"}
    behave(cluster, None)
    assert cluster.status()["phase"] == "Running"


def test_pressure_evicts_pods_one_by_one_in_order() -> None:
    cluster = Cluster()
    request = {"resources": {"requests": {"memory": "1Gi"}}}
    container = {"name": "main", "image": "nginx"}
    cluster.run("burstable", containers=[{**container, **request}])
    cluster.run("greedy", containers=[container], annotation="usage: {memory: 2Gi}")
    cluster.run("modest", containers=[container], annotation="usage: {memory: 1Mi}")
    cluster.run("vital", containers=[container], priority=2_000_000_000)
    behave(cluster, "pressure: memory")
    assert node_condition(cluster, "MemoryPressure") == (
        "True",
        "KubeletHasInsufficientMemory",
        "kubelet has insufficient memory available",
    )
    phases = ["burstable", "greedy", "modest", "vital"]
    cluster.advance(9)
    assert [cluster.status(n)["phase"] for n in phases] == [
        "Running",
        "Failed",
        "Running",
        "Running",
    ]
    cluster.advance(10)
    assert cluster.status("modest")["phase"] == "Failed"
    cluster.advance(10)
    assert cluster.status("burstable")["phase"] == "Failed"
    cluster.advance(100)
    assert cluster.status("vital")["phase"] == "Running"


def test_an_evicted_pod() -> None:
    cluster = Cluster()
    cluster.run(annotation="usage: {memory: 64Mi}")
    behave(cluster, "pressure: {memory: 80Mi}")
    message = (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi. "
        "Container main was using 64Mi, request is 0, has larger consumption of memory. "
    )
    status = cluster.status()
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "Evicted", message)
    assert ("Warning", "Evicted", message, 1) in cluster.events()
    found = next(c for c in status["conditions"] if c["type"] == "DisruptionTarget")
    assert found == {
        "type": "DisruptionTarget",
        "observedGeneration": 1,
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": T0,
        "reason": "TerminationByKubelet",
        "message": message,
    }
    assert ("EvictionThresholdMet", "Attempting to reclaim memory") in node_events(cluster)


def test_pressure_that_evictions_have_relieved_ends_after_five_minutes() -> None:
    cluster = Cluster()
    cluster.run("a", annotation="usage: {memory: 64Mi}")
    cluster.run("b", annotation="usage: {memory: 64Mi}")
    behave(cluster, "pressure: {memory: 80Mi}")
    cluster.advance(290)
    assert sorted(cluster.status(n)["phase"] for n in "ab") == ["Failed", "Running"]
    assert node_condition(cluster, "MemoryPressure")[0] == "True"
    cluster.advance(30)
    assert node_condition(cluster, "MemoryPressure")[0] == "False"


def test_a_node_under_pressure_refuses_pods() -> None:
    cluster = Cluster()
    behave(cluster, "pressure: disk")
    cluster.run()
    status = cluster.status()
    assert (status["phase"], status["reason"], status["message"]) == (
        "Failed",
        "Evicted",
        "Pod was rejected: The node had condition: [DiskPressure]. ",
    )


def test_graceful_shutdown_ends_ordinary_pods_before_critical_ones() -> None:
    cluster = Cluster()
    cluster.run("web")
    cluster.run("vital", priority=2_000_000_000)
    behave(cluster, "shutdown: {seconds: 30, criticalSeconds: 10}")
    status = cluster.status("web")
    assert (status["phase"], status["reason"], status["message"]) == (
        "Failed",
        "Terminated",
        "Pod was terminated in response to imminent node shutdown.",
    )
    assert node_condition(cluster, "Ready")[2] == "node is shutting down"
    assert cluster.status("vital")["phase"] == "Running"
    cluster.run("late")
    assert cluster.status("late")["reason"] == "NodeShutdown"
    cluster.advance(20)
    assert cluster.status("vital")["phase"] == "Failed"
    cluster.advance(10)
    cluster.server.writes.clear()
    cluster.advance(60)
    assert renewals(cluster) == []
    behave(cluster, None)
    assert node_condition(cluster, "Ready")[0] == "True"
    assert "Rebooted" in [reason for reason, _ in node_events(cluster)]


def test_a_node_that_a_user_makes_comes_to_life() -> None:
    cluster = Cluster()
    made = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "mine"}, "spec": {}}
    cluster.api.create("v1/nodes", "", made)
    cluster.settle()
    assert node_condition(cluster, "Ready", "mine")[0] == "True"
    cluster.run(nodeName="mine")
    assert cluster.status()["phase"] == "Running"
    leases = [k for k in cluster.server.objects if k[0].endswith("leases")]
    assert leases[-1][2] == "mine"


def test_unless_that_is_not_wanted() -> None:
    cluster = Cluster(adopt=False)
    made = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "mine"}, "spec": {}}
    cluster.api.create("v1/nodes", "", made)
    cluster.settle()
    assert "status" not in node(cluster, "mine")


def test_out_of_cpu() -> None:
    cluster = Cluster()
    container = {"name": "main", "image": "nginx", "resources": {"requests": {"cpu": "5"}}}
    cluster.run("one", containers=[container])
    cluster.run("two", containers=[container])
    assert cluster.status("two") == {
        "observedGeneration": 1,
        "phase": "Failed",
        "message": "Pod was rejected: Node didn't have enough resource: cpu, requested: 5000, "
        "used: 5000, capacity: 8000",
        "reason": "OutOfcpu",
        "startTime": T0,
        "qosClass": "Burstable",
    }
    assert cluster.events("two")[0][1] == "OutOfcpu"


@pytest.mark.parametrize(
    ("spec", "reason", "message"),
    [
        (
            {"nodeSelector": {"disk": "ssd"}},
            "NodeAffinity",
            "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
        ),
        (
            {"containers": [{"name": "c", "image": "x", "ports": [{"hostPort": 80}]}]},
            "NodePorts",
            "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod "
            "ports",
        ),
        (
            {"os": {"name": "windows"}},
            "PodOSNotSupported",
            "Failed to admit pod as the OS field doesn't match node OS",
        ),
        (
            {"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}},
            "SysctlForbidden",
            'forbidden sysctl: "kernel.msgmax" not allowlisted',
        ),
        (
            {
                "hostNetwork": True,
                "securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem", "value": "1"}]},
            },
            "SysctlForbidden",
            'forbidden sysctl: "net.ipv4.tcp_rmem" not allowed with host net enabled',
        ),
    ],
)
def test_a_pod_that_was_bound_past_the_scheduler_is_judged_by_the_kubelet(
    spec: dict[str, Any], reason: str, message: str
) -> None:
    cluster = Cluster()
    taken = {"name": "main", "image": "nginx", "ports": [{"hostPort": 80}]}
    cluster.run("first", containers=[taken])
    cluster.run("second", **spec)
    status = cluster.status("second")
    assert (status["phase"], status["reason"]) == ("Failed", reason)
    assert status["message"] == f"Pod was rejected: {message}"
    assert cluster.events("second") == [("Warning", reason, message, 1)]


def test_a_node_that_expels_takes_no_pod_on() -> None:
    taint = {"key": "gone", "value": "", "effect": "NoExecute"}
    cluster = Cluster(shapes=(NodeShape(taints=[taint]),))
    cluster.run("one")
    cluster.run("two", tolerations=[{"key": "gone", "operator": "Exists"}])
    assert cluster.status("one")["reason"] == "TaintToleration"
    assert cluster.status("two")["phase"] == "Running"


def test_out_of_pods() -> None:
    cluster = Cluster(shapes=(NodeShape(capacity={"pods": "1"}),))
    cluster.run("one")
    cluster.run("two")
    assert cluster.status("two")["reason"] == "OutOfpods"
    cluster.delete("one")
    cluster.run("three")
    assert cluster.status("three")["phase"] == "Running"


def test_addresses_are_used_in_turn() -> None:
    cluster = Cluster()
    cluster.run("a")
    cluster.delete("a")
    cluster.run("b")
    assert cluster.status("b")["podIP"] == "10.244.0.3"


def test_active_deadline() -> None:
    cluster = Cluster()
    cluster.run(activeDeadlineSeconds=30)
    cluster.advance(29)
    assert cluster.status()["phase"] == "Running"
    cluster.advance(1)
    status = cluster.status()
    text = "Pod was active on the node longer than the specified deadline"
    assert (status["phase"], status["reason"], status["message"]) == (
        "Failed",
        "DeadlineExceeded",
        text,
    )
    assert ("Normal", "DeadlineExceeded", text, 1) in cluster.events()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("heartbeats: false", "heartbeats: unknown field, did you mean heartbeat?"),
        ("pressure: memry", "pressure: Must be one of: disk, memory, pid"),
        ("shutdown: {second: 3}", "shutdown.second: unknown field, did you mean seconds?"),
        ("[]", "must be an object of node behaviour fields"),
    ],
)
def test_bad_node_behaviours_are_refused(text: str, problem: str) -> None:
    with pytest.raises(BadBehaviour) as caught:
        read(text)
    assert str(caught.value) == problem


def test_pod_ranges_do_not_overlap() -> None:
    ranges = [pod_cidr(i) for i in range(5000)]
    assert len(set(ranges)) == 5000
    assert ranges[:2] == ["10.244.0.0/24", "10.244.1.0/24"]


@pytest.mark.parametrize(
    ("pressures", "qos", "tolerations", "refused"),
    [
        ([], "BestEffort", [], False),
        (["MemoryPressure"], "BestEffort", [], True),
        (["MemoryPressure"], "Burstable", [], False),
        (
            ["MemoryPressure"],
            "BestEffort",
            [{"key": "node.kubernetes.io/memory-pressure", "operator": "Exists"}],
            False,
        ),
        (["DiskPressure"], "Guaranteed", [], True),
        (["MemoryPressure", "DiskPressure"], "Burstable", [], True),
    ],
)
def test_admission_under_pressure(
    pressures: list[str], qos: str, tolerations: list[dict[str, str]], refused: bool
) -> None:
    pod = {"metadata": {"name": "x"}, "spec": {"tolerations": tolerations}}
    assert bool(pressure.refusal(pod, qos, pressures)) is refused


def test_start_is_known() -> None:
    assert START == 1_700_000_000.0
