"""The scheduler explains itself, for scheduled, pending and proposed pods, and changes nothing."""

from scheduler_world import World


def test_proposed_pod_gets_a_verdict_for_each_node() -> None:
    world = World()
    world.node("n0")
    world.node("n1", taints=[{"key": "k", "effect": "NoSchedule"}])
    world.settle()
    proposed = {
        "metadata": {"name": "new", "namespace": "default"},
        "spec": {"containers": [{"name": "c", "image": "i"}], "schedulerName": "default-scheduler"},
    }
    explained = world.scheduler.explain(proposed)
    first, second = explained["nodes"]
    assert (first["name"], first["fits"], first["reasons"]) == ("n0", True, [])
    assert first["scores"]["TaintToleration"] == {"raw": 0, "score": 100, "weight": 3}
    assert (second["name"], second["fits"]) == ("n1", False)
    assert second["verdicts"]["TaintToleration"] == ["node(s) had untolerated taint(s)"]
    assert explained["best"] == ["n0"]


def test_scheduled_pod_is_explained_as_if_it_were_not_there() -> None:
    world = World()
    world.node(allocatable={"cpu": "1"})
    world.pod()
    world.settle()
    explained = world.scheduler.explain(world.get())
    (node,) = explained["nodes"]
    assert (node["fits"], node["current"], explained["chosen"]) == (True, True, "n0")
    assert len(world.scheduler.cluster) == 1


def test_pending_pod_is_explained_with_the_message_of_its_event() -> None:
    world = World()
    world.node(allocatable={"cpu": "500m"})
    world.pod()
    world.settle()
    explained = world.scheduler.explain(world.get())
    assert explained["message"] == world.scheduled_condition()["message"]
    assert explained["best"] == []


def test_preemption_is_explained_before_it_happens() -> None:
    world = World()
    world.node(allocatable={"cpu": "1"})
    world.pod("low")
    world.settle()
    proposed = world.get("low")
    proposed = {
        "metadata": {"name": "high", "namespace": "default"},
        "spec": {**proposed["spec"], "priority": 7},
    }
    del proposed["spec"]["nodeName"]
    explained = world.scheduler.explain(proposed)
    assert explained["preemption"] == {
        "node": "n0",
        "victims": ["default/low"],
        "violations": 0,
    }
    assert world.where("low") == ["n0"]
