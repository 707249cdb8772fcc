"""The component at work. Texts and fields as the real scheduler wrote them on a real API server."""

from scheduler_world import T0, World

TOO_SMALL = (
    "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: "
    "1 No preemption victims found for incoming pod."
)
TAINTED = (
    "0/1 nodes are available: 1 node(s) had untolerated taint(s). "
    "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
)


def test_pod_is_bound_to_a_fitting_node() -> None:
    world = World()
    world.node("small", allocatable={"cpu": "500m"})
    world.node("large")
    world.pod()
    world.settle()
    assert world.where("p") == ["large"]
    assert world.events() == [("Scheduled", "p", "Successfully assigned default/p to large")]


def test_scheduled_event_has_the_real_fields() -> None:
    world = World()
    world.node()
    pod = world.pod()
    world.settle()
    (event,) = world.client.list("events.k8s.io/v1/events").items
    metadata = event.pop("metadata")
    assert (metadata["name"].split(".")[0], metadata["namespace"]) == ("p", "default")
    assert event == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "eventTime": "2023-11-14T22:13:20.000000Z",
        "reportingController": "default-scheduler",
        "reportingInstance": "default-scheduler-mockapi",
        "action": "Binding",
        "reason": "Scheduled",
        "regarding": {
            "kind": "Pod",
            "namespace": "default",
            "name": "p",
            "uid": pod["metadata"]["uid"],
            "apiVersion": "v1",
            "resourceVersion": pod["metadata"]["resourceVersion"],
        },
        "note": "Successfully assigned default/p to n0",
        "type": "Normal",
        "deprecatedSource": {},
        "deprecatedFirstTimestamp": None,
        "deprecatedLastTimestamp": None,
    }


def test_pod_that_fits_nowhere_says_why() -> None:
    world = World()
    world.node(allocatable={"cpu": "500m"})
    world.pod("filler", cpu="400m")
    world.pod(cpu="200m")
    world.settle()
    assert world.scheduled_condition() == {
        "type": "PodScheduled",
        "observedGeneration": 1,
        "status": "False",
        "reason": "Unschedulable",
        "message": TOO_SMALL,
        "lastProbeTime": None,
        "lastTransitionTime": T0,
    }
    assert world.events()[-1] == ("FailedScheduling", "p", TOO_SMALL)


def test_cluster_without_nodes_is_tried_again_after_a_back_off() -> None:
    world = World()
    world.pod()
    world.settle()
    assert world.scheduled_condition()["message"] == "no nodes available to schedule pods"
    world.node()
    world.settle()
    assert world.where("p") == [None]
    world.advance(2)
    assert world.where("p") == ["n0"]


def test_deleted_pod_makes_room_at_once() -> None:
    world = World()
    world.node(allocatable={"cpu": "1"})
    world.pod("first")
    world.pod("second")
    world.settle()
    assert world.where("first", "second") == ["n0", None]
    world.delete("first")
    world.settle()
    assert world.where("second") == ["n0"]


def test_label_on_a_node_makes_a_pending_pod_schedulable_at_once() -> None:
    world = World()
    world.node()
    world.pod(nodeSelector={"disk": "ssd"})
    world.settle()
    assert world.scheduled_condition()["message"] == (
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. "
        "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    )
    world.patch("v1/nodes", "", "n0", {"metadata": {"labels": {"disk": "ssd"}}})
    world.settle()
    assert world.where("p") == ["n0"]


def test_removed_taint_makes_a_pending_pod_schedulable_at_once() -> None:
    world = World()
    world.node(taints=[{"key": "k", "effect": "NoSchedule"}])
    world.pod()
    world.settle()
    assert world.scheduled_condition()["message"] == TAINTED
    world.patch("v1/nodes", "", "n0", {"spec": {"taints": None}})
    world.settle()
    assert world.where("p") == ["n0"]


def test_uncordon_makes_a_pending_pod_schedulable_at_once() -> None:
    world = World()
    world.node(unschedulable=True)
    world.pod()
    world.settle()
    assert "1 node(s) were unschedulable" in world.scheduled_condition()["message"]
    world.patch("v1/nodes", "", "n0", {"spec": {"unschedulable": None}})
    world.settle()
    assert world.where("p") == ["n0"]


def test_unrelated_event_does_not_wake_a_pending_pod() -> None:
    world = World()
    world.node()
    world.pod(nodeSelector={"disk": "ssd"})
    world.settle()
    before = world.get()["metadata"]["resourceVersion"], world.events()
    world.patch("v1/nodes", "", "n0", {"metadata": {"labels": {"other": "label"}}})
    world.pod("unrelated")
    world.delete("unrelated")
    world.settle()
    assert world.get()["metadata"]["resourceVersion"] == before[0]
    assert [e for e in world.events() if e[1] == "p"] == before[1]


def test_gated_pod_waits_for_its_last_gate() -> None:
    world = World()
    world.node()
    world.pod(schedulingGates=[{"name": "example.com/a"}, {"name": "example.com/b"}])
    world.settle()
    assert world.events() == []
    world.patch(
        "v1/pods", "default", "p", {"spec": {"schedulingGates": [{"name": "example.com/b"}]}}
    )
    world.settle()
    assert world.where("p") == [None]
    world.patch("v1/pods", "default", "p", {"spec": {"schedulingGates": None}})
    world.settle()
    assert world.where("p") == ["n0"]


def test_scheduler_name_that_nobody_serves_leaves_the_pod_alone() -> None:
    world = World()
    world.node()
    world.pod(schedulerName="nobody")
    world.settle()
    assert (world.where("p"), world.events()) == ([None], [])


def test_higher_priority_goes_first() -> None:
    world = World()
    world.priority("high", 1000)
    world.pod("low")
    world.pod("high", priorityClassName="high")
    world.node(allocatable={"cpu": "1"})
    world.advance(3)
    assert world.where("low", "high") == [None, "n0"]


def test_preemption_evicts_the_least_important_and_nominates_the_node() -> None:
    world = World()
    world.priority("high", 1000)
    world.priority("middle", 10)
    world.node()
    world.pod("low", cpu="1")
    world.pod("middle", cpu="1", priorityClassName="middle", terminationGracePeriodSeconds=30)
    world.settle()
    world.pod("high", cpu="1", priorityClassName="high")
    world.settle()
    assert world.where("middle", "high") == ["n0", "n0"]
    high = world.get("high")["metadata"]["uid"]
    note = (
        "0/1 nodes are available: 1 Insufficient cpu. preemption: found a potential placement "
        "for pod on node n0, preempting 1 victims"
    )
    assert world.events()[-3:] == [
        ("Preempted", "low", f"Preempted by pod {high} on node n0"),
        ("FailedScheduling", "high", note),
        ("Scheduled", "high", "Successfully assigned default/high to n0"),
    ]


def test_victim_that_takes_its_time_keeps_the_preemptor_nominated() -> None:
    world = World()
    world.priority("high", 1000)
    world.node(allocatable={"cpu": "1"})
    world.pod("low", terminationGracePeriodSeconds=30)
    world.settle()
    world.pod("high", priorityClassName="high")
    world.settle()
    victim = world.get("low")
    condition = victim["status"]["conditions"][-1]
    assert "deletionTimestamp" in victim["metadata"]
    assert condition == {
        "type": "DisruptionTarget",
        "observedGeneration": 1,
        "status": "True",
        "reason": "PreemptionByScheduler",
        "message": "default-scheduler: preempting to accommodate a higher priority pod",
        "lastProbeTime": None,
        "lastTransitionTime": T0,
    }
    assert world.get("high")["status"]["nominatedNodeName"] == "n0"
    world.client.delete("v1/pods", "default", "low", grace_period_seconds=0)
    world.settle()
    assert world.where("high") == ["n0"]


def test_pods_of_lower_priority_do_not_take_a_nominated_node() -> None:
    world = World()
    world.priority("high", 1000)
    world.node(allocatable={"cpu": "1"})
    world.pod("low", terminationGracePeriodSeconds=30)
    world.settle()
    world.pod("high", priorityClassName="high")
    world.settle()
    world.pod("late", cpu="100m")
    world.client.delete("v1/pods", "default", "low", grace_period_seconds=0)
    world.settle()
    assert world.where("high", "late") == ["n0", None]


def test_pod_that_is_being_deleted_is_not_scheduled() -> None:
    world = World()
    world.node()
    world.pod()
    world.patch("v1/pods", "default", "p", {"metadata": {"finalizers": ["example.com/hold"]}})
    world.delete("p")
    world.settle()
    assert world.events() == [("FailedScheduling", "p", "skip schedule deleting pod: default/p")]


def test_waiting_pods_are_tried_again_after_five_minutes() -> None:
    world = World()
    world.node()
    world.pod(nodeSelector={"disk": "ssd"})
    world.settle()
    world.advance(331)
    assert len(world.events()) == 2


def test_repeated_failure_becomes_a_series() -> None:
    world = World()
    world.node(allocatable={"cpu": "1"})
    for name in ("a", "b", "c"):
        world.pod(name, cpu="300m")
    world.settle()
    world.pod(cpu="1")
    world.settle()
    for name in ("a", "b"):
        world.delete(name)
        world.settle()
    found = world.client.list("events.k8s.io/v1/events").items
    series = [e.get("series", {}).get("count") for e in found if e["regarding"]["name"] == "p"]
    assert series == [None, 2]
