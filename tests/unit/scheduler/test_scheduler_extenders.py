"""HTTP extenders. Bodies and texts from pkg/scheduler/extender.go; the real scheduler asks the same
extender the same questions in tests/peers."""

from typing import Any

import pytest
from scheduler_world import World

from mockapi.scheduler import extenders
from mockapi.scheduler.component import Scheduler
from mockapi.scheduler.extenders import Extender, ExtenderError, Extenders
from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.preemption import Candidate
from mockapi.scheduler.status import Code, SchedulingError, Status

Obj = dict[str, Any]
NOBODY = "http://127.0.0.1:9"


class Answers:
    """Stands in for HTTP: replies by verb, and what was asked."""

    def __init__(self, **replies: Any) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self._replies = replies

    def __call__(self, to: Extender, verb: str, arguments: Any) -> Any:
        self.asked.append((to.url, verb, arguments))
        reply = self._replies[verb]
        if isinstance(reply, Exception):
            raise reply
        return reply


def _pod(**resources: Any) -> PodInfo:
    container = {"name": "c", "resources": resources}
    metadata = {"name": "p", "namespace": "default", "uid": "u"}
    return PodInfo({"kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}})


def _nodes(*names: str) -> list[NodeInfo]:
    found = []
    for name in names:
        node = NodeInfo(name)
        node.set_node({"kind": "Node", "metadata": {"name": name}})
        found.append(node)
    return found


def test_extender_that_knows_nodes_gets_and_gives_their_names() -> None:
    answers = Answers(
        f={"nodenames": ["b"], "failedNodes": {"a": "no"}, "failedAndUnresolvableNodes": {"c": "x"}}
    )
    asked = Extenders([Extender("http://e", filter_verb="f", knows_nodes=True)], send=answers)
    found = asked.filter(_pod(), _nodes("a", "b", "c"))
    assert [node.name for node in found.nodes] == ["b"]
    assert found.statuses == {
        "a": Status(Code.UNSCHEDULABLE, ("no",)),
        "c": Status(Code.UNRESOLVABLE, ("x",)),
    }
    (_, _, arguments) = answers.asked[0]
    assert (arguments["Nodes"], arguments["NodeNames"]) == (None, ["a", "b", "c"])


def test_unknown_node_is_an_error() -> None:
    answers = Answers(f={"NodeNames": ["z"]})
    asked = Extenders([Extender("http://e", filter_verb="f", knows_nodes=True)], send=answers)
    with pytest.raises(SchedulingError) as refused:
        asked.filter(_pod(), _nodes("a"))
    assert str(refused.value) == (
        'extender "http://e" claims a filtered node "z" which is not found in the input node list'
    )


def test_ignorable_extender_is_asked_last_and_may_fail() -> None:
    answers = Answers(
        f=ExtenderError("gone"), g={"Nodes": {"items": [{"metadata": {"name": "a"}}]}}
    )
    listed = [
        Extender("http://weak", filter_verb="f", ignorable=True),
        Extender("http://strong", filter_verb="g"),
    ]
    found = Extenders(listed, send=answers).filter(_pod(), _nodes("a", "b"))
    assert [node.name for node in found.nodes] == ["a"]
    assert [url for url, _, _ in answers.asked] == ["http://strong", "http://weak"]


def test_pods_without_a_managed_resource_are_no_concern() -> None:
    answers = Answers(p=[{"Host": "a", "Score": 3}])
    resources = frozenset(("example.com/x",))
    listed = [Extender("http://e", prioritize_verb="p", weight=2, resources=resources)]
    asked = Extenders(listed, send=answers)
    assert asked.scores(_pod(requests={"cpu": "1"}), _nodes("a")) == {}
    assert asked.scores(_pod(limits={"example.com/x": "1"}), _nodes("a")) == {"a": 60}


def test_extender_may_choose_other_victims_or_none() -> None:
    (node,) = _nodes("a")
    victims = [
        PodInfo({**_pod().pod, "metadata": {**_pod().pod["metadata"], "uid": u}}) for u in "vw"
    ]
    for victim in victims:
        node.add(victim)
    answers = Answers(
        p={"NodeNameToMetaVictims": {"a": {"Pods": [{"UID": "w"}], "NumPDBViolations": 2}}}
    )
    asked = Extenders([Extender("http://e", preempt_verb="p", knows_nodes=True)], send=answers)
    (left,) = asked.preempt(_pod(), [Candidate(node, victims, 0)])
    assert ([victim.uid for victim in left.victims], left.violations) == (["w"], 2)
    (_, _, arguments) = answers.asked[0]
    assert arguments["NodeNameToMetaVictims"] == {
        "a": {"Pods": [{"UID": "v"}, {"UID": "w"}], "NumPDBViolations": 0}
    }
    silent = Extenders([Extender("http://e", preempt_verb="p")], send=Answers(p={}))
    assert silent.preempt(_pod(), [Candidate(node, victims, 0)]) == []


def test_binding_is_an_extenders_when_it_says_so() -> None:
    listed = [Extender("http://e", bind_verb="b")]
    assert Extenders(listed, send=Answers(b={})).bind(_pod(), "a")
    assert not Extenders([], send=Answers()).bind(_pod(), "a")
    with pytest.raises(ExtenderError, match="not today"):
        Extenders(listed, send=Answers(b={"Error": "not today"})).bind(_pod(), "a")


def test_silent_extender_is_an_error_of_the_attempt_and_the_pod_is_tried_again() -> None:
    world = World(Scheduler(extenders=[Extender(NOBODY, filter_verb="filter")]))
    world.node()
    world.pod()
    world.settle()
    condition = world.scheduled_condition()
    assert (condition["reason"], condition["message"]) == (
        "SchedulerError",
        f'Post "{NOBODY}/filter": dial tcp 127.0.0.1:9: connect: connection refused',
    )


def test_configured_extender_has_the_real_defaults() -> None:
    given = {
        "urlPrefix": "https://e",
        "filterVerb": "f",
        "enableHTTPS": True,
        "httpTimeout": "1500ms",
        "managedResources": [{"name": "example.com/x"}],
    }
    assert extenders.extender(given) == Extender(
        "https://e",
        filter_verb="f",
        resources=frozenset(("example.com/x",)),
        seconds=1.5,
        verify=False,
    )
    assert extenders.extender({"urlPrefix": "http://e"}).seconds == 5
